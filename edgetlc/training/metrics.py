"""Classification metrics: accuracy, precision, recall, F1 from the confusion matrix, and AUC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class ClassScore:
    """Scores of one class, 0 to 1; None where the set does not define them."""

    label: str
    count: int
    precision: float | None
    recall: float | None
    f1: float | None
    auc: float | None = None


@dataclass(frozen=True)
class Scores:
    """Scores of a set of photos.

    Attributes:
        count: photos.
        accuracy: share answered rightly.
        precision, recall, f1: means over the classes that occur (macro averages).
        classes: per class.
        confusion: confusion[truth][answer], photos.
        auc: mean of the classes' one-versus-rest AUC; None without probabilities, or where only
            one class occurs.
    """

    count: int
    accuracy: float
    precision: float
    recall: float
    f1: float
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    auc: float | None = None


def confusion_matrix(truth: ArrayLike, answers: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Return int64[classes, classes], rows the truth, columns the answers."""
    matrix = np.zeros((classes, classes), np.int64)
    np.add.at(matrix, (np.asarray(truth), np.asarray(answers)), 1)
    return matrix


def score(
    truth: Sequence[int],
    answers: Sequence[int],
    labels: Sequence[str],
    probabilities: ArrayLike | None = None,
) -> Scores:
    """Score answers against the truth, both class indices.

    A class that is never answered has no precision; its F1 is 0, as in the field's tools.

    Args:
        truth: one per photo.
        answers: one per photo.
        labels: names of the classes.
        probabilities: float[N, C]; without them there is no AUC.
    """
    matrix = confusion_matrix(truth, answers, len(labels))
    areas = _areas(truth, probabilities, len(labels))
    classes = tuple(_class_score(matrix, i, label, areas[i]) for i, label in enumerate(labels))
    present = [c for c in classes if c.count]
    known = [area for area in areas if area is not None]
    return Scores(
        count=int(matrix.sum()),
        accuracy=float(np.trace(matrix) / matrix.sum()),
        precision=float(np.mean([c.precision or 0.0 for c in present])),
        recall=float(np.mean([c.recall or 0.0 for c in present])),
        f1=float(np.mean([c.f1 or 0.0 for c in present])),
        classes=classes,
        confusion=tuple(tuple(int(n) for n in row) for row in matrix),
        auc=float(np.mean(known)) if known else None,
    )


def area_under_curve(positive: ArrayLike, confidence: ArrayLike) -> float | None:
    """Return the area under the ROC curve; None unless there are positives and negatives.

    It is the chance that a random positive has the higher confidence than a random negative, a tie
    counting half: the Mann-Whitney statistic U / (positives * negatives), from mid-ranks (Hanley
    and McNeil, Radiology 143, 1982).

    Args:
        positive: bool[N].
        confidence: float[N].
    """
    chosen = np.asarray(positive, bool)
    count, others = int(chosen.sum()), int((~chosen).sum())
    if not count or not others:
        return None
    _, place, ties = np.unique(np.asarray(confidence), return_inverse=True, return_counts=True)
    mid_ranks = np.cumsum(ties) - (ties - 1) / 2
    above = mid_ranks[place][chosen].sum() - count * (count + 1) / 2
    return float(above / (count * others))


def _areas(
    truth: Sequence[int], probabilities: ArrayLike | None, classes: int
) -> list[float | None]:
    if probabilities is None:
        return [None] * classes
    columns = np.asarray(probabilities).T
    return [area_under_curve(np.asarray(truth) == i, columns[i]) for i in range(classes)]


def _class_score(matrix: NDArray[np.int64], i: int, label: str, area: float | None) -> ClassScore:
    right, count, answered = (int(n) for n in (matrix[i, i], matrix[i].sum(), matrix[:, i].sum()))
    return ClassScore(
        label,
        count,
        right / answered if answered else None,
        right / count if count else None,
        2 * right / (count + answered) if count + answered else None,
        area,
    )


def scores_to_json(scores: Scores) -> dict[str, Any]:
    """Return the scores as a JSON document."""
    document = {k: v for k, v in vars(scores).items() if k != "classes"}
    return {**document, "classes": [vars(c) for c in scores.classes]}


def scores_from_json(document: Mapping[str, Any]) -> Scores:
    """Return what `scores_to_json` made a document of.

    Raises:
        KeyError, TypeError, ValueError: the document is another.
    """
    return Scores(
        **{
            **document,
            "classes": tuple(ClassScore(**c) for c in document["classes"]),
            "confusion": tuple(tuple(row) for row in document["confusion"]),
        }
    )
