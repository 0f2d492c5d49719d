"""From answers to the verification; needs no model and no photo, only the answers folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np

import edgetlc
from edgetlc.config import option
from edgetlc.errors import InputError
from edgetlc.locale import _
from edgetlc.parity.collect import PIXEL_TOLERANCE
from edgetlc.parity.decisions import judge_decisions
from edgetlc.parity.false_genuine import judge_false_genuine
from edgetlc.parity.lead import lead_curve
from edgetlc.parity.matrix import Candidate, Matrix, Table
from edgetlc.parity.new_camera import new_camera
from edgetlc.parity.rule import Rule
from edgetlc.parity.side import Side
from edgetlc.parity.store import NETWORK, NO_CAUSE, PIXELS, UNKNOWN, PhotoRow, photos_at
from edgetlc.parity.tally import Taken, outcomes, rows_by_camera
from edgetlc.parity.verdict import judge, overall, together
from edgetlc.parity.verification import (
    MOST_FLIPS,
    CandidateReport,
    Flip,
    Location,
    Pooled,
    Verification,
)
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.selftest import SelfTest
from edgetlc.statistics.reliability import reliability

_CAUSES = {NO_CAUSE: "unknown", PIXELS: "pixels", NETWORK: "network", UNKNOWN: "unknown"}


@dataclass(frozen=True)
class VerificationConfig:
    """How answers are to be judged.

    Attributes:
        rule: margin and confidence of the accuracy's drop.
        labelled: False counts every changed answer as right to wrong.
        cameras: ids of the cameras that should be covered; those without photos are untested.
    """

    rule: Rule = field(default_factory=Rule)
    false_genuine_margin: float | None = option(
        None, _("Accepted rise of counterfeits called genuine. Default: --margin.")
    )
    labelled: bool = option(
        True, _("Ignore the classes: changed answers count."), flag="--label-free"
    )
    cameras: tuple[str, ...] = ()
    require_all: bool = option(False, _("No PASS while a listed camera is untested."))

    @property
    def gate_rule(self) -> Rule:
        """Margin and confidence of counterfeits called genuine."""
        margin = self.false_genuine_margin
        return self.rule if margin is None else replace(self.rule, margin=margin)

    def __post_init__(self) -> None:
        if self.false_genuine_margin is not None:
            Rule(self.false_genuine_margin)  # refuses one out of range before any work


def judge_answers(
    matrix: Matrix, config: VerificationConfig | None = None, machines: Sequence[SelfTest] = ()
) -> Verification:
    """Judge every candidate of a comparison matrix.

    `machines` are self-tests of this bundle elsewhere; one that failed fails the whole.

    Raises:
        InputError: no photo was readable, or photos show classes that the bundle does not know.
    """
    config = config or VerificationConfig()
    header, photos = matrix.header, matrix.photos
    if not len(photos.photo):
        raise InputError("none of {photos} photos can be read", photos=header.photos)
    if not matrix.partly_labelled:
        check_labels(photos.labels, header.classes, config)
    reports = tuple(_report(_Compared(matrix, one, config), config) for one in matrix.candidates)
    untested = tuple(camera for camera in config.cameras if camera not in photos.cameras)
    verdict = together(report.verdict for report in reports)
    if verdict == "PASS" and (header.seen_by_training or (config.require_all and untested)):
        verdict = "INSUFFICIENT"
    if not all(machine.passed for machine in machines):
        verdict = "FAIL"
    return Verification(
        bundle_digest=header.bundle_digest,
        edgetlc=edgetlc.__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        reference=header.reference,
        rule=config.rule,
        gate_rule=config.gate_rule,
        labelled=config.labelled,
        partly_labelled=matrix.partly_labelled,
        independent="specimen" if photos.grouped else "photo",
        photos_digest=header.photos_digest,
        photos=len(photos.photo),
        candidates=reports,
        untested=untested,
        unreadable=tuple((row.path, row.unreadable) for row in photos.unreadable),
        simulated=photos.simulated,
        seen_by_training=header.seen_by_training,
        collected_on=matrix.machines,
        machines=tuple(machines),
        verdict=verdict,
    )


def check_labels(
    labels: Iterable[str], classes: Sequence[ClassInfo], config: VerificationConfig
) -> None:
    """Refuse photos of classes that the bundle does not know, unless labels do not count.

    Raises:
        InputError: there are such photos.
    """
    known = [info.name for info in classes]
    strange = sorted(set(labels) - set(known))
    if strange and config.labelled:
        raise InputError(
            "photos show {strange}; the bundle knows {known}; pass --label-free where the "
            "classes are not to be relied on",
            strange=", ".join(strange),
            known=", ".join(known),
        )


class _Compared:
    """Reference and candidate on the candidate's photos; every array has one row per photo."""

    def __init__(self, matrix: Matrix, candidate: Candidate, config: VerificationConfig) -> None:
        rows, photos, classes = candidate.rows, matrix.photos, matrix.header.classes
        self.candidate, self.classes, self.folders = candidate, classes, matrix.folders
        self.before = Side(matrix.reference, rows, matrix.header.reference_policy, classes)
        self.after = Side(candidate.table, slice(None), candidate.info.policy, classes)
        self.truth = matrix.truth[rows] if config.labelled else None
        self.partly_labelled = matrix.partly_labelled
        self.place, self.leads = photos.photo[rows], matrix.leads[rows]
        by_camera = rows_by_camera(photos.camera[rows], photos.cameras)
        group, lots = photos.group[rows] if photos.grouped else None, photos.lots[rows]
        self.taken = Taken(by_camera, group, lots, len({*by_camera, *config.cameras}))
        found = outcomes(self.before.top, self.after.top, self.truth, group, lots)
        self.outcomes = replace(found, reference_right=None) if self.partly_labelled else found


