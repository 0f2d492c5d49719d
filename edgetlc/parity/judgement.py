"""From answers to the verification; needs no model and no photo, only the answers folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

import edgetlc
from edgetlc.errors import InputError
from edgetlc.parity.answers import NETWORK, NO_CAUSE, PIXEL_TOLERANCE, PIXELS, UNKNOWN
from edgetlc.parity.calibration_error import reliability
from edgetlc.parity.false_genuine import called_genuine, judge_false_genuine
from edgetlc.parity.matrix import Candidate, Matrix
from edgetlc.parity.sequential import SequentialVerdict, follow
from edgetlc.parity.store import PhotoRow, photos_at
from edgetlc.parity.tally import Tally, outcomes, tally
from edgetlc.parity.verdict import CameraVerdict, Rule, Verdict, judge, overall
from edgetlc.parity.verification import (
    MOST_FLIPS,
    CandidateReport,
    Flip,
    Location,
    Pooled,
    Verification,
)
from edgetlc.runtime.policy import DecisionPolicy
from edgetlc.runtime.selftest import SelfTest

_CAUSES = {NO_CAUSE: "unknown", PIXELS: "pixels", NETWORK: "network", UNKNOWN: "unknown"}


@dataclass(frozen=True)
class Question:
    """How answers are to be judged.

    Attributes:
        rule: margin and confidence of the accuracy's drop.
        gate_rule: those of counterfeits called genuine.
        labelled: False takes no notice of the photos' classes; changed answers count as harms.
        sequential: decide by e-processes, valid whenever photographing stops.
        cameras: ids of the cameras that should be covered; those without photos are untested.
        require_all: whether an untested camera withholds the PASS.
    """

    rule: Rule = field(default_factory=Rule)
    gate_rule: Rule = field(default_factory=Rule)
    labelled: bool = True
    sequential: bool = False
    cameras: tuple[str, ...] = ()
    require_all: bool = False


def judge_answers(
    matrix: Matrix, question: Question | None = None, machines: Sequence[SelfTest] = ()
) -> Verification:
    """Judge every candidate of a comparison matrix.

    Args:
        matrix: all answers.
        question: how to judge.
        machines: self-tests of this bundle on other machines; one that failed fails the whole.

    Raises:
        InputError: no photo was readable.
    """
    question = question or Question()
    if not len(matrix.photos.photo):
        raise InputError(f"none of {matrix.header.photos} photos can be read")
    reports = tuple(_report(matrix, candidate, question) for candidate in matrix.candidates)
    seen = set(matrix.photos.cameras)
    untested = tuple(camera for camera in question.cameras if camera not in seen)
    verdict = _together([report.verdict for report in reports])
    if question.require_all and untested and verdict == "PASS":
        verdict = "INSUFFICIENT"
    if not all(machine.passed for machine in machines):
        verdict = "FAIL"
    return Verification(
        bundle_digest=matrix.header.bundle_digest,
        edgetlc=edgetlc.__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        reference=matrix.header.reference,
        rule=question.rule,
        gate_rule=question.gate_rule,
        labelled=question.labelled,
        independent="specimen" if _grouped(matrix) else "photo",
        photos_digest=matrix.header.photos_digest,
        photos=len(matrix.photos.photo),
        candidates=reports,
        untested=untested,
        unreadable=tuple((row.path, row.unreadable) for row in matrix.photos.unreadable),
        simulated=matrix.photos.simulated,
        asked_on=matrix.machines,
        machines=tuple(machines),
        verdict=verdict,
    )


def _together(verdicts: Iterable[Verdict]) -> Verdict:
    found = set(verdicts)
    if "FAIL" in found:
        return "FAIL"
    return "PASS" if found == {"PASS"} else "INSUFFICIENT"


def _grouped(matrix: Matrix) -> bool:
    return len(matrix.photos.groups) < len(matrix.photos.photo)


@dataclass(frozen=True)
class _Compared:
    """Reference and candidate on the candidate's photos; every array has one row per photo."""

    before: NDArray[np.int64]
    after: NDArray[np.int64]
    before_confidence: NDArray[np.float64]
    after_confidence: NDArray[np.float64]
    truth: NDArray[np.int64] | None
    camera: NDArray[np.int64]
    group: NDArray[np.int64] | None


