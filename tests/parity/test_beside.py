"""What is said beside the verdict: which answers change, and what is known of one more camera."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from edgetlc.parity.lead import EDGES, lead_curve, leads_of
from edgetlc.parity.new_camera import new_camera
from edgetlc.parity.rule import CameraVerdict, Rule
from edgetlc.parity.tally import Tally, outcomes
from edgetlc.parity.verdict import judge
from edgetlc.parity.verification import Verification

Judged = Callable[..., Verification]


def test_the_lead_is_the_difference_of_logits_by_the_temperature() -> None:
    logits, temperature = np.array([[1.0, 3.0, 2.5], [0.0, 0.0, -9.0], [400.0, 0.0, 1.0]]), 1.7
    scaled = np.exp((logits - logits.max(axis=1, keepdims=True)) / temperature)
    probabilities = (scaled / scaled.sum(axis=1, keepdims=True)).astype(np.float32)
    found = leads_of(probabilities)
    assert found[:2] == pytest.approx([0.5 / temperature, 0.0], abs=1e-6)
    assert EDGES[-2] < found[2] < np.inf  # rounded to 0 by float32: large, and a number


def test_bins_count_every_photo_once_with_scipys_bounds() -> None:
    rng = np.random.default_rng(0)
    leads = rng.exponential(0.5, 3000)
    before = rng.integers(0, 3, 3000)
    after = np.where(rng.uniform(size=3000) < np.exp(-5 * leads) / 2, (before + 1) % 3, before)
    curve = lead_curve(outcomes(before, after), leads, 0.95)
    assert sum(b.photos for b in curve.bins) == 3000
    assert sum(b.changed for b in curve.bins) == np.count_nonzero(before != after)
    for one, high in zip(curve.bins, EDGES[1:], strict=True):
        inside = (leads >= one.low) & (leads < high)
        assert (one.photos, one.changed) == (inside.sum(), (before != after)[inside].sum())
        if one.photos:
            exact = binomtest(one.changed, one.photos).proportion_ci(0.9, "exact")
            assert (one.lower, one.upper) == pytest.approx((exact.low, exact.high), abs=1e-9)
        else:
            assert (one.lower, one.upper, one.share) == (0, 1, None)


def test_a_bins_bound_holds_for_specimens_of_photos_that_change_together() -> None:
    """Each specimen's 10 photos change as one: bounds by photos would be wrong in a third."""
    rng, share, missed, by_photos = np.random.default_rng(3), 0.3, 0, 0
    groups, leads = np.repeat(np.arange(20), 10), np.full(200, 0.01)
    for _round in range(300):
        changed = np.repeat(rng.uniform(size=20) < share, 10)
        answers = np.zeros(200, np.int64), changed.astype(np.int64)
        first = lead_curve(outcomes(*answers, groups=groups), leads, 0.95).bins[0]
        missed += first.upper < share
        by_photos += lead_curve(outcomes(*answers), leads, 0.95).bins[0].upper < share
    assert missed <= binom.ppf(0.999, 300, 0.05)
    assert by_photos > 60


def verdicts(*harmed: int, n: int = 150, camera: str | None = "phone") -> list[CameraVerdict]:
    tallies = [Tally(camera and f"{camera}-{i}", n, n - b, b, 0, n) for i, b in enumerate(harmed)]
    return judge(tallies, Rule())


def test_thirteen_clean_cameras_bound_the_share_that_would_not_pass_at_20_6_percent() -> None:
    found = new_camera(verdicts(*[0] * 13), Rule())
    assert found is not None
    assert (found.cameras, found.not_passing) == (13, 0)
    assert found.not_passing_upper == pytest.approx(1 - 0.05 ** (1 / 13))
    assert f"{found.not_passing_upper:.1%}" == "20.6%"
    assert found.beyond_upper == pytest.approx(found.not_passing_upper / 0.95)
    assert 0 < found.belief_beyond < 0.1


def test_unknown_cameras_and_those_without_photos_are_not_counted() -> None:
    known = verdicts(0, 0, 9)
    found = new_camera([*known, *verdicts(0, camera=None), *verdicts(0, n=0)], Rule())
    assert found == new_camera(known, Rule())
    assert found is not None
    assert (found.cameras, found.not_passing) == (3, 1)
    assert new_camera(verdicts(0, camera=None), Rule()) is None


@pytest.mark.parametrize(
    "bad",
    [pytest.param(0.05, marks=pytest.mark.slow), 0.2, pytest.param(0.5, marks=pytest.mark.slow)],
)
def test_the_bound_of_bad_cameras_is_seldom_wrong(bad: float) -> None:
    """Of 13 cameras with 150 photos each, some are bad: their drop is the margin of 2 %."""
    rng, clean = np.random.default_rng(4), [v.verdict == "PASS" for v in verdicts(*range(20))]
    is_bad = rng.uniform(size=(2000, 13)) < bad
    harmed = rng.binomial(150, np.where(is_bad, 0.02, 0.001))
    failed = np.count_nonzero(~np.array(clean)[harmed.clip(max=19)], axis=1)
    bounds = []
    for several in range(14):
        found = new_camera(verdicts(*[19] * several, *[0] * (13 - several)), Rule())
        assert found is not None
        assert found.not_passing == several
        bounds.append(found.beyond_upper)
    assert np.count_nonzero(np.array(bounds)[failed] < bad) <= binom.ppf(0.999, 2000, 0.05)


def test_nothing_beside_the_verdict_changes_it(
    judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verdict is the same whatever is told beside it; and it is told of every candidate."""
    names = "clean@onnxruntime", "pixels@onnxruntime", "network@openvino"
    before = judged(*names, rule=Rule(0.1))
    for report in before.candidates:
        assert sum(one.photos for one in report.lead_curve.bins) == report.pooled.photos
        assert sum(one.changed for one in report.lead_curve.bins) == report.flips_in_all
        assert report.new_camera is not None
        assert report.new_camera.cameras == 13
    monkeypatch.setattr("edgetlc.parity.judgement.new_camera", lambda cameras, rule: None)
    monkeypatch.setattr("edgetlc.parity.judgement.lead_curve", lambda *args: None)
    after = judged(*names, rule=Rule(0.1))
    assert [r.verdict for r in after.candidates] == [r.verdict for r in before.candidates]
    assert after.verdict == before.verdict
