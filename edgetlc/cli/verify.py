"""`edgetlc verify`: the verdict per camera."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgetlc.cli.console import (
    DeviceFolder,
    Json,
    Verbose,
    answer,
    note,
    say,
    simulated_mark,
    table,
    track,
)
from edgetlc.cli.options import (
    BundleArgument,
    Data,
    PartOption,
    ResultsFile,
    ResultsFormat,
    load_part,
)
from edgetlc.cli.results import write_results
from edgetlc.errors import FAILED, NOT_ENOUGH_EVIDENCE, PASSED, InputError

if TYPE_CHECKING:
    from edgetlc.parity.verdict import CameraVerdict
    from edgetlc.parity.verify import CandidateReport, Verification
    from edgetlc.runtime.bundle import Bundle
    from edgetlc.runtime.selftest import SelfTest

EXIT_CODE = {"PASS": PASSED, "FAIL": FAILED, "INSUFFICIENT": NOT_ENOUGH_EVIDENCE}


def verify(
    bundle: BundleArgument,
    data: Data,
    reference: Annotated[
        Path | None,
        typer.Option(
            help="Run folder of the float network. Default: the bundle's fp32 ONNX model."
        ),
    ] = None,
    part: PartOption = "test",
    model: Annotated[
        list[str] | None, typer.Option(help="Model to verify; repeat it. Default: all int8 ones.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="Only on this engine. Default: each engine installed.")
    ] = None,
    margin: Annotated[
        float, typer.Option(help="Accepted drop of accuracy, a share: 0.02 is 2 %.")
    ] = 0.02,
    confidence: Annotated[float, typer.Option(help="One-sided confidence of each bound.")] = 0.95,
    merge: Annotated[
        list[Path] | None,
        typer.Option(help="Self-test report of another machine with this bundle; repeat it."),
    ] = None,
    record: Annotated[
        bool,
        typer.Option("--record", help="Leave the verdicts in the bundle; 'predict' shows them."),
    ] = False,
    results_file: ResultsFile = None,
    results_format: ResultsFormat = None,
    devices: DeviceFolder = None,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Prove per camera that compressed models answer like the float one, or refuse to say so.

    Exit code 0: all cameras pass; 1: one fails; 3: not enough photos to tell.

    Example: edgetlc verify herbs.bundle --reference runs/herbs --data split.csv
    """
    from edgetlc.devices.profiles import Cameras
    from edgetlc.parity.reports import check_recordable, read_selftests
    from edgetlc.parity.reports import record as record_in_bundle
    from edgetlc.parity.verdict import Rule
    from edgetlc.parity.verify import default_candidates
    from edgetlc.parity.verify import verify as compare
    from edgetlc.runtime.bundle import Bundle

    rule = Rule(margin, confidence)
    opened = Bundle.open(bundle)
    if record:
        check_recordable(opened)
    machines = read_selftests(merge or (), opened)
    candidates = default_candidates(opened, model or (), engine)
    listed = [c.id for c in Cameras.load(devices) if c.number is not None]
    found = compare(
        opened,
        load_part(data, part, devices),
        reference=_reference(reference, opened),
        candidates=candidates,
        rule=rule,
        cameras=listed,
        machines=machines,
        track=track,
    )
    if record:
        note(f"recorded in {record_in_bundle(opened, found)}")
    if part != "test":
        note(f"part {part} holds photos that training has seen: do not rely on this verdict")
    for file, reason in found.unreadable:
        note(f"left out {file}: {reason}")
    document = found.to_json()
    rows = [_record(report, v) for report in found.candidates for v in report.cameras]
    write_results(results_file, results_format, document, rows)
    answer(document, lambda: show_verification(found), as_json=json_)
    raise typer.Exit(EXIT_CODE[found.verdict])


