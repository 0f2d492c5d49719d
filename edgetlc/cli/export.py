"""`edgetlc export`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from edgetlc.cli.console import answer, note
from edgetlc.cli.options import Data, DeviceFolder, Json, Output, Overwrite, RunArgument, load_part
from edgetlc.errors import InputError
from edgetlc.export.thresholds import ThresholdTargets
from edgetlc.files import refuse_existing
from edgetlc.locale import _
from edgetlc.runtime.schema import Format, Precision

if TYPE_CHECKING:
    from edgetlc.data.photos import PhotoSet
    from edgetlc.runtime.bundle import Bundle

WEB = "web"


def export(
    run: RunArgument,
    data: Data,
    output: Output,
    targets: ThresholdTargets,
    format_: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            help=_("onnx, ort, openvino or web, the phone app; repeat it. Default: all but web."),
        ),
    ] = None,
    precision: Annotated[
        list[str] | None,
        typer.Option(
            "--precision",
            help=_("fp32 or int8; repeat it. Default: fp32, and int8 after 'quantize'."),
        ),
    ] = None,
    require_verified: Annotated[
        bool,
        typer.Option(
            "--require-verified",
            help=_("Verify on the test part; leave a bundle only if it passes."),
        ),
    ] = False,
    margin: Annotated[
        float,
        typer.Option(
            "--margin", help=_("Of --require-verified: accepted drop of accuracy, a share.")
        ),
    ] = 0.02,
    overwrite: Overwrite = False,
    devices: DeviceFolder = None,
    json_: Json = False,
) -> None:
    """Write a bundle for field devices: models that take raw pixels, labels, golden vectors.

    The validation part fits the confidence that an answer needs; below it the answer is "not sure".

    Example: edgetlc export runs/herbs --data split.csv -o herbs.bundle
    """
    from edgetlc.cli.bundle import describe, show_bundle
    from edgetlc.cli.web import make_web_app
    from edgetlc.export.export_run import export_run

    _check("--format", format_ or (), (*get_args(Format), WEB))
    _check("--precision", precision or (), get_args(Precision))
    wanted = format_ or ()
    formats: Sequence[Format] = [name for name in get_args(Format) if name in wanted]
    if WEB in wanted:
        formats = formats or ("onnx", "ort")  # float ONNX to verify against, ort for browsers
        web = output.with_name(output.name.removesuffix(".bundle") + ".web")
        refuse_existing(web, overwrite)
    photos = load_part(data, "all", devices)
    how: Any = {
        "formats": formats or get_args(Format),
        "precisions": [name for name in get_args(Precision) if name in (precision or ())],
        "targets": targets,
        "overwrite": overwrite,
    }
    if require_verified:
        bundle = _export_verified(run, photos, output, margin, how, as_json=json_)
    else:
        bundle = export_run(run, photos, output, **how)
    document = describe(bundle)
    if WEB in wanted:
        made = make_web_app(bundle, web, devices=devices, overwrite=overwrite)
        document["web"] = asdict(made)
        note("the phone app is in {folder}", folder=web)
    answer(document, lambda: show_bundle(bundle), as_json=json_)


def _check(flag: str, wanted: Sequence[str], known: Sequence[str]) -> None:
    for value in wanted:
        if value not in known:
            allowed = ", ".join(known)
            raise InputError(
                "{flag} is {value!r}; use {allowed}", flag=flag, value=value, allowed=allowed
            )


def _export_verified(
    run: Path, photos: PhotoSet, output: Path, margin: float, how: Any, *, as_json: bool
) -> Bundle:
    """Return the bundle that passed, or show why none was written and exit."""
    from edgetlc.cli.verification_view import EXIT_CODE, VERDICTS, show_verification
    from edgetlc.parity.judgement import VerificationConfig
    from edgetlc.parity.verdict import Rule
    from edgetlc.parity.verified_export import export_verified

    found, bundle = export_verified(
        run, photos, output, config=VerificationConfig(Rule(margin)), **how
    )
    if bundle is None:
        answer(found.to_json(), lambda: show_verification(found), as_json=as_json)
        note(
            "no bundle was written: the verification says {verdict}",
            verdict=VERDICTS[found.verdict],
        )
        raise typer.Exit(EXIT_CODE[found.verdict])
    if not as_json:
        show_verification(found)
    return bundle
