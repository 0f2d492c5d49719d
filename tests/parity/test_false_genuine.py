"""The gate by example, and that its verdict is the enumerated rule on photos of counterfeits."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from edgetlc.errors import InputError
from edgetlc.parity.false_genuine import FalseGenuine, called_genuine, judge_false_genuine
from edgetlc.parity.rule import Rule
from edgetlc.parity.tally import Taken, Tally, rows_by_camera
from edgetlc.parity.verdict import judge
from edgetlc.runtime.classes import ClassInfo, Role
from edgetlc.runtime.policy import DecisionPolicy
from edgetlc.statistics.paired import clopper_pearson_lower, clopper_pearson_upper

ROLES: tuple[Role, ...] = ("genuine", "counterfeit", "unspecified", "genuine", "counterfeit")
CLASSES = [ClassInfo(f"class-{i}", "", "", role) for i, role in enumerate(ROLES)]
FIRST_COUNTERFEIT = 1


def rows_of(cameras: Sequence[str | None]) -> dict[str | None, NDArray[np.intp]]:
    ids = list(dict.fromkeys(cameras))
    return rows_by_camera(np.array([ids.index(camera) for camera in cameras]), ids)


def gate(
    newly: int,
    no_longer: int,
    n: int,
    rule: Rule | None = None,
    *,
    both: int = 0,
    cameras: Sequence[str | None] | None = None,
    groups: Sequence[int] | None = None,
) -> FalseGenuine:
    """Return the gate on n photos of counterfeits, `newly` called genuine by the candidate only."""
    kinds = np.repeat([1, -1, 2, 0], [newly, no_longer, both, n - newly - no_longer - both])
    found = judge_false_genuine(
        (kinds == -1) | (kinds == 2),
        (kinds == 1) | (kinds == 2),
        np.full(n, FIRST_COUNTERFEIT),
        CLASSES,
        rule,
        Taken(rows_of(cameras) if cameras else {None: np.arange(n)}, groups),
    )
    assert found is not None
    return found


# What counts as called genuine.


def test_an_answer_counts_where_the_policy_lets_it() -> None:
    answers, confidence = [0, 0, 1, 3], [0.95, 0.8, 0.99, 0.6]
    found = called_genuine(answers, confidence, CLASSES, DecisionPolicy())
    assert found.tolist() == [True, True, False, True]
    policy = DecisionPolicy(reject_below=0.5, genuine_below=0.9)
    found = called_genuine(answers, confidence, CLASSES, policy)
    assert found.tolist() == [True, False, False, False]


def test_a_confidence_at_the_threshold_is_compared_as_the_runtime_does() -> None:
    for threshold in (0.9, 0.3):
        confidence = np.array([threshold], dtype=np.float32)
        policy = DecisionPolicy(genuine_below=threshold)
        runtime = policy.decide(float(confidence[0]), "genuine") == "answer"
        assert called_genuine([0], confidence, CLASSES, policy).tolist() == [runtime]
    assert float(np.float32(0.9)) < 0.9  # so it is not enough, though numpy would say it is


# The gate.


def test_clean_counterfeits_pass() -> None:
    found = gate(0, 0, 149)
    assert found.pooled.verdict == "PASS"
    assert found.pooled.reason == (
        "0 of 149 photos of counterfeits are newly called genuine; with 95% confidence the share "
        "called genuine rises by at most 1.99%, below the margin of 2%."
    )
    assert "every photo is taken to show a specimen of its own" in found.independent


def test_too_few_counterfeits_decide_nothing() -> None:
    found = gate(0, 0, 148)
    assert (found.pooled.verdict, found.pooled.photos_needed) == ("INSUFFICIENT", 1)
    assert found.pooled.reason.endswith(
        "A PASS takes at least 1 more photo of a counterfeit, not newly called genuine."
    )


def test_counterfeits_newly_called_genuine_fail() -> None:
    found = gate(20, 1, 200)
    assert found.pooled.verdict == "FAIL"
    assert found.pooled.reason == (
        "20 of 200 photos of counterfeits are newly called genuine and 1 no longer; with 95% "
        "confidence the share called genuine rises by more than 5.81%, above the margin of 2%."
    )


def test_a_reference_that_calls_them_genuine_too_is_told_beside_the_gate() -> None:
    found = gate(1, 2, 400, both=40)
    assert found.pooled.verdict == "PASS"
    assert (found.candidate.called, found.reference.called) == (41, 42)
    assert found.candidate.photos == found.reference.photos == 400
    assert found.candidate.share == 41 / 400
    assert found.candidate.lower == clopper_pearson_lower(41, 400, 0.95)
    assert found.candidate.upper == clopper_pearson_upper(41, 400, 0.95)
    assert found.reference.upper == clopper_pearson_upper(42, 400, 0.95)


def test_it_has_a_margin_of_its_own() -> None:
    assert gate(0, 0, 60, Rule(0.05)).pooled.verdict == "PASS"
    assert gate(0, 0, 60, Rule(0.01)).pooled.verdict == "INSUFFICIENT"
    assert gate(0, 0, 60, Rule(0.05)).rule.margin == 0.05


def test_only_photos_of_counterfeits_count() -> None:
    truth = np.array([0, 1, 2, 3, 4, 1])
    before, after = np.zeros(6, dtype=bool), np.ones(6, dtype=bool)
    found = judge_false_genuine(before, after, truth, CLASSES)
    assert found is not None
    assert (found.pooled.tally.n, found.pooled.tally.b) == (3, 3)


def test_the_worst_camera_decides_and_all_together_stand_beside() -> None:
    found = gate(0, 0, 300, cameras=["b", "a", None] * 100)
    assert found.pooled.verdict == "PASS"
    assert found.pooled.tally.camera is None
    assert [v.tally.camera for v in found.cameras] == ["a", "b", None]
    assert [v.verdict for v in found.cameras] == ["INSUFFICIENT"] * 3
    assert [v.photos_needed for v in found.cameras] == [49] * 3
    assert found.verdict == "INSUFFICIENT"
    assert gate(0, 0, 450, cameras=["b", "a", None] * 150).verdict == "PASS"


def test_all_cameras_together_can_fail() -> None:
    cameras = [f"camera-{i % 14}" for i in range(280)]
    found = gate(28, 0, 280, cameras=cameras)
    assert {v.verdict for v in found.cameras} == {"INSUFFICIENT"}
    assert (found.pooled.verdict, found.verdict) == ("FAIL", "FAIL")


def test_a_camera_without_counterfeits_is_told_to_be_untested() -> None:
    found = judge_false_genuine(
        np.zeros(4), np.zeros(4), [1, 1, 0, 0], CLASSES, taken=Taken(rows_of(["a", "a", "b", "b"]))
    )
    assert found is not None
    assert [v.tested for v in found.cameras] == [True, False]
    assert found.cameras[1].reason.startswith("Untested: no photos of counterfeits.")
    many = judge_false_genuine(
        np.zeros(400),
        np.zeros(400),
        [1] * 399 + [0],
        CLASSES,
        None,
        Taken(rows_of("a" * 399 + "b")),
    )
    assert many is not None
    assert (many.cameras[0].verdict, many.verdict) == ("PASS", "INSUFFICIENT")


def test_one_specimen_on_many_cameras_counts_once() -> None:
    cameras = [f"camera-{i}" for i in range(5)] * 40
    groups = np.repeat(np.arange(40), 5).tolist()
    assert gate(0, 0, 200, cameras=cameras).pooled.verdict == "PASS"
    found = gate(0, 0, 200, cameras=cameras, groups=groups)
    assert (found.pooled.verdict, found.pooled.photos_needed) == ("INSUFFICIENT", 109)
    assert found.pooled.reason.startswith("On one photo each, 0 of 40 counterfeit specimens are")
    assert found.candidate.upper == clopper_pearson_upper(0, 40, 0.95)
    assert "photos of one specimen count once" in found.independent


# Where there is nothing to show, there is no PASS.


@pytest.mark.parametrize("roles", [["genuine"] * 2, ["counterfeit"] * 2, ["unspecified"] * 2])
def test_without_counterfeit_and_genuine_classes_it_does_not_apply(roles: list[Role]) -> None:
    classes = [ClassInfo(str(i), "", "", role) for i, role in enumerate(roles)]
    assert judge_false_genuine(np.zeros(500), np.zeros(500), np.zeros(500, int), classes) is None


def test_without_photos_of_counterfeits_it_is_untested() -> None:
    found = judge_false_genuine(np.zeros(500), np.zeros(500), np.zeros(500, dtype=int), CLASSES)
    assert found is not None
    assert (found.verdict, found.pooled.tested) == ("INSUFFICIENT", False)
    assert found.pooled.reason == (
        "Untested: no photos of counterfeits. A PASS takes at least 149 more photos of "
        "counterfeits, none newly called genuine."
    )
    assert found.candidate.share is None
    assert (found.candidate.lower, found.candidate.upper) == (0, 1)


@pytest.mark.parametrize("newly", [0, 3, 400])
def test_without_labels_what_is_newly_called_genuine_is_told_and_nothing_passes(newly: int) -> None:
    after = np.arange(500) < newly
    found = judge_false_genuine(np.zeros(500), after, None, CLASSES, Rule(0.5))
    assert found is not None
    assert found.verdict == "INSUFFICIENT"
    assert (found.pooled.tally.b, found.pooled.tally.n, found.candidate.called) == (
        newly,
        500,
        newly,
    )
    assert found.pooled.reason == (
        f"{newly} of 500 photos are newly called genuine; without labels nobody knows which of "
        "them show counterfeits. A PASS takes labels."
    )


def test_one_value_per_photo() -> None:
    yes = np.ones(3, dtype=bool)
    with pytest.raises(InputError, match="2 candidate for 3 photos"):
        judge_false_genuine(yes, yes[:2], [1, 1, 1], CLASSES)
    with pytest.raises(InputError, match="1 truth for 3 photos"):
        judge_false_genuine(yes, yes, [1], CLASSES)
    with pytest.raises(InputError, match="1 specimen ids for 3 photos"):
        judge_false_genuine(yes, yes, [1, 1, 1], CLASSES, None, Taken(rows_of("abc"), ["a"]))


# Error rates: the gate is the rule of `test_verdict.py` on harms and gains of counterfeits.


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int, int, int]:
    n = draw(st.integers(0, 400))
    newly = draw(st.integers(0, n))
    no_longer = draw(st.integers(0, n - newly))
    return newly, no_longer, draw(st.integers(0, n - newly - no_longer)), n


@settings(max_examples=30)
@given(counts(), st.sampled_from([0.01, 0.02, 0.05]))
def test_the_gate_is_the_rule_whose_error_rates_are_enumerated(
    case: tuple[int, int, int, int], margin: float
) -> None:
    newly, no_longer, both, n = case
    found = gate(newly, no_longer, n, Rule(margin), both=both).pooled
    right = n - no_longer - both
    tally = Tally(None, n, n - newly - no_longer, newly, no_longer, right)
    expected = judge([tally], Rule(margin))[0]
    assert found.tally == tally
    assert (found.verdict, found.p_beyond, found.right_to_wrong_upper, found.photos_needed) == (
        expected.verdict,
        expected.p_beyond,
        expected.right_to_wrong_upper,
        expected.photos_needed,
    )


@pytest.mark.parametrize("margin", [0.01, 0.02, 0.05])
@pytest.mark.parametrize("n", [10, 149, pytest.param(300, marks=pytest.mark.slow)])
def test_a_wrong_verdict_of_the_gate_has_a_chance_of_at_most_alpha(n: int, margin: float) -> None:
    # Without gains, where the candidate newly calls the margin's share of counterfeits genuine.
    verdicts = [gate(newly, 0, n, Rule(margin)).pooled.verdict for newly in range(min(n, 40) + 1)]
    severity = [("PASS", "INSUFFICIENT", "FAIL").index(verdict) for verdict in verdicts]
    assert severity == sorted(severity)
    assert stats.binom.cdf(verdicts.count("PASS") - 1, n, margin) <= 0.05
    assert stats.binom.sf(severity.index(2) - 1, n, margin) <= 0.05


def test_a_million_photos_take_about_a_second() -> None:
    n = 14 * 100_000
    random = np.random.default_rng(0)
    before = random.random(n) < 0.01
    after = before ^ (random.random(n) < 0.01)
    truth = np.arange(n) % 5
    by_camera = rows_by_camera(np.arange(n) % 14, [f"camera-{i}" for i in range(14)])
    started = time.perf_counter()
    found = judge_false_genuine(before, after, truth, CLASSES, taken=Taken(by_camera))
    assert time.perf_counter() - started < 3  # about 0.4 s; the slack is for a busy machine
    assert found is not None
    assert found.pooled.tally.n == n * 2 // 5
