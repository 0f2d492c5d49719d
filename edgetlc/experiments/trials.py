"""The part that experiments share: several networks trained one after the other, each then asked.

Each photo is decoded once for all of them.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Unpack

from edgetlc.data.photos import PhotoSet
from edgetlc.experiments.run import train_run
from edgetlc.files import write_json
from edgetlc.models.checkpoint import load_checkpoint
from edgetlc.progress import note
from edgetlc.training.config import TrainingConfig
from edgetlc.training.distributed import rank_zero_only, started_by_torchrun
from edgetlc.training.evaluate import Evaluation, evaluate
from edgetlc.training.run_folder import Existing
from edgetlc.training.train import TrainedRun

CACHE_FOLDER = "cache"


@dataclass(frozen=True)
class Trial:
    """One network to train and to ask.

    Attributes:
        name: of its run folder.
        photos: with parts `train` and `val`, which it learns from and its epoch is chosen by.
        config: of its training.
        asked: the photos that it is asked about afterwards.
    """

    name: str
    photos: PhotoSet
    config: TrainingConfig
    asked: PhotoSet


@dataclass(frozen=True)
class Outcome:
    """A trained network's run, and its scores on the photos that it was asked about."""

    run: TrainedRun
    evaluation: Evaluation


@rank_zero_only()
def run_trials(
    trials: Sequence[Trial], output: Path, **existing: Unpack[Existing]
) -> list[Outcome]:
    """Train and ask the networks, in order.

    Args:
        trials: with the same `cache` and `cache_limit`.
        output: their run folders are made in it.
        **existing: what to do with runs that are there already.

    Raises:
        InputError: as `edgetlc.training.train.train`.
    """
    outcomes, started = [], time.monotonic()
    with shared_cache(trials[0].config, output) as cache:
        for number, trial in enumerate(trials, start=1):
            note(
                "training {number} of {count}: {name}, {photos} photos ({minutes:.0f} min so far)",
                number=number,
                count=len(trials),
                name=trial.name,
                photos=len(trial.photos.part("train").photos),
                minutes=(time.monotonic() - started) / 60,
            )
            config = replace(trial.config, **cache)
            run, _report = train_run(trial.photos, config, output / trial.name, **existing)
            network = load_checkpoint(run.folder)
            outcomes.append(Outcome(run, evaluate(network, trial.asked, device=config.device)))
    return outcomes


@contextmanager
def shared_cache(config: TrainingConfig, output: Path) -> Iterator[dict[str, Any]]:
    """Yield the settings by which runs share decoded photos, in `output`/cache in the block.

    A cache that the user named is taken as it is, and kept.
    """
    if config.cache is not None:
        yield {}
        return
    folder = output / CACHE_FOLDER
    try:
        yield {"cache": folder, "cache_limit": sys.maxsize}
    finally:
        if started_by_torchrun().main:
            shutil.rmtree(folder, ignore_errors=True)


def write_summary(path: Path, document: dict[str, Any]) -> None:
    """Write what an experiment found; of several processes the first one does."""
    if started_by_torchrun().main:
        write_json(path, document)
