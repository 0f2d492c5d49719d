"""The capitals by example, against brute force, and their real error rates computed exactly."""

from __future__ import annotations

import time
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.statistics import betting
from edgetlc.statistics.betting import drop_interval, p_beyond, p_within

MARGINS = (0.01, 0.02, 0.05)


@pytest.mark.parametrize(("margin", "photos"), [(0.05, 62), (0.02, 157), (0.01, 316)])
def test_clean_photos_need_hardly_more_than_the_fixed_number(margin: float, photos: int) -> None:
    assert p_within(0, 0, photos, margin) < 0.05 <= p_within(0, 0, photos - 1, margin)


def brute_force(kinds: list[int], margin: float) -> tuple[float, float]:
    """Return both capitals, multiplied up photo by photo."""
    within, shares = [0.7, 0.12, 0.1, 0.05, 0.03], [1, 7 / 8, 3 / 4, 1 / 2, 1 / 4]
    beyond, others = [1 / 3] * 3, [0.95, 0.5, 0.2]
    for d in kinds:
        for i, share in enumerate(shares):
            within[i] *= 1 + share / (1 - margin) * (margin - d)
        for i, share in enumerate(others):
            beyond[i] *= 1 + share / (1 + margin) * (d - margin)
    return sum(within), sum(beyond)


KINDS = st.lists(st.sampled_from([1, -1, 0, 0, 0, 0, 0, 0]), min_size=1, max_size=120)


@given(KINDS, st.sampled_from([0.01, 0.05, 0.5]))
def test_the_p_values_are_those_multiplied_up_by_hand(kinds: list[int], margin: float) -> None:
    counts = kinds.count(1), kinds.count(-1), len(kinds)
    found = p_within(*counts, margin), p_beyond(*counts, margin)
    assert found == pytest.approx([1 / max(1, e) for e in brute_force(kinds, margin)], rel=1e-9)


@given(KINDS, st.sampled_from([0.01, 0.05, 0.2]))
def test_the_interval_is_where_the_p_values_turn(kinds: list[int], alpha: float) -> None:
    b, c, n = kinds.count(1), kinds.count(-1), len(kinds)
    low, high = drop_interval(b, c, n, alpha)
    assert -1 <= low <= (b - c) / n <= high <= 1
    if high < 1 - 1e-6:
        assert p_within(b, c, n, high + 1e-9) <= alpha <= p_within(b, c, n, high - 1e-9)
    if low > -1 + 1e-6:
        assert p_beyond(b, c, n, low - 1e-9) <= alpha <= p_beyond(b, c, n, low + 1e-9)


@pytest.mark.parametrize("margin", [0.0001, *MARGINS, 0.5])
def test_every_bet_is_fair_where_its_hypothesis_is_as_false_as_it_may_be(margin: float) -> None:
    for log_capital in (betting.log_capital_within, betting.log_capital_beyond):
        b, c, same = (
            np.exp(log_capital(*counts, 1, margin)) for counts in ((1, 0), (0, 1), (0, 0))
        )
        for gain in (0.0, 0.1, (1 - margin) / 2):
            total = (gain + margin) * b + gain * c + (1 - 2 * gain - margin) * same
            assert total == pytest.approx(1)


def ever(log_capital, needed: float, rates: tuple[float, float], margin: float, most: int) -> float:
    """Return the chance of ever reaching `needed` within `most` photos, looking after each.

    `rates` are those of right to wrong and of wrong to right. Counts beyond the table (their chance
    is below 1e-6) are taken for reaching it.
    """
    size_b, size_c = (int(most * r + 6 * np.sqrt(most * r)) + 3 for r in rates)
    b, c = np.arange(size_b)[:, None], np.arange(size_c)[None, :]
    undecided = np.zeros((size_b, size_c))
    undecided[0, 0] = 1
    every = b + 0 * c, c + 0 * b
    for n in range(1, most + 1):
        came = undecided * (1 - sum(rates))
        came[1:] += undecided[:-1] * rates[0]
        came[:, 1:] += undecided[:, :-1] * rates[1]
        reached = log_capital(*every, np.maximum(n, b + c), margin) >= np.log(needed)
        undecided = np.where(reached, 0, came)
    return 1 - float(undecided.sum())


@pytest.mark.parametrize(
    ("margin", "gain"),
    [
        (0.05, 0.0),
        (0.05, 0.02),
        *(pytest.param(m, g, marks=pytest.mark.slow) for m in MARGINS for g in (0.0, 0.01, 0.05)),
    ],
)
def test_errors_are_at_most_alpha_at_any_time(margin: float, gain: float) -> None:
    rates = gain + margin, gain
    assert 0.01 < ever(betting.log_capital_within, 20, rates, margin, most=400) <= 0.05
    at_margin = ever(betting.log_capital_beyond, 20, rates, margin, most=400)
    assert ever(betting.log_capital_beyond, 20, (gain, gain), margin, most=400) < at_margin <= 0.05


def test_the_fails_of_14_cameras_share_one_alpha() -> None:
    found = ever(betting.log_capital_beyond, 14 * 20, (0.03, 0.01), 0.02, most=300)
    assert 0 < 14 * found <= 0.05


@cache
def _random() -> np.random.Generator:
    return np.random.default_rng(3)


def photos_until_a_pass(harm: float, gain: float, counts_gains: bool) -> float:
    """Return the number of photos by which 80 % of 1500 series have passed at 2 %."""
    kinds = _random().random((1500, 4000))
    b, c = (kinds < harm).cumsum(1), ((kinds >= harm) & (kinds < harm + gain)).cumsum(1)
    c = c if counts_gains else 0 * c
    passed = betting.log_capital_within(b, c, np.arange(1, 4001)[None], 0.02) >= np.log(20)
    return float(np.quantile(np.where(passed.any(1), passed.argmax(1) + 1, 4001), 0.8))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("harm", "gain", "before", "after"),
    [(0.005, 0.0025, 680, 580), (0.005, 0.005, 680, 500), (0.01, 0.01, 2310, 910)],
)
def test_gains_save_photos(harm: float, gain: float, before: int, after: int) -> None:
    assert photos_until_a_pass(harm, gain, counts_gains=False) == pytest.approx(before, rel=0.15)
    assert photos_until_a_pass(harm, gain, counts_gains=True) == pytest.approx(after, rel=0.15)


def test_a_million_photos_take_milliseconds() -> None:
    started = time.perf_counter()
    drop_interval(700_000, 690_000, 1_400_000, 0.05)
    assert time.perf_counter() - started < 1  # about 10 ms; the slack is for a busy machine
