"""Classification metrics from a confusion matrix: accuracy, precision, recall, F1."""

from __future__ import annotations

from collections.abc import Sequence
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


@dataclass(frozen=True)
class Scores:
    """Scores of a set of photos.

    Attributes:
        count: photos.
        accuracy: share answered rightly.
        precision, recall, f1: means over the classes that occur (macro averages).
        classes: per class.
        confusion: confusion[truth][answer], photos.
    """

    count: int
    accuracy: float
    precision: float
    recall: float
    f1: float
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]


def confusion_matrix(truth: ArrayLike, answers: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Return int64[classes, classes], rows the truth, columns the answers."""
    matrix = np.zeros((classes, classes), np.int64)
    np.add.at(matrix, (np.asarray(truth), np.asarray(answers)), 1)
    return matrix


def score(truth: Sequence[int], answers: Sequence[int], labels: Sequence[str]) -> Scores:
    """Score answers against the truth, both class indices.

    A class that is never answered has no precision; its F1 is 0, as in the field's tools.
    """
    matrix = confusion_matrix(truth, answers, len(labels))
    classes = tuple(_class_score(matrix, i, label) for i, label in enumerate(labels))
    present = [c for c in classes if c.count]
    return Scores(
        count=int(matrix.sum()),
        accuracy=float(np.trace(matrix) / matrix.sum()),
        precision=float(np.mean([c.precision or 0.0 for c in present])),
        recall=float(np.mean([c.recall or 0.0 for c in present])),
        f1=float(np.mean([c.f1 or 0.0 for c in present])),
        classes=classes,
        confusion=tuple(tuple(int(n) for n in row) for row in matrix),
    )


def _class_score(matrix: NDArray[np.int64], i: int, label: str) -> ClassScore:
    right, count, answered = (int(n) for n in (matrix[i, i], matrix[i].sum(), matrix[:, i].sum()))
    return ClassScore(
        label,
        count,
        right / answered if answered else None,
        right / count if count else None,
        2 * right / (count + answered) if count + answered else None,
    )


def scores_to_json(scores: Scores) -> dict[str, Any]:
    """Return the scores as a JSON document."""
    document = {k: v for k, v in vars(scores).items() if k != "classes"}
    return {**document, "classes": [vars(c) for c in scores.classes]}
