"""The e-processes by example, against brute force, and their real error rates computed exactly."""

from __future__ import annotations

import time
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from edgetlc.errors import InputError
from edgetlc.parity import sequential
from edgetlc.parity.rule import Rule, SequentialVerdict
from edgetlc.parity.sequential import follow
from edgetlc.parity.verdict import overall
from edgetlc.statistics.paired import photos_to_certify

MARGINS = (0.01, 0.02, 0.05)


def clean(photos: int) -> np.ndarray:
    return np.zeros(photos, dtype=bool)


def one_after_another(b: int, c: int, unchanged: int) -> tuple[np.ndarray, np.ndarray]:
    kinds = np.repeat([1, -1, 0], [b, c, unchanged])
    return kinds == 1, kinds == -1


# Examples.


@pytest.mark.parametrize(
    ("margin", "fixed", "photos"), [(0.05, 59, 62), (0.02, 149, 158), (0.01, 299, 317)]
)
def test_clean_photos_need_hardly_more_than_the_fixed_number(
    margin: float, fixed: int, photos: int
) -> None:
    assert photos < 1.07 * fixed
    found = follow(clean(400), clean(400), Rule(margin))
    assert (found.verdict, found.stopped_at, found.photos) == ("PASS", photos, 400)
    short = follow(clean(photos - 1), clean(photos - 1), Rule(margin))
    assert (short.verdict, short.stopped_at, short.clean_needed) == ("INSUFFICIENT", None, 1)


def test_a_pass_tells_when_to_stop() -> None:
    found = follow(clean(158), clean(158), camera="iphone-11")
    assert found.camera == "iphone-11"
    assert found.e_pass > found.needed_pass == pytest.approx(20)
    assert found.reason == (
        "0 of 158 photos went from right to wrong; after 158 photos 95% confidence was reached "
        "that less than 2% go wrong: photographing may stop."
    )


def test_a_fail_tells_when_to_stop() -> None:
    harms = np.arange(60) % 3 == 0
    found = follow(harms, clean(60))
    assert (found.verdict, found.stopped_at, found.clean_needed) == ("FAIL", 19, 0)
    assert found.reason == (
        "20 of 60 photos went from right to wrong; after 19 photos 95% confidence was reached "
        "that accuracy drops by more than 2%: photographing may stop."
    )


def test_in_between_it_tells_how_far_it_is() -> None:
    harms = clean(200)
    harms[[3, 60]] = True
    found = follow(harms, clean(200))
    assert (found.verdict, found.right_to_wrong, found.clean_needed) == ("INSUFFICIENT", 2, 282)
    assert found.reason == (
        "2 of 200 photos went from right to wrong; the e-value is 1.06 of 20 for a PASS and 1.47 "
        "of 20 for a FAIL. A PASS takes at least 282 more photos, none of them "
        "right to wrong."
    )


def test_without_labels_there_is_no_fail() -> None:
    found = follow(np.ones(300, dtype=bool))
    assert (found.verdict, found.e_fail) == ("INSUFFICIENT", None)
    assert found.reason.startswith("300 of 300 answers changed, for better or worse; the e-value")
    assert found.reason.endswith("all with unchanged answers.")
    assert follow(clean(158)).verdict == "PASS"


def test_nothing_photographed_yet() -> None:
    found = follow([], [])
    assert (found.verdict, found.tested, found.photos, found.clean_needed) == (
        "INSUFFICIENT",
        False,
        0,
        158,
    )
    assert (found.e_pass, found.e_fail) == (1, 1)
    assert found.reason.startswith("Untested: no photos. A PASS takes at least 158 more photos")


def test_gains_make_up_for_harms() -> None:
    random = np.random.default_rng(1)
    kinds = random.choice([1, -1, 0], 3000, p=[0.05, 0.05, 0.9])
    assert follow(kinds == 1, kinds == -1).verdict == "INSUFFICIENT"
    assert follow(kinds == 1, clean(3000)).verdict == "FAIL"


