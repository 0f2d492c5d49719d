"""Cross-validation: a network per fold, the mean of their figures and how far they spread.

Each fold is scored by a network that saw none of its photos (`edgetlc.data.folds`). The spread is
the sample standard deviation of the folds' figures, with k - 1 below the sum. It tells how much one
figure depends on which photos were held out. It is not the standard error of the mean: the folds'
networks share most of their training photos, so their figures are not independent, and no unbiased
estimate of that error exists (Bengio and Grandvalet, JMLR 5, 2004).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Unpack

import numpy as np

from edgetlc.data.folds import make_folds
from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.experiments.trials import Outcome, Trial, run_trials, write_summary
from edgetlc.training.config import TrainingConfig
from edgetlc.training.evaluate import Answers
from edgetlc.training.metrics import Scores, scores_to_json
from edgetlc.training.run_folder import Existing
from edgetlc.training.runs import Epoch

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
    **existing: Unpack[Existing],
) -> CrossValidation:
    """Train and score one network per fold of the training and validation parts.

    Args:
        photos: with parts `train` and `val`; the test part is not touched.
        config: what to do in every fold.
        output: run folders `fold-1` … are made in it.
        count: of folds, at least 2.
        **existing: what to do with runs that are there already.

    Raises:
        InputError: too few photos that may be parted, or as `edgetlc.training.train.train`.
    """
    folds = make_folds(photos, count, config.seed)
    trials = [
        Trial(f"fold-{number}", parted, config, parted.part("test"))
        for number, parted in enumerate(folds.sets, start=1)
    ]
    outcomes = run_trials(trials, output, **existing)
    result = _summary(output, outcomes, folds.warnings)
    write_summary(output / FOLDS_FILE, cross_validation_to_json(result))
    return result


def cross_validation_to_json(result: CrossValidation) -> dict[str, Any]:
    """Return a cross-validation as a JSON document."""
    return {
        "simulated": result.simulated,
        "folds": [
            {
                "fold": fold.number,
                "run": fold.folder.name,
                "best": asdict(fold.best),
                "scores": scores_to_json(fold.scores),
            }
            for fold in result.folds
        ],
        "spreads": {name: asdict(spread) for name, spread in result.spreads.items()},
        "pooled": scores_to_json(result.pooled),
        "cameras": {camera: scores_to_json(s) for camera, s in result.cameras.items()},
        "unreadable": [{"file": str(p.path), "reason": reason} for p, reason in result.unreadable],
        "warnings": list(result.warnings),
    }


def _summary(
    output: Path, outcomes: Sequence[Outcome], warnings: tuple[str, ...]
) -> CrossValidation:
    folds = tuple(
        FoldResult(number, done.run.folder, done.run.best, done.evaluation.overall)
        for number, done in enumerate(outcomes, start=1)
    )
    evaluations = [done.evaluation for done in outcomes]
    answers = _joined([evaluation.answers for evaluation in evaluations])
    spreads = {name: _spread([getattr(f.scores, name) for f in folds]) for name in FIGURES}
    return CrossValidation(
        folder=output,
        folds=folds,
        spreads={name: spread for name, spread in spreads.items() if spread is not None},
        pooled=answers.scores(),
        cameras=answers.by_camera(),
        simulated=any(evaluation.simulated for evaluation in evaluations),
        unreadable=tuple(photo for e in evaluations for photo in e.unreadable),
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
