from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from edgetlc.data.photos import PhotoSet
from edgetlc.experiments import run as module
from edgetlc.models.checkpoint import CHECKPOINT_FILE, Checkpoint, save_checkpoint
from edgetlc.models.networks import Classifier
from edgetlc.progress import Silent, reporting
from edgetlc.training.config import TrainingConfig
from edgetlc.training.runs import METRICS_FILE, RUN_FILE, Epoch
from edgetlc.training.train import TrainedRun

Calls = list[dict[str, Any]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Replace training by a stand-in that only writes a run folder; what it was called with."""
    made: Calls = []

    def train(photos: PhotoSet, config: TrainingConfig, output: Path, **options: Any) -> TrainedRun:
        made.append({"photos": photos, "config": config, "output": output, **options})
        torch.manual_seed(len(made))
        output.mkdir(parents=True, exist_ok=True)
        network = Classifier(config.architecture, len(photos.classes)).eval()
        checkpoint = Checkpoint(network, photos.classes, config.contract)
        save_checkpoint(output / CHECKPOINT_FILE, checkpoint)
        record = {"settings": {"architecture": config.architecture, "epochs": config.epochs}}
        (output / RUN_FILE).write_text(json.dumps(record))
        epochs = tuple(Epoch(n, 1 / n, 1 / n, n / 2, 1e-3, 1.0) for n in (1, 2))
        lines = "".join(json.dumps(asdict(epoch)) + "\n" for epoch in epochs)
        (output / METRICS_FILE).write_text(lines)
        return TrainedRun(output, epochs[-1], epochs, None, ())

    monkeypatch.setattr(module, "train", train)
    return made


@pytest.fixture
def notes() -> Iterator[list[str]]:
    """What is told while the test runs."""
    lines: list[str] = []

    class Notes(Silent):
        def note(self, text: str) -> None:
            lines.append(text)

    with reporting(Notes()):
        yield lines
