from __future__ import annotations

import pytest

from edgetlc.config import from_document
from edgetlc.errors import BundleError
from edgetlc.runtime.policy import DecisionPolicy, ShownRate


@pytest.mark.parametrize(
    ("confidence", "reject_below", "expected"),
    [(0.5, 0.0, "answer"), (0.5, 0.5, "answer"), (0.4999, 0.5, "not_sure"), (1.0, 1.0, "answer")],
)
def test_a_decision_needs_the_confidence(confidence, reject_below, expected) -> None:
    assert DecisionPolicy(reject_below).decide(confidence, "unspecified") == expected


def test_genuine_needs_more() -> None:
    policy = DecisionPolicy(0.6, 0.95)
    assert [policy.needed(role) for role in ("genuine", "counterfeit", "unspecified")] == [
        0.95,
        0.6,
        0.6,
    ]
    assert policy.decide(0.9, "genuine") == "not_sure"
    assert policy.decide(0.9, "counterfeit") == "answer"


def test_genuine_never_needs_less() -> None:
    assert DecisionPolicy(0.8, 0.1).needed("genuine") == 0.8


def test_a_policy_is_read_back_with_what_was_shown() -> None:
    policy = DecisionPolicy(0.6, 0.9, 1.7, ShownRate(0.05, 200, 3, 0.0381), None)
    document = {
        "reject_below": 0.6,
        "genuine_below": 0.9,
        "temperature": 1.7,
        "wrong": {"asked": 0.05, "photos": 200, "errors": 3, "at_most": 0.0381},
        "false_genuine": None,
    }
    assert from_document(document, DecisionPolicy, whole=True) == policy
    assert policy.wrong is not None
    assert policy.wrong.holds


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan")])
def test_thresholds_are_shares(value: float) -> None:
    with pytest.raises(BundleError, match=r"reject_below is .* 0 to 1"):
        DecisionPolicy(value)
