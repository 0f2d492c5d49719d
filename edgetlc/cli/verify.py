"""`edgetlc verify`: the verdict per camera, for every model on every engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from edgetlc.cli.console import DeviceFolder, Json, Verbose, answer, note, say
from edgetlc.cli.options import BundleArgument, PartOption, ResultsFile, ResultsFormat, load_part
from edgetlc.cli.results import write_results
from edgetlc.cli.verification_view import EXIT_CODE, rows_of, show_verification
from edgetlc.errors import InputError

if TYPE_CHECKING:
    from edgetlc.parity.verification import Verification
    from edgetlc.runtime.bundle import Bundle


def verify(
    bundle: BundleArgument,
    data: Annotated[
        Path | None, typer.Option("--data", help="Manifest of the photos.", show_default=False)
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            help="Run folder of the float network. Default: the bundle's fp32 ONNX model."
        ),
    ] = None,
    part: PartOption = "test",
    model: Annotated[
        list[str] | None, typer.Option(help="Model to verify; repeat it. Default: all.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="Only on this engine. Default: each engine installed.")
    ] = None,
    margin: Annotated[
        float, typer.Option(help="Accepted drop of accuracy, a share: 0.02 is 2 %.")
    ] = 0.02,
    false_genuine_margin: Annotated[
        float | None,
        typer.Option(help="Accepted rise of counterfeits called genuine. Default: --margin."),
    ] = None,
    confidence: Annotated[float, typer.Option(help="One-sided confidence of each bound.")] = 0.95,
    group: Annotated[
        Literal["none", "group", "batch"],
        typer.Option(help="Manifest column of the specimen: its photos count once."),
    ] = "none",
    label_free: Annotated[
        bool, typer.Option("--label-free", help="Ignore the classes: changed answers count.")
    ] = False,
    sequential: Annotated[
        bool, typer.Option("--sequential", help="Say when to stop photographing, at any time.")
    ] = False,
    require_all: Annotated[
        bool, typer.Option("--require-all", help="No PASS while a listed camera is untested.")
    ] = False,
    answers: Annotated[
        Path | None, typer.Option(help="Keep every answer in this folder, to judge or merge later.")
    ] = None,
    shard: Annotated[str, typer.Option(help="Ask about a part of the photos only: I/N.")] = "1/1",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the answers that the folder holds.")
    ] = False,
    from_: Annotated[
        list[Path] | None,
        typer.Option("--from", help="Judge these answers, asking no model; repeat it for shards."),
    ] = None,
    merge: Annotated[
        list[Path] | None,
        typer.Option(
            help="JSON report of 'selftest' or 'predict' from another machine; repeat it."
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Also write an HTML page that opens offline.")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(help="Also write JUnit XML: a test case per camera and model.")
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
    from edgetlc.parity.judgement import VerificationConfig
    from edgetlc.parity.reports import check_recordable, read_reports
    from edgetlc.parity.reports import record as record_in_bundle
    from edgetlc.parity.verdict import Rule
    from edgetlc.parity.verify import (
        CollectionConfig,
        collect_answers,
        default_candidates,
        judge_folders,
    )
    from edgetlc.parity.verify import verify as compare
    from edgetlc.runtime.bundle import Bundle

    opened = Bundle.open(bundle)
    if record:
        check_recordable(opened)
    config = VerificationConfig(
        rule=Rule(margin, confidence),
        gate_rule=Rule(
            margin if false_genuine_margin is None else false_genuine_margin, confidence
        ),
        labelled=not label_free,
        sequential=sequential,
        cameras=tuple(c.id for c in Cameras.load(devices) if c.number is not None),
        require_all=require_all,
    )
    reports = read_reports(merge or (), opened)
    collection = CollectionConfig(group, _shard(shard), resume)
    if from_:
        _check_judging_only(data, answers, shard)
        found = judge_folders(opened, from_, config, reports)
    else:
        if data is None:
            raise InputError("no photos to verify with; pass --data MANIFEST, or --from ANSWERS")
        photos = load_part(data, part, devices)
        how: Any = {
            "reference": _reference(reference, opened),
            "candidates": default_candidates(opened, model or (), engine),
            "collection": collection,
        }
        if collection.shard != (1, 1):
            _ask_shard(
                answers,
                lambda folder: collect_answers(folder, opened, photos, **how),
                collection.shard,
            )
            return
        found = compare(opened, photos, config=config, reports=reports, folder=answers, **how)
    if part != "test" and not from_:
        note(f"part {part} holds photos that training has seen: do not rely on this verdict")
    if record:
        note(f"recorded in {record_in_bundle(opened, found)}")
    for file, reason in found.unreadable:
        note(f"left out {file}: {reason}")
    _write_reports(found, opened, report, junit)
    document = found.to_json()
    write_results(results_file, results_format, document, rows_of(found))
    answer(document, lambda: show_verification(found), as_json=json_)
    raise typer.Exit(EXIT_CODE[found.verdict])


def _shard(text: str) -> tuple[int, int]:
    first, slash, step = text.partition("/")
    if not (slash and first.isdecimal() and step.isdecimal()):
        raise InputError(f"--shard is {text!r}; it is I/N, such as 2/4")
    return int(first), int(step)


def _check_judging_only(data: Path | None, answers: Path | None, shard: str) -> None:
    if data is not None or answers is not None or shard != "1/1":
        raise InputError("--from judges answers that exist; leave out --data, --answers, --shard")


def _ask_shard(answers: Path | None, ask: Callable[[Path], None], shard: tuple[int, int]) -> None:
    if answers is None:
        raise InputError("a shard's answers must be kept to be merged; pass --answers FOLDER")
    ask(answers)
    first, step = shard
    say(f"shard {first} of {step} is in {answers}; judge all with --from, once for each shard")


def _write_reports(
    found: Verification, bundle: Bundle, report: Path | None, junit: Path | None
) -> None:
    if report is not None:
        from edgetlc.pages.verification import write_page

        write_page(report, found, bundle)
    if junit is not None:
        from edgetlc.parity.junit import write_junit

        write_junit(junit, found)


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
