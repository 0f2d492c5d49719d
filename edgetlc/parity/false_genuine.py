"""The gate on counterfeits called genuine: the one error that hurts whoever takes the herb.

Vocabulary:
    called genuine  the final decision is an answer (not "not sure") of a genuine class
    right to wrong  a photo of a counterfeit that the candidate calls genuine and the reference not
    wrong to right  the reverse

"Right" is "not called genuine"; the counts are those of `edgetlc.parity.tally`, and the verdict is
that of `edgetlc.parity.verdict` at a margin of its own: PASS where it is shown that the share of
counterfeits called genuine rises by less. The worst camera decides here too: every camera that took
photos needs its own of counterfeits. All cameras together are judged beside them; they can FAIL,
which then is adjusted as one more camera, but no PASS of theirs stands in for a camera's.

Without labels nobody knows which photos show counterfeits. Then every photo that the candidate
calls genuine and the reference does not is told, and there is no verdict. Nor is there where
classes are known of the changed photos alone: a share needs the number of counterfeits.

The margin bounds what compression adds. How often the models call a counterfeit genuine at all is
told beside it, with exact bounds, and is what the decision policy answers for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgetlc.errors import InputError
from edgetlc.locale import _, n_
from edgetlc.parity.reasons import FALSE_GENUINE
from edgetlc.parity.rule import CameraVerdict, Rule, Verdict
from edgetlc.parity.tally import Taken, outcomes
from edgetlc.parity.verdict import judge, together
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.policy import DecisionPolicy
from edgetlc.statistics.paired import clopper_pearson_lower, clopper_pearson_upper

ALL_PHOTOS = _("every photo is taken to show a specimen of its own")
SPECIMENS = _("photos of one specimen count once, on whichever cameras; specimens are independent")


@dataclass(frozen=True)
class GenuineRate:
    """How often one model calls photos of counterfeits genuine, with exact one-sided bounds.

    With specimens, the bounds rest on one photo of each.
    """

    photos: int
    called: int
    lower: float
    upper: float

    @property
    def share(self) -> float | None:
        """Share of the photos that are called genuine; None without photos."""
        return self.called / self.photos if self.photos else None


@dataclass(frozen=True)
class FalseGenuine:
    """What the photos of counterfeits show, camera by camera; `pooled` is all of them together."""

    rule: Rule
    pooled: CameraVerdict
    cameras: tuple[CameraVerdict, ...]
    candidate: GenuineRate
    reference: GenuineRate
    independent: str

    @property
    def verdict(self) -> Verdict:
        """PASS where every camera passes, FAIL where one fails or all together do."""
        failed = [self.pooled.verdict] if self.pooled.verdict == "FAIL" else []
        return together([*(camera.verdict for camera in self.cameras), *failed])


def called_genuine(
    answers: ArrayLike,
    confidence: ArrayLike,
    classes: Sequence[ClassInfo],
    policy: DecisionPolicy,
) -> NDArray[np.bool_]:
    """Return which photos are answered with a genuine class, bool[n].

    From the likeliest classes, indices into `classes`, and their probabilities as the model gave
    them, both of shape (n,); `policy` tells when an answer counts.
    """
    genuine = np.array([info.role == "genuine" for info in classes])[np.asarray(answers)]
    # In double precision, as the runtime compares: numpy would round the threshold to float32.
    sure = np.asarray(confidence, dtype=np.float64) >= policy.needed("genuine")
    return np.asarray(genuine & sure)


def judge_false_genuine(
    reference: ArrayLike,
    candidate: ArrayLike,
    truth: ArrayLike | None,
    classes: Sequence[ClassInfo],
    rule: Rule | None = None,
    taken: Taken | None = None,
    *,
    partly: bool = False,
) -> FalseGenuine | None:
    """Return the gate's verdict, or None where the classes leave nothing to mistake.

    Args:
        reference: bool[n], photos that the reference calls genuine (`called_genuine`).
        candidate: bool[n], those that the candidate calls genuine.
        truth: class indices of shape (n,); without them every photo is told and none decides.
        classes: in the order of the indices.
        rule: the gate's own margin and confidence; 2 % and 95 % unless told.
        taken: by which cameras, and of which specimens, the same on all cameras; one camera and
            independent photos unless told.
        partly: the truth is known of changed photos alone, and -1 of the others.

    Raises:
        InputError: there is not one value per photo.
    """
    roles = np.array([info.role for info in classes])
    if not {"genuine", "counterfeit"} <= set(roles.tolist()):
        return None
    rule = rule or Rule()
    before, after = np.asarray(reference, dtype=bool), np.asarray(candidate, dtype=bool)
    never = np.zeros(len(before), dtype=bool)  # the right answer to "is a counterfeit genuine?"
    counterfeit, shown = ~never, ~never
    if truth is not None:
        shown = roles[np.asarray(truth, dtype=np.int64)] == "counterfeit"
        counterfeit = ~never if partly else shown
    for name, values in (("candidate", after), ("truth", counterfeit)):
        if len(values) != len(before):
            raise InputError(
                "{count} {name} for {photos} photos; give one per photo",
                count=len(values),
                name=name,
                photos=len(before),
            )
    every, taken = np.flatnonzero(counterfeit), taken or Taken({None: np.arange(len(before))})
    both = outcomes(before, after, never, taken.groups, taken.lots)
    tallies = [both.tally(id_, rows[counterfeit[rows]]) for id_, rows in taken.by_camera.items()]
    if len(tallies) > 1:
        tallies.append(both.tally(None, every))
    judged = judge(tallies, rule, FALSE_GENUINE, taken.planned + 1)
    if truth is None:
        judged = [_withheld(verdict) for verdict in judged]
    elif partly:
        newly = shown & after & ~before
        counted = [newly[rows] for rows in (*taken.by_camera.values(), every)]
        pairs = zip(judged, counted, strict=False)
        judged = [_without_number(verdict, int(of.sum())) for verdict, of in pairs]
    return FalseGenuine(
        rule=rule,
        pooled=judged[-1],
        cameras=tuple(judged[: len(taken.by_camera)]),
        candidate=_rate(after, every, taken, rule),
        reference=_rate(before, every, taken, rule),
        independent=ALL_PHOTOS if taken.groups is None else SPECIMENS,
    )


def _withheld(verdict: CameraVerdict) -> CameraVerdict:
    """Return what is told where nobody knows a counterfeit."""
    counts = verdict.tally.independent
    reason = n_(
        "{b} of {count} photo is newly called genuine; without labels nobody knows whether it "
        "shows a counterfeit. A PASS takes labels.",
        "{b} of {count} photos are newly called genuine; without labels nobody knows which of them "
        "show counterfeits. A PASS takes labels.",
        b=counts.b,
        count=counts.n,
    )
    return replace(verdict, verdict="INSUFFICIENT", photos_needed=0, reason=reason)


def _without_number(verdict: CameraVerdict, newly: int) -> CameraVerdict:
    """Return what is told where a counterfeit is known only if its answer changed."""
    reason = n_(
        "{count} photo of a counterfeit is newly called genuine; of how many is not known. A PASS "
        "takes the classes of all photos.",
        "{count} photos of counterfeits are newly called genuine; of how many is not known. A PASS "
        "takes the classes of all photos.",
        count=newly,
    )
    return replace(verdict, verdict="INSUFFICIENT", photos_needed=0, reason=reason)


def _rate(
    called: NDArray[np.bool_], rows: NDArray[np.intp], taken: Taken, rule: Rule
) -> GenuineRate:
    """Return the rate of one model: against a model that never calls, each call is a wrong one."""
    never = np.zeros(len(called), dtype=bool)
    counts = outcomes(never, called, never, taken.groups, taken.lots).tally(None, rows)
    k, n = counts.independent.b, counts.units
    return GenuineRate(
        photos=counts.n,
        called=counts.b,
        lower=clopper_pearson_lower(k, n, rule.confidence),
        upper=clopper_pearson_upper(k, n, rule.confidence),
    )