def test_photos_that_contradict_a_verdict_take_it_back() -> None:
    harms = clean(400)
    harms[200:] = True
    found = follow(harms, clean(400))
    assert (found.verdict, found.stopped_at) == ("INSUFFICIENT", 158)
    assert "a verdict stood that the later ones contradict" in found.reason


def test_the_more_cameras_the_more_a_fail_takes() -> None:
    harms = np.arange(90) % 3 == 0
    stops = [follow(harms, clean(90), cameras=cameras).stopped_at for cameras in (1, 14)]
    assert stops == [19, 31]
    passes = [follow(clean(200), clean(200), cameras=cameras) for cameras in (1, 14)]
    assert passes[0].stopped_at == passes[1].stopped_at == 158
    assert passes[1].needed_fail == pytest.approx(280)


def test_overall_takes_sequential_verdicts() -> None:
    passed, untested = follow(clean(158), clean(158)), follow([], [])
    failed = follow(np.ones(20), clean(20))
    assert overall([passed, untested]) == "PASS"
    assert overall([passed, failed]) == "FAIL"


def test_only_the_first_photo_of_a_specimen_counts() -> None:
    harms = np.zeros((160, 4), dtype=bool)
    harms[5, 0] = harms[9, 2] = True
    groups = np.repeat(np.arange(160), 4).tolist()
    found = follow(harms.ravel(), clean(640), groups=groups)
    assert (found.photos, found.units, found.right_to_wrong) == (640, 160, 1)
    assert found.reason.startswith("1 of 160 first photos of specimens went from right to wrong;")
    assert found.reason.endswith("more specimens, none of them right to wrong.")
    spotless = follow(clean(640), clean(640), groups=groups)
    assert spotless.stopped_at == 157 * 4 + 1
    # Taken in rounds, a specimen may come back at any time.
    rounds = follow(clean(640), clean(640), groups=np.tile(np.arange(160), 4).tolist())
    assert rounds.stopped_at == 158


