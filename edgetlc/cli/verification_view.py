"""How a terminal shows a verification: one matrix of verdicts, then what stands behind them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgetlc.cli.console import numbers, say, table
from edgetlc.errors import FAILED, NOT_ENOUGH_EVIDENCE, PASSED
from edgetlc.locale import Message, _, local, n_
from edgetlc.parity.verdict import overall
from edgetlc.results.wording import PARTLY_LABELLED

if TYPE_CHECKING:
    from edgetlc.parity.rule import CameraVerdict
    from edgetlc.parity.verification import CandidateReport, Verification
    from edgetlc.runtime.selftest import SelfTest

EXIT_CODE = {"PASS": PASSED, "FAIL": FAILED, "INSUFFICIENT": NOT_ENOUGH_EVIDENCE}
VERDICTS = {"PASS": _("PASS"), "FAIL": _("FAIL"), "INSUFFICIENT": _("INSUFFICIENT")}


def show_verification(found: Verification) -> None:
    """Print the matrix, then each candidate's numbers and the cameras that do not pass."""
    columns = (_("photos"), *(str(n) for n in range(1, len(found.candidates) + 1)))
    table(
        _("Verdicts against {reference}", reference=found.reference),
        (_("camera"), *numbers(*columns)),
        _matrix(found),
        simulated=found.simulated,
    )
    if found.labelled:
        say(
            "PASS, FAIL, or – for not enough evidence; right→wrong / wrong→right beside it, "
            "and how many more photos without right→wrong a PASS takes"
        )
    else:
        say(
            "PASS, FAIL, or – for not enough evidence; changed answers beside it, and how many "
            "more photos without one a PASS takes"
        )
    if found.partly_labelled:
        say(PARTLY_LABELLED)
    for number, report in enumerate(found.candidates, start=1):
        _show_candidate(number, report, sequential=found.rule.sequential)
    for assumption in _assumptions(found):
        say(assumption)
    if found.machines:
        names = numbers(_("largest pixel difference"), _("answers changed"))
        table(
            _("Self-tests of other machines"),
            (_("machine"), *names, _("verdict")),
            map(_machine_row, found.machines),
        )
    if found.untested:
        say("untested, no photos: {cameras}", cameras=", ".join(found.untested))
    if found.seen_by_training:
        say("Training has seen photos of these: they show nothing of others, and no PASS is given.")
    if found.simulated:
        say("Photos are SIMULATED: this says nothing of the real cameras.")
    if any(report.gate is not None for report in found.candidates):
        say(
            "accepted rise of counterfeits called genuine: {margin:.1%}",
            margin=found.gate_rule.margin,
        )
    if any(v.tally.units < v.tally.n for report in found.candidates for v in report.cameras):
        say("photos: in brackets specimens, which count once, by one photo each")
    unit = _("a photo") if found.independent == "photo" else _("a specimen")
    say(
        "reference {reference}; margin {margin:.1%}; {unit} counts once; overall: {verdict}",
        reference=found.reference,
        margin=found.rule.margin,
        unit=unit,
        verdict=VERDICTS[found.verdict],
    )


def _matrix(found: Verification) -> list[tuple[object, ...]]:
    by_camera: dict[str | None, dict[int, CameraVerdict]] = {}
    for number, report in enumerate(found.candidates):
        for verdict in report.cameras:
            by_camera.setdefault(verdict.tally.camera, {})[number] = verdict
    rows: list[tuple[object, ...]] = []
    for camera, verdicts in by_camera.items():
        cells = [
            _cell(verdicts[number]) if number in verdicts else None
            for number in range(len(found.candidates))
        ]
        photos = max(v.tally.n for v in verdicts.values())
        units = max(v.tally.units for v in verdicts.values())
        counted = photos if units == photos else f"{photos} ({units})"
        rows.append((camera or _("unknown"), counted, *cells))
    return rows


def _cell(v: CameraVerdict) -> str:
    changes = f"{v.tally.b}/{v.tally.c}" if v.tally.labelled else str(v.tally.b)
    if v.verdict == "INSUFFICIENT":
        return f"– {changes} +{v.photos_needed}"
    return f"{local(VERDICTS[v.verdict])} {changes}"


def _show_candidate(number: int, report: CandidateReport, *, sequential: bool) -> None:
    name = _("{model} on {engine}", model=report.model, engine=report.engine)
    if report.machine:
        name = _("{candidate} at {machine}", candidate=name, machine=report.machine)
    say(f"{number}: {local(name)}: {local(VERDICTS[report.verdict])}")
    for line in _summary(report):
        say(f"     {local(line)}")
    for v in _to_act_on(report, sequential=sequential):
        say(f"     {local(v.tally.camera or _('unknown camera'))}: {local(v.reason)}")
    for line in _beside(report):
        say(f"     {local(line)}")


def _to_act_on(report: CandidateReport, *, sequential: bool) -> Iterator[CameraVerdict]:
    """Yield what a photographer or an auditor has to know: the matrix shows the answers alone."""
    yield from (v for v in report.cameras if sequential or v.verdict == "FAIL")
    for part in (report.decisions, report.gate.cameras if report.gate else ()):
        failed = [v for v in part if v.verdict == "FAIL"]
        short = [v for v in part if v.verdict == "INSUFFICIENT"]
        yield from failed or sorted(short, key=lambda v: -v.photos_needed)[:1]