def _reference(run: Path | None, bundle: Bundle) -> Any:
    """Return a run's float network, refusing one whose answers cannot be those of the bundle."""
    if run is None:
        return None
    from edgetlc.cli.toolchain import need_toolchain

    need_toolchain("verify --reference")
    from edgetlc.models.checkpoint import load_checkpoint
    from edgetlc.models.reference import ReferenceModel

    checkpoint, manifest = load_checkpoint(run), bundle.manifest
    names = [info.name for info in checkpoint.classes]
    known = [info.name for info in manifest.classes]
    if names != known or checkpoint.contract != manifest.contract:
        raise InputError(
            f"{run} was trained on {', '.join(names)} at {checkpoint.contract.size} pixels, the "
            f"bundle on {', '.join(known)} at {manifest.contract.size}; pass the bundle's own run"
        )
    return ReferenceModel(checkpoint, threads=1)


def show_verification(found: Verification) -> None:
    """Print one table per candidate and the verdict of each."""
    for report in found.candidates:
        table(_title(found, report), COLUMNS, (_row(v) for v in report.cameras))
        say(f"{report.model} on {report.engine}: {report.verdict}. {_summary(report)}")
        for v in report.cameras:
            if v.verdict == "FAIL":
                say(f"  {v.tally.camera or 'unknown camera'}: {v.reason}")
    if found.machines:
        columns = ("machine", "largest pixel difference ", "answers changed ", "verdict")
        table("Self-tests of other machines", columns, map(_machine_row, found.machines))
    if found.untested:
        say(f"untested, no photos: {', '.join(found.untested)}")
    if found.simulated:
        say("Photos are SIMULATED: this says nothing of the real cameras.")
    say(f"reference {found.reference}; margin {found.rule.margin:.1%}; overall: {found.verdict}")


COLUMNS = (
    "camera",
    "photos ",
    "float ",
    "this ",
    "agree ",
    "right→wrong ",
    "wrong→right ",
    "drop at most ",
    "verdict",
    "photos needed ",
)


def _machine_row(found: SelfTest) -> tuple[object, ...]:
    changed = sum(model.changed for model in found.models)
    return (found.machine, found.pixels.largest, changed, "PASS" if found.passed else "FAIL")


def _row(v: CameraVerdict) -> tuple[object, ...]:
    t = v.tally
    shares = (_share(s) for s in (t.reference_accuracy, t.candidate_accuracy, t.agreement))
    needed = v.photos_needed or None
    bound = _share(v.harm_upper)
    return (t.camera or "unknown", t.n, *shares, t.b, t.c, bound, v.verdict, needed)


def _record(report: CandidateReport, v: CameraVerdict) -> dict[str, object]:
    t = v.tally
    return {
        "model": report.model,
        "engine": report.engine,
        "camera": t.camera or "unknown",
        "photos": t.n,
        "reference_accuracy": t.reference_accuracy,
        "candidate_accuracy": t.candidate_accuracy,
        "agreement": t.agreement,
        "right_to_wrong": t.b,
        "wrong_to_right": t.c,
        "harm_upper": v.harm_upper,
        "drop_lower": v.drop_lower,
        "drop_upper": v.drop_upper,
        "verdict": v.verdict,
        "photos_needed": v.photos_needed,
        "reason": v.reason,
    }


def _title(found: Verification, report: CandidateReport) -> str:
    mark = simulated_mark(found.simulated)
    return f"{report.model} on {report.engine} against {found.reference}{mark}"


def _summary(report: CandidateReport) -> str:
    from edgetlc.parity.verify import shares

    pooled = shares(report)
    text = (
        f"Pooled: float {pooled['reference_accuracy']:.2%}, "
        f"this {pooled['candidate_accuracy']:.2%}, "
        f"agreement {pooled['agreement']:.2%}, largest change of a probability "
        f"{report.largest_change:.3f}"
    )
    if report.counterfeits:
        text += (
            f"; counterfeits called genuine: {report.false_genuine} of {report.counterfeits}"
            f" (float: {report.false_genuine_reference})"
        )
    return text + "."


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.1%}"
