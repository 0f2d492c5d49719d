"""The verdict per camera: does a candidate model keep the reference's accuracy within a margin?

The words are those of `edgetlc.parity.tally`; the margin is the drop that the auditor agreed to
accept, alpha is 1 - confidence.

The rule, for a number of photos fixed beforehand:
    PASS          "The drop is the margin or more" is rejected by an exact unconditional test on
                  Tango's score (`edgetlc.statistics.unconditional`), in which photos from wrong to
                  right count. Without labels every changed answer may be a wrong one: then the
                  exact binomial test of their share decides (the bound of Clopper and Pearson).
    FAIL          The drop exceeds the margin, shown by two tests that must both reject: the exact
                  binomial test of the right-to-wrong rate, and Tango's score test of the drop
                  with a continuity correction. The larger p-value counts, Holm-adjusted over the
                  cameras that have labelled photos.
    INSUFFICIENT  Neither is shown.

Sequential, valid whenever photographing stops, both p-values are those of
`edgetlc.statistics.betting`. Choose between the two before the first photo: taking whichever
passes is two chances to err.

Photos for a PASS at a margin of 2 %, 95 % confidence, with a chance of 80 %: a fixed number, and
sequentially; each where right to wrong alone counts, as without labels, and as it is
(`tests/statistics`):

    right to wrong            0    0.5 %    0.5 %      1 %      1 %      1 %
    wrong to right            0   0.25 %    0.5 %        0    0.5 %      1 %
    fixed, harm alone       149      386      386      969      969      969
    fixed                   149      320      260      969      600      420
    sequential, harm alone  157      680      680    2,310    2,310    2,310
    sequential              157      580      500    2,380    1,320      910

Photos of one specimen are not independent. Where the tallies say which belong together, rate and
drop are those averaged over specimens, each by the share of its own photos, and the rule is
applied to one photo of every specimen, drawn by lot from the photos' contents. Those are
independent and have the averaged rates, however alike a specimen's photos are and however many
there are of each. The other photos have a veto: no PASS while the drop averaged over all is not
below the margin itself. (Calling a specimen wrong if any of its photos is would be valid too, but
then every further photo makes a PASS less likely: with 5 photos each, turning wrong independently
at 0.5 %, a margin of 2 % is never shown.) Another photo of a specimen may replace the one that
counts: under the sequential rule, photograph another specimen instead.

PASS and FAIL cannot both hold. "All cameras pass" needs no correction, because every one must pass
(intersection-union test); a PASS speaks of its own camera, and picking the passing cameras out of
a set that did not pass as a whole is not covered. A FAIL may be named: the chance that any camera
within the margin is called FAIL is at most alpha. Each candidate model is a claim of its own, and
so are the answers, the final decisions (`edgetlc.parity.decisions`) and the counterfeits called
genuine (`edgetlc.parity.false_genuine`): over several claims the chances of a false FAIL add up,
while "all of them pass" stays at alpha.

Error rates where the drop equals the margin, enumerated exactly in `tests/parity/test_verdict.py`:
a PASS in at most 5 % of cases, at six sizes from 59 to 600 photos and wrong-to-right rates up to
5 %; a FAIL in at most 4.6 %, for every n from 10 to 600, margins of 1, 2 and 5 % and wrong-to-right
rates up to 20 %. Two rules that look natural were tried and dropped.
Tango's bound without the correction gives a FAIL in up to 8.9 %. A FAIL for a significant McNemar
test as well, PASS going first, strikes nearly every such camera and up to 76 % of those whose drop
is half the margin and which more photos would pass: that test asks whether the drop is zero, but
the auditor agreed to a margin. So McNemar's test is reported and never the gate.

Two conditions, which the caller answers for: units are independent (renders and retakes of one
piece are one specimen), and under the fixed rule their number does not depend on the result.
Photographing on until the verdict is PASS turns the error rate of 5 % into about 7.5 % after one
extension and 9.3 % after two.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import floor

from edgetlc.parity.reasons import Words, reason_of
from edgetlc.parity.rule import CameraVerdict, Rule, Verdict
from edgetlc.parity.tally import Tally
from edgetlc.statistics import betting
from edgetlc.statistics.newcombe import newcombe_interval
from edgetlc.statistics.paired import (
    binomial_at_least,
    binomial_at_most,
    clopper_pearson_lower,
    clopper_pearson_upper,
    holm,
    mcnemar_one_sided,
    tango_interval,
    tango_p,
)
from edgetlc.statistics.unconditional import MOST_PHOTOS, unconditional_p, unconditional_upper

_NUISANCE = 500
"""A share of 1/500 of alpha goes on what is not known of wrong to right (`unconditional`)."""


def judge(
    tallies: Sequence[Tally],
    rule: Rule | None = None,
    words: Words | None = None,
    cameras: int = 0,
) -> list[CameraVerdict]:
    """Return one verdict per tally, in the same order, by default at 2 % and 95 %.

    A camera without photos (n = 0) is untested and INSUFFICIENT. `words` are those of the reasons,
    by the labels unless told. Where photographing goes on, FAILs are adjusted over all `cameras`
    that are to be photographed, a number fixed before the first photo.
    """
    rule = rule or Rule()
    tested = [i for i, t in enumerate(tallies) if t.n and t.labelled]
    yet = [1.0] * (max(0, cameras - len(tested)) if rule.sequential else 0)
    photos = [tallies[i].independent for i in tested]
    beyond = holm([*(_p_beyond(t, rule.margin, rule) for t in photos), *yet])
    drop = holm([*(_p_drop(t, rule) for t in photos), *yet])
    p_beyond, p_drop = (dict(zip(tested, ps, strict=False)) for ps in (beyond, drop))
    judged = [_judge_one(t, rule, p_beyond.get(i), p_drop.get(i)) for i, t in enumerate(tallies)]
    return [replace(v, reason=reason_of(v, rule, words)) for v in judged]


def overall(cameras: Iterable[CameraVerdict]) -> Verdict:
    """Return the verdict on all cameras.

    FAIL if any of them fails; PASS if every tested camera passes; else INSUFFICIENT, as it is where
    no camera was tested.

    A PASS speaks of the tested cameras, and the report names those that were not: whoever reads it
    can see what was claimed, and the field runtime warns of every other camera. Were one untested
    phone of a long list enough to withhold it, nobody could ever pass and nobody would look.
    """
    return together(v.verdict for v in cameras if v.tested)


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """Return FAIL if any is, PASS if there are some and all are, else INSUFFICIENT."""
    kinds = set(verdicts)
    if "FAIL" in kinds:
        return "FAIL"
    return "PASS" if kinds == {"PASS"} else "INSUFFICIENT"


def _judge_one(t: Tally, rule: Rule, p_beyond: float | None, p_drop: float | None) -> CameraVerdict:
    photos = t.independent
    b, c, n = photos.b, photos.c, photos.n
    p_within = _p_within(photos, rule)
    right_to_wrong = _right_to_wrong(photos, rule)
    drop = _drop(photos, rule, is_within=p_within < rule.alpha)
    newcombe = None
    if p_beyond is not None and photos.reference_correct is not None:
        both_sides = 2 * rule.confidence - 1
        newcombe = newcombe_interval(b, c, n, photos.reference_correct, both_sides)
    failed = p_beyond is not None and p_beyond <= rule.alpha
    missing = 0 if failed else _missing(t, rule)
    verdict: Verdict = "FAIL" if failed else "INSUFFICIENT" if missing else "PASS"
    return CameraVerdict(
        t, verdict, *right_to_wrong, *drop, p_within, p_beyond, p_drop, missing, newcombe
    )


def _p_within(t: Tally, rule: Rule) -> float:
    """Return the p-value of "the drop is the margin or more" of independent photos."""
    if not t.n:
        return 1.0
    if rule.sequential or (t.labelled and t.n > MOST_PHOTOS):
        return betting.p_within(t.b, t.c, t.n, rule.margin)
    if not t.labelled:
        return binomial_at_most(t.b, t.n, rule.margin)
    return unconditional_p(t.b, t.c, t.n, rule.margin, rule.alpha / _NUISANCE)


def _p_beyond(t: Tally, margin: float, rule: Rule) -> float:
    """Return the p-value of "the drop is at most `margin`": both fixed tests must reject."""
    if rule.sequential:
        return betting.p_beyond(t.b, t.c, t.n, margin)
    score = tango_p(t.b, t.c, t.n, margin, corrected=True)
    return max(score, binomial_at_least(t.b, t.n, margin))


def _p_drop(t: Tally, rule: Rule) -> float:
    return _p_beyond(t, 0.0, rule) if rule.sequential else mcnemar_one_sided(t.b, t.c)


def _right_to_wrong(t: Tally, rule: Rule) -> tuple[float, float]:
    """Return the bounds of the right-to-wrong rate of independent photos."""
    if not t.n:
        return 0.0, 1.0
    if rule.sequential:
        lower, upper = betting.drop_interval(t.b, 0, t.n, rule.alpha)
        return max(0.0, lower), upper
    lower = clopper_pearson_lower(t.b, t.n, rule.confidence)
    return lower, clopper_pearson_upper(t.b, t.n, rule.confidence)


def _drop(t: Tally, rule: Rule, is_within: bool) -> tuple[float, float]:
    """Return the bounds of the drop of independent photos; the upper one decides on a PASS."""
    if not (t.n and t.labelled):
        upper = _right_to_wrong(t, rule)[1]
        return -upper, upper
    if rule.sequential or t.n > MOST_PHOTOS:
        lower, upper = betting.drop_interval(t.b, t.c, t.n, rule.alpha)
    else:
        upper = unconditional_upper(t.b, t.c, t.n, rule.alpha, rule.alpha / _NUISANCE)
    if not rule.sequential:
        lower = tango_interval(t.b, t.c, t.n, 2 * rule.confidence - 1, corrected=True)[0]
    # Found to within 0.00002, so that next to the margin the test itself decides.
    return lower, min(upper, rule.margin) if is_within else max(upper, rule.margin)


def _missing(t: Tally, rule: Rule) -> int:
    """Return how many further units a PASS takes, none right to wrong; 0 where there are enough."""
    photos = t.independent

    def enough(more: int) -> bool:
        right = None if photos.reference_correct is None else photos.reference_correct + more
        grown = replace(
            photos, n=photos.n + more, agree=photos.agree + more, reference_correct=right
        )
        return _p_within(grown, rule) < rule.alpha

    for_bound = 0
    if not enough(0):
        most = 1
        while not enough(most):
            most *= 2
        for_bound = bisect_left(range(most + 1), True, lo=1, key=enough)
    for_veto = floor(t.units * max(t.mean_drop or 0, 0) / rule.margin) + 1
    return max(0, for_bound, for_veto - t.units)