@pytest.mark.parametrize(
    ("harms", "gains", "cameras", "message"),
    [
        ([[0, 1]], None, 1, "one value per photo"),
        ([0, 1], [0], 1, "one value per photo"),
        ([0, 1], [0, 1], 1, "no photo is both"),
        ([0, 1], [0, 0], 0, "at least 1 is needed"),
    ],
)
def test_what_is_no_outcome_is_refused(
    harms: list[int], gains: list[int] | None, cameras: int, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        follow(harms, gains, cameras=cameras)


# Against brute force.


def brute_force(kinds: list[int], margin: float) -> list[tuple[float, float]]:
    """Return both capitals after every photo, multiplied up factor by factor."""
    passing = [0.7, 0.1, 0.1, 0.1]
    failing = [1 / 3] * 3
    rates = [0, margin / 8, margin / 4, margin / 2]
    stakes = [share / (1 + margin) for share in (0.95, 0.5, 0.2)]
    path = []
    for d in kinds:
        for i, rate in enumerate(rates):
            passing[i] *= rate / margin if d == 1 else (1 - rate) / (1 - margin)
        for i, stake in enumerate(stakes):
            failing[i] *= 1 + stake * (d - margin)
        path.append((sum(passing), sum(failing)))
    return path


KINDS = st.lists(st.sampled_from([1, -1, 0, 0, 0, 0, 0, 0]), min_size=1, max_size=120)


@given(KINDS, st.sampled_from([0.01, 0.05, 0.5]))
def test_the_state_is_the_one_multiplied_up_by_hand(kinds: list[int], margin: float) -> None:
    path = brute_force(kinds, margin)
    found = follow(np.equal(kinds, 1), np.equal(kinds, -1), Rule(margin))
    assert found.e_pass == pytest.approx(max(1.0, *(e for e, _ in path)))
    assert found.e_fail == pytest.approx(max(1.0, *(e for _, e in path)))
    stops = [n for n, e in enumerate(path, 1) if max(e) >= 20]
    assert found.stopped_at == (stops[0] if stops else None)


@given(KINDS, st.integers(0, 119))
def test_every_look_tells_what_the_whole_series_tells(kinds: list[int], look: int) -> None:
    harms, gains = np.equal(kinds, 1), np.equal(kinds, -1)
    found, earlier = follow(harms, gains), follow(harms[:look], gains[:look])
    if found.stopped_at is None or found.stopped_at > look:
        assert earlier.verdict == "INSUFFICIENT"
    else:
        assert earlier.stopped_at == found.stopped_at


@given(KINDS, st.sampled_from(MARGINS))
def test_the_clean_photos_needed_are_what_a_pass_takes(kinds: list[int], margin: float) -> None:
    harms, rule = np.equal(kinds, 1), Rule(margin)
    needed = follow(harms, None, rule).clean_needed
    if needed:
        assert follow(np.append(harms, clean(needed)), None, rule).stopped_at == len(kinds) + needed


@given(KINDS)
def test_specimens_of_one_photo_each_are_the_photos(kinds: list[int]) -> None:
    harms, gains = np.equal(kinds, 1), np.equal(kinds, -1)
    plain = follow(harms, gains)
    found = follow(harms, gains, groups=list(range(len(kinds))))
    assert (found.verdict, found.stopped_at, found.e_pass, found.e_fail) == (
        plain.verdict,
        plain.stopped_at,
        plain.e_pass,
        plain.e_fail,
    )


def test_a_hundred_thousand_photos_take_milliseconds() -> None:
    random = np.random.default_rng(0)
    kinds = random.choice([1, -1, 0], 100_000, p=[0.02, 0.01, 0.97])
    groups = (np.arange(100_000) // 2).tolist()
    started = time.perf_counter()
    follow(kinds == 1, kinds == -1)
    follow(kinds == 1, kinds == -1, groups=groups)
    spotless = follow(clean(100_000), clean(100_000))
    assert time.perf_counter() - started < 1  # about 100 ms; the slack is for a busy machine
    assert spotless.e_pass == pytest.approx(1e300)  # and no overflow


# Real error rates. Which photos bring a verdict depends on the counts alone, so the chance of ever
# reaching one follows exactly from the distribution of the counts of those still undecided.


@cache
def passing_from(margin: float, most: int) -> tuple[int, ...]:
    """Return the number of photos from which on k harms pass, for k = 0, 1, ..., up to `most`."""
    found: list[int] = []
    while not found or found[-1] <= most:
        state = follow(one_after_another(len(found), 0, most)[0], None, Rule(margin))
        found.append(state.stopped_at or most + 1)
    return tuple(found)


def stopping(margin: float, rate: float, most: int) -> np.ndarray:
    """Return the chances of a PASS after exactly n photos, float64[most + 1], at a harm rate."""
    starts = passing_from(margin, most)
    undecided, passed = np.zeros(len(starts) + 1), np.zeros(most + 1)
    undecided[0] = 1
    for n in range(1, most + 1):
        undecided[1:] = undecided[1:] * (1 - rate) + undecided[:-1] * rate
        undecided[0] *= 1 - rate
        allowed = sum(start <= n for start in starts)
        passed[n] = undecided[:allowed].sum()
        undecided[:allowed] = 0
    return passed


@pytest.mark.parametrize("margin", MARGINS)
def test_a_pass_at_a_harm_rate_of_the_margin_is_an_error_of_at_most_alpha_at_any_time(
    margin: float,
) -> None:
    errors = np.cumsum(stopping(margin, margin, 5000))
    assert 0.045 < errors[-1] <= 0.05
    assert errors[600] <= 0.05
    worse = stopping(margin, 1.5 * margin, 2000).sum()
    assert worse < errors[-1]


@pytest.mark.parametrize(
    ("rate", "expected", "most_done", "fixed"),
    [
        (0.0, 158, 158, 149),
        (0.002, 239, 379, 236),
        (0.005, 431, 677, 386),
        (0.01, 1337, 2115, 969),
    ],
)
def test_what_a_pass_costs(rate: float, expected: int, most_done: int, fixed: int) -> None:
    passed = stopping(0.02, rate, 20_000)
    assert passed.sum() > 0.9999
    assert round(passed @ np.arange(len(passed)) / passed.sum()) == expected
    assert np.searchsorted(np.cumsum(passed), 0.8) == most_done
    harms = 0
    while stats.binom.cdf(harms, photos_to_certify(harms, 0.02, 0.95), rate) < 0.8:
        harms += 1
    assert photos_to_certify(harms, 0.02, 0.95) == fixed


def failing(margin: float, gain: float, drop: float, cameras: int, most: int = 600) -> float:
    """Return the chance of ever reaching a FAIL within `most` photos; an upper bound of it.

    Undecided counts beyond the table (their chance is below 1e-6) are taken for a FAIL.
    """
    size_c = int(most * gain + 6 * np.sqrt(most * gain)) + 3
    b, c = np.arange(size_c + int(3 * most * margin) + 30)[:, None], np.arange(size_c)
    undecided, harm = np.zeros((len(b), size_c)), gain + drop
    undecided[0, 0] = 1
    for n in range(1, most + 1):
        came = undecided * (1 - harm - gain)
        came[1:] += undecided[:-1] * harm
        came[:, 1:] += undecided[:, :-1] * gain
        log_e = sequential._log_e_fail(b + 0 * c, c + 0 * b, np.maximum(n - b - c, 0), margin)
        undecided = np.where(log_e >= np.log(cameras / 0.05), 0, came)
    return 1 - float(undecided.sum())


@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("gain", [0.0, 0.01, 0.05])
def test_a_fail_at_a_drop_of_the_margin_is_an_error_of_at_most_alpha_at_any_time(
    margin: float, gain: float
) -> None:
    at_margin = failing(margin, gain, margin, cameras=1)
    assert 0.002 < at_margin <= 0.05
    assert failing(margin, gain, 0.0, cameras=1) < at_margin


def test_the_fails_of_14_cameras_share_one_alpha() -> None:
    assert 0 < 14 * failing(0.02, 0.01, 0.02, cameras=14) <= 0.05


@pytest.mark.parametrize("margin", [0.0001, *MARGINS, 0.5])
def test_every_bet_is_fair_where_its_hypothesis_is_as_false_as_it_may_be(margin: float) -> None:
    def factor(log_e: np.ndarray) -> float:
        return float(np.exp(log_e))

    harm, other = (sequential._log_e_pass(*counts, margin) for counts in ((1, 0), (0, 1)))
    assert margin * factor(harm) + (1 - margin) * factor(other) == pytest.approx(1)
    b, c, same = (
        factor(sequential._log_e_fail(*counts, margin))
        for counts in ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    )
    for gain in (0.0, 0.1, (1 - margin) / 2):
        total = (gain + margin) * b + gain * c + (1 - 2 * gain - margin) * same
        assert total == pytest.approx(1)


def verdicts_of_specimens(likeness: float, rate: float, repeats: int) -> list[SequentialVerdict]:
    """Follow 400 specimens of 1 to 7 photos, harmed all alike with a chance of `likeness`."""
    random = np.random.default_rng(11)
    found = []
    for _ in range(repeats):
        groups = np.repeat(np.arange(400), random.integers(1, 8, 400))
        together = random.random(400)[groups]
        fate = np.where(random.random(400)[groups] < likeness, together, random.random(len(groups)))
        found.append(follow(fate < rate, clean(len(groups)), groups=groups.tolist()))
    return found


@pytest.mark.parametrize("likeness", [0.0, 0.5, 1.0])
def test_errors_hold_however_alike_the_photos_of_a_specimen_are(likeness: float) -> None:
    found = [v.verdict for v in verdicts_of_specimens(likeness, 0.02, repeats=300)]
    three_deviations = 3 * np.sqrt(0.05 * 0.95 / 300)
    assert found.count("PASS") / 300 <= 0.05 + three_deviations
    assert found.count("FAIL") / 300 <= 0.05 + three_deviations


def test_a_good_model_passes_and_a_bad_one_fails() -> None:
    good = [v.verdict for v in verdicts_of_specimens(0.5, 0.002, repeats=60)]
    bad = [v.verdict for v in verdicts_of_specimens(0.5, 0.12, repeats=60)]
    assert good.count("PASS") > 45
    assert bad.count("FAIL") == 60
