"""Cross-validation: a network per fold, the mean of their figures and how far they spread.

Each fold is scored by a network that saw none of its photos (`edgetlc.data.folds`). The spread is
the sample standard deviation of the folds' figures, with k - 1 below the sum. It tells how much one
figure depends on which photos were held out. It is not the standard error of the mean: the folds'
networks share most of their training photos, so their figures are not independent, and no unbiased
estimate of that error exists (Bengio and Grandvalet, JMLR 5, 2004).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Unpack

import numpy as np

from edgetlc.data.folds import make_folds
from edgetlc.data.photos import PhotoSet
from edgetlc.experiments.run import Outcome, Trial, run_trials, write_summary
from edgetlc.training.config import TrainingConfig
from edgetlc.training.evaluate import Evaluation
from edgetlc.training.run_folder import Existing
from edgetlc.training.runs import FIGURES

FOLDS_FILE = "folds.json"


@dataclass(frozen=True)
class Spread:
    """One figure over the folds that define it, each counting the same.

    `deviation` is the sample standard deviation; None of fewer than two folds.
    """

    mean: float
    deviation: float | None
    lowest: float
    highest: float


@dataclass(frozen=True)
class CrossValidation:
    """A finished cross-validation.

    Attributes:
        folds: each asked about the photos that were held out.
        spreads: of each of `FIGURES` that any fold defines.
        pooled: all photos together, each answered by the one network that did not see it.
        warnings: one line for each thing that is not as wanted.
    """

    folds: tuple[Outcome, ...]
    spreads: Mapping[str, Spread]
    pooled: Evaluation
    warnings: tuple[str, ...]


def cross_validate(
    photos: PhotoSet, config: TrainingConfig, output: Path, count: int, **existing: Unpack[Existing]
) -> CrossValidation:
    """Train and score one network per fold, `count` of them, 2 or more.

    The folds are of the training and validation parts; the test part is not touched. `output` gets
    run folders `fold-1` … and `folds.json`.

    Raises:
        InputError: too few photos that may be parted, or as `edgetlc.training.train.train`.
    """
    folds = make_folds(photos, count, config.seed)
    trials = [
        Trial(f"fold-{number}", parted, config, parted.part("test"))
        for number, parted in enumerate(folds.sets, start=1)
    ]
    outcomes = tuple(run_trials(trials, output, FOLDS_FILE, **existing))
    figures = {n: [getattr(one.evaluation.overall, n) for one in outcomes] for n in FIGURES}
    spreads = {name: _spread(values) for name, values in figures.items()}
    result = CrossValidation(
        folds=outcomes,
        spreads={name: spread for name, spread in spreads.items() if spread is not None},
        pooled=_joined([one.evaluation for one in outcomes]),
        warnings=folds.warnings,
    )
    write_summary(output / FOLDS_FILE, cross_validation_to_json(result))
    return result


def cross_validation_to_json(result: CrossValidation) -> dict[str, Any]:
    """Return a cross-validation as a JSON document."""
    scores = result.pooled.to_json()
    return {
        "folds": [{"fold": n, **one.to_json()} for n, one in enumerate(result.folds, start=1)],
        "spreads": {name: asdict(spread) for name, spread in result.spreads.items()},
        "pooled": scores.pop("overall"),
        **scores,
        "warnings": list(result.warnings),
    }


def _joined(every: list[Evaluation]) -> Evaluation:
    """Return the folds' answers as one; confidences of different networks stand side by side."""
    return Evaluation(
        photos=tuple(photo for one in every for photo in one.photos),
        truth=np.concatenate([one.truth for one in every]),
        probabilities=np.concatenate([one.probabilities for one in every]),
        labels=every[0].labels,
        unreadable=tuple(photo for one in every for photo in one.unreadable),
    )


def _spread(values: list[float | None]) -> Spread | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    deviation = stdev(known) if len(known) > 1 else None
    return Spread(mean(known), deviation, min(known), max(known))
