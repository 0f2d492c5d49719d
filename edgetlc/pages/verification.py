"""The verification as a page: the verdict, what is claimed, the matrix, a sheet per candidate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from edgetlc.devices.profiles import Cameras
from edgetlc.errors import InputError
from edgetlc.locale import Message, _, p_
from edgetlc.pages.charts import Axis, Plot
from edgetlc.pages.gallery import (
    MOST_LISTED,
    MOST_PICTURED,
    ChangedPhoto,
    Pictures,
    Viewer,
    changed_photos,
    reference_model,
)
from edgetlc.pages.render import Names
from edgetlc.pages.render import write_page as write
from edgetlc.parity.lead import LeadCurve
from edgetlc.parity.rule import CameraVerdict, Verdict
from edgetlc.parity.verdict import overall
from edgetlc.parity.verification import CandidateReport, Verification
from edgetlc.results.wording import PARTLY_LABELLED, ROLE_NAMES, STATUS_NAMES
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.machine import this_machine

ENUMERATED_AT = 0.95
"""The confidence at which tests/parity/test_verdict.py enumerates the error rates."""
ICON: Mapping[Verdict, str] = {"PASS": "genuine", "FAIL": "counterfeit", "INSUFFICIENT": "not_sure"}
CAUSES: Mapping[str, Message] = {
    "pixels": p_("cause", "pixels"),
    "network": p_("cause", "network"),
    "unknown": p_("cause", "unknown"),
}
EFFECTS: Mapping[str, Message] = {
    "false_genuine": _("counterfeit as genuine"),
    "right_to_wrong": _("right to wrong"),
    "wrong_to_right": _("wrong to right"),
    "other": _("changed"),
}
DECISIONS: Mapping[str, Message] = {
    **ROLE_NAMES,
    "unspecified": p_("class", "other"),
    "not sure": _("NOT SURE"),
}
_RELIABILITY = Plot(
    Axis.of_shares(0, 1), Axis.of_shares(0, 1), 260, 240, left=46, room_right=14, room_below=34
)

_LEADS = replace(_RELIABILITY, width=310, left=58)


def write_page(
    path: Path, verification: Verification, bundle: Bundle, cameras: Cameras | None = None
) -> None:
    """Write a verification as one HTML file, whole or not at all; replaces an older one.

    Photos that were answered differently are decoded again and asked about again, 24 at most. The
    page names `cameras`, those of the standard unless given.

    Raises:
        InputError: another bundle.
    """
    if bundle.digest != verification.bundle_digest:
        raise InputError(
            "the verification is of the bundle {verified}…, {path} is {digest}…; pass the "
            "bundle that was verified",
            verified=verification.bundle_digest[:12],
            path=bundle.path,
            digest=bundle.digest[:12],
        )
    names = Names(cameras or Cameras.load(), bundle.manifest.classes)
    sheets = sheets_of(verification.candidates)
    changed = changed_photos(verification.candidates, bundle.manifest)
    write(
        path,
        "verification.html.jinja",
        verification=verification,
        manifest=bundle.manifest,
        camera_name=names.camera,
        class_name=names.label,
        sheets=sheets,
        anchors={number: sheet.anchor for sheet in sheets for number, _report in sheet.members},
        matrix=matrix_of(verification),
        covered=covered_by(verification),
        gallery=_pictured(changed[:MOST_PICTURED], verification, bundle),
        listed=changed[MOST_PICTURED:][:MOST_LISTED],
        all_listed=len(changed) <= MOST_PICTURED + MOST_LISTED
        and all(_flips_are_known(report) for report in verification.candidates),
        changed=len(changed),
        reference_model=reference_model(bundle),
        this_machine=this_machine(),
        short_path=lambda flip: "/".join(PurePath(flip.path).parts[-2:]),
        interval_axis=interval_axis,
        overall=overall,
        decision_table=decision_table,
        reliability_plot=_RELIABILITY,
        lead_plot=lead_plot,
        enumerated=verification.rule.confidence == ENUMERATED_AT,
        PARTLY_LABELLED=PARTLY_LABELLED,
        VERDICTS={verdict: STATUS_NAMES[verdict] for verdict in ICON},
        ICON=ICON,
        CAUSES=CAUSES,
        EFFECTS=EFFECTS,
    )


@dataclass(frozen=True)
class Sheet:
    """Candidates that answered every photo alike, by their numbers in the matrix."""

    members: tuple[tuple[int, CandidateReport], ...]

    @property
    def report(self) -> CandidateReport:
        """What holds of all of them."""
        return self.members[0][1]

    @property
    def anchor(self) -> str:
        """The name that a link to the sheet uses."""
        return f"candidate-{self.members[0][0]}"

    @property
    def furthest(self) -> CameraVerdict | None:
        """The camera whose answers are furthest from a PASS."""
        tested = [v for v in self.report.cameras if v.tested]
        if not tested:
            return None
        return max(tested, key=lambda v: (v.verdict == "FAIL", v.photos_needed, v.drop_lower))


def sheets_of(reports: Sequence[CandidateReport]) -> list[Sheet]:
    """Return the candidates, those that answered every photo alike on one sheet."""
    groups: list[list[tuple[int, CandidateReport]]] = []
    for number, report in enumerate(reports, start=1):
        group = next((group for group in groups if _alike(group[0][1], report)), None)
        if group is None:
            groups.append(group := [])
        group.append((number, report))
    return [Sheet(tuple(group)) for group in groups]


def _alike(one: CandidateReport, other: CandidateReport) -> bool:
    """Return whether two candidates surely gave every photo the same answer and decision."""

    def answers(report: CandidateReport) -> tuple[Any, ...]:
        flips = [(flip.photo, flip.candidate) for flip in report.flips]
        counts = report.pooled.decisions_changed, sorted(report.roles.items())
        return report.cameras, report.decisions, report.gate, flips, counts

    return _flips_are_known(one) and _flips_are_known(other) and answers(one) == answers(other)


def _flips_are_known(report: CandidateReport) -> bool:
    return report.flips_in_all == len(report.flips)


@dataclass(frozen=True)
class MatrixRow:
    """One camera: its photos, and what every candidate did on them."""

    camera: str | None  # its id, None for unknown ones
    photos: int
    cells: tuple[CameraVerdict | None, ...]  # per candidate; None where it has no photos


def matrix_of(verification: Verification) -> list[MatrixRow]:
    """Return cameras by candidates, unknown cameras last."""
    counted = [{v.tally.camera: v for v in report.cameras} for report in verification.candidates]
    cameras = {camera for verdicts in counted for camera in verdicts}
    return [
        MatrixRow(
            camera,
            max(verdicts[camera].tally.n for verdicts in counted if camera in verdicts),
            tuple(verdicts.get(camera) for verdicts in counted),
        )
        for camera in sorted(cameras, key=lambda camera: (camera is None, camera or ""))
    ]


def covered_by(verification: Verification) -> tuple[int, int]:
    """Return how many known cameras the photos show, and how many photos show none of them."""
    rows = matrix_of(verification)
    return (
        sum(row.camera is not None for row in rows),
        sum(row.photos for row in rows if row.camera is None),
    )


def interval_axis(verdicts: Iterable[CameraVerdict], margin: float) -> Axis:
    """Return a scale with room for every interval, zero and the margin."""
    tested = [v for v in verdicts if v.tested]
    ends = [v.right_to_wrong_upper for v in tested]
    ends += [x for v in tested if v.tally.labelled for x in (v.drop_lower, v.drop_upper)]
    low, high = min([0.0, *ends]), max([1.5 * margin, *ends])
    room = 0.02 * (high - low)
    return Axis.of_shares(low - room, high + room)


def lead_plot(
    found: LeadCurve,
) -> tuple[Plot, list[list[tuple[float, float]]], list[tuple[float, float]]]:
    """Return a plot of a curve's bins side by side, their intervals, and their shares."""
    ticks = tuple((float(i), f"{one.low:g}") for i, one in enumerate(found.bins))
    seen = [(i + 0.5, one, one.share) for i, one in enumerate(found.bins)]
    filled = [(place, one, share) for place, one, share in seen if share is not None]
    highest = max((one.upper for _place, one, _share in filled), default=1.0)
    plot = replace(_LEADS, across=Axis(0, len(ticks), ticks), up=Axis.of_shares(0, highest))
    intervals = [[(place, one.lower), (place, one.upper)] for place, one, _share in filled]
    return plot, intervals, [(place, share) for place, _one, share in filled]


def decision_table(roles: Mapping[str, int]) -> list[tuple[Message, list[tuple[int, bool]]]]:
    """Return how many photos reference (rows) and candidate (columns) decide one way and another.

    Per decision its name and its row of counts, each with whether the decision changed; `roles` are
    those of `CandidateReport`.
    """
    counts = {tuple(pair.split(" to ")): photos for pair, photos in roles.items()}
    names = [name for name in DECISIONS if any(name in pair for pair in counts)]
    return [
        (DECISIONS[before], [(counts.get((before, after), 0), before != after) for after in names])
        for before in names
    ]


def _pictured(
    photos: Sequence[ChangedPhoto], verification: Verification, bundle: Bundle
) -> Iterator[tuple[ChangedPhoto, Pictures]]:
    """Yield photos with their pictures, one at a time in memory."""
    viewer = Viewer(bundle)
    for photo in photos:
        report = verification.candidates[photo.gravest.number - 1]
        yield photo, viewer.pictures(photo.flip, report)
