"""The rule by example, by property, and its real error rates by exact enumeration."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from edgetlc.errors import InputError
from edgetlc.parity.rule import CameraVerdict, Rule
from edgetlc.parity.tally import Tally, outcomes
from edgetlc.parity.verdict import judge, overall
from edgetlc.statistics.newcombe import newcombe_interval
from edgetlc.statistics.paired import (
    binomial_at_least,
    binomial_at_most,
    mcnemar_one_sided,
    photos_to_certify,
    tango_p,
)
from edgetlc.statistics.unconditional import unconditional_p

PHOTOS = (10, 59, 60, 150, 299, 300, 600)
MARGINS = (0.01, 0.02, 0.05)
SIZES = list(product(PHOTOS, MARGINS))
GAIN_RATES = np.array([0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2])


def counted(b: int, c: int, n: int, camera: str | None = "iphone-11") -> Tally:
    """Return a tally in which all unchanged answers are right."""
    return Tally(camera, n, agree=n - b - c, b=b, c=c, reference_correct=n - c)


def unlabelled(changed: int, n: int) -> Tally:
    return Tally("iphone-11", n, agree=n - changed, b=changed, c=0)


def verdict_of(tally: Tally, margin: float = 0.02, confidence: float = 0.95) -> CameraVerdict:
    return judge([tally], Rule(margin, confidence))[0]


# Examples.


@pytest.mark.parametrize(("margin", "photos"), [(0.05, 59), (0.02, 149), (0.01, 299)])
def test_clean_photos_pass_from_the_published_number_on(margin: float, photos: int) -> None:
    assert verdict_of(counted(0, 0, photos), margin).verdict == "PASS"
    short = verdict_of(counted(0, 0, photos - 1), margin)
    assert (short.verdict, short.photos_needed) == ("INSUFFICIENT", 1)
    assert "at least 1 more photo, not right to wrong" in short.reason


def test_few_harms_among_many_photos_pass() -> None:
    found = verdict_of(counted(3, 1, 600))
    assert found.verdict == "PASS"
    assert found.photos_needed == 0
    assert found.reason == (
        "3 of 600 photos went from right to wrong and 1 from wrong to right; "
        "with 95% confidence accuracy drops by at most 1.09%, below the margin of 2%."
    )


def test_a_large_drop_fails() -> None:
    found = verdict_of(counted(30, 2, 200))
    assert found.verdict == "FAIL"
    assert found.p_beyond is not None
    assert found.p_beyond < 1e-4
    assert found.drop_lower > 0.02
    assert found.reason == (
        "30 of 200 photos went from right to wrong and 2 from wrong to right; "
        "with 95% confidence accuracy drops by more than 9.47%, above the margin of 2%."
    )


def test_a_few_photos_decide_nothing() -> None:
    found = verdict_of(counted(1, 0, 60))
    assert (found.verdict, found.photos_needed) == ("INSUFFICIENT", 176)
    assert found.reason == (
        "1 of 60 photos went from right to wrong; with 95% confidence accuracy may drop by up to "
        "7.67%, not below the margin of 2%. A PASS takes at least 176 more photos, none of them "
        "right to wrong."
    )


def test_a_real_drop_within_the_margin_passes_and_is_told() -> None:
    found = verdict_of(counted(25, 2, 2000))
    assert found.verdict == "PASS"
    assert found.p_drop is not None
    assert found.p_drop < 1e-5
    assert "A drop is real (p = 1.5e-06), but within the margin." in found.reason


def test_a_real_drop_of_unknown_size_is_not_enough_to_fail() -> None:
    found = verdict_of(counted(9, 1, 600))
    assert found.verdict == "INSUFFICIENT"
    assert "A drop is real (p = 0.0059), but may be within the margin." in found.reason


def test_as_many_gains_as_harms_never_fail() -> None:
    found = verdict_of(counted(100, 100, 1000))
    assert found.verdict == "INSUFFICIENT"
    assert found.drop_lower < 0 < found.drop_upper


def test_a_camera_without_photos_is_untested() -> None:
    for nothing in (counted(0, 0, 0), unlabelled(0, 0)):
        found = verdict_of(nothing)
        assert (found.verdict, found.photos_needed) == ("INSUFFICIENT", 149)
        assert found.reason.startswith("Untested: no photos.")
        assert (found.right_to_wrong_lower, found.right_to_wrong_upper) == (0, 1)
        assert (found.drop_lower, found.drop_upper) == (-1, 1)


def test_unchanged_answers_pass_without_labels() -> None:
    found = verdict_of(unlabelled(1, 300))
    assert found.verdict == "PASS"
    assert found.p_drop is found.p_beyond is None
    assert (found.drop_lower, found.drop_upper) == (
        -found.right_to_wrong_upper,
        found.right_to_wrong_upper,
    )
    assert "1 of 300 answers changed" in found.reason


def test_changed_answers_without_labels_never_fail() -> None:
    found = verdict_of(unlabelled(290, 300))
    assert found.verdict == "INSUFFICIENT"
    assert "Labels would tell right to wrong from wrong to right." in found.reason


def test_changed_answers_are_what_is_told_without_labels() -> None:
    assert verdict_of(unlabelled(1, 60)).reason == (
        "1 of 60 answers changed, for better or worse; with 95% confidence up to 7.66% change, "
        "not below the margin of 2%. Labels would tell right to wrong from wrong to right. A PASS "
        "takes at least 176 more photos, all with unchanged answers."
    )


def test_newcombes_bounds_stand_beside_tangos() -> None:
    found = verdict_of(counted(30, 2, 200))
    assert found.newcombe == newcombe_interval(30, 2, 200, 198, 0.9)
    assert verdict_of(unlabelled(3, 200)).newcombe is verdict_of(counted(0, 0, 0)).newcombe is None


def test_a_chance_of_nothing_is_told_as_below_what_a_double_holds() -> None:
    assert "A drop is real (p < 1e-300)" in verdict_of(counted(5000, 0, 1_000_000)).reason


# Specimens.


def grouped(harms: np.ndarray, photos_each: int, labelled: bool = True) -> Tally:
    """Return the tally of photos that come specimen by specimen, harmed where `harms` is true."""
    groups = (np.arange(harms.size) // photos_each).tolist()
    right = np.zeros(harms.size, dtype=int)
    return outcomes(right, harms.ravel(), right if labelled else None, groups).tally("iphone-11")


def test_photos_of_one_specimen_are_no_further_evidence() -> None:
    found = verdict_of(grouped(np.zeros((30, 5)), 5))
    assert (found.verdict, found.photos_needed) == ("INSUFFICIENT", 119)
    assert found.reason == (
        "On one photo each, 0 of 30 specimens went from right to wrong; with 95% confidence "
        "accuracy may drop by up to 9.51%, not below the margin of 2%. A PASS takes at least 119 "
        "more specimens, none of them right to wrong."
    )
    # Counted as independent these photos would pass, in more than half of all cases wrongly:
    assert verdict_of(counted(0, 0, 150)).verdict == "PASS"
    assert round(0.98**30, 2) == 0.55  # specimens at a harm rate of 2 %, all photos alike


def test_many_specimens_pass_and_fail() -> None:
    passed = verdict_of(grouped(np.zeros((149, 3)), 3))
    assert passed.verdict == "PASS"
    harms = np.zeros((60, 3))
    harms[:12] = 1
    failed = verdict_of(grouped(harms, 3))
    assert failed.verdict == "FAIL"
    assert failed.reason == (
        "On one photo each, 12 of 60 specimens went from right to wrong; with 95% confidence "
        "accuracy drops by more than 11.55%, above the margin of 2%."
    )


def test_without_labels_specimens_tell_of_changed_answers() -> None:
    harms = np.zeros((60, 3))
    harms[:3, 0] = 1
    found = verdict_of(grouped(harms, 3, labelled=False))
    assert found.verdict == "INSUFFICIENT"
    assert found.reason.startswith("On one photo each, 3 of 60 specimens changed their answer,")
    assert found.reason.endswith("all with unchanged answers.")


def test_the_other_photos_veto_a_lucky_pass() -> None:
    harms = np.zeros((160, 3))
    harms[::2, 1] = harms[1::2, 2] = 1  # never on the photo that counts
    found = verdict_of(grouped(harms, 3))
    assert found.drop_upper < 0.02
    assert (found.verdict, found.photos_needed) == ("INSUFFICIENT", 2507)
    assert "but over all 480 photos the average drop is 33.33%, not below the" in found.reason
    vetoed = np.concatenate([harms, np.zeros((2507, 3))])
    assert verdict_of(grouped(vetoed, 3)).verdict == "PASS"
    assert verdict_of(grouped(vetoed[:-1], 3)).verdict == "INSUFFICIENT"


# Several cameras.


def test_holm_spares_a_camera_that_would_fail_alone() -> None:
    suspect = counted(6, 0, 60, "redmi-k50")
    assert verdict_of(suspect).verdict == "FAIL"
    others = [counted(0, 0, 60, f"camera-{i}") for i in range(13)]
    among = judge([suspect, *others])
    assert among[0].verdict == "INSUFFICIENT"
    assert [v.tally.camera for v in among] == ["redmi-k50", *(t.camera for t in others)]


def test_untested_and_unlabelled_cameras_are_no_tests_to_correct_for() -> None:
    suspect = counted(6, 0, 60)
    alone = judge([suspect])[0]
    assert judge([unlabelled(2, 50), suspect, counted(0, 0, 0)])[1] == alone


def test_a_camera_without_photos_withholds_no_pass_and_gives_none() -> None:
    passed, untested = judge([counted(0, 0, 300), counted(0, 0, 0)])
    assert overall([passed, untested]) == "PASS"
    assert overall([untested]) == "INSUFFICIENT"


def test_overall() -> None:
    passed, failed, unsure = judge([counted(0, 0, 300), counted(60, 0, 100), counted(1, 0, 20)])
    assert [v.verdict for v in (passed, failed, unsure)] == ["PASS", "FAIL", "INSUFFICIENT"]
    assert overall([passed, passed]) == "PASS"
    assert overall([passed, unsure]) == "INSUFFICIENT"
    assert overall([passed, unsure, failed]) == "FAIL"
    assert overall([]) == "INSUFFICIENT"
    assert judge([]) == []


@pytest.mark.parametrize("margin", [0.0, -0.02, 0.6, 2.0, float("nan")])
def test_a_margin_out_of_range_is_refused(margin: float) -> None:
    with pytest.raises(InputError, match="margin"):
        Rule(margin=margin)


@pytest.mark.parametrize("confidence", [0.5, 1.0, 95.0, float("nan")])
def test_a_confidence_out_of_range_is_refused(confidence: float) -> None:
    with pytest.raises(InputError, match="confidence"):
        Rule(confidence=confidence)


# Properties.


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    n = draw(st.integers(0, 150))
    b = draw(st.integers(0, n // 4))
    return counted(b, draw(st.integers(0, min(n - b, n // 4))), n)


RULES = st.builds(
    Rule, st.sampled_from(MARGINS), st.sampled_from([0.9, 0.95, 0.99]), sequential=st.booleans()
)
SEVERITY = {"PASS": 0, "INSUFFICIENT": 1, "FAIL": 2}


@settings(max_examples=25)
@given(tallies(), RULES)
def test_bounds_hold_the_estimates(tally: Tally, rule: Rule) -> None:
    found = judge([tally], rule)[0]
    assert 0 <= found.right_to_wrong_lower <= found.right_to_wrong_upper <= 1
    assert -1 <= found.drop_lower <= found.drop_upper <= 1
    if tally.drop is not None:
        assert found.right_to_wrong_lower <= tally.b / tally.n <= found.right_to_wrong_upper
        assert found.drop_lower <= tally.drop <= found.drop_upper


@settings(max_examples=25)
@given(tallies(), RULES)
def test_the_verdict_is_the_one_its_bounds_tell(tally: Tally, rule: Rule) -> None:
    found = judge([tally], rule)[0]
    expected = "INSUFFICIENT"
    if found.p_within < rule.alpha:
        expected = "PASS"
        assert found.drop_upper <= rule.margin
    else:
        assert found.drop_upper >= rule.margin
    lower = (
        [found.drop_lower] if rule.sequential else [found.right_to_wrong_lower, found.drop_lower]
    )
    if min(lower) > rule.margin:
        expected = "FAIL"
    assert found.verdict == expected


@settings(max_examples=25)
@given(tallies(), RULES)
def test_another_harm_never_helps_and_another_gain_never_hurts(tally: Tally, rule: Rule) -> None:
    if tally.b + tally.c < tally.n:
        harmed = counted(tally.b + 1, tally.c, tally.n)
        gained = counted(tally.b, tally.c + 1, tally.n)
        severity = [SEVERITY[judge([t], rule)[0].verdict] for t in (gained, tally, harmed)]
        assert severity == sorted(severity)


@settings(max_examples=25)
@given(tallies(), RULES)
def test_the_photos_needed_are_what_a_pass_takes(tally: Tally, rule: Rule) -> None:
    needed = judge([tally], rule)[0].photos_needed
    if needed:
        enough = counted(tally.b, tally.c, tally.n + needed)
        assert judge([enough], rule)[0].verdict == "PASS"
        assert judge([counted(tally.b, tally.c, enough.n - 1)], rule)[0].verdict != "PASS"


@st.composite
def grouped_tallies(draw: st.DrawFn) -> Tally:
    n = draw(st.integers(1, 300))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    rates = random.choice([0, 0.003, 0.01, 0.05, 0.3], 2)
    harms, gains = random.random((2, n)) < rates[:, None]
    truth = np.zeros(n, dtype=int)
    groups = random.integers(0, draw(st.integers(1, n)), n).tolist()
    return outcomes(gains & ~harms, harms, truth, groups).tally("iphone-11")


@settings(max_examples=25)
@given(grouped_tallies(), RULES)
def test_one_photo_of_each_specimen_decides_and_the_others_can_only_veto(
    several: Tally, rule: Rule
) -> None:
    found, alone = judge([several], rule)[0], judge([several.independent], rule)[0]
    assert (found.verdict == "FAIL") == (alone.verdict == "FAIL")
    assert several.mean_drop is not None
    passes = alone.verdict == "PASS" and several.mean_drop < rule.margin
    assert (found.verdict == "PASS") == passes
    assert (found.right_to_wrong_lower, found.right_to_wrong_upper) == (
        alone.right_to_wrong_lower,
        alone.right_to_wrong_upper,
    )
    assert (found.drop_lower, found.drop_upper) == (alone.drop_lower, alone.drop_upper)
    assert found.photos_needed >= alone.photos_needed


@settings(max_examples=10)
@given(st.lists(tallies(), max_size=4), RULES)
def test_company_only_softens_accusations(several: list[Tally], rule: Rule) -> None:
    for together, one in zip(judge(several, rule), several, strict=True):
        alone = judge([one], rule)[0]
        assert together.verdict in (alone.verdict, "INSUFFICIENT")
        assert (together.verdict == "PASS") == (alone.verdict == "PASS")


# Real error rates, by exact enumeration.


def most_passing(n: int, margin: float, c: int, least: int = -1) -> int:
    """Return the largest number of harms, beside c gains, that passes; `least` where none does."""

    def passes(b: int) -> bool:
        return unconditional_p(b, c, n, margin, 0.05 / 500) < 0.05

    while least + 1 + c <= n and passes(least + 1):
        least += 1
    return least


def false_passes(n: int, margin: float) -> float:
    """Return the largest chance, over gain rates up to 5 %, of a PASS at a drop of the margin."""
    rates = GAIN_RATES[GAIN_RATES <= 0.05]
    gains = np.arange(int(stats.binom.isf(1e-9, n, rates.max())) + 1)
    most = [-1]
    for c in gains:  # another gain never hurts
        most.append(most_passing(n, margin, int(c), most[-1]))
    chances = []
    for gain in rates:
        below = stats.binom.cdf(most[1:], n - gains, (gain + margin) / (1 - gain))
        chances.append(float(stats.binom.pmf(gains, n, gain) @ below))
    return max(chances)


@pytest.mark.parametrize(
    ("n", "margin"),
    [
        (59, 0.05),
        pytest.param(149, 0.02, marks=pytest.mark.slow),
        pytest.param(299, 0.01, marks=pytest.mark.slow),
        pytest.param(300, 0.02, marks=pytest.mark.slow),
        pytest.param(300, 0.05, marks=pytest.mark.slow),
        pytest.param(600, 0.02, marks=pytest.mark.slow),
    ],
)
def test_a_pass_at_a_drop_of_the_margin_is_an_error_of_at_most_alpha(n: int, margin: float) -> None:
    assert 0.02 < false_passes(n, margin) <= 0.05


@pytest.mark.parametrize(("n", "margin"), [(149, 0.02), (300, 0.02), (300, 0.05)])
def test_the_verdict_passes_where_the_test_does(n: int, margin: float) -> None:
    for c in (0, 2):
        most = most_passing(n, margin, c)
        verdicts = [verdict_of(counted(b, c, n), margin) for b in (most, most + 1)]
        assert [v.verdict == "PASS" for v in verdicts] == [True, False]


def test_without_labels_a_pass_is_an_error_of_at_most_alpha() -> None:
    """Every change may be a harm; the count is binomial."""
    errors = []
    for n in range(10, 601):
        most = -1
        while binomial_at_most(most + 1, n, 0.02) < 0.05:
            most += 1
        errors.append(stats.binom.cdf(most, n, 0.02))
        if n in PHOTOS:
            verdicts = [verdict_of(unlabelled(b, n)).verdict for b in (max(most, 0), most + 1)]
            assert verdicts == ["PASS" if most >= 0 else "INSUFFICIENT", "INSUFFICIENT"]
    assert 0.049 < max(errors) <= 0.05


@pytest.mark.parametrize(("n", "margin"), [(150, 0.02), (300, 0.02)])
def test_specimens_with_harm_rates_of_their_own_pass_no_more_often(n: int, margin: float) -> None:
    most = most_passing(n, margin, 0)
    same = stats.binom.cdf(most, n, margin)
    for share in (0.1, 0.5):  # only these specimens can be harmed at all
        assert stats.binom.cdf(most, int(n * share), margin / share) <= same


Rejects = Callable[[int, int], bool]


def first_rejected(n: int, rejects: Rejects) -> np.ndarray:
    """Return for every number of gains c the smallest number of harms b that is rejected.

    It never falls as gains rise (tested above), so one walk finds all. Gains beyond those that
    GAIN_RATES make likelier than 1e-9 are left out.
    """
    first, b = [], 0
    for c in range(int(stats.binom.isf(1e-9, n, GAIN_RATES.max())) + 1):
        while b + c <= n and not rejects(b, c):
            b += 1
        first.append(b)
    return np.array(first)


def first_failing(n: int, margin: float, confidence: float) -> np.ndarray:
    """Return the fewest harms that fail, by the two tests alone: a whole verdict takes longer."""

    def rejects(b: int, c: int) -> bool:
        score = tango_p(b, c, n, margin, corrected=True)
        return b > n * margin and max(score, binomial_at_least(b, n, margin)) <= 1 - confidence

    return first_rejected(n, rejects)


def first_failed(n: int, margin: float, confidence: float) -> np.ndarray:
    """Return the same, with the whole verdict asked where it turns."""
    first = first_failing(n, margin, confidence)
    for c in (0, len(first) // 2):
        for b, fails in ((int(first[c]) - 1, False), (int(first[c]), True)):
            if 0 <= b <= n - c:
                found = verdict_of(counted(b, c, n), margin, confidence)
                assert (found.verdict == "FAIL") == fails
    return first


def chance(first: np.ndarray, n: int, drop: float) -> float:
    """Return the largest chance, over the gain rates, of a rejection at a true `drop`.

    Gains are binomial; given them, harms are binomial among the remaining photos.
    """
    c = np.arange(len(first))
    chances = []
    for gain in GAIN_RATES:
        tail = stats.binom.sf(first - 1, n - c, (gain + drop) / (1 - gain))
        chances.append(float(stats.binom.pmf(c, n, gain) @ tail))
    return max(chances)


# Largest chance of a FAIL, in per cent, over gain rates from 0 to 20 %, where the true drop is
# zero, half the margin, and the margin.
FALSE_FAILS = {
    (10, 0.01): [0.9, 1.0, 1.1],
    (10, 0.02): [0.9, 1.1, 1.3],
    (10, 0.05): [0.2, 0.4, 0.6],
    (59, 0.01): [2.4, 2.8, 3.2],
    (59, 0.02): [1.8, 2.4, 3.1],
    (59, 0.05): [0.7, 1.6, 3.2],
    (60, 0.01): [2.4, 2.8, 3.3],
    (60, 0.02): [1.8, 2.4, 3.2],
    (60, 0.05): [0.7, 1.6, 3.3],
    (150, 0.01): [2.4, 3.1, 3.8],
    (150, 0.02): [1.5, 2.4, 3.7],
    (150, 0.05): [0.3, 1.3, 3.9],
    (299, 0.01): [2.2, 3.1, 4.2],
    (299, 0.02): [1.1, 2.2, 4.1],
    (299, 0.05): [0.1, 0.8, 4.2],
    (300, 0.01): [2.3, 3.1, 4.2],
    (300, 0.02): [1.1, 2.2, 4.2],
    (300, 0.05): [0.1, 0.8, 4.2],
    (600, 0.01): [1.8, 2.9, 4.4],
    (600, 0.02): [0.7, 1.8, 4.4],
    (600, 0.05): [0.0, 0.4, 4.4],
}


@pytest.mark.parametrize(("n", "margin"), SIZES)
def test_a_fail_at_a_drop_of_the_margin_is_an_error_of_at_most_alpha(n: int, margin: float) -> None:
    first = first_failed(n, margin, 0.95)
    found = [chance(first, n, drop) for drop in (0, margin / 2, margin)]
    assert found == sorted(found)
    assert found[-1] <= 0.05
    assert [round(100 * p, 1) for p in found] == FALSE_FAILS[n, margin]


@pytest.mark.parametrize(
    "margin", [MARGINS[0], *(pytest.param(m, marks=pytest.mark.slow) for m in MARGINS[1:])]
)
def test_a_fail_is_an_error_of_at_most_alpha_at_every_number_of_photos(margin: float) -> None:
    errors = [chance(first_failing(n, margin, 0.95), n, margin) for n in range(10, 601)]
    assert 0.043 < max(errors) < 0.046


@pytest.mark.parametrize(("n", "margin"), [size for size in SIZES if size[0] in (60, 300, 600)])
def test_the_strictest_step_of_holm_keeps_its_share_for_14_cameras(n: int, margin: float) -> None:
    share = 0.05 / 14
    assert chance(first_failed(n, margin, 1 - share), n, margin) <= share


def test_tango_alone_would_fail_too_many() -> None:
    first = first_rejected(300, lambda b, c: tango_p(b, c, 300, 0.01) <= 0.05)
    assert round(chance(first, 300, 0.01), 3) == 0.089


def test_mcnemar_as_a_gate_would_fail_cameras_within_the_margin() -> None:
    n, margin = 600, 0.05

    def rejects(b: int, c: int) -> bool:
        passes = photos_to_certify(b, margin, 0.95) <= n
        return not passes and mcnemar_one_sided(b, c) <= 0.05

    first = first_rejected(n, rejects)
    assert round(chance(first, n, margin / 2), 2) == 0.76
    assert chance(first, n, margin) > 0.99


def test_photographing_on_until_a_pass_inflates_its_error() -> None:
    looks = [photos_to_certify(b, 0.02, 0.95) for b in range(3)]
    not_passed, errors, before = np.array([1.0]), [], 0
    for allowed, n in enumerate(looks):
        new = stats.binom.pmf(np.arange(n - before + 1), n - before, 0.02)
        not_passed, before = np.convolve(not_passed, new), n
        errors.append(not_passed[: allowed + 1].sum())
        not_passed[: allowed + 1] = 0
    assert np.cumsum(errors) == pytest.approx([0.049, 0.075, 0.093], abs=5e-4)


# Photos of one specimen: the rule as a whole, by simulation.


def alike(random: np.random.Generator, likeness: float, sizes: np.ndarray) -> np.ndarray:
    """Return harms at an averaged rate of 2 %, correlated by `likeness` within a specimen."""
    rates = np.full(len(sizes), 0.02)
    if likeness:
        spread = 1 / likeness - 1
        rates = random.random(len(sizes)) < 0.02
        if spread:
            rates = random.beta(0.02 * spread, 0.98 * spread, len(sizes))
    return random.random(sizes.sum()) < np.repeat(rates, sizes)


@pytest.mark.parametrize(
    ("likeness", "even"),
    [
        (0.3, False),
        *(
            pytest.param(likeness, even, marks=pytest.mark.slow)
            for likeness, even in (
                (0.0, False),
                (1.0, False),
                (0.0, True),
                (0.3, True),
                (1.0, True),
            )
        ),
    ],
)
def test_errors_hold_however_alike_the_photos_of_a_specimen_are(
    likeness: float, even: bool
) -> None:
    random = np.random.default_rng(7)
    repeats, specimens = 200, 160
    found: list[str] = []
    for _ in range(repeats):
        sizes = np.full(specimens, 4) if even else random.integers(1, 12, specimens)
        harms = alike(random, likeness, sizes)
        truth = np.zeros(len(harms), dtype=int)
        groups = np.repeat(np.arange(specimens), sizes).tolist()
        found.append(verdict_of(outcomes(truth, harms, truth, groups).tally()).verdict)
    three_deviations = 3 * np.sqrt(0.05 * 0.95 / repeats)
    assert found.count("PASS") / repeats <= 0.05 + three_deviations
    assert found.count("FAIL") / repeats <= 0.05 + three_deviations


def test_calling_a_specimen_harmed_by_any_photo_would_never_show_a_small_harm_rate() -> None:
    def specimens_for_four_passes_in_five(rate: float) -> int:
        harms = 0
        while stats.binom.cdf(harms, n := photos_to_certify(harms, 0.02, 0.95), rate) < 0.8:
            harms += 1
        return n

    assert specimens_for_four_passes_in_five(0.002) == 236
    assert specimens_for_four_passes_in_five(1 - 0.998**3) == 456
    assert specimens_for_four_passes_in_five(1 - 0.998**5) == 907
    assert 1 - 0.995**5 > 0.02


def test_fourteen_cameras_take_moments() -> None:
    started = time.perf_counter()
    judge([counted(i % 3, i % 2, 140 + i, f"camera-{i}") for i in range(14)])
    assert time.perf_counter() - started < 10  # about 0.5 s; the slack is for a busy machine
