"""The verdict per camera: does a candidate model keep the reference's accuracy within a margin?

The words are those of `edgetlc.parity.tally`; the margin is the drop that the auditor agreed to
accept, alpha is 1 - confidence.

The rule:
    PASS          The exact upper bound of the right-to-wrong rate (Clopper-Pearson) is below the
                  margin. The drop cannot exceed that rate, so it is below the margin too.
    FAIL          The drop exceeds the margin, shown by two tests that must both reject: the exact
                  binomial test of the right-to-wrong rate, and Tango's score test of the drop
                  with a continuity correction. The larger p-value counts, Holm-adjusted over the
                  cameras that have labelled photos.
    INSUFFICIENT  Neither is shown.

Photos of one specimen are not independent. Where the tallies say which belong together, rate and
drop are those averaged over specimens, each by the share of its own photos, and the rule is
applied to one photo of every specimen: its first, second, third ... in turn. Those are independent
and, if a specimen's photos come in no particular order, have the averaged rates, however alike its
photos are and however many there are of each. The other photos have a veto: no PASS while the
right-to-wrong rate averaged over all is not below the margin itself. (Calling a specimen wrong if
any of its photos is would be valid too, but then every further photo makes a PASS less likely: with
5 photos each, turning wrong independently at 0.5 %, a margin of 2 % is never shown.)

PASS and FAIL cannot both hold. "All cameras pass" needs no correction, because every one must pass
(intersection-union test); a PASS speaks of its own camera, and picking the passing cameras out of
a set that did not pass as a whole is not covered. A FAIL may be named: the chance that any camera
within the margin is called FAIL is at most alpha. Each candidate model is a claim of its own, and
so is the gate of `edgetlc.parity.false_genuine`: over several claims the chances of a false FAIL
add up, while "all of them pass" stays at alpha.

Error rates, enumerated exactly in `tests/parity/test_verdict.py` for n from 10 to 600, margins of
1, 2 and 5 % and wrong-to-right rates up to 20 %: where the drop equals the margin, a PASS in at
most 5 % and a FAIL in at most 4.6 % of cases. Two rules that look natural were tried and dropped.
Tango's bound without the correction gives a FAIL in up to 8.9 %. A FAIL for a significant McNemar
test as well, PASS going first, strikes nearly every such camera and up to 76 % of those whose drop
is half the margin and which more photos would pass: that test asks whether the drop is zero, but
the auditor agreed to a margin. So McNemar's test is reported and never the gate.

Two conditions, which the caller answers for: units are independent (renders and retakes of one
piece are one specimen), and their number does not depend on the result. Photographing on until the
verdict is PASS turns the error rate of 5 % into about 7.5 % after one extension and 9.3 % after
two; `edgetlc.parity.sequential` is for that. Specimens need not be alike: independent ones with
right-to-wrong rates of their own that average to the margin pass no more often (Hoeffding 1956).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import floor

from edgetlc.parity.reasons import Words, reason_of
from edgetlc.parity.rule import CameraVerdict, Rule, SequentialVerdict, Verdict
from edgetlc.parity.tally import Tally
from edgetlc.statistics.newcombe import newcombe_interval
from edgetlc.statistics.paired import (
    binomial_at_least,
    clopper_pearson_lower,
    clopper_pearson_upper,
    holm,
    mcnemar_one_sided,
    photos_to_certify,
    tango_interval,
    tango_p,
)


def judge(
    tallies: Sequence[Tally], rule: Rule | None = None, words: Words | None = None
) -> list[CameraVerdict]:
    """Return one verdict per tally, in the same order, by default at 2 % and 95 %.

    A camera without photos (n = 0) is untested and INSUFFICIENT. `words` are those of the reasons,
    by the labels unless told.
    """
    rule = rule or Rule()
    tested = [i for i, t in enumerate(tallies) if t.n and t.labelled]
    photos = [tallies[i].independent for i in tested]
    p_drop = dict(zip(tested, holm([mcnemar_one_sided(t.b, t.c) for t in photos]), strict=True))
    p_beyond = dict(zip(tested, holm([_p_beyond(t, rule.margin) for t in photos]), strict=True))
    judged = [_judge_one(t, rule, p_drop.get(i), p_beyond.get(i)) for i, t in enumerate(tallies)]
    return [replace(v, reason=reason_of(v, rule, words)) for v in judged]


def overall(
    cameras: Iterable[CameraVerdict | SequentialVerdict], gate: CameraVerdict | None = None
) -> Verdict:
    """Return the verdict on all cameras and the gate, None where no class is a counterfeit.

    FAIL if any of them fails; PASS if every tested camera passes and so does the gate; else
    INSUFFICIENT, as it is where no camera was tested or the gate has no photos.

    A PASS speaks of the tested cameras, and the report names those that were not: whoever reads it
    can see what was claimed, and the field runtime warns of every other camera. Were one untested
    phone of a long list enough to withhold it, nobody could ever pass and nobody would look.
    """
    counted = [v.verdict for v in cameras if v.tested] or ["INSUFFICIENT"]
    return together([*counted, *([gate.verdict] if gate else [])])


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """Return FAIL if any is, PASS if there are some and all are, else INSUFFICIENT."""
    kinds = set(verdicts)
    if "FAIL" in kinds:
        return "FAIL"
    return "PASS" if kinds == {"PASS"} else "INSUFFICIENT"


def _p_beyond(t: Tally, margin: float) -> float:
    """Return the p-value of "the drop is at most the margin": both tests must reject."""
    score = tango_p(t.b, t.c, t.n, margin, corrected=True)
    return max(score, binomial_at_least(t.b, t.n, margin))


def _judge_one(t: Tally, rule: Rule, p_drop: float | None, p_beyond: float | None) -> CameraVerdict:
    photos = t.independent
    b, c, n = photos.b, photos.c, photos.n
    upper = clopper_pearson_upper(b, n, rule.confidence)
    drop, newcombe = (-upper, upper), None  # without labels, changed answers alone bound the drop
    if p_beyond is not None:
        both_sides = 2 * rule.confidence - 1
        drop = tango_interval(b, c, n, both_sides, corrected=True)
        newcombe = newcombe_interval(b, c, n, photos.reference_correct or 0, both_sides)
    missing = _missing(t, rule)
    verdict: Verdict = "INSUFFICIENT" if missing else "PASS"
    if p_beyond is not None and p_beyond <= rule.alpha:
        verdict, missing = "FAIL", 0
    lower = clopper_pearson_lower(b, n, rule.confidence)
    return CameraVerdict(t, verdict, lower, upper, *drop, p_drop, p_beyond, missing, newcombe)


def _missing(t: Tally, rule: Rule) -> int:
    """Return how many further units a PASS takes, none right to wrong; 0 where there are enough.

    None missing for the bound is the same as an upper bound below the margin.
    """
    for_bound = photos_to_certify(t.independent.b, rule.margin, rule.confidence)
    for_veto = floor(t.units * (t.right_to_wrong_rate or 0) / rule.margin) + 1
    return max(0, for_bound - t.units, for_veto - t.units)
