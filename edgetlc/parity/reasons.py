"""The reason of a verdict, in one or two sentences for the auditor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgetlc.parity.tally import Tally

if TYPE_CHECKING:
    from edgetlc.parity.verdict import CameraVerdict, Rule


@dataclass(frozen=True)
class Words:
    """How harms are told.

    Attributes:
        photos: what is counted.
        specimens: the same where photos of one specimen count once.
        harmed: what happened to harms.
        gained: what happened to gains.
        rate: what the harm rate is the rate of.
        drop: what happens where the drop is positive.
        real: that this is no chance.
        clean: how further photos must be for a PASS.
        untested: what is missing where nothing is counted.
    """

    photos: str
    specimens: str
    harmed: str
    gained: str
    rate: str
    drop: str
    real: str
    clean: str
    untested: str = "no photos"


ACCURACY = Words(
    photos="photos",
    specimens="specimens",
    harmed="went from right to wrong",
    gained="from wrong to right",
    rate="go wrong",
    drop="accuracy drops",
    real="A drop is real",
    clean="without harm",
)
FALSE_GENUINE = Words(
    photos="photos of counterfeits",
    specimens="counterfeit specimens",
    harmed="are newly called genuine",
    gained="no longer",
    rate="are newly called genuine",
    drop="the share called genuine rises",
    real="A rise is real",
    clean="of counterfeits not newly called genuine",
    untested="no photos of counterfeits",
)
# Without labels there are no gains and no FAIL to tell of.
CHANGES = Words(
    photos="answers",
    specimens="specimens",
    harmed="changed, for better or worse",
    gained="",
    rate="change",
    drop="",
    real="",
    clean="with unchanged answers",
)


def reason_of(v: CameraVerdict, rule: Rule, words: Words | None = None) -> str:
    """Return why the verdict is what it is; `words` are chosen by the labels unless given."""
    t = v.tally
    words = words or (ACCURACY if t.labelled else CHANGES)
    margin = f"the margin of {percent(rule.margin)}"
    takes = f"A PASS takes at least {further(v.photos_needed, t.unit, words.clean)}."
    if not t.n:
        return f"Untested: {words.untested}. {takes}"
    seen = f"{_seen(t, words)}; with {percent(rule.confidence)} confidence"
    if v.verdict == "FAIL":
        return f"{seen} {words.drop} by more than {percent(v.drop_lower)}, above {margin}."
    rate, real = f"{percent(v.right_to_wrong_upper)} {words.rate}", ""
    if v.p_drop is not None and v.p_drop <= rule.alpha:
        size = "but within the margin" if v.verdict == "PASS" else "but may be within the margin"
        real = f" {words.real} (p {_p(v.p_drop)}), {size}."
    if v.verdict == "PASS":
        return f"{seen} at most {rate}, below {margin}.{real}"
    labels = "" if t.labelled else " Labels would tell harm from gain."
    if v.right_to_wrong_upper < rule.margin:
        average = f"over all {t.n} photos the average is {percent(t.right_to_wrong_rate or 0)}"
        return f"{seen} at most {rate}, but {average}, not below {margin}.{real} {takes}{labels}"
    return f"{seen} up to {rate}, not below {margin}.{real} {takes}{labels}"


def further(units: int, unit: str, clean: str) -> str:
    """Return "3 more photos, all without harm"."""
    return f"{units} more {unit}s, all {clean}" if units > 1 else f"1 more {unit}, {clean}"


def percent(share: float) -> str:
    """Return a share in per cent, three digits."""
    return f"{100 * share:.3g} %"


def _p(value: float) -> str:
    return f"= {value:.2g}" if value else "< 1e-300"


def _seen(t: Tally, words: Words) -> str:
    photos, what = t.independent, words.photos if t.specimens is None else words.specimens
    gains = f" and {photos.c} {words.gained}" if photos.c else ""
    once = "" if t.specimens is None else "On one photo each, "
    return f"{once}{photos.b} of {photos.n} {what} {words.harmed}{gains}"
