"""The unconditional test against brute force, against Clopper and Pearson, and what it saves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from edgetlc.statistics.paired import binomial_at_most, tango_p
from edgetlc.statistics.unconditional import unconditional_p, unconditional_upper

GAMMA = 1e-4


@st.composite
def tables(draw: st.DrawFn, most: int) -> tuple[int, int, int]:
    n = draw(st.integers(1, most))
    b = draw(st.integers(0, n))
    return b, draw(st.integers(0, n - b)), n


def brute_force(b: int, c: int, n: int, margin: float) -> float:
    """Sum every table whose score is no larger, at 2,000 rates within the interval of c."""
    seen = tango_p(b, c, n, margin)  # falls as the score rises
    extreme = [
        (i, j)
        for i in range(n + 1)
        for j in range(n + 1 - i)
        if tango_p(i, j, n, margin) >= seen - 1e-9
    ]
    low = stats.beta.ppf(GAMMA / 2, c, n - c + 1) if c else 0.0
    high = stats.beta.ppf(1 - GAMMA / 2, c + 1, n - c) if c < n else 1.0
    q = np.linspace(min(low, (1 - margin) / 2), min(high, (1 - margin) / 2), 2000)
    rates = np.stack([q + margin, q, 1 - margin - 2 * q], axis=1).clip(0)
    rates /= rates.sum(1, keepdims=True)
    total = sum(stats.multinomial.pmf([i, j, n - i - j], n, rates) for i, j in extreme)
    return min(1.0, float(np.max(total)) + GAMMA)


@settings(max_examples=25)
@given(tables(25), st.sampled_from([0.02, 0.1, 0.4]))
def test_it_is_the_brute_force_test(table: tuple[int, int, int], margin: float) -> None:
    b, c, n = table
    found = unconditional_p(b, c, n, margin, GAMMA)
    if b - c >= n * margin:
        assert found == 1
    else:
        assert found == pytest.approx(brute_force(b, c, n, margin), rel=2e-3)


@pytest.mark.parametrize(("margin", "n"), [(0.05, 59), (0.02, 149), (0.01, 299), (0.02, 160)])
def test_clean_photos_are_tested_as_by_clopper_and_pearson(margin: float, n: int) -> None:
    exact = binomial_at_most(0, n, margin)
    assert unconditional_p(0, 0, n, margin, GAMMA) == pytest.approx(exact + GAMMA, rel=1e-6)


@settings(max_examples=25)
@given(tables(120), st.sampled_from([0.02, 0.05]))
def test_a_harm_more_raises_it_and_a_gain_more_lowers_it(
    table: tuple[int, int, int], margin: float
) -> None:
    b, c, n = table
    if b + c < n:
        p = unconditional_p(b, c, n, margin, GAMMA)
        assert unconditional_p(b + 1, c, n, margin, GAMMA) >= p - 2 * GAMMA
        assert unconditional_p(b, c + 1, n, margin, GAMMA) <= p + 2 * GAMMA


@settings(max_examples=15)
@given(tables(120), st.sampled_from([0.05, 0.1]))
def test_the_bound_is_where_the_test_turns(table: tuple[int, int, int], alpha: float) -> None:
    b, c, n = table
    upper = unconditional_upper(b, c, n, alpha, GAMMA)
    assert max((b - c) / n, 0) <= upper <= 1
    if upper < 1:
        assert unconditional_p(b, c, n, upper, GAMMA) <= alpha
    if upper > 1e-3:
        assert unconditional_p(b, c, n, upper - 2e-4, GAMMA) > alpha * 0.9


def power(n: int, harm: float, gain: float, *, counts_gains: bool) -> float:
    """Return the chance of a PASS at a margin of 2 % of n photos."""
    chance, c, most = 0.0, 0, -1
    while stats.binom.sf(c - 1, n, gain) > 1e-6:
        if counts_gains or c == 0:
            while (
                unconditional_p(most + 1, c, n, 0.02, GAMMA)
                if counts_gains
                else binomial_at_most(most + 1, n, 0.02)
            ) < 0.05:
                most += 1
        chance += stats.binom.pmf(c, n, gain) * stats.binom.cdf(most, n - c, harm / (1 - gain))
        c += 1
    return float(chance)


@pytest.mark.parametrize(
    ("harm", "gain", "before", "after"),
    [
        (0.005, 0.005, 386, 260),
        pytest.param(0.005, 0.0025, 386, 320, marks=pytest.mark.slow),
        pytest.param(0.01, 0.005, 969, 600, marks=pytest.mark.slow),
        pytest.param(0.01, 0.01, 969, 415, marks=pytest.mark.slow),
    ],
)
def test_gains_save_photos(harm: float, gain: float, before: int, after: int) -> None:
    """80 % of cameras pass with so many photos, give or take 5 %, before and after."""
    assert power(before, harm, gain, counts_gains=False) >= 0.8
    assert power(int(0.93 * before), harm, gain, counts_gains=False) < 0.8
    assert power(int(0.95 * after), harm, gain, counts_gains=True) < 0.82
    assert power(int(1.05 * after), harm, gain, counts_gains=True) > 0.78
