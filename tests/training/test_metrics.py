from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from edgetlc.training.metrics import (
    area_under_curve,
    confusion_matrix,
    score,
    scores_from_json,
    scores_to_json,
)

LABELS = ("a", "b", "c")
# By hand: rows of the confusion are a: 2 1 0, b: 1 1 0, c: 0 1 0.
TRUTH = [0, 0, 0, 1, 1, 2]
ANSWERS = [0, 0, 1, 1, 0, 1]

answers_to_photos = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40
)


def test_confusion_has_the_truth_in_rows() -> None:
    matrix = confusion_matrix(TRUTH, ANSWERS, 3)
    assert matrix.dtype == np.int64
    assert matrix.tolist() == [[2, 1, 0], [1, 1, 0], [0, 1, 0]]


def test_scores_by_hand() -> None:
    scores = score(TRUTH, ANSWERS, LABELS)
    assert scores.count == 6
    assert scores.accuracy == pytest.approx(3 / 6)
    assert scores.precision == pytest.approx((2 / 3 + 1 / 3 + 0) / 3)
    assert scores.recall == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert scores.f1 == pytest.approx((2 / 3 + 2 / 5 + 0) / 3)
    assert scores.confusion == ((2, 1, 0), (1, 1, 0), (0, 1, 0))


def test_class_that_is_never_answered_has_no_precision() -> None:
    c = score(TRUTH, ANSWERS, LABELS).classes[2]
    assert (c.label, c.count) == ("c", 1)
    assert (c.precision, c.recall, c.f1) == (None, 0.0, 0.0)


def test_class_without_photos_has_no_recall_and_does_not_lower_the_means() -> None:
    scores = score([0, 0], [0, 1], LABELS)
    b, c = scores.classes[1:]
    assert (b.count, b.precision, b.recall, b.f1) == (0, 0.0, None, 0.0)
    assert (c.count, c.precision, c.recall, c.f1) == (0, None, None, None)
    assert (scores.precision, scores.recall) == (1.0, 0.5)
    assert scores.f1 == pytest.approx(2 / 3)


def test_perfect_answers() -> None:
    scores = score([0, 1, 2], [0, 1, 2], LABELS)
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


@given(answers_to_photos)
def test_scikit_learn_agrees(pairs: list[tuple[int, int]]) -> None:
    support = _scikit_learn()
    truth, answers = (list(side) for side in zip(*pairs, strict=True))
    scores = score(truth, answers, "abcd")
    present = sorted(set(truth))
    expected = support(truth, answers, labels=present, average="macro", zero_division=0)
    assert (scores.precision, scores.recall, scores.f1) == pytest.approx(expected[:3])


def _scikit_learn():  # type: ignore[no-untyped-def]
    """NNCF brings scikit-learn along; some versions of it warn when they are imported."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            from sklearn.metrics import precision_recall_fscore_support
    except (ImportError, Warning) as error:
        pytest.skip(f"scikit-learn: {error}")
    return precision_recall_fscore_support


def test_json_document_is_plain() -> None:
    document = json.loads(json.dumps(scores_to_json(score(TRUTH, ANSWERS, LABELS))))
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
    scores = score(TRUTH, ANSWERS, LABELS, np.eye(3)[ANSWERS])
    assert scores_from_json(json.loads(json.dumps(scores_to_json(scores)))) == scores


class TestArea:
    def test_by_hand(self) -> None:
        # Pairs of a positive (0.9, 0.4) and a negative (0.4, 0.1): won, won, tied, won.
        area = area_under_curve([True, False, True, False], [0.9, 0.4, 0.4, 0.1])
        assert area == pytest.approx(3.5 / 4)

    def test_ends(self) -> None:
        truth = [True, True, False, False]
        assert area_under_curve(truth, [0.9, 0.8, 0.2, 0.1]) == 1
        assert area_under_curve(truth, [0.1, 0.2, 0.8, 0.9]) == 0
        assert area_under_curve(truth, [0.5] * 4) == 0.5

    def test_one_side_only_has_none(self) -> None:
        assert area_under_curve([True, True], [0.1, 0.2]) is None
        assert area_under_curve([False], [0.1]) is None

    @given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=30))
    def test_mann_whitney_agrees(self, rows: list[tuple[bool, int]]) -> None:
        """Whole confidences make many ties."""
        truth, confidence = (list(side) for side in zip(*rows, strict=True))
        area = area_under_curve(truth, confidence)
        inside = [c for t, c in rows if t]
        outside = [c for t, c in rows if not t]
        if not inside or not outside:
            assert area is None
            return
        statistic = mannwhitneyu(inside, outside, method="asymptotic").statistic
        assert area == pytest.approx(statistic / (len(inside) * len(outside)))

    def test_classes_are_scored_one_versus_rest(self) -> None:
        shares = [[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.4, 0.5, 0.1], [0.2, 0.7, 0.1]]
        scores = score([0, 0, 1, 1], [0, 1, 1, 1], LABELS, shares)
        # a: 0.8 and 0.3 against 0.4 and 0.2; b: 0.5 and 0.7 against 0.1 and 0.6; c does not occur.
        assert [c.auc for c in scores.classes] == [pytest.approx(0.75), pytest.approx(0.75), None]
        assert scores.auc == pytest.approx(0.75)

    def test_without_probabilities_there_is_none(self) -> None:
        assert score(TRUTH, ANSWERS, LABELS).auc is None
