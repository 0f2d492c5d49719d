from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from edgetlc.errors import InputError
from edgetlc.parity.tally import Specimens, Tally, outcomes, rows_by_camera

ANSWERS = st.lists(st.tuples(*[st.integers(0, 3)] * 3), max_size=60)


def test_counts_by_hand() -> None:
    #            both  harm gain both wrong, alike  both wrong, changed
    truth = [0, 1, 2, 0, 0, 0]
    reference = [0, 1, 0, 1, 1, 1]
    candidate = [0, 0, 2, 1, 2, 3]
    found = outcomes(reference, candidate, truth).tally("iphone-11")
    assert found == Tally("iphone-11", n=6, agree=2, b=1, c=1, reference_correct=2)
    assert (found.candidate_correct, found.wrong_wrong_changed) == (2, 2)
    assert (found.reference_accuracy, found.candidate_accuracy) == (2 / 6, 2 / 6)
    assert (found.agreement, found.drop) == (2 / 6, 0)


def test_without_labels_every_change_counts_as_a_harm() -> None:
    found = outcomes([0, 1, 2, 3], [0, 1, 3, 0]).tally()
    assert found == Tally(None, n=4, agree=2, b=2, c=0, reference_correct=None)
    assert not found.labelled
    assert found.agreement == 0.5
    assert found.candidate_correct is found.drop is found.reference_accuracy is None


def test_no_photos_have_no_shares() -> None:
    for found in (outcomes([], []).tally(), outcomes([], [], []).tally()):
        assert found.n == 0
        assert found.agreement is found.drop is found.candidate_accuracy is None


@given(ANSWERS)
def test_counts_add_up(rows: list[tuple[int, int, int]]) -> None:
    truth, reference, candidate = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    found = outcomes(reference, candidate, truth).tally()
    assert found.n == len(rows)
    assert found.reference_correct == np.sum(reference == truth)
    assert found.candidate_correct == np.sum(candidate == truth)
    assert found.agree == np.sum(reference == candidate)
    assert found.wrong_wrong_changed >= 0
    if found.drop is not None:
        assert found.drop == pytest.approx(
            np.mean(reference == truth) - np.mean(candidate == truth)
        )
    bound = outcomes(reference, candidate).tally()
    assert bound.b >= found.b + found.c


@given(ANSWERS)
def test_swapping_the_models_swaps_harms_and_gains(rows: list[tuple[int, int, int]]) -> None:
    truth, reference, candidate = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    there = outcomes(reference, candidate, truth).tally()
    back = outcomes(candidate, reference, truth).tally()
    assert (there.b, there.c, there.agree) == (back.c, back.b, back.agree)
    assert there.candidate_correct == back.reference_correct


# Specimens.


def test_specimens_by_hand() -> None:
    #             harm, same | same, harm, gain | same
    truth = np.zeros(6, dtype=int)
    reference = [0, 0, 0, 0, 1, 0]
    candidate = [1, 0, 0, 1, 0, 0]
    lots = np.array([1, 2, 9, 3, 8, 5])  # the first photo of a counts, the second of b, that of c
    groups = ["a", "a", "b", "b", "b", "c"]
    found = outcomes(reference, candidate, truth, groups, lots).tally("iphone-11")
    sample = Tally("iphone-11", n=3, agree=1, b=2, c=0, reference_correct=3)
    assert found.specimens is not None
    assert (found.specimens.sample, found.specimens.right_to_wrong) == (sample, 2)
    assert (found.specimens.right_to_wrong_rate, found.specimens.drop) == pytest.approx(
        (5 / 18, 1 / 6)
    )
    assert (found.n, found.b, found.c) == (6, 2, 1)
    assert (found.unit, found.units, found.independent) == ("specimen", 3, sample)
    assert found.right_to_wrong_rate == found.specimens.right_to_wrong_rate


def test_an_unknown_specimen_is_one_of_its_own() -> None:
    found = outcomes([0, 0, 0, 0], [0, 0, 0, 1], groups=["a", None, None, "a"]).tally()
    assert (found.units, found.b) == (3, 1)
    assert found.specimens is not None
    assert found.specimens.drop is None
    assert found.specimens.right_to_wrong_rate == pytest.approx(1 / 6)


