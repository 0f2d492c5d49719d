"""Classification metrics: accuracy, precision, recall, F1 from the confusion matrix, and AUC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class ClassScore:
    """Scores of one class, 0 to 1; None where the set does not define them."""

    label: str
    count: int
    precision: float | None
    recall: float | None
    f1: float | None
    auc: float | None


@dataclass(frozen=True)
class Scores:
    """Scores of `count` photos.

    Attributes:
        accuracy: share answered rightly.
        precision, recall, f1: means over the classes that occur (macro averages).
        confusion: confusion[truth][answer], photos.
        auc: mean of the classes' one-versus-rest AUC; None without probabilities, or where only
            one class occurs.
    """

    count: int
    accuracy: float
    precision: float
    recall: float
    f1: float
    confusion: tuple[tuple[int, ...], ...]
    auc: float | None
    classes: tuple[ClassScore, ...]


def score(
    truth: Sequence[int],
    answers: Sequence[int],
    labels: Sequence[str],
    probabilities: ArrayLike | None = None,
) -> Scores:
    """Score answers against the truth, both class indices, by scikit-learn.

    A class that is never answered has no precision; its F1 is 0, as in the field's tools. Without
    the probabilities, float[N, C], there is no AUC.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    indices = range(len(labels))
    matrix = confusion_matrix(truth, answers, labels=indices)
    columns = precision_recall_fscore_support(truth, answers, labels=indices, zero_division=np.nan)
    areas = one_versus_rest(truth, probabilities, len(labels))
    classes = tuple(
        ClassScore(label, int(count), _defined(p), _defined(r), _defined(f1), area)
        for label, p, r, f1, count, area in zip(labels, *columns, areas, strict=True)
    )
    present = [c for c in classes if c.count]
    known = [area for area in areas if area is not None]
    return Scores(
        count=len(truth),
        accuracy=float(np.trace(matrix) / len(truth)),
        precision=float(np.mean([c.precision or 0.0 for c in present])),
        recall=float(np.mean([c.recall or 0.0 for c in present])),
        f1=float(np.mean([c.f1 or 0.0 for c in present])),
        confusion=tuple(map(tuple, matrix.tolist())),
        auc=float(np.mean(known)) if known else None,
        classes=classes,
    )


def one_versus_rest(
    truth: Sequence[int], probabilities: ArrayLike | None, classes: int
) -> list[float | None]:
    """Return each class's area under the ROC curve; None unless some photos show it and some not.

    It is the chance that a random photo of the class has the higher probability of it, float[N, C],
    than a random other one, a tie counting half. Without probabilities no class has an area.
    """
    from sklearn.metrics import roc_auc_score

    if probabilities is None:
        return [None] * classes
    shows = np.asarray(truth)[:, None] == np.arange(classes)
    return [
        float(roc_auc_score(own, shares)) if 0 < own.sum() < len(own) else None
        for own, shares in zip(shows.T, np.asarray(probabilities).T, strict=True)
    ]


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
