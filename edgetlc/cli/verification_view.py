"""How a terminal shows a verification: one matrix of verdicts, then what stands behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgetlc.cli.console import say, simulated_mark, table
from edgetlc.errors import FAILED, NOT_ENOUGH_EVIDENCE, PASSED

if TYPE_CHECKING:
    from edgetlc.parity.verdict import CameraVerdict
    from edgetlc.parity.verification import CandidateReport, Verification
    from edgetlc.runtime.selftest import SelfTest

EXIT_CODE = {"PASS": PASSED, "FAIL": FAILED, "INSUFFICIENT": NOT_ENOUGH_EVIDENCE}
_SIGN = {"PASS": "PASS", "FAIL": "FAIL", "INSUFFICIENT": "–"}


def show_verification(found: Verification) -> None:
    """Print the matrix, then each candidate's numbers and the cameras that do not pass."""
    title = f"Verdicts against {found.reference}{simulated_mark(found.simulated)}"
    names = [f"{number} " for number, _ in enumerate(found.candidates, start=1)]
    table(title, ("camera", "photos ", *names), _matrix(found))
    say(
        f"PASS, FAIL, or – for not enough evidence; "
        f"{'right→wrong / wrong→right' if found.labelled else 'changed answers'} beside it, and "
        "how many more photos without harm a PASS takes"
    )
    for number, report in enumerate(found.candidates, start=1):
        say(f"{number}: {_name(report)}: {report.verdict}. {_summary(report)}")
        for camera, reason in _reasons(report):
            say(f"     {camera or 'unknown camera'}: {reason}")
    if found.machines:
        columns = ("machine", "largest pixel difference ", "answers changed ", "verdict")
        table("Self-tests of other machines", columns, map(_machine_row, found.machines))
    if found.untested:
        say(f"untested, no photos: {', '.join(found.untested)}")
    if found.simulated:
        say("Photos are SIMULATED: this says nothing of the real cameras.")
    counted = "a photo" if found.independent == "photo" else "a specimen"
    gated = any(report.gate is not None for report in found.candidates)
    gate = f", counterfeits called genuine {found.gate_rule.margin:.1%}" if gated else ""
    say(
        f"reference {found.reference}; margin {found.rule.margin:.1%}{gate}; "
        f"{counted} counts once; overall: {found.verdict}"
    )


def _matrix(found: Verification) -> list[tuple[object, ...]]:
    cells: dict[str | None, dict[int, CameraVerdict]] = {}
    for number, report in enumerate(found.candidates):
        for verdict in report.cameras:
            cells.setdefault(verdict.tally.camera, {})[number] = verdict
    rows: list[tuple[object, ...]] = []
    for camera, by_number in cells.items():
        row: list[object] = [camera or "unknown", max(v.tally.n for v in by_number.values())]
        for number, report in enumerate(found.candidates):
            at = by_number.get(number)
            sign = _SIGN[report.decided[camera].verdict] if at else None
            more = f" +{at.photos_needed}" if at and sign == _SIGN["INSUFFICIENT"] else ""
            row.append(f"{sign} {_counts(at)}{more}" if at else None)
        rows.append(tuple(row))
    return rows


def _counts(v: CameraVerdict) -> str:
    return f"{v.tally.b}/{v.tally.c}" if v.tally.labelled else str(v.tally.b)


def _reasons(report: CandidateReport) -> list[tuple[str | None, str]]:
    """Return camera and reason where a photographer or an auditor has to act."""
    if report.sequential:
        return [(v.camera, v.reason) for v in report.sequential]
    return [(v.tally.camera, v.reason) for v in report.cameras if v.verdict == "FAIL"]


def _name(report: CandidateReport) -> str:
    where = f" at {report.machine}" if report.machine else ""
    return f"{report.model} on {report.engine}{where}"


def _summary(report: CandidateReport) -> str:
    pooled = report.pooled
    parts = [f"agreement {pooled.agreement:.2%}"]
    if pooled.reference_accuracy is not None and pooled.candidate_accuracy is not None:
        parts.append(f"float {pooled.reference_accuracy:.2%}, this {pooled.candidate_accuracy:.2%}")
    parts.append(f"largest change of a probability {pooled.largest_change:.3f}")
    if report.flips_in_all:
        parts.append(_cause(report))
    if report.location.photos_apart:
        parts.append(
            f"PIXELS DIFFER on {report.location.photos_apart} photos, by up to "
            f"{report.location.largest_pixels:.3g} grey levels"
        )
    if report.gate is not None:
        gate = report.gate
        parts.append(
            f"counterfeits called genuine {gate.candidate.called} of {gate.candidate.photos} "
            f"(float: {gate.reference.called}): {gate.pooled.verdict}"
        )
    return "; ".join(parts)


def _cause(report: CandidateReport) -> str:
    where = report.location
    causes = {"pixels": where.by_pixels, "network": where.by_network, "unknown": where.unknown}
    told = ", ".join(f"{count} by {cause}" for cause, count in causes.items() if count)
    return f"{report.flips_in_all} other answers ({told})"


def _machine_row(found: SelfTest) -> tuple[object, ...]:
    changed = sum(model.changed for model in found.models)
    return (found.machine, found.pixels.largest, changed, "PASS" if found.passed else "FAIL")


def rows_of(found: Verification) -> list[dict[str, object]]:
    """Return one row for each candidate and camera."""
    return [_row(report, verdict) for report in found.candidates for verdict in report.cameras]


def _row(report: CandidateReport, v: CameraVerdict) -> dict[str, object]:
    t = v.tally
    return {
        "model": report.model,
        "engine": report.engine,
        "machine": report.machine,
        "camera": t.camera or "unknown",
        "photos": t.n,
        "units": t.units,
        "reference_accuracy": t.reference_accuracy,
        "candidate_accuracy": t.candidate_accuracy,
        "agreement": t.agreement,
        "right_to_wrong": t.b,
        "wrong_to_right": t.c,
        "right_to_wrong_upper": v.right_to_wrong_upper,
        "drop_lower": v.drop_lower,
        "drop_upper": v.drop_upper,
        "verdict": v.verdict,
        "photos_needed": v.photos_needed,
        "reason": v.reason,
    }
