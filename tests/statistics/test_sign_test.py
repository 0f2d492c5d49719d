"""The test of two networks on specimens keeps its size; counting photos does not."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from edgetlc.statistics.paired import mcnemar_mid_p
from edgetlc.statistics.sign_test import turned

LEVEL, RUNS = 0.05, 1500
p_value = cache(mcnemar_mid_p)


def right(specimens: int, size: int, alike: float, turn: float, seed: int) -> NDArray[np.bool_]:
    """Draw two equally good networks' right answers, bool[2, runs, specimens, size].

    A share `turn` of the photos is answered rightly by one of them alone; in a share `alike` of the
    specimens all photos share that fate.
    """
    rng = np.random.default_rng(seed)
    shape = RUNS, specimens, size
    own = rng.choice([-1, 0, 1], shape, p=[turn / 2, 1 - turn, turn / 2])
    shared = own[..., :1].repeat(size, axis=2)
    change = np.where(rng.random((RUNS, specimens, 1)) < alike, shared, own)
    return np.stack([change <= 0, change >= 0])


@pytest.mark.parametrize(
    ("specimens", "size", "alike", "by_photos"),
    [(30, 5, 0.0, 0.05), (30, 5, 0.3, 0.18), (70, 2, 1.0, 0.16), (14, 10, 1.0, 0.51)],
)
def test_equal_networks_differ_in_five_per_cent_of_cases(
    specimens: int, size: int, alike: float, by_photos: float
) -> None:
    """`by_photos` is the share of false findings where every photo counts, as it once did."""
    first, second = right(specimens, size, alike, 0.2, seed=7)
    numbers = np.arange(specimens).repeat(size)
    found = {"specimens": 0, "photos": 0}
    for one, other in zip(first, second, strict=True):
        counts = turned(one.ravel(), other.ravel(), numbers)
        found["specimens"] += p_value(*counts) <= LEVEL
        photos = turned(one.ravel(), other.ravel(), np.arange(numbers.size))
        found["photos"] += p_value(*photos) <= LEVEL
    chance = 3 * np.sqrt(LEVEL * (1 - LEVEL) / RUNS)
    assert found["specimens"] / RUNS < LEVEL + chance
    assert found["photos"] / RUNS == pytest.approx(by_photos, abs=0.04)


def test_a_specimen_turns_with_most_of_its_photos() -> None:
    before = np.array([1, 1, 1, 1, 0, 0, 1], bool)
    after = np.array([0, 0, 0, 0, 1, 1, 1], bool)
    # Of specimen 0 three photos turn wrong; of 1 one turns wrong and one right; 2 gets better.
    assert turned(before, after, np.array([0, 0, 0, 1, 1, 2, 2])) == (1, 1)