def _report(matrix: Matrix, candidate: Candidate, question: Question) -> CandidateReport:
    rows, photos = candidate.rows, matrix.photos
    compared = _Compared(
        before=matrix.reference.top[rows],
        after=candidate.table.top,
        before_confidence=matrix.reference.confidence[rows],
        after_confidence=candidate.table.confidence,
        truth=matrix.truth[rows] if question.labelled else None,
        camera=photos.camera[rows],
        group=photos.group[rows] if _grouped(matrix) else None,
    )
    order = sorted(
        np.unique(compared.camera).tolist(),
        key=lambda code: (photos.cameras[code] == "", photos.cameras[code]),
    )
    masks = [(photos.cameras[code] or None, compared.camera == code) for code in order]
    verdicts = tuple(judge([_tally(compared, mask, id_) for id_, mask in masks], question.rule))
    sequential = _sequential(compared, masks, question) if question.sequential else ()
    classes = matrix.header.classes
    ids = [photos.cameras[code] or None for code in compared.camera.tolist()]
    before, after = (
        called_genuine(top, confidence, classes, policy)
        for top, confidence, policy in (
            (compared.before, compared.before_confidence, matrix.header.reference_policy),
            (compared.after, compared.after_confidence, candidate.info.policy),
        )
    )
    gate = None
    if compared.truth is not None:  # without labels nobody knows a counterfeit
        gate = judge_false_genuine(
            before,
            after,
            compared.truth,
            classes,
            question.gate_rule,
            cameras=ids,
            groups=compared.group,
        )
    decided: Sequence[CameraVerdict | SequentialVerdict] = sequential or verdicts
    flips, in_all = _flips(matrix, candidate, compared)
    return CandidateReport(
        model=candidate.info.model,
        engine=candidate.info.engine,
        machine=candidate.machine,
        cameras=verdicts,
        sequential=sequential,
        gate=gate,
        verdict=overall(decided, gate=gate.pooled if gate else None),
        pooled=_pooled(matrix, candidate, compared),
        location=_location(candidate),
        roles=_roles(matrix, candidate, compared),
        flips=flips,
        flips_in_all=in_all,
    )


def _tally(c: _Compared, mask: NDArray[np.bool_], camera: str | None) -> Tally:
    truth = None if c.truth is None else c.truth[mask]
    groups = None if c.group is None else c.group[mask]
    return tally(c.before[mask], c.after[mask], truth, camera, groups)


def _sequential(
    c: _Compared, masks: Sequence[tuple[str | None, NDArray[np.bool_]]], question: Question
) -> tuple[SequentialVerdict, ...]:
    cameras = len({camera for camera, _ in masks} | set(question.cameras))
    found = []
    for camera, mask in masks:
        truth = None if c.truth is None else c.truth[mask]
        became = outcomes(c.before[mask], c.after[mask], truth)
        groups = None if c.group is None else c.group[mask]
        found.append(
            follow(
                became.harms,
                became.gains,
                question.rule,
                camera=camera,
                cameras=cameras,
                groups=groups,
            )
        )
    return tuple(found)


