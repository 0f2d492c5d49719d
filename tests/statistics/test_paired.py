"""Oracles: Tango's published paired table, scipy and statsmodels, and a brute-force score test."""

from __future__ import annotations

import time
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special, stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from edgetlc.statistics.newcombe import newcombe_interval
from edgetlc.statistics.paired import (
    binomial_at_least,
    binomial_at_most,
    clopper_pearson_lower,
    clopper_pearson_upper,
    holm,
    mcnemar_mid_p,
    mcnemar_one_sided,
    photos_to_certify,
    tango_interval,
    tango_p,
)

CONFIDENCES = st.floats(0.6, 0.999)
RATES = st.floats(1e-6, 1 - 1e-6)


@st.composite
def successes(draw: st.DrawFn, most: int = 5000) -> tuple[int, int]:
    n = draw(st.integers(1, most))
    return draw(st.integers(0, n)), n


@st.composite
def flips(draw: st.DrawFn, most: int = 500) -> tuple[int, int, int]:
    n = draw(st.integers(1, most))
    b = draw(st.integers(0, n))
    return b, draw(st.integers(0, n - b)), n


# The paired table (59, 6, 16, 80): 161 pairs, 6 and 16 of them discordant.


def test_published_table_score_interval() -> None:
    low, high = tango_interval(6, 16, 161, 0.95)
    assert (round(low, 4), round(high, 4)) == (-0.1240, -0.0054)


def test_published_table_newcombe_interval() -> None:
    low, high = newcombe_interval(6, 16, 161, 65, 0.95)
    assert (round(low, 4), round(high, 4)) == (-0.1186, -0.0046)


def test_published_table_mcnemar() -> None:
    assert round(mcnemar_mid_p(6, 16), 4) == 0.0347
    assert mcnemar_one_sided(16, 6) == pytest.approx(mcnemar_mid_p(6, 16) / 2)


@pytest.mark.parametrize(("margin", "photos"), [(0.05, 59), (0.02, 149), (0.01, 299)])
def test_clean_photos_that_certify(margin: float, photos: int) -> None:
    assert photos_to_certify(0, margin, 0.95) == photos
    assert clopper_pearson_upper(0, photos, 0.95) < margin
    assert clopper_pearson_upper(0, photos - 1, 0.95) >= margin


# Binomial tails and exact bounds.


@given(successes(), RATES)
def test_binomial_tails_are_scipys(case: tuple[int, int], p: float) -> None:
    k, n = case
    expected = stats.binom.cdf(k, n, p), stats.binom.sf(k - 1, n, p)
    found = binomial_at_most(k, n, p), binomial_at_least(k, n, p)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-13)


@pytest.mark.parametrize("n", [1_000, 100_000, 1_400_000])
@pytest.mark.parametrize("p", [1e-4, 0.02, 0.3, 0.5])
def test_tails_of_many_photos_keep_their_digits(n: int, p: float) -> None:
    deviation = np.sqrt(n * p * (1 - p))
    for k in {max(0, int(n * p - step * deviation)) for step in (0.1, 1.6, 3, 6)}:
        # The regularised incomplete beta function, evaluated by other means than the sum here.
        expected = special.betainc(n - k, k + 1, 1 - p)
        assert binomial_at_most(k, n, p) == pytest.approx(expected, rel=1e-10, abs=0)
        expected = special.betainc(n - k + 1, k, 1 - p) if k else 0.0
        assert 1 - binomial_at_least(k, n, p) == pytest.approx(expected, rel=1e-10, abs=1e-12)


def test_far_tail_keeps_its_digits() -> None:
    expected = stats.binom.sf(79, 100, 0.02)
    assert expected < 1e-100
    assert binomial_at_least(80, 100, 0.02) == pytest.approx(expected, rel=1e-9, abs=0)


def test_impossible_and_certain_counts() -> None:
    assert binomial_at_most(-1, 5, 0.3) == 0
    assert binomial_at_most(5, 5, 0.3) == 1
    assert binomial_at_most(2, 5, 0.0) == 1
    assert binomial_at_most(2, 5, 1.0) == 0


@given(successes(), CONFIDENCES)
def test_clopper_pearson_is_the_beta_quantile(case: tuple[int, int], confidence: float) -> None:
    k, n = case
    upper = 1.0 if k == n else stats.beta.ppf(confidence, k + 1, n - k)
    lower = 0.0 if k == 0 else stats.beta.ppf(1 - confidence, k, n - k + 1)
    assert clopper_pearson_upper(k, n, confidence) == pytest.approx(upper, rel=1e-8)
    assert clopper_pearson_lower(k, n, confidence) == pytest.approx(lower, rel=1e-8, abs=1e-15)