def _summary(report: CandidateReport) -> Iterator[Message]:
    pooled, where = report.pooled, report.location
    if pooled.reference_accuracy is not None and pooled.candidate_accuracy is not None:
        yield _(
            "agreement {share:.2%}; accuracy: float {float:.2%}, this {this:.2%}",
            share=pooled.agreement,
            float=pooled.reference_accuracy,
            this=pooled.candidate_accuracy,
        )
    else:
        yield _("agreement {share:.2%}", share=pooled.agreement)
    yield _("largest change of a probability {change:.3f}", change=pooled.largest_change)
    if report.flips_in_all:
        yield n_(
            "{count} other answer ({pixels} by pixels, {network} by network, {unknown} unknown)",
            "{count} other answers ({pixels} by pixels, {network} by network, {unknown} unknown)",
            count=report.flips_in_all,
            pixels=where.by_pixels,
            network=where.by_network,
            unknown=where.unknown,
        )
    if where.photos_apart:
        yield n_(
            "PIXELS DIFFER on {count} photo, by up to {levels:.3g} grey levels",
            "PIXELS DIFFER on {count} photos, by up to {levels:.3g} grey levels",
            count=where.photos_apart,
            levels=where.largest_pixels,
        )
    template = _("final decisions: {changed} of {photos} changed: {verdict}")
    if any(v.tally.labelled for v in report.decisions):
        template = _("final decisions: {changed} of {photos} worse: {verdict}")
    changed = sum(v.tally.b for v in report.decisions)
    decided = VERDICTS[overall(report.decisions)]
    yield _(template, changed=changed, photos=pooled.photos, verdict=decided)
    if report.gate is not None:
        gate = report.gate
        template = _(
            "photos called genuine {called} of {photos}, {units} counted (float: {before}): "
            "{verdict}"
        )
        if pooled.reference_accuracy is not None:
            template = _(
                "counterfeits called genuine {called} of {photos}, {units} counted "
                "(float: {before}): {verdict}"
            )
        yield _(
            template,
            called=gate.candidate.called,
            photos=gate.candidate.photos,
            units=gate.pooled.tally.units,
            before=gate.reference.called,
            verdict=VERDICTS[gate.verdict],
        )


def _beside(report: CandidateReport) -> Iterator[Message]:
    """Yield what stands beside the verdict; `_assumptions` tells what it rests on."""
    bins = [one for one in report.lead_curve.bins if one.photos]
    listed = ", ".join(f"{one.low:g}+ {one.changed}/{one.photos}" for one in bins)
    yield _("beside the verdict: changed answers by lead {bins}", bins=listed)
    if report.new_camera is not None:
        yield n_(
            "beside the verdict: of cameras like this {count} at most {share:.1%} would not pass, "
            "at most {beyond:.1%} are at or beyond the margin; the next one with probability "
            "{belief:.1%}",
            "beside the verdict: of cameras like these {count} at most {share:.1%} would not pass, "
            "at most {beyond:.1%} are at or beyond the margin; the next one with probability "
            "{belief:.1%}",
            count=report.new_camera.cameras,
            share=report.new_camera.not_passing_upper,
            beyond=report.new_camera.beyond_upper,
            belief=report.new_camera.belief_beyond,
        )


def _assumptions(found: Verification) -> dict[Message, None]:
    """Return what the statements beside the verdicts rest on, each once."""
    said = [report.lead_curve.assumption for report in found.candidates]
    for report in found.candidates:
        if report.new_camera is not None:
            said += [report.new_camera.assumption, report.new_camera.belief_assumption]
    return dict.fromkeys(said)


def _machine_row(found: SelfTest) -> tuple[object, ...]:
    changed = sum(model.changed for model in found.models)
    verdict = VERDICTS["PASS" if found.passed else "FAIL"]
    return (found.machine, found.pixels.largest, changed, verdict)


def rows_of(found: Verification) -> list[dict[str, object]]:
    """Return one row for each candidate and camera."""
    return [
        _picked(report, "model", "engine", "machine")
        | {"camera": v.tally.camera, "photos": v.tally.n}
        | _picked(v.tally, "units", "reference_accuracy", "candidate_accuracy", "agreement")
        | {"right_to_wrong": v.tally.b, "wrong_to_right": v.tally.c}
        | _picked(v, "right_to_wrong_upper", "drop_lower", "drop_upper")
        | _picked(v, "verdict", "photos_needed", "reason")
        | _decided(report, v.tally.camera)
        for report in found.candidates
        for v in report.cameras
    ]


def _decided(report: CandidateReport, camera: str | None) -> dict[str, object]:
    """Return the verdicts on a camera's final decisions and counterfeits."""
    parts = {"decisions": report.decisions, "false_genuine": report.gate and report.gate.cameras}
    return {
        name: next((v.verdict for v in part or () if v.tally.camera == camera), None)
        for name, part in parts.items()
    }


def _picked(thing: object, *names: str) -> dict[str, object]:
    return {name: getattr(thing, name) for name in names}