def test_no_photos_have_no_specimens() -> None:
    found = outcomes([], [], [], groups=[]).tally()
    assert found.specimens == Specimens(Tally(None, 0, 0, 0, 0, 0), 0, None, None)
    assert found.right_to_wrong_rate is None


@given(ANSWERS, st.data())
def test_specimens_add_up(rows: list[tuple[int, int, int]], data: st.DataObject) -> None:
    truth, reference, candidate = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    groups = data.draw(st.lists(st.integers(0, 9), min_size=len(rows), max_size=len(rows)))
    found = outcomes(reference, candidate, truth, groups=groups).tally()
    harms = np.array([r == t != c for t, r, c in rows], dtype=bool)
    pieces = sorted(set(groups))
    shares = [np.mean(harms[[g == piece for g in groups]]) for piece in pieces]
    assert found.units == len(pieces)
    assert found.specimens is not None
    assert found.specimens.right_to_wrong == np.count_nonzero(shares)
    if rows:
        assert found.right_to_wrong_rate == pytest.approx(np.mean(shares))


@given(ANSWERS)
def test_specimens_of_one_photo_each_are_the_photos(rows: list[tuple[int, int, int]]) -> None:
    truth, reference, candidate = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    plain = outcomes(reference, candidate, truth).tally()
    found = outcomes(reference, candidate, truth, groups=list(range(len(rows)))).tally()
    assert found.independent == plain
    assert found.right_to_wrong_rate == plain.right_to_wrong_rate


def test_outcomes_are_the_photos_behind_the_counts() -> None:
    found = outcomes([0, 1, 2], [1, 1, 0], [0, 1, 0])
    assert found.right_to_wrong.tolist() == [True, False, False]
    assert found.wrong_to_right is not None
    assert found.wrong_to_right.tolist() == [False, False, True]
    unknown = outcomes([0, 1, 2], [1, 1, 0])
    assert unknown.right_to_wrong.tolist() == [True, False, True]
    assert unknown.wrong_to_right is None


def test_rows_by_camera_puts_unknown_ones_last() -> None:
    rows = rows_by_camera(np.array([1, 0, 3, 1]), (None, "b", "without photos", "a"))
    assert {camera: found.tolist() for camera, found in rows.items()} == {
        "a": [2],
        "b": [0, 3],
        None: [1],
    }
    assert list(rows) == ["a", "b", None]


@pytest.mark.parametrize(
    ("sample", "harmed", "harm"),
    [
        ((5, 4, 1, 0, 5), 0, 0.1),  # the sample has a harm that no specimen has
        ((5, 4, 1, 0, 5), 3, 0.1),  # more harmed specimens than harms
        ((5, 4, 1, 0, 5), 2, 0.0),  # harms that average to none
        ((5, 4, 1, 0, 5), 2, None),
        ((5, 4, 1, 0, None), 2, 0.1),  # labels on some photos only
        ((0, 0, 0, 0, 0), 2, 0.1),
        ((12, 12, 0, 0, 12), 2, 0.1),  # more specimens than photos
    ],
)
def test_impossible_specimens_are_refused(
    sample: tuple[int, int, int, int, int | None], harmed: int, harm: float | None
) -> None:
    Tally("x", 10, 8, 2, 0, 10, Specimens(Tally("x", 5, 4, 1, 0, 5), 2, 0.2, 0.2))
    with pytest.raises(InputError, match="cannot belong together"):
        Tally("x", 10, 8, 2, 0, 10, Specimens(Tally("x", *sample), harmed, harm, None))


@pytest.mark.parametrize(
    ("reference", "candidate", "truth"),
    [([0, 1], [0], [0, 1]), ([0, 1], [0, 1], [0]), ([[0]], [[0]], [[0]])],
)
def test_answers_of_unequal_length_are_refused(
    reference: ArrayLike, candidate: ArrayLike, truth: ArrayLike
) -> None:
    with pytest.raises(InputError, match="one class index per photo"):
        outcomes(reference, candidate, truth).tally()


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