def _report(c: _Compared, config: VerificationConfig) -> CandidateReport:
    tallies = [c.outcomes.tally(camera, rows) for camera, rows in c.taken.by_camera.items()]
    cameras = judge(tallies, config.rule, cameras=c.taken.planned)
    decided = c.before.decision, c.after.decision, c.truth
    decisions = judge_decisions(*decided, c.taken, config.rule)
    called = c.before.called_genuine, c.after.called_genuine, c.truth
    partly = c.partly_labelled
    gate = judge_false_genuine(*called, c.classes, config.gate_rule, c.taken, partly=partly)
    parts = [overall(cameras), overall(decisions), *([gate.verdict] if gate else [])]
    rows = _most_telling(c)
    photos = photos_at(c.folders, [int(c.place[row]) for row in rows])
    return CandidateReport(
        model=c.candidate.info.model,
        engine=c.candidate.info.engine,
        machine=c.candidate.machine,
        cameras=tuple(cameras),
        decisions=tuple(decisions),
        gate=gate,
        verdict=together(parts),
        pooled=_pooled(c),
        location=_location(c.candidate.table),
        roles=_roles(c),
        flips=tuple(_flip(c, row, kind, photos) for row, kind in rows.items()),
        flips_in_all=int(np.count_nonzero(~c.outcomes.same)),
        lead_curve=lead_curve(c.outcomes, c.leads, config.rule.confidence),
        new_camera=new_camera(cameras, config.rule),
    )


def _pooled(c: _Compared) -> Pooled:
    table = c.candidate.table
    known = c.truth is not None and not c.partly_labelled
    right = None if not known else (c.before.top == c.truth, c.after.top == c.truth)
    return Pooled(
        photos=len(c.place),
        agreement=float(np.mean(c.outcomes.same)),
        reference_accuracy=None if right is None else float(np.mean(right[0])),
        candidate_accuracy=None if right is None else float(np.mean(right[1])),
        largest_change=float(table.change.max(initial=0)),
        mean_divergence=max(0.0, float(table.kl.mean())),  # below 0 by rounding only
        decisions_changed=int(np.count_nonzero(c.before.answered != c.after.answered)),
        reference_reliability=right and reliability(c.before.confidence, right[0]),
        candidate_reliability=right and reliability(c.after.confidence, right[1]),
    )


def _roles(c: _Compared) -> dict[str, int]:
    """Count photos by what reference and candidate decide: a role, or "not sure"."""
    roles = [info.role for info in c.classes]
    if set(roles) == {"unspecified"}:
        return {}
    names = np.array([*roles, "not sure"])
    decided = [names[np.where(s.answered, s.top, len(roles))] for s in (c.before, c.after)]
    joined = np.char.add(np.char.add(decided[0], " to "), decided[1])
    pairs, counts = np.unique(joined, return_counts=True)
    return {str(pair): int(count) for pair, count in zip(pairs, counts, strict=True)}


def _location(table: Table) -> Location:
    known = table.pixels[~np.isnan(table.pixels)]
    return Location(
        float(known.max()) if len(known) else None,
        int(np.count_nonzero(known > PIXEL_TOLERANCE)),
        *(int(np.count_nonzero(table.cause == cause)) for cause in (PIXELS, NETWORK, UNKNOWN)),
    )


def _most_telling(c: _Compared) -> dict[int, str]:
    """Return the rows of changed answers to show, right to wrong first, and their kinds."""
    changed, better = np.flatnonzero(~c.outcomes.same), c.outcomes.wrong_to_right
    kind = np.full(len(changed), 2)
    if better is not None:
        kind[better[changed]] = 1
        kind[c.outcomes.right_to_wrong[changed]] = 0
    order = np.argsort(kind, kind="stable")[:MOST_FLIPS]
    kinds = ("right_to_wrong", "wrong_to_right", "other")
    return {int(changed[i]): kinds[kind[i]] for i in order}


def _flip(c: _Compared, row: int, kind: str, photos: Mapping[int, PhotoRow]) -> Flip:
    photo = photos[int(c.place[row])]
    return Flip(
        photo=photo.photo,
        path=photo.path,
        sha256=photo.sha256,
        camera=photo.camera,
        label=None if c.truth is None else c.classes[c.truth[row]].name,
        reference=c.classes[c.before.top[row]].name,
        candidate=c.classes[c.after.top[row]].name,
        reference_confidence=float(c.before.confidence[row]),
        candidate_confidence=float(c.after.confidence[row]),
        kind=kind,
        cause=_CAUSES[int(c.candidate.table.cause[row])],
    )
