"""The verdict per camera: does a candidate model keep the reference's accuracy within a margin?

Vocabulary:
    harm, gain, drop   as in `edgetlc.parity.tally`
    margin             the drop that the auditor agreed to accept
    alpha              1 - confidence

The rule:
    PASS          The exact upper bound of the harm rate (Clopper-Pearson) is below the margin. The
                  drop cannot exceed the harm rate, so it is below the margin too.
    FAIL          The drop exceeds the margin, shown by two tests that must both reject: the exact
                  binomial test of the harm rate, and Tango's score test of the drop with a
                  continuity correction. The larger p-value counts, Holm-adjusted over the cameras
                  that have labelled photos.
    INSUFFICIENT  Neither is shown.

PASS and FAIL cannot both hold. "All cameras pass" needs no correction, because every one must pass
(intersection-union test); a PASS speaks of its own camera, and picking the passing cameras out of
a set that did not pass as a whole is not covered.

Error rates, enumerated exactly in `tests/parity/test_verdict.py` for n from 10 to 600, margins of
1, 2 and 5 % and gain rates up to 20 %: where the drop equals the margin, a PASS in at most 5 % and
a FAIL in at most 4.4 % of cases. Two rules that look natural were tried and dropped. Tango's bound
without the correction gives a FAIL in up to 8.9 %. A FAIL for a significant McNemar test as well,
PASS going first, strikes nearly every such camera and up to 76 % of those whose drop is half the
margin and which more photos would pass: that test asks whether the drop is zero, but the auditor
agreed to a margin. So McNemar's test is reported and never the gate.

Two conditions, which the caller answers for: photos are independent (renders or retakes of one
piece are not), and their number does not depend on the result. Photographing on until the verdict
is PASS turns the error rate of 5 % into about 7.5 % after one extension and 9.3 % after two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from edgetlc.errors import InputError
from edgetlc.parity.statistics import (
    binomial_at_least,
    clopper_pearson_lower,
    clopper_pearson_upper,
    holm,
    mcnemar_harm,
    photos_to_certify,
    tango_interval,
    tango_p,
)
from edgetlc.parity.tally import Tally

Verdict = Literal["PASS", "FAIL", "INSUFFICIENT"]


@dataclass(frozen=True)
class Rule:
    """The margin, a share in [0.0001, 0.5], and the one-sided confidence, in (0.5, 1)."""

    margin: float = 0.02
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not 0.0001 <= self.margin <= 0.5:
            raise InputError(
                f"the margin is {self.margin}; it is a share of photos from 0.0001 to 0.5, "
                "such as 0.02 for 2 %"
            )
        if not 0.5 < self.confidence < 1:
            raise InputError(
                f"the confidence is {self.confidence}; it lies between 0.5 and 1, such as 0.95"
            )

    @property
    def alpha(self) -> float:
        """The accepted chance of a wrong verdict."""
        return 1 - self.confidence


@dataclass(frozen=True)
class CameraVerdict:
    """The verdict on one camera and what it rests on.

    Every bound is one-sided at the rule's confidence.

    Attributes:
        tally: the counts.
        verdict: PASS, FAIL or INSUFFICIENT.
        harm_lower: exact lower bound of the harm rate (of changed answers, without labels).
        harm_upper: exact upper bound of the same; PASS where it is below the margin.
        drop_lower: lower bound of the drop, in [-1, 1].
        drop_upper: upper bound of the drop.
        p_harm: p-value of "no drop at all" (McNemar, mid-p), Holm-adjusted; None without labels.
        p_beyond: p-value of "the drop is at most the margin", Holm-adjusted; FAIL where it is at
            most alpha; None without labels.
        photos_needed: fewest further photos that could bring a PASS, all without harm; 0 where the
            verdict is PASS or FAIL.
        reason: one or two sentences for the auditor.
    """

    tally: Tally
    verdict: Verdict
    harm_lower: float
    harm_upper: float
    drop_lower: float
    drop_upper: float
    p_harm: float | None
    p_beyond: float | None
    photos_needed: int
    reason: str = ""


def judge(tallies: Sequence[Tally], rule: Rule | None = None) -> list[CameraVerdict]:
    """Return one verdict per tally, in the same order.

    Args:
        tallies: one per camera; a camera without photos (n = 0) is untested and INSUFFICIENT.
        rule: margin and confidence; 2 % and 95 % unless told.
    """
    rule = rule or Rule()
    tested = [i for i, t in enumerate(tallies) if t.n and t.labelled]
    harms = [mcnemar_harm(tallies[i].b, tallies[i].c) for i in tested]
    beyond = [_p_beyond(tallies[i], rule.margin) for i in tested]
    p_harm = dict(zip(tested, holm(harms), strict=True))
    p_beyond = dict(zip(tested, holm(beyond), strict=True))
    return [_judge_one(t, rule, p_harm.get(i), p_beyond.get(i)) for i, t in enumerate(tallies)]


def overall(verdicts: Iterable[CameraVerdict]) -> Verdict:
    """Return PASS if every camera passes, FAIL if any fails, else INSUFFICIENT; so if none is."""
    found = {v.verdict for v in verdicts}
    if "FAIL" in found:
        return "FAIL"
    return "PASS" if found == {"PASS"} else "INSUFFICIENT"


def _p_beyond(t: Tally, margin: float) -> float:
    """Return the p-value of "the drop is at most the margin": both tests must reject."""
    score = tango_p(t.b, t.c, t.n, margin, corrected=True)
    return max(score, binomial_at_least(t.b, t.n, margin))


def _judge_one(t: Tally, rule: Rule, p_harm: float | None, p_beyond: float | None) -> CameraVerdict:
    harm_upper = clopper_pearson_upper(t.b, t.n, rule.confidence)
    if p_beyond is None:  # nothing but the changed answers bounds the drop
        drop_lower, drop_upper = -harm_upper, harm_upper
    else:
        both_sides = 2 * rule.confidence - 1
        drop_lower, drop_upper = tango_interval(t.b, t.c, t.n, both_sides, corrected=True)
    # Nothing missing is the same as harm_upper < margin, and cannot contradict photos_needed.
    missing = photos_to_certify(t.b, rule.margin, rule.confidence) - t.n
    verdict: Verdict = "PASS" if missing <= 0 else "INSUFFICIENT"
    if p_beyond is not None and p_beyond <= rule.alpha:
        verdict = "FAIL"
    found = CameraVerdict(
        tally=t,
        verdict=verdict,
        harm_lower=clopper_pearson_lower(t.b, t.n, rule.confidence),
        harm_upper=harm_upper,
        drop_lower=drop_lower,
        drop_upper=drop_upper,
        p_harm=p_harm,
        p_beyond=p_beyond,
        photos_needed=missing if verdict == "INSUFFICIENT" else 0,
    )
    return replace(found, reason=_reason(found, rule))


def _reason(v: CameraVerdict, rule: Rule) -> str:
    margin = f"the margin of {_percent(rule.margin)}"
    more = f"{v.photos_needed} more photos, all" if v.photos_needed > 1 else "1 more photo,"
    takes = f"A PASS takes at least {more} without harm."
    if not v.tally.n:
        return f"Untested: no photos. {takes}"
    seen = f"{_seen(v.tally)}; with {_percent(rule.confidence)} confidence"
    rate = f"{_percent(v.harm_upper)} {'go wrong' if v.tally.labelled else 'change'}"
    if v.verdict == "FAIL":
        return f"{seen} accuracy drops by more than {_percent(v.drop_lower)}, above {margin}."
    real = ""
    if v.p_harm is not None and v.p_harm <= rule.alpha:
        size = "but within the margin" if v.verdict == "PASS" else "but may be within the margin"
        real = f" A drop is real (p = {v.p_harm:.2g}), {size}."
    if v.verdict == "PASS":
        return f"{seen} at most {rate}, below {margin}.{real}"
    labels = "" if v.tally.labelled else " Labels would tell harm from gain."
    return f"{seen} up to {rate}, not below {margin}.{real} {takes}{labels}"


def _seen(t: Tally) -> str:
    if not t.labelled:
        return f"{t.b} of {t.n} answers changed, for better or worse"
    gains = f" and {t.c} from wrong to right" if t.c else ""
    return f"{t.b} of {t.n} photos went from right to wrong{gains}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
