"""`edgetlc export`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, get_args

from edgetlc.cli.bundle import described, make_web_app
from edgetlc.cli.console import Answer, note
from edgetlc.cli.options import Data, DeviceFolder, Output, Overwrite, RunArgument, load_part
from edgetlc.config import option
from edgetlc.errors import InputError
from edgetlc.export.thresholds import ThresholdTargets
from edgetlc.locale import _
from edgetlc.outputs import Target, check_outputs
from edgetlc.runtime.schema import Format, Precision

WEB = "web"


def export(
    run: RunArgument,
    data: Data,
    output: Output,
    targets: ThresholdTargets,
    format_: tuple[str, ...] = option(
        (),
        _("onnx, ort, openvino or web, the phone app; repeat it. Default: all but web."),
        flag="--format",
    ),
    precision: tuple[str, ...] = option(
        (), _("fp32 or int8; repeat it. Default: fp32, and int8 after 'quantize'.")
    ),
    require_verified: bool = option(
        False, _("Verify on the test part; leave a bundle only if it passes.")
    ),
    margin: float = option(0.02, _("Of --require-verified: accepted drop of accuracy, a share.")),
    overwrite: Overwrite = False,
    devices: DeviceFolder = None,
) -> Answer:
    """Write a bundle for field devices: models that take raw pixels, labels, golden vectors.

    The validation part fits the confidence that an answer needs; below it the answer is "not sure".

    Example: edgetlc export runs/herbs --data split.csv -o herbs.bundle
    """
    from edgetlc.cli.verification_view import EXIT_CODE, VERDICTS, show_verification
    from edgetlc.export.export_run import export_run
    from edgetlc.export.web_app import SINGLE_FILE
    from edgetlc.parity.judgement import VerificationConfig
    from edgetlc.parity.rule import Rule
    from edgetlc.parity.verified_export import export_verified
    from edgetlc.runtime.bundle import BUNDLE_FILE

    _check("--format", format_, (*get_args(Format), WEB))
    _check("--precision", precision, get_args(Precision))
    formats: Sequence[Format] = [name for name in get_args(Format) if name in format_]
    web = None
    if WEB in format_:
        formats = formats or ("onnx", "ort")  # float ONNX to verify against, ort for browsers
        web = output.with_name(output.name.removesuffix(".bundle") + ".web")
    photos = load_part(data, "all", devices)
    outputs = [
        Target(output, "folder", overwrite, BUNDLE_FILE),
        Target(web, "folder", overwrite, SINGLE_FILE),
    ]
    check_outputs(outputs, [run, data, devices, *photos.files])
    how: Any = {
        "formats": formats or get_args(Format),
        "precisions": [name for name in get_args(Precision) if name in precision],
        "targets": targets,
        "overwrite": overwrite,
    }
    if not require_verified:
        answer = described(bundle := export_run(run, photos, output, **how))
    else:
        config = VerificationConfig(Rule(margin))
        found, verified = export_verified(run, photos, output, config=config, **how)
        if verified is None:
            verdict = VERDICTS[found.verdict]
            note("no bundle was written: the verification says {verdict}", verdict=verdict)
            code = EXIT_CODE[found.verdict]
            return Answer(found.to_json(), lambda: show_verification(found), code)
        answer = described(bundle := verified)
        show_bundle = answer.show

        def show_both() -> None:
            show_verification(found)
            show_bundle()

        answer = answer._replace(show=show_both)
    if web is not None:
        app = make_web_app(bundle, web, None, devices, overwrite=overwrite)
        answer.document["web"] = asdict(app)
        note("the phone app is in {folder}", folder=web)
    return answer


def _check(flag: str, wanted: Sequence[str], known: Sequence[str]) -> None:
    for value in wanted:
        if value not in known:
            allowed = ", ".join(known)
            raise InputError(
                "{flag} is {value!r}; use {allowed}", flag=flag, value=value, allowed=allowed
            )
