"""Figures of answers made by hand, against SciPy's and statsmodels' statistics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.experiments.leave_camera_out_figures import Change, HeldOutCamera, adjusted, figures


def asked(groups: list[str | None], camera: str = "phone", simulated: bool = False) -> PhotoSet:
    photos = (
        Photo(Path(f"/{camera}/{i}"), "a", camera, group=group, part="test", simulated=simulated)
        for i, group in enumerate(groups)
    )
    return PhotoSet(tuple(photos), ())


def row_of(photos: PhotoSet, *answers: str) -> HeldOutCamera:
    """Return the figures of four networks; `1` stands for a right answer, `?` for none."""
    rights = [
        {photo.path: mark == "1" for photo, mark in zip(photos.photos, marks, strict=True)
         if mark != "?"}
        for marks in answers
    ]  # fmt: skip
    return figures("phone", photos, rights, 100)


def flips(change: Change) -> tuple[int, int]:
    return change.right_to_wrong, change.wrong_to_right


def test_shares_and_changes_of_independent_photos() -> None:
    row = row_of(asked([None] * 8), "11111110", "11111111", "11000011", "11110001")
    assert (row.photos, row.groups, row.training_photos) == (8, 8, 100)
    assert [s.right for s in (row.seen, row.seen_augmented)] == [7, 8]
    assert [s.right for s in (row.unseen, row.unseen_augmented)] == [4, 5]
    assert row.unseen.accuracy == 0.5
    assert flips(row.unseen_effect) == (4, 1)
    assert flips(row.augmentation_effect) == (
        1,
        2,
    )


def test_interval_is_the_exact_one() -> None:
    row = row_of(asked([None] * 8), *["11111110"] * 4)
    expected = stats.binomtest(7, 8).proportion_ci(0.95, "exact")
    assert row.seen.low == pytest.approx(expected.low, abs=1e-9)
    assert row.seen.high == pytest.approx(expected.high, abs=1e-9)


def test_p_is_the_mid_p_value() -> None:
    row = row_of(asked([None] * 20), "1" * 20, "1" * 20, "1" * 12 + "0" * 8, "1" * 20)
    exact, tie = stats.binom.cdf(0, 8, 0.5), stats.binom.pmf(0, 8, 0.5)
    assert row.unseen_effect.p == pytest.approx(2 * exact - tie)
    assert row.augmentation_effect.p == row.unseen_effect.p


def test_photos_of_one_group_count_once() -> None:
    """Five photos of one piece are one chance to err, not five."""
    row = row_of(asked(["piece"] * 5 + [None]), "111111", "111111", "000001", "111111")
    assert (row.photos, row.groups) == (6, 2)
    assert row.unseen.accuracy == pytest.approx(1 / 6)
    assert flips(row.unseen_effect) == (1, 0)
    assert row.seen.low == pytest.approx(stats.binomtest(2, 2).proportion_ci(0.95, "exact").low)


def test_a_group_is_better_or_worse_by_most_of_its_photos() -> None:
    groups: list[str | None] = ["one"] * 3 + ["two"] * 2 + ["three"] * 2
    row = row_of(asked(groups), "1" * 7, "1" * 7, "0011001", "0101110")
    # All three lose photos; then "one" and "three" exchange a photo each, and "two" wins one back.
    assert flips(row.unseen_effect) == (3, 0)
    assert flips(row.augmentation_effect) == (
        0,
        1,
    )


def test_only_photos_that_all_networks_answered_count() -> None:
    row = row_of(asked([None] * 4), "1111", "11?1", "1111", "1111")
    assert row.photos == 3


@pytest.mark.parametrize("simulated", [True, False])
def test_simulated_photos_are_told(simulated: bool) -> None:
    assert row_of(asked([None], simulated=simulated), *["1"] * 4).simulated is simulated


def test_adjustment_over_cameras_is_holm_s() -> None:
    marks = ["1" * 12, "1" * 7 + "0" * 5, "1" * 4 + "0" * 8]
    rows = [row_of(asked([None] * 12), "1" * 12, "1" * 12, m, "1" * 12) for m in marks]
    expected = multipletests([row.unseen_effect.p for row in rows], method="holm")[1]
    assert np.allclose([row.unseen_effect.adjusted for row in adjusted(rows)], expected)
    assert [row.unseen_effect.p for row in adjusted(rows)] == [row.unseen_effect.p for row in rows]
