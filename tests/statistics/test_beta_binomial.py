"""One more member of a family: against scipy, against sampling, and calibrated under its model."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import betainc
from scipy.stats import betabinom

from edgetlc.statistics.beta_binomial import beta_below, probability_at_least


@pytest.mark.parametrize("x", [0.0001, 0.02, 0.5, 0.95])
def test_the_incomplete_beta_function_is_scipys(x: float) -> None:
    rng = np.random.default_rng(0)
    a, b = 10 ** rng.uniform(-10, 3.9, (2, 3000))
    assert np.abs(beta_below(x, a, b) - betainc(a, b, x)).max() < 1e-9


@pytest.mark.parametrize(
    "seen", [[(0, 150)] * 13, [(0, 150)] * 12 + [(50, 150)], [(3, 150)] * 4, [(1, 9)], []]
)
def test_the_probability_is_that_of_sampling(seen: list[tuple[int, int]]) -> None:
    rng = np.random.default_rng(1)
    mean, likeness = rng.uniform(size=(2, 400_000))
    if len(seen) == 13:  # where the likelihood is: draw there, and weigh by the prior
        mean = mean**6
    size = (1 - likeness) / likeness
    a, b = mean * size, (1 - mean) * size
    weight = mean ** (5 / 6) if len(seen) == 13 else np.ones_like(mean)
    for (k, n), times in {one: seen.count(one) for one in seen}.items():
        weight = weight * betabinom.pmf(k, n, a, b) ** times
    expected = np.sum(weight * betainc(b, a, 1 - 0.02)) / weight.sum()
    assert probability_at_least(seen, 0.02) == pytest.approx(expected, abs=0.01)


def test_fewer_members_and_a_bad_one_make_it_likelier() -> None:
    clean = [probability_at_least([(0, 150)] * cameras, 0.02) for cameras in (1, 4, 13)]
    assert clean[0] > clean[1] > clean[2] > 0
    one_bad = probability_at_least([(0, 150)] * 12 + [(30, 150)], 0.02)
    assert one_bad > clean[2]


def test_members_that_are_alike_say_more_of_the_next() -> None:
    alike = probability_at_least([(1, 150)] * 13, 0.02)
    apart = probability_at_least([(0, 150)] * 12 + [(13, 150)], 0.02)
    assert alike < probability_at_least([(0, 150)] * 13, 0.02) < apart


@pytest.mark.parametrize("families", [60, pytest.param(400, marks=pytest.mark.slow)])
def test_stated_probabilities_come_true(families: int) -> None:
    """Families drawn from the priors: of those told p, a share of p turns out that way."""
    rng = np.random.default_rng(2)
    told, came = [], []
    for _family in range(families):
        mean, likeness = rng.uniform(size=2)
        size = (1 - likeness) / likeness
        rates = rng.beta(mean * size, (1 - mean) * size, 7)
        counts = rng.binomial(40, rates[:6])
        told.append(probability_at_least([(int(k), 40) for k in counts], 0.3))
        came.append(rates[6] >= 0.3)
    probabilities, outcome = np.array(told), np.array(came)
    for low, high in ((0.0, 0.3), (0.3, 0.7), (0.7, 1.01)):
        part = (probabilities >= low) & (probabilities < high)
        expected = probabilities[part].mean()
        error = np.sqrt(expected * (1 - expected) / part.sum())
        assert abs(outcome[part].mean() - expected) < 3.5 * error
