"""What the tested cameras say of one more: a statement on cameras, each with photos of its own.

A PASS speaks of the cameras that took the photos. Of the next phone it says nothing, however many
photos there are; only the number of cameras does. Beside the verdict and never part of it:

    not passing   The exact bound of Clopper and Pearson of the share of cameras that would not
                  pass: 13 that all pass bound it at 20.6 % with 95 % confidence.
    beyond        A camera whose drop is the margin or more passes with a chance of alpha at most.
                  So the share of those is at most that bound divided by 1 - alpha (21.7 %). Where
                  all cameras took the same specimens, that chance is one over these, too.
    belief        The probability that the next camera's share of photos right to wrong (without
                  labels: changed) is the margin or more (`edgetlc.statistics.beta_binomial`).

Photos of unknown cameras may come from several, so they do not count as one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edgetlc.locale import Message, _
from edgetlc.parity.rule import CameraVerdict, Rule
from edgetlc.statistics.beta_binomial import probability_at_least
from edgetlc.statistics.paired import clopper_pearson_upper

DRAWN = _(
    "The bounds assume that the tested cameras are a random sample of those from which the next "
    "one comes, and that it would be tested with as many photos, of specimens like these; nothing "
    "is assumed of how cameras differ. The bound at the margin assumes besides that each camera "
    "took specimens of its own."
)
ALIKE = _(
    "The probability is a degree of belief, no error rate. It assumes besides that every camera "
    "has a rate of its own, drawn from one beta distribution of which nothing was known "
    "beforehand: the mean and the correlation within a camera uniform from 0 to 1."
)


@dataclass(frozen=True)
class NewCamera:
    """What is said of one more camera; bounds are one-sided at the rule's confidence.

    Attributes:
        cameras: known cameras with photos.
        not_passing: those of them whose answers did not pass, for whichever reason.
        not_passing_upper: bound of the share of cameras that would not pass.
        beyond_upper: bound of the share of cameras whose drop is the margin or more.
        belief_beyond: probability that the next camera's rate is the margin or more.
    """

    cameras: int
    not_passing: int
    not_passing_upper: float
    beyond_upper: float
    belief_beyond: float
    assumption: Message = DRAWN
    belief_assumption: Message = ALIKE


def new_camera(verdicts: Iterable[CameraVerdict], rule: Rule) -> NewCamera | None:
    """Return what the verdicts on answers say of one more camera; None without known cameras."""
    known = [v for v in verdicts if v.tested and v.tally.camera is not None]
    if not known:
        return None
    units = [v.tally.independent for v in known]
    failed = sum(v.verdict != "PASS" for v in known)
    upper = clopper_pearson_upper(failed, len(known), rule.confidence)
    return NewCamera(
        cameras=len(known),
        not_passing=failed,
        not_passing_upper=upper,
        beyond_upper=min(1.0, upper / rule.confidence),
        belief_beyond=probability_at_least([(t.b, t.n) for t in units], rule.margin),
    )
