"""The gate on counterfeits called genuine: the one error that hurts whoever takes the herb.

Vocabulary:
    called genuine  the final decision is an answer (not "not sure") of a genuine class
    right to wrong  a photo of a counterfeit that the candidate calls genuine and the reference not
    wrong to right  the reverse

"Right" is "not called genuine"; the counts are those of `edgetlc.parity.tally`, and the verdict is
that of `edgetlc.parity.verdict` at a margin of its own: PASS where the exact upper bound of the
right-to-wrong rate is below it, so that the share of counterfeits called genuine rises by less. The
gate pools the cameras, because counterfeits are few and a class of them rarer still on any one
camera; the verdicts per camera are shown beside it and Holm-adjusted among themselves.

The margin bounds what compression adds. How often the models call a counterfeit genuine at all is
told beside it, with exact bounds, and is what the decision policy answers for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgetlc.errors import InputError
from edgetlc.locale import _
from edgetlc.parity.reasons import FALSE_GENUINE
from edgetlc.parity.rule import CameraVerdict, Rule
from edgetlc.parity.tally import outcomes
from edgetlc.parity.verdict import judge
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.policy import DecisionPolicy
from edgetlc.statistics.paired import clopper_pearson_lower, clopper_pearson_upper
from edgetlc.statistics.specimens import Groups

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
    """What the photos of counterfeits show; `pooled`, all cameras together, is the gate."""

    rule: Rule
    pooled: CameraVerdict
    cameras: tuple[CameraVerdict, ...]
    candidate: GenuineRate
    reference: GenuineRate
    independent: str


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
    *,
    by_camera: Mapping[str | None, NDArray[np.intp]] | None = None,
    groups: Groups | None = None,
) -> FalseGenuine | None:
    """Return the gate's verdict, or None where the classes leave nothing to mistake.

    Args:
        reference: bool[n], photos that the reference calls genuine (`called_genuine`).
        candidate: bool[n], those that the candidate calls genuine.
        truth: class indices of shape (n,); without them the gate is untested.
        classes: in the order of the indices.
        rule: the gate's own margin and confidence; 2 % and 95 % unless told.
        by_camera: rows of each camera's photos (`edgetlc.parity.tally.rows_by_camera`).
        groups: as of `edgetlc.parity.tally.outcomes`, the same on all cameras.

    Raises:
        InputError: there is not one value per photo.
    """
    roles = np.array([info.role for info in classes])
    if not {"genuine", "counterfeit"} <= set(roles.tolist()):
        return None
    rule = rule or Rule()
    before, after = np.asarray(reference, dtype=bool), np.asarray(candidate, dtype=bool)
    never = np.zeros(len(before), dtype=bool)  # the right answer to "is a counterfeit genuine?"
    counterfeit = never
    if truth is not None:
        counterfeit = roles[np.asarray(truth, dtype=np.int64)] == "counterfeit"
    for name, values in (("candidate", after), ("truth", counterfeit)):
        if len(values) != len(before):
            raise InputError(
                "{count} {name} for {photos} photos; give one per photo",
                count=len(values),
                name=name,
                photos=len(before),
            )
    every, by_camera = np.flatnonzero(counterfeit), by_camera or {None: np.arange(len(before))}
    both = outcomes(before, after, never, groups)
    cameras = [both.tally(id_, rows[counterfeit[rows]]) for id_, rows in by_camera.items()]
    return FalseGenuine(
        rule=rule,
        pooled=judge([both.tally(None, every)], rule, FALSE_GENUINE)[0],
        cameras=tuple(judge(cameras, rule, FALSE_GENUINE)),
        candidate=_rate(after, every, groups, rule),
        reference=_rate(before, every, groups, rule),
        independent=ALL_PHOTOS if groups is None else SPECIMENS,
    )


def _rate(
    called: NDArray[np.bool_], rows: NDArray[np.intp], groups: Groups | None, rule: Rule
) -> GenuineRate:
    """Return the rate of one model: against a model that never calls, each call is a wrong one."""
    never = np.zeros(len(called), dtype=bool)
    counts = outcomes(never, called, never, groups).tally(None, rows)
    k, n = counts.independent.b, counts.units
    return GenuineRate(
        photos=counts.n,
        called=counts.b,
        lower=clopper_pearson_lower(k, n, rule.confidence),
        upper=clopper_pearson_upper(k, n, rule.confidence),
    )