@pytest.mark.parametrize("k", [0, 1, 20_000, 700_000, 1_399_999, 1_400_000])
def test_clopper_pearson_of_a_million(k: int) -> None:
    n = 1_400_000
    upper = 1.0 if k == n else stats.beta.ppf(0.95, k + 1, n - k)
    lower = 0.0 if k == 0 else stats.beta.ppf(0.05, k, n - k + 1)
    assert clopper_pearson_upper(k, n, 0.95) == pytest.approx(upper, rel=1e-10)
    assert clopper_pearson_lower(k, n, 0.95) == pytest.approx(lower, rel=1e-10)


@given(successes(300), CONFIDENCES)
def test_bounds_hold_the_rate_and_tighten_with_photos(
    case: tuple[int, int], confidence: float
) -> None:
    k, n = case
    low = clopper_pearson_lower(k, n, confidence)
    high = clopper_pearson_upper(k, n, confidence)
    assert 0 <= low <= k / n <= high <= 1
    assert clopper_pearson_upper(k, n + 1, confidence) < high or k == high == 0
    assert clopper_pearson_upper(k + 1, n + 1, confidence) >= high


def test_bounds_of_no_photo_say_nothing() -> None:
    assert clopper_pearson_lower(0, 0, 0.95) == 0
    assert clopper_pearson_upper(0, 0, 0.95) == 1


@given(st.integers(0, 200), st.sampled_from([0.005, 0.01, 0.02, 0.05, 0.3]), CONFIDENCES)
def test_photos_to_certify_is_the_first_that_does(
    harms: int, margin: float, confidence: float
) -> None:
    n = photos_to_certify(harms, margin, confidence)
    assert clopper_pearson_upper(harms, n, confidence) <= margin * (1 + 1e-9)
    assert clopper_pearson_upper(harms, n - 1, confidence) >= margin * (1 - 1e-9)


# McNemar.


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_scipys_and_statsmodels(b: int, c: int) -> None:
    half = stats.binom(b + c, 0.5)
    assert mcnemar_mid_p(b, c) == pytest.approx(
        min(1.0, 2 * half.cdf(min(b, c)) - half.pmf(min(b, c)) if b != c else 1.0), rel=1e-9
    )
    if b != c:
        exact = mcnemar([[0, b], [c, 0]], exact=True).pvalue
        assert mcnemar_mid_p(b, c) == pytest.approx(exact - half.pmf(min(b, c)), rel=1e-9)
    assert mcnemar_one_sided(b, c) == pytest.approx(half.sf(b) + half.pmf(b) / 2, rel=1e-9)
    assert mcnemar_one_sided(b, c) + mcnemar_one_sided(c, b) == pytest.approx(1)


# Tango.


def brute_force_score(b: int, c: int, n: int, drop: float) -> float:
    """Maximise the likelihood over the rate of gains numerically, then standardise b - c."""

    def minus_log_likelihood(gains: float) -> float:
        rates = np.array([gains + drop, gains, 1 - 2 * gains - drop])
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.array([b, c, n - b - c]) * np.log(np.maximum(rates, 1e-300))
        return -float(terms.sum())

    least, most = max(0.0, -drop), (1 - drop) / 2
    gains = optimize.minimize_scalar(
        minus_log_likelihood, bounds=(least, most), method="bounded", options={"xatol": 1e-12}
    ).x
    return float((b - c - n * drop) / np.sqrt(n * (2 * gains + drop - drop**2)))


@given(flips(), st.sampled_from([0.01, 0.02, 0.05, 0.3]))
def test_tango_p_is_the_brute_force_score_test(case: tuple[int, int, int], margin: float) -> None:
    b, c, n = case
    expected = stats.norm.sf(brute_force_score(b, c, n, margin))
    assert tango_p(b, c, n, margin) == pytest.approx(expected, rel=1e-3, abs=1e-5)


@given(flips(), CONFIDENCES, st.booleans())
def test_tango_interval_is_an_ordered_mirrored_interval(
    case: tuple[int, int, int], confidence: float, corrected: bool
) -> None:
    b, c, n = case
    low, high = tango_interval(b, c, n, confidence, corrected=corrected)
    assert -1 <= low <= (b - c) / n <= high <= 1
    mirrored = tango_interval(c, b, n, confidence, corrected=corrected)
    assert mirrored == (-high, -low)


