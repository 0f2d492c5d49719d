from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from edgetlc.errors import InputError
from edgetlc.parity.tally import Tally, tally

ANSWERS = st.lists(st.tuples(*[st.integers(0, 3)] * 3), max_size=60)


def test_counts_by_hand() -> None:
    #            both  harm gain both wrong, alike  both wrong, changed
    truth = [0, 1, 2, 0, 0, 0]
    reference = [0, 1, 0, 1, 1, 1]
    candidate = [0, 0, 2, 1, 2, 3]
    found = tally(reference, candidate, truth, "iphone-11")
    assert found == Tally("iphone-11", n=6, agree=2, b=1, c=1, reference_correct=2)
    assert (found.candidate_correct, found.wrong_wrong_changed) == (2, 2)
    assert (found.reference_accuracy, found.candidate_accuracy) == (2 / 6, 2 / 6)
    assert (found.agreement, found.drop) == (2 / 6, 0)


def test_without_labels_every_change_counts_as_a_harm() -> None:
    found = tally([0, 1, 2, 3], [0, 1, 3, 0], camera=None)
    assert found == Tally(None, n=4, agree=2, b=2, c=0, reference_correct=None)
    assert not found.labelled
    assert found.agreement == 0.5
    assert found.candidate_correct is found.drop is found.reference_accuracy is None


def test_no_photos_have_no_shares() -> None:
    for found in (tally([], []), tally([], [], [])):
        assert found.n == 0
        assert found.agreement is found.drop is found.candidate_accuracy is None


@given(ANSWERS)
def test_counts_add_up(rows: list[tuple[int, int, int]]) -> None:
    truth, reference, candidate = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    found = tally(reference, candidate, truth)
    assert found.n == len(rows)
    assert found.reference_correct == np.sum(reference == truth)
    assert found.candidate_correct == np.sum(candidate == truth)
    assert found.agree == np.sum(reference == candidate)
    assert found.wrong_wrong_changed >= 0
    if found.drop is not None:
        assert found.drop == pytest.approx(
            np.mean(reference == truth) - np.mean(candidate == truth)
        )
    bound = tally(reference, candidate)
    assert bound.b >= found.b + found.c


@given(ANSWERS)
def test_swapping_the_models_swaps_harms_and_gains(rows: list[tuple[int, int, int]]) -> None:
    truth, reference, candidate = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    there, back = tally(reference, candidate, truth), tally(candidate, reference, truth)
    assert (there.b, there.c, there.agree) == (back.c, back.b, back.agree)
    assert there.candidate_correct == back.reference_correct


@pytest.mark.parametrize(
    ("reference", "candidate", "truth"),
    [([0, 1], [0], [0, 1]), ([0, 1], [0, 1], [0]), ([[0]], [[0]], [[0]])],
)
def test_answers_of_unequal_length_are_refused(
    reference: ArrayLike, candidate: ArrayLike, truth: ArrayLike
) -> None:
    with pytest.raises(InputError, match="one class index per photo"):
        tally(reference, candidate, truth)


@pytest.mark.parametrize(
    "counts",
    [
        (10, 8, 2, 1, 8),  # more flips than changed answers
        (10, 8, -1, 1, 8),
        (10, 8, 1, 0, 0),  # a harm, though the reference is never right
        (10, 8, 1, 0, 10),  # right on more photos than agreeing ones and harms
        (10, 8, 1, 1, None),  # a gain, though nobody knows what is right
        (10, 8, 1, 0, None),  # a changed answer not counted as a possible harm
        (-1, 0, 0, 0, 0),
    ],
)
def test_impossible_counts_are_refused(counts: tuple[int, int, int, int, int | None]) -> None:
    with pytest.raises(InputError, match="cannot belong together"):
        Tally("iphone-11", *counts)
