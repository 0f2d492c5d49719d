"""Cross-validation: a network per fold, the mean of their figures and how far they spread.

Each fold is scored by a network that saw none of its photos (`edgetlc.data.folds`). The spread is
the sample standard deviation of the folds' figures, with k - 1 below the sum. It tells how much one
figure depends on which photos were held out. It is not the standard error of the mean: the folds'
networks share most of their training photos, so their figures are not independent, and no unbiased
estimate of that error exists (Bengio and Grandvalet, JMLR 5, 2004).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np

from edgetlc.data.folds import make_folds
from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.experiments.shared_cache import decoded_once
from edgetlc.files import write_json
from edgetlc.models.checkpoint import load_checkpoint
from edgetlc.training.config import TrainingConfig
from edgetlc.training.distributed import started_by_torchrun
from edgetlc.training.evaluate import Answers, Evaluation, evaluate
from edgetlc.training.metrics import Scores, scores_to_json
from edgetlc.training.report import train_and_report
from edgetlc.training.train import Epoch

FOLDS_FILE = "folds.json"
FIGURES = ("accuracy", "precision", "recall", "f1", "auc")


@dataclass(frozen=True)
class Spread:
    """One figure over the folds that define it.

    Attributes:
        mean: of the folds, each counting the same.
        deviation: sample standard deviation; None of fewer than two folds.
        lowest, highest: of the folds.
    """

    mean: float
    deviation: float | None
    lowest: float
    highest: float


@dataclass(frozen=True)
class FoldResult:
    """One fold.

    Attributes:
        number: from 1.
        folder: its run folder.
        best: the epoch whose weights were kept.
        scores: of the photos that were held out.
    """

    number: int
    folder: Path
    best: Epoch
    scores: Scores


@dataclass(frozen=True)
class CrossValidation:
    """A finished cross-validation.

    Attributes:
        folder: holds the folds' run folders and `folds.json`.
        folds: one result each.
        spreads: of each of `FIGURES` that any fold defines.
        pooled: scores of all photos together, each answered by the one network that did not see it.
        cameras: the same by camera.
        simulated: whether any photo was made by a simulation.
        unreadable: held-out photos that were left out, with the reason.
        warnings: one line for each thing that is not as wanted.
    """

    folder: Path
    folds: tuple[FoldResult, ...]
    spreads: Mapping[str, Spread]
    pooled: Scores
    cameras: Mapping[str, Scores]
    simulated: bool
    unreadable: tuple[tuple[Photo, str], ...]
    warnings: tuple[str, ...]


def cross_validate(
    photos: PhotoSet,
    config: TrainingConfig,
    output: Path,
    count: int,
    *,
    overwrite: bool = False,
    resume: bool = False,
    on_fold: Callable[[int], None] = lambda number: None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> CrossValidation:
    """Train and score one network per fold of the training and validation parts.

    Args:
        photos: with parts `train` and `val`; the test part is not touched.
        config: what to do in every fold.
        output: run folders `fold-1` … are made in it.
        count: of folds, at least 2.
        overwrite: replace runs that are there already.
        resume: keep the folds that are done, go on in the one that was interrupted.
        on_fold: called with each fold's number before it begins.
        on_epoch: called after each epoch.

    Raises:
        InputError: too few photos that may be parted, or as `edgetlc.training.train.train`.
    """
    folds = make_folds(photos, count, config.seed)
    results, evaluations = [], []
    with decoded_once(config, output) as shared:
        for number, parted in enumerate(folds.sets, start=1):
            on_fold(number)
            folder = output / f"fold-{number}"
            run, _ = train_and_report(
                parted,
                shared,
                folder,
                overwrite=overwrite,
                resume=resume,
                on_epoch=on_epoch,
            )
            held_out, network = parted.part("test"), load_checkpoint(folder)
            found = evaluate(network, held_out, device=config.device)
            results.append(FoldResult(number, folder, run.best, found.overall))
            evaluations.append(found)
    done = _summary(output, results, evaluations, folds.warnings)
    if started_by_torchrun().main:
        write_json(output / FOLDS_FILE, cross_validation_to_json(done))
    return done


def cross_validation_to_json(done: CrossValidation) -> dict[str, Any]:
    """Return a cross-validation as a JSON document."""
    return {
        "simulated": done.simulated,
        "folds": [
            {
                "fold": fold.number,
                "run": fold.folder.name,
                "best": asdict(fold.best),
                "scores": scores_to_json(fold.scores),
            }
            for fold in done.folds
        ],
        "spreads": {name: asdict(spread) for name, spread in done.spreads.items()},
        "pooled": scores_to_json(done.pooled),
        "cameras": {camera: scores_to_json(s) for camera, s in done.cameras.items()},
        "unreadable": [{"file": str(p.path), "reason": reason} for p, reason in done.unreadable],
        "warnings": list(done.warnings),
    }


def _summary(
    output: Path,
    results: list[FoldResult],
    evaluations: list[Evaluation],
    warnings: tuple[str, ...],
) -> CrossValidation:
    answers = _joined([found.answers for found in evaluations])
    spreads = {name: _spread([getattr(r.scores, name) for r in results]) for name in FIGURES}
    return CrossValidation(
        folder=output,
        folds=tuple(results),
        spreads={name: spread for name, spread in spreads.items() if spread is not None},
        pooled=answers.scores(),
        cameras=answers.by_camera(),
        simulated=any(found.simulated for found in evaluations),
        unreadable=tuple(photo for found in evaluations for photo in found.unreadable),
        warnings=warnings,
    )


def _joined(every: list[Answers]) -> Answers:
    """Return the folds' answers as one; confidences of different networks stand side by side."""
    return Answers(
        photos=tuple(photo for answers in every for photo in answers.photos),
        truth=np.concatenate([answers.truth for answers in every]),
        probabilities=np.concatenate([answers.probabilities for answers in every]),
        labels=every[0].labels,
    )


def _spread(values: list[float | None]) -> Spread | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    deviation = stdev(known) if len(known) > 1 else None
    return Spread(mean(known), deviation, min(known), max(known))
