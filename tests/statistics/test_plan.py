"""Planned numbers of photos, against the verdict itself and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from edgetlc.errors import InputError
from edgetlc.parity.rule import Rule
from edgetlc.parity.tally import Tally
from edgetlc.parity.verdict import judge
from edgetlc.statistics.plan import PlanConfig, plan


def test_the_smallest_fixed_numbers_of_the_literature_s_kind() -> None:
    """Photos for a margin of 2 % that pass with a chance of 80 %."""
    found = plan(0.02, 0.95, PlanConfig(expected=(0, 0.002, 0.005, 0.01)))
    assert [row.photos for row in found.rows] == [149, 236, 386, 969]
    assert [row.allowed for row in found.rows] == [0, 1, 3, 12]


@pytest.mark.parametrize("margin", [0.05, 0.02])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_no_smaller_number_will_do(margin: float, share: float, power: float) -> None:
    (row,) = plan(margin, 0.95, PlanConfig((share * margin,), power)).rows
    n = np.arange(1, row.photos + 1)
    allowed = stats.binom.ppf(0.05, n, margin) - 1  # the largest k with P(X <= k) < 5 %
    chances = stats.binom.cdf(allowed, n, share * margin)
    assert chances[-1] == pytest.approx(row.chance)
    assert row.chance >= power
    assert (chances[:-1] < power).all()


def test_the_verdict_agrees_with_the_plan() -> None:
    """As many right to wrong as are allowed pass; one more, or one photo less, does not."""

    def verdict(photos: int, worse: int) -> str:
        tally = Tally("phone", photos, photos - worse, worse, 0, reference_correct=photos)
        return judge([tally], Rule(0.02))[0].verdict

    for row in plan(0.02, 0.95).rows:
        assert verdict(row.photos, row.allowed) == "PASS"
        assert verdict(row.photos, row.allowed + 1) != "PASS"
        assert verdict(row.photos - 1, row.allowed) != "PASS"


def test_all_cameras_pass_as_often_as_planned() -> None:
    """Simulated: 14 cameras whose true share is the one expected."""
    (row,) = plan(0.02, 0.95, PlanConfig(expected=(0.005,), cameras=14)).rows
    worse = np.random.default_rng(1).binomial(row.photos, 0.005, (20_000, 14))
    assert (worse <= row.allowed).all(axis=1).mean() == pytest.approx(row.chance_of_all, abs=0.01)
    assert row.chance_of_all >= 0.8


def test_a_curve_climbs_to_its_plan_and_on() -> None:
    for row in plan(0.05, 0.95).rows:
        assert row.curve[row.allowed] == (row.photos, row.chance)
        assert row.curve[-1][0] >= row.photos
        assert np.all(np.diff([photos for photos, _ in row.curve]) > 0)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"expected": (0.02,)}, "is 0.02; it is 0 or more and below the margin, 0.02"),
        ({"expected": (0.001, -0.1)}, "is -0.1; it is 0 or more"),
        ({"expected": (float("nan"),)}, "is nan; it is 0 or more"),
        ({"expected": (0.0199,)}, "so near the margin, 0.02, that it takes more than 210089"),
        ({"power": 1.0}, "the power is 1.0; it is a chance between 0 and 1"),
    ],
)
def test_what_cannot_be_planned(config: dict[str, tuple[float, ...]], told: str) -> None:
    with pytest.raises(InputError, match=told):
        plan(0.02, 0.95, PlanConfig(**config))
