"""`edgetlc export`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from edgetlc.cli.console import (
    DeviceFolder,
    Json,
    Verbose,
    answer,
    note,
)
from edgetlc.cli.options import Data, Overwrite, RunArgument, load_part
from edgetlc.cli.toolchain import need_toolchain
from edgetlc.errors import InputError
from edgetlc.files import refuse_existing
from edgetlc.runtime.schema import Format, Precision

if TYPE_CHECKING:
    from edgetlc.data.photos import PhotoSet
    from edgetlc.runtime.bundle import Bundle

WEB = "web"


def export(
    run: RunArgument,
    data: Data,
    output: Annotated[Path, typer.Option("-o", "--output", help="Bundle folder to make.")],
    format_: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            help="onnx, ort, openvino or web, the phone app; repeat it. Default: all but web.",
        ),
    ] = None,
    precision: Annotated[
        list[str] | None,
        typer.Option(help="fp32 or int8; repeat it. Default: fp32, and int8 after 'quantize'."),
    ] = None,
    error_rate: Annotated[
        float, typer.Option(help="Accepted share of wrong ones among the answers given.")
    ] = 0.05,
    false_genuine_rate: Annotated[
        float, typer.Option(help="Accepted share of counterfeits that are called genuine.")
    ] = 0.02,
    reject_below: Annotated[
        float | None,
        typer.Option(help="Confidence that an answer needs, 0 to 1, instead of a fitted one."),
    ] = None,
    genuine_below: Annotated[
        float | None,
        typer.Option(help="Confidence that an answer 'genuine' needs, instead of a fitted one."),
    ] = None,
    require_verified: Annotated[
        bool,
        typer.Option(
            "--require-verified", help="Verify on the test part; leave a bundle only if it passes."
        ),
    ] = False,
    margin: Annotated[
        float, typer.Option(help="Of --require-verified: accepted drop of accuracy, a share.")
    ] = 0.02,
    overwrite: Overwrite = False,
    devices: DeviceFolder = None,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Write a bundle for field devices: models that take raw pixels, labels, golden vectors.

    The validation part fits the confidence that an answer needs; below it the answer is "not sure".

    Example: edgetlc export runs/herbs --data split.csv -o herbs.bundle
    """
    wanted = _known(format_, (*get_args(Format), WEB), "--format")
    formats = cast("Sequence[Format]", [name for name in wanted if name != WEB])
    if WEB in wanted:
        formats = formats or ("onnx", "ort")  # float ONNX to verify against, ort for browsers
        web = output.with_name(output.name.removesuffix(".bundle") + ".web")
        refuse_existing(web, overwrite)
    precisions = cast("Sequence[Precision]", _known(precision, get_args(Precision), "--precision"))
    need_toolchain("edgetlc export")
    from edgetlc.cli.bundle import describe, make_web_app, show_bundle
    from edgetlc.export.export_run import export_run
    from edgetlc.export.thresholds import ThresholdTargets

    photos = load_part(data, "all", devices)
    how: Any = {
        "formats": formats or get_args(Format),
        "precisions": precisions,
        "targets": ThresholdTargets(error_rate, false_genuine_rate, reject_below, genuine_below),
        "overwrite": overwrite,
    }
    if require_verified:
        bundle = _export_verified(run, photos, output, margin, how, as_json=json_)
    else:
        bundle = export_run(run, photos, output, **how)
    document = describe(bundle)
    if WEB in wanted:
        document["web"] = make_web_app(bundle, web, devices=devices, overwrite=overwrite).to_json()
        note(f"the phone app is in {web}")
    answer(document, lambda: show_bundle(bundle), as_json=json_)


def _export_verified(
    run: Path, photos: PhotoSet, output: Path, margin: float, how: Any, *, as_json: bool
) -> Bundle:
    """Return the bundle that passed, or show why none was written and exit."""
    from edgetlc.cli.verification_view import EXIT_CODE, show_verification
    from edgetlc.parity.judgement import VerificationConfig
    from edgetlc.parity.verdict import Rule
    from edgetlc.parity.verified_export import export_verified

    rule = Rule(margin)
    found, bundle = export_verified(
        run, photos, output, config=VerificationConfig(rule, rule), **how
    )
    if bundle is None:
        answer(found.to_json(), lambda: show_verification(found), as_json=as_json)
        note(f"no bundle was written: the verification says {found.verdict}")
        raise typer.Exit(EXIT_CODE[found.verdict])
    if not as_json:
        show_verification(found)
    return bundle


def _known(wanted: Sequence[str] | None, known: Sequence[str], flag: str) -> Sequence[str]:
    """Return the wanted values without repeats, refusing unknown ones."""
    for value in wanted or ():
        if value not in known:
            raise InputError(f"{flag} is {value!r}; use {', '.join(known)}")
    return tuple(dict.fromkeys(wanted or ()))
