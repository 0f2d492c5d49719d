"""Training networks to the end: weights, scores, and a page that tells both.

A finished run folder holds `scores.json` and `report.html` beside what training leaves
(`edgetlc.training.run_folder`); without the former, training was interrupted. Experiments train
several networks one after the other and then ask each; every photo is decoded once for all of them.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Unpack

from edgetlc.data.photos import PhotoSet
from edgetlc.files import write_json
from edgetlc.models.checkpoint import load_checkpoint
from edgetlc.outputs import refuse_existing
from edgetlc.pages.training import write_page
from edgetlc.progress import note
from edgetlc.training.config import TrainingConfig
from edgetlc.training.distributed import rank_zero_only, started_by_torchrun
from edgetlc.training.evaluate import Evaluation, evaluate
from edgetlc.training.report import RunReport, read_report, score_run
from edgetlc.training.run_folder import Existing, RunFolder
from edgetlc.training.runs import REPORT_FILE, SCORES_FILE
from edgetlc.training.train import TrainedRun, train

CACHE_FOLDER = "cache"


@rank_zero_only()
def train_run(
    photos: PhotoSet, config: TrainingConfig, output: Path, **existing: Unpack[Existing]
) -> tuple[TrainedRun, RunReport]:
    """Train as `edgetlc.training.train.train` does, score the kept network and write its page.

    Of several processes (`torchrun`) all score, so that none waits for another; one writes. A
    finished run that is resumed keeps its scores, and gets its page again where that is gone.
    """
    run = train(photos, config, output, **existing)
    writes = started_by_torchrun().main
    if (output / SCORES_FILE).is_file():  # training begins by removing an older run's
        report = read_report(output)
    else:
        report = score_run(output, photos, config.device)
        if writes:
            write_json(output / SCORES_FILE, report.run.scores)
    if writes and not (output / REPORT_FILE).is_file():
        write_page(output / REPORT_FILE, report)
    return run, report


@dataclass(frozen=True)
class Trial:
    """One network to train and to ask.

    Attributes:
        name: of its run folder.
        photos: with parts `train` and `val`, which it learns from and its epoch is chosen by.
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

    def to_json(self) -> dict[str, Any]:
        """Return the run's name, its best epoch and the scores as a JSON document."""
        scores = asdict(self.evaluation.overall)
        return {"run": self.run.folder.name, "best": asdict(self.run.best), "scores": scores}


@rank_zero_only()
def run_trials(
    trials: Sequence[Trial], output: Path, summary: str, **existing: Unpack[Existing]
) -> list[Outcome]:
    """Train and ask the networks, in order; their run folders are made in `output`.

    All trials have the same `cache` and `cache_limit`. `summary` is the file in `output` that will
    tell what they found. Errors are those of `train`, before the first training.
    """
    if started_by_torchrun().main:
        refuse_existing(output / summary, any(existing.values()))
        for trial in trials:
            RunFolder(output / trial.name).check_free(**existing)
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