def _pooled(matrix: Matrix, candidate: Candidate, c: _Compared) -> Pooled:
    answered = [
        _answered(matrix, top, confidence, policy)
        for top, confidence, policy in (
            (c.before, c.before_confidence, matrix.header.reference_policy),
            (c.after, c.after_confidence, candidate.info.policy),
        )
    ]
    right = None if c.truth is None else (c.before == c.truth, c.after == c.truth)
    return Pooled(
        photos=len(c.after),
        agreement=float(np.mean(c.before == c.after)),
        reference_accuracy=None if right is None else float(np.mean(right[0])),
        candidate_accuracy=None if right is None else float(np.mean(right[1])),
        largest_change=float(candidate.table.change.max(initial=0)),
        mean_divergence=max(0.0, float(candidate.table.kl.mean())),  # below 0 by rounding only
        decisions_changed=int(np.count_nonzero(answered[0] != answered[1])),
        reference_reliability=right and reliability(c.before_confidence, right[0]),
        candidate_reliability=right and reliability(c.after_confidence, right[1]),
    )


def _answered(
    matrix: Matrix,
    top: NDArray[np.int64],
    confidence: NDArray[np.float64],
    policy: DecisionPolicy,
) -> NDArray[np.bool_]:
    """Return which photos are answered, bool[n], and not sent to the laboratory."""
    needed = np.array([policy.needed(info.role) for info in matrix.header.classes])
    return np.asarray(confidence >= needed[top])


def _roles(matrix: Matrix, candidate: Candidate, c: _Compared) -> dict[str, int]:
    """Count photos by what reference and candidate decide: a role, or "not sure"."""
    roles = [info.role for info in matrix.header.classes]
    if set(roles) == {"unspecified"}:
        return {}
    names = np.array([*roles, "not sure"])
    decided = [
        names[np.where(_answered(matrix, top, confidence, policy), top, len(roles))]
        for top, confidence, policy in (
            (c.before, c.before_confidence, matrix.header.reference_policy),
            (c.after, c.after_confidence, candidate.info.policy),
        )
    ]
    joined = np.char.add(np.char.add(decided[0], " to "), decided[1])
    pairs, counts = np.unique(joined, return_counts=True)
    return {str(pair): int(count) for pair, count in zip(pairs, counts, strict=True)}


def _location(candidate: Candidate) -> Location:
    table = candidate.table
    known = table.pixels[~np.isnan(table.pixels)]
    return Location(
        largest_pixels=float(known.max()) if len(known) else None,
        photos_apart=int(np.count_nonzero(known > PIXEL_TOLERANCE)),
        by_pixels=int(np.count_nonzero(table.cause == PIXELS)),
        by_network=int(np.count_nonzero(table.cause == NETWORK)),
        unknown=int(np.count_nonzero(table.cause == UNKNOWN)),
    )


def _flips(matrix: Matrix, candidate: Candidate, c: _Compared) -> tuple[tuple[Flip, ...], int]:
    changed = np.flatnonzero(c.before != c.after)
    if c.truth is None:
        kind = np.full(len(changed), 2)
    else:
        harm = c.before[changed] == c.truth[changed]
        kind = np.where(harm, 0, np.where(c.after[changed] == c.truth[changed], 1, 2))
    shown = changed[np.argsort(kind, kind="stable")][:MOST_FLIPS]
    kinds = dict(zip(changed.tolist(), kind.tolist(), strict=True))
    places = set(matrix.photos.photo[candidate.rows[shown]].tolist())
    described: dict[int, PhotoRow] = {}
    for folder in matrix.folders if places else ():
        described |= photos_at(folder, places)
    names = [info.name for info in matrix.header.classes]

    def flip(row: int) -> Flip:
        place = int(matrix.photos.photo[candidate.rows[row]])
        photo = described[place]
        return Flip(
            photo=place,
            path=photo.path,
            sha256=photo.sha256,
            camera=photo.camera or None,
            label=photo.label if c.truth is not None else None,
            reference=names[c.before[row]],
            candidate=names[c.after[row]],
            reference_confidence=float(c.before_confidence[row]),
            candidate_confidence=float(c.after_confidence[row]),
            kind=("harm", "gain", "other")[kinds[row]],
            cause=_CAUSES[int(candidate.table.cause[row])],
        )

    return tuple(flip(row) for row in shown.tolist()), len(changed)
