"""The reason of a verdict, in one or two sentences for the auditor.

reason_of(verdict, rule)                 by the labels: accuracy, or changed answers
reason_of(verdict, rule, FALSE_GENUINE)  of the gate on counterfeits called genuine
reason_of(verdict, rule, DECISIONS)      of the final decisions; DECISIONS_CHANGED without labels
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce

from edgetlc.locale import Message, _, n_
from edgetlc.parity.rule import CameraVerdict, Rule
from edgetlc.parity.tally import Tally
from edgetlc.results.wording import percent_given


@dataclass(frozen=True)
class Words:
    """The sentences about one kind of count, with placeholders.

    Attributes:
        seen, both: how many `{b}` of `{n}` turned wrong, and `{c}` right; by unit.
        passed, failed, vetoed, unshown: what was concluded from what was `{seen}`.
        real: a difference is no chance, within the margin or perhaps so; None without labels.
        takes: how many `{count}` further units a PASS takes; by unit.
        untested: that nothing is counted.
    """

    seen: Mapping[str, Message]
    both: Mapping[str, Message]
    passed: Message
    failed: Message | None
    vetoed: Message
    unshown: Message
    real: tuple[Message, Message] | None
    takes: Mapping[str, Message]
    untested: Message


ACCURACY = Words(
    seen={
        "photo": _("{b} of {n} photos went from right to wrong"),
        "specimen": _("On one photo each, {b} of {n} specimens went from right to wrong"),
    },
    both={
        "photo": _("{b} of {n} photos went from right to wrong and {c} from wrong to right"),
        "specimen": _(
            "On one photo each, {b} of {n} specimens went from right to wrong and {c} from wrong "
            "to right"
        ),
    },
    passed=_(
        "{seen}; with {confidence} confidence accuracy drops by at most {upper:.2%}, below the "
        "margin of {margin}."
    ),
    failed=_(
        "{seen}; with {confidence} confidence accuracy drops by more than {drop:.2%}, above the "
        "margin of {margin}."
    ),
    vetoed=_(
        "{seen}; with {confidence} confidence accuracy drops by at most {upper:.2%}, but over all "
        "{photos} photos the average drop is {average:.2%}, not below the margin of {margin}."
    ),
    unshown=_(
        "{seen}; with {confidence} confidence accuracy may drop by up to {upper:.2%}, not below "
        "the margin of {margin}."
    ),
    real=(
        _("A drop is real ({p}), but within the margin."),
        _("A drop is real ({p}), but may be within the margin."),
    ),
    takes={
        "photo": n_(
            "A PASS takes at least {count} more photo, not right to wrong.",
            "A PASS takes at least {count} more photos, none of them right to wrong.",
            count=0,
        ),
        "specimen": n_(
            "A PASS takes at least {count} more specimen, not right to wrong.",
            "A PASS takes at least {count} more specimens, none of them right to wrong.",
            count=0,
        ),
    },
    untested=_("Untested: no photos."),
)
FALSE_GENUINE = Words(
    seen={
        "photo": _("{b} of {n} photos of counterfeits are newly called genuine"),
        "specimen": _(
            "On one photo each, {b} of {n} counterfeit specimens are newly called genuine"
        ),
    },
    both={
        "photo": _("{b} of {n} photos of counterfeits are newly called genuine and {c} no longer"),
        "specimen": _(
            "On one photo each, {b} of {n} counterfeit specimens are newly called genuine and {c} "
            "no longer"
        ),
    },
    passed=_(
        "{seen}; with {confidence} confidence the share called genuine rises by at most "
        "{upper:.2%}, below the margin of {margin}."
    ),
    failed=_(
        "{seen}; with {confidence} confidence the share called genuine rises by more than "
        "{drop:.2%}, above the margin of {margin}."
    ),
    vetoed=_(
        "{seen}; with {confidence} confidence the share called genuine rises by at most "
        "{upper:.2%}, but over all {photos} photos the average rise is {average:.2%}, not below "
        "the margin of {margin}."
    ),
    unshown=_(
        "{seen}; with {confidence} confidence the share called genuine may rise by up to "
        "{upper:.2%}, not below the margin of {margin}."
    ),
    real=(
        _("A rise is real ({p}), but within the margin."),
        _("A rise is real ({p}), but may be within the margin."),
    ),
    takes={
        "photo": n_(
            "A PASS takes at least {count} more photo of a counterfeit, not newly called genuine.",
            "A PASS takes at least {count} more photos of counterfeits, none newly called genuine.",
            count=0,
        ),
        "specimen": n_(
            "A PASS takes at least {count} more counterfeit specimen, not newly called genuine.",
            "A PASS takes at least {count} more counterfeit specimens, none newly called genuine.",
            count=0,
        ),
    },
    untested=_("Untested: no photos of counterfeits."),
)
CHANGES = Words(
    seen={
        "photo": _("{b} of {n} answers changed, for better or worse"),
        "specimen": _(
            "On one photo each, {b} of {n} specimens changed their answer, for better or worse"
        ),
    },
    both={},  # without labels, every changed answer may be a wrong one
    passed=_(
        "{seen}; with {confidence} confidence at most {upper:.2%} change, below the margin of "
        "{margin}."
    ),
    failed=None,
    vetoed=_(
        "{seen}; with {confidence} confidence at most {upper:.2%} change, but over all {photos} "
        "photos the average is {average:.2%}, not below the margin of {margin}. Labels would tell "
        "right to wrong from wrong to right."
    ),
    unshown=_(
        "{seen}; with {confidence} confidence up to {upper:.2%} change, not below the margin of "
        "{margin}. Labels would tell right to wrong from wrong to right."
    ),
    real=None,
    takes={
        "photo": n_(
            "A PASS takes at least {count} more photo, with an unchanged answer.",
            "A PASS takes at least {count} more photos, all with unchanged answers.",
            count=0,
        ),
        "specimen": n_(
            "A PASS takes at least {count} more specimen, with an unchanged answer.",
            "A PASS takes at least {count} more specimens, all with unchanged answers.",
            count=0,
        ),
    },
    untested=_("Untested: no photos."),
)
DECISIONS = Words(
    seen={
        "photo": _("{b} of {n} photos are decided worse"),
        "specimen": _("On one photo each, {b} of {n} specimens are decided worse"),
    },
    both={},  # a better decision makes up for no worse one
    passed=_(
        "{seen}; with {confidence} confidence at most {upper:.2%} are, below the margin of "
        "{margin}."
    ),
    failed=_(
        "{seen}; with {confidence} confidence more than {drop:.2%} are, above the margin of "
        "{margin}."
    ),
    vetoed=_(
        "{seen}; with {confidence} confidence at most {upper:.2%} are, but over all {photos} "
        "photos the average is {average:.2%}, not below the margin of {margin}."
    ),
    unshown=_(
        "{seen}; with {confidence} confidence up to {upper:.2%} are, not below the margin of "
        "{margin}."
    ),
    real=None,
    takes={
        "photo": n_(
            "A PASS takes at least {count} more photo, not decided worse.",
            "A PASS takes at least {count} more photos, none of them decided worse.",
            count=0,
        ),
        "specimen": n_(
            "A PASS takes at least {count} more specimen, not decided worse.",
            "A PASS takes at least {count} more specimens, none of them decided worse.",
            count=0,
        ),
    },
    untested=_("Untested: no photos."),
)
DECISIONS_CHANGED = replace(
    CHANGES,
    seen={
        "photo": _("{b} of {n} final decisions changed, for better or worse"),
        "specimen": _(
            "On one photo each, the final decision changed on {b} of {n} specimens, for better or "
            "worse"
        ),
    },
)


def reason_of(v: CameraVerdict, rule: Rule, words: Words | None = None) -> Message:
    """Return why the verdict is what it is; `words` are chosen by the labels unless given."""
    words = words or (ACCURACY if v.tally.labelled else CHANGES)
    takes = _further(v.photos_needed, v.tally.unit, words)
    if not v.tally.n:
        return sentences(words.untested, takes)
    if v.verdict == "FAIL" and words.failed:
        concluded = words.failed
    elif v.verdict == "PASS":
        concluded = words.passed
    else:
        concluded = words.vetoed if v.p_within < rule.alpha else words.unshown
    told = [
        _(
            concluded,
            seen=_seen(v.tally, words),
            confidence=percent_given(rule.confidence),
            upper=v.drop_upper,
            drop=v.drop_lower,
            photos=v.tally.n,
            average=v.tally.mean_drop or 0,
            margin=percent_given(rule.margin),
        )
    ]
    is_real = v.p_drop is not None and v.p_drop <= rule.alpha
    if is_real and words.real and v.verdict != "FAIL":
        p = f"p = {v.p_drop:.2g}" if v.p_drop else "p < 1e-300"
        told.append(_(words.real[v.verdict != "PASS"], p=p))
    if v.verdict == "INSUFFICIENT":
        told.append(takes)
    elif rule.sequential:
        told.append(_("Photographing may stop."))
    return sentences(*told)


def _seen(t: Tally, words: Words) -> Message:
    counts = t.independent
    templates = words.both if counts.c else words.seen
    return _(templates[t.unit], b=counts.b, c=counts.c, n=counts.n)


def _further(units: int, unit: str, words: Words) -> Message:
    """Return how many further units a PASS takes at least, as a sentence."""
    template = words.takes[unit]
    return n_(template.singular, template.plural, count=units)


def sentences(*messages: Message) -> Message:
    """Return sentences one after the other as one message."""
    return reduce(lambda first, second: _("{first} {second}", first=first, second=second), messages)