@given(flips(), CONFIDENCES, st.floats(0.001, 0.5), st.booleans())
def test_tango_bound_and_p_value_decide_alike(
    case: tuple[int, int, int], confidence: float, margin: float, corrected: bool
) -> None:
    b, c, n = case
    low, _ = tango_interval(b, c, n, confidence, corrected=corrected)
    p = tango_p(b, c, n, margin, corrected=corrected)
    alpha = (1 - confidence) / 2
    if abs(low - margin) > 1e-9:
        assert (low > margin) == (p < alpha)


def test_tango_of_no_flips_is_known_in_closed_form() -> None:
    z2 = stats.norm.isf(0.025) ** 2
    low, high = tango_interval(0, 0, 100, 0.95)
    assert high == pytest.approx(z2 / (100 + z2), rel=1e-12)
    assert low == -high


@given(st.integers(0, 300), st.integers(0, 300))
def test_corrected_tango_at_no_margin_is_edwards_mcnemar(b: int, c: int) -> None:
    if b + c:
        edwards = (b - c - 1) / np.sqrt(b + c)
        assert tango_p(b, c, 1000, 0.0, corrected=True) == pytest.approx(stats.norm.sf(edwards))


def test_tango_reaches_both_ends() -> None:
    assert tango_interval(10, 0, 10, 0.9)[1] == 1
    assert tango_interval(0, 10, 10, 0.9, corrected=True)[0] == -1
    assert tango_p(1_000_000, 0, 1_000_000, 0.02) == 0
    low, high = tango_interval(20_000, 19_000, 1_000_000, 0.9)
    # At this size the score interval is the familiar Wald interval.
    half_width = stats.norm.isf(0.05) * np.sqrt((39_000 - 1_000) / 1e12)
    assert (low, high) == pytest.approx((0.001 - half_width, 0.001 + half_width), rel=3e-2)


# Newcombe.


@st.composite
def paired_tables(draw: st.DrawFn) -> tuple[int, int, int, int]:
    both, b, c, neither = draw(st.tuples(*[st.integers(0, 300)] * 4).filter(any))
    return b, c, both + b + c + neither, both + b


@given(paired_tables(), CONFIDENCES)
def test_newcombe_interval_is_an_ordered_mirrored_interval(
    case: tuple[int, int, int, int], confidence: float
) -> None:
    b, c, n, right = case
    low, high = newcombe_interval(b, c, n, right, confidence)
    assert -1 - 1e-12 <= low <= (b - c) / n <= high <= 1 + 1e-12
    mirrored = newcombe_interval(c, b, n, right - b + c, confidence)
    assert mirrored == pytest.approx((-high, -low), abs=1e-12)


@given(*[st.integers(1, 20)] * 4, CONFIDENCES)
def test_newcombe_of_unrelated_models_joins_two_wilson_intervals(
    right: int, wrong: int, still_right: int, now_wrong: int, confidence: float
) -> None:
    b, c, both = right * now_wrong, wrong * still_right, right * still_right
    n = (right + wrong) * (still_right + now_wrong)
    rates = (both + b) / n, (both + c) / n
    (low_1, high_1), (low_2, high_2) = (
        proportion_confint(k, n, alpha=1 - confidence, method="wilson")
        for k in (both + b, both + c)
    )
    below = np.hypot(rates[0] - low_1, high_2 - rates[1])
    above = np.hypot(high_1 - rates[0], rates[1] - low_2)
    expected = rates[0] - rates[1] - below, rates[0] - rates[1] + above
    assert newcombe_interval(b, c, n, both + b, confidence) == pytest.approx(expected, abs=1e-9)


# Holm.


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_is_statsmodels(p_values: list[float]) -> None:
    with mock.patch("gc.collect"):  # statsmodels calls it every time, half a second long
        theirs = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(theirs)


def test_holm_by_hand() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([]) == []


def test_a_million_photos_take_milliseconds() -> None:
    started = time.perf_counter()
    clopper_pearson_upper(700_000, 1_400_000, 0.95)
    clopper_pearson_lower(700_000, 1_400_000, 0.95)
    mcnemar_one_sided(700_000, 690_000)
    tango_interval(700_000, 690_000, 1_400_000, 0.9)
    photos_to_certify(700_000, 0.02, 0.95)
    assert time.perf_counter() - started < 1  # about 80 ms; the slack is for a busy machine
