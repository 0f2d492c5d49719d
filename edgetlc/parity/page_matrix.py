"""The matrix of verdicts, cameras by candidates, and the list of candidates over it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from edgetlc.parity.page_words import (
    CAMERA,
    CANDIDATE,
    CHANGED,
    PHOTOS,
    VERDICT,
    VERDICT_SIGNS,
    Words,
    camera_name,
    mark,
    units_needed,
    verdict_words,
    words_table,
    zh_en,
)
from edgetlc.parity.sequential import SequentialVerdict
from edgetlc.parity.verdict import CameraVerdict
from edgetlc.parity.verification import CandidateReport, Verification
from edgetlc.results import wording
from edgetlc.results.html_page import Html, element, joined, table
from edgetlc.results.wording import STATUS


def anchor(number: int) -> str:
    """Return the name that a link to a candidate's sheet uses."""
    return f"candidate-{number}"


def candidates(found: Verification) -> Html:
    """Return the list of candidates, numbered as in the matrix."""
    columns = (("", ""), CANDIDATE, VERDICT, CAMERA, ("一致", "agreement"), CHANGED)
    rows = (_candidate_row(n, report) for n, report in enumerate(found.candidates, start=1))
    return element("div", words_table(columns, rows), class_="wide")


def _candidate_row(number: int, report: CandidateReport) -> tuple[str | Html, ...]:
    counts = Counter(verdict.verdict for verdict in report.decided.values())
    told = (
        element("span", mark(verdict), f" {counts[verdict]}", class_="whole")
        for verdict in VERDICT_SIGNS
        if counts[verdict]
    )
    where = (element("br"), element("span", report.machine, class_="pale"))
    name = element("a", report.model, href=f"#{anchor(number)}")
    return (
        str(number),
        joined((name, element("br"), report.engine, *(where if report.machine else ()))),
        _with_gate(report),
        joined(told, " "),
        wording.percent(report.pooled.agreement),
        f"{report.flips_in_all} / {report.pooled.photos}",
    )


def _with_gate(report: CandidateReport) -> Html:
    overall = verdict_words(report.verdict)
    if report.gate is None or report.gate.pooled.verdict == "PASS":
        return overall
    words = zh_en(("伪品判正品", "counterfeits as genuine"))
    return joined((overall, element("br"), mark(report.gate.pooled.verdict), " ", words))


def matrix(found: Verification) -> Html:
    """Return cameras by candidates: sign, counts and how many further photos a PASS takes."""
    photos: dict[str | None, int] = {}
    for report in found.candidates:
        for verdict in report.cameras:
            camera = verdict.tally.camera
            photos[camera] = max(photos.get(camera, 0), verdict.tally.n)
    order = sorted(photos, key=lambda camera: (camera is None, camera or ""))
    numbers = (
        element("a", str(n), href=f"#{anchor(n)}") for n, _ in enumerate(found.candidates, start=1)
    )
    rows = ((camera_name(camera), str(photos[camera]), *_cells(found, camera)) for camera in order)
    drawn = table((zh_en(CAMERA), zh_en(PHOTOS), *numbers), rows)
    return element("div", drawn, class_="matrix wide")


def _cells(found: Verification, camera: str | None) -> Iterator[Html]:
    for report in found.candidates:
        tallied = {verdict.tally.camera: verdict for verdict in report.cameras}.get(camera)
        yield joined(("–",)) if tallied is None else _cell(report.decided[camera], tallied)


def _cell(decided: CameraVerdict | SequentialVerdict, tallied: CameraVerdict) -> Html:
    counted = tallied.tally
    told = f"{counted.b}/{counted.c}" if counted.labelled else str(counted.b)
    more = units_needed(decided)
    missing = (" ", element("span", f"+{more}", class_="more")) if more else ()
    return joined((mark(decided.verdict, decided.reason), element("br"), told, *missing))


def legend(found: Verification) -> Html:
    """Return how to read the matrix."""
    harms: Words = ("对变错 / 错变对", "right to wrong / wrong to right")
    unit = PHOTOS if found.independent == "photo" else ("样本", "specimens")
    more: Words = (
        f"通过至少还需的{unit[0]}数，全部无损",
        f"fewest further {unit[1]} to a PASS, all without harm",
    )
    counted = ("0/0 ", zh_en(harms)) if found.labelled else ("0 ", zh_en(CHANGED))
    signs = (joined((mark(verdict), " ", zh_en(STATUS[verdict]))) for verdict in VERDICT_SIGNS)
    told = joined((*signs, joined(counted), joined(("+k ", zh_en(more)))), " · ")
    return element("p", told, class_="pale small")
