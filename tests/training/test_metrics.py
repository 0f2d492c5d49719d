from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

from edgetlc.config import from_document
from edgetlc.training.metrics import Scores, one_versus_rest, score

LABELS = ("a", "b", "c", "d", "e")
# By hand: rows of the confusion are a: 2 1 0, b: 1 1 0, c: 0 1 0.
TRUTH = [0, 0, 0, 1, 1, 2]
ANSWERS = [0, 0, 1, 1, 0, 1]

answers_to_photos = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40
)


def test_scores_by_hand() -> None:
    scores = score(TRUTH, ANSWERS, LABELS[:3])
    assert scores.count == 6
    assert scores.accuracy == pytest.approx(3 / 6)
    assert scores.precision == pytest.approx((2 / 3 + 1 / 3 + 0) / 3)
    assert scores.recall == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert scores.f1 == pytest.approx((2 / 3 + 2 / 5 + 0) / 3)
    assert scores.confusion == ((2, 1, 0), (1, 1, 0), (0, 1, 0))


def test_class_that_is_never_answered_has_no_precision() -> None:
    c = score(TRUTH, ANSWERS, LABELS[:3]).classes[2]
    assert (c.label, c.count) == ("c", 1)
    assert (c.precision, c.recall, c.f1) == (None, 0.0, 0.0)


def test_class_without_photos_has_no_recall_and_does_not_lower_the_means() -> None:
    scores = score([0, 0], [0, 1], LABELS[:3])
    b, c = scores.classes[1:]
    assert (b.count, b.precision, b.recall, b.f1) == (0, 0.0, None, 0.0)
    assert (c.count, c.precision, c.recall, c.f1) == (0, None, None, None)
    assert (scores.precision, scores.recall) == (1.0, 0.5)
    assert scores.f1 == pytest.approx(2 / 3)


def test_perfect_answers() -> None:
    scores = score([0, 1, 2], [0, 1, 2], LABELS[:3])
    assert (scores.accuracy, scores.precision, scores.recall, scores.f1) == (1, 1, 1, 1)


@given(answers_to_photos)
def test_figures_belong_together(pairs: list[tuple[int, int]]) -> None:
    truth, answers = (list(side) for side in zip(*pairs, strict=True))
    scores = score(truth, answers, "abcd")
    assert sum(c.count for c in scores.classes) == scores.count == len(pairs)
    assert sum(map(sum, scores.confusion)) == len(pairs)
    # Recall weighted by the photos of each class is the accuracy.
    weighted = sum((c.recall or 0) * c.count for c in scores.classes) / len(pairs)
    assert weighted == pytest.approx(scores.accuracy)
    for c in scores.classes:
        if c.precision and c.recall:
            harmonic = 2 * c.precision * c.recall / (c.precision + c.recall)
            assert c.f1 == pytest.approx(harmonic)


@given(st.integers(0, 10**6), st.integers(1, 30), st.integers(2, 5), st.integers(1, 6))
def test_figures_are_those_of_their_definitions(seed: int, n: int, k: int, levels: int) -> None:
    """Counted by hand, with classes that do not occur, that are never answered, and many ties."""
    rng = np.random.default_rng(seed)
    truth, answers = rng.integers(0, rng.integers(1, k + 1), n), rng.integers(0, k, n)
    shares = rng.integers(0, levels, (n, k)) / levels
    scores = score(truth.tolist(), answers.tolist(), LABELS[:k], shares)
    for i, c in enumerate(scores.classes):
        right = int(((truth == i) & (answers == i)).sum())
        shown, answered = int((truth == i).sum()), int((answers == i).sum())
        assert c.count == shown
        assert c.precision == (pytest.approx(right / answered) if answered else None)
        assert c.recall == (pytest.approx(right / shown) if shown else None)
        expected = 2 * right / (shown + answered) if shown + answered else None
        assert c.f1 == (None if expected is None else pytest.approx(expected))
        assert c.auc == area(truth == i, shares[:, i])
    present = [c for c in scores.classes if c.count]
    for name in ("precision", "recall", "f1"):
        mean = np.mean([getattr(c, name) or 0.0 for c in present])
        assert getattr(scores, name) == pytest.approx(mean)
    assert scores.accuracy == pytest.approx((truth == answers).mean())


def area(positive: NDArray[np.bool_], confidence: NDArray[np.float64]) -> Any:
    """Return Mann-Whitney's share of won pairs, None without a pair."""
    inside, outside = confidence[positive], confidence[~positive]
    if not len(inside) or not len(outside):
        return None
    statistic = mannwhitneyu(inside, outside, method="asymptotic").statistic
    return pytest.approx(statistic / (len(inside) * len(outside)))


def test_json_document_is_plain() -> None:
    document = json.loads(json.dumps(asdict(score(TRUTH, ANSWERS, LABELS[:3]))))
    assert document["accuracy"] == 0.5
    assert document["confusion"] == [[2, 1, 0], [1, 1, 0], [0, 1, 0]]
    assert document["classes"][2] == {
        "label": "c",
        "count": 1,
        "precision": None,
        "recall": 0.0,
        "f1": 0.0,
        "auc": None,
    }


def test_json_document_reads_back() -> None:
    scores = score(TRUTH, ANSWERS, LABELS[:3], np.eye(3)[ANSWERS])
    assert from_document(json.loads(json.dumps(asdict(scores))), Scores) == scores


def first_area(truth: list[int], shares: list[float]) -> float | None:
    """Return the AUC of class 0."""
    columns = np.column_stack([shares, 1 - np.array(shares)])
    return one_versus_rest(truth, columns, 2)[0]


class TestArea:
    def test_by_hand(self) -> None:
        # Pairs of a positive (0.9, 0.4) and a negative (0.4, 0.1): won, won, tied, won.
        assert first_area([0, 1, 0, 1], [0.9, 0.4, 0.4, 0.1]) == pytest.approx(3.5 / 4)

    def test_ends(self) -> None:
        truth = [0, 0, 1, 1]
        assert first_area(truth, [0.9, 0.8, 0.2, 0.1]) == 1
        assert first_area(truth, [0.1, 0.2, 0.8, 0.9]) == 0
        assert first_area(truth, [0.5] * 4) == 0.5
        assert first_area([0, 0], [0.1, 0.2]) is None

    def test_classes_are_scored_one_versus_rest(self) -> None:
        shares = [[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.4, 0.5, 0.1], [0.2, 0.7, 0.1]]
        scores = score([0, 0, 1, 1], [0, 1, 1, 1], LABELS[:3], shares)
        # a: 0.8 and 0.3 against 0.4 and 0.2; b: 0.5 and 0.7 against 0.1 and 0.6; c does not occur.
        assert [c.auc for c in scores.classes] == [pytest.approx(0.75), pytest.approx(0.75), None]
        assert scores.auc == pytest.approx(0.75)

    def test_without_probabilities_there_is_none(self) -> None:
        assert score(TRUTH, ANSWERS, LABELS[:3]).auc is None
