from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from edgetlc.training import events as module
from edgetlc.training.events import EVENTS_FOLDER, epoch_events
from edgetlc.training.runs import Epoch


def epoch(number: int, loss: float) -> Epoch:
    return Epoch(number, loss, 0.4, 0.75, 1e-3, 1.0)


def test_without_the_package_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with epoch_events(tmp_path) as write:
        write(epoch(1, 0.5))
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_never_begins_leaves_nothing(tmp_path: Path) -> None:
    with epoch_events(tmp_path / "run"):
        pass
    assert not (tmp_path / "run").exists()


@pytest.mark.filterwarnings("ignore")  # the package's own
def test_figures_of_every_epoch(tmp_path: Path) -> None:
    if importlib.util.find_spec("tensorboard") is None:
        pytest.skip("tensorboard is not installed")
    with epoch_events(tmp_path) as write:
        write(epoch(1, 9.0))
    with epoch_events(tmp_path) as write:  # a new run in the same place
        write(epoch(1, 0.5))
    with epoch_events(tmp_path) as write:  # resumed
        write(epoch(2, 0.25))
    assert _scalars(tmp_path / EVENTS_FOLDER, "train_loss") == [(1, 0.5), (2, 0.25)]
    assert _scalars(tmp_path / EVENTS_FOLDER, "val_accuracy") == [(1, 0.75), (2, 0.75)]


def _scalars(folder: Path, name: str) -> list[tuple[int, float]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found: Any = EventAccumulator(str(folder))
    found.Reload()
    return [(event.step, event.value) for event in found.Scalars(name)]
