"""`edgetlc quantize`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgetlc.calibration.config import CalibrationConfig, QatConfig, QuantizationConfig
from edgetlc.cli.console import (
    Number,
    answer,
    note_unreadable,
    numbers,
    percent,
    points,
    say,
    table,
)
from edgetlc.cli.options import Data, Device, DeviceFolder, Json, Resume, RunArgument, load_part
from edgetlc.locale import _

if TYPE_CHECKING:
    from edgetlc.calibration.measurement import CameraEffect, Measurement
    from edgetlc.calibration.quantize_run import QuantizedRun

OwnPhotos = Annotated[
    Path | None,
    typer.Option(
        "--calibration",
        help=_("Your own choice of calibration photos: a folder or list of training photos."),
    ),
]


def quantize(
    run: RunArgument,
    data: Data,
    calibration: CalibrationConfig,
    config: QuantizationConfig,
    own: OwnPhotos = None,
    device: Device = "cpu",
    resume: Resume = False,
    devices: DeviceFolder = None,
    json_: Json = False,
) -> None:
    """Make the int8 network of a run, calibrated on photos of its training part.

    Example: edgetlc quantize runs/herbs --data split.csv --max-drop 0.01
    """
    from edgetlc.calibration.quantize_run import quantize_run

    calibration = with_own(calibration, own, devices)
    config = replace(config, qat=trained_with(config.qat, calibration, device))
    photos = load_part(data, "all", devices)
    made = quantize_run(run, photos, calibration, config, resume=resume)
    note_unreadable(made.unreadable)
    answer(_document(made), lambda: _show(made), as_json=json_)


def with_own(
    calibration: CalibrationConfig, own: Path | None, devices: Path | None
) -> CalibrationConfig:
    """Return the configuration with the user's own choice of photos, where there is one."""
    return replace(calibration, own=load_part(own, "all", devices)) if own else calibration


def trained_with(
    qat: QatConfig | None, calibration: CalibrationConfig, device: str
) -> QatConfig | None:
    """Return the training, if any, with the command's seed and device."""
    return qat and replace(qat, seed=calibration.seed, device=device)


def _document(made: QuantizedRun) -> dict[str, Any]:
    calibration = made.calibration
    return {
        "network": str(made.path),
        "calibration_photos": len(calibration.photos),
        "simulated": calibration.simulated,
        "per_camera": calibration.per_camera,
        "coverage": calibration.coverage.to_json(),
        "calibration_digest": calibration.digest,
        **made.int8.to_json(),
        "float_bytes": made.float_bytes,
        "int8_bytes": made.int8_bytes,
        "unreadable": [{"file": str(p.path), "reason": reason} for p, reason in made.unreadable],
    }


def _show(made: QuantizedRun) -> None:
    coverage = made.calibration.coverage
    table(
        _("Calibration photos by camera"),
        (_("camera"), Number(_("photos")), Number(_("of training photos"))),
        ((camera, *counts) for camera, counts in coverage.cameras().items()),
        simulated=made.calibration.simulated,
    )
    for warning in coverage.warnings:
        say("note: {warning}", warning=warning)
    _show_effects(made.int8.measurement, made.simulated)
    if made.int8.float_fallback:
        names = (_("worst camera then"), Number(_("drop")), Number(_("false genuine")))
        table(
            _("Layers back in float, in this order"),
            (_("layer"), Number(_("nearer to float")), *names),
            (
                (
                    *(s.layer, percent(s.effect), s.worst_camera),
                    *(points(s.worst_drop), points(s.worst_rise)),
                )
                for s in made.int8.float_fallback
            ),
        )
    say(
        "{int8} layers in int8, {float} left in float",
        int8=made.int8.quantized.quantized_layers,
        float=made.int8.quantized.float_layers,
    )
    refit = made.int8.confidence
    say(
        "temperature {float:.2f} of the float network, {int8:.2f} of int8: mean confidence "
        "minus accuracy {excess} in float, {before} in int8, {after} refitted",
        float=refit.before.temperature,
        int8=refit.after.temperature,
        excess=points(refit.float_network.excess),
        before=points(refit.before.excess),
        after=points(refit.after.excess),
    )
    say(
        "{path}: {size:.1f} MB, {times:.1f} times smaller than float",
        path=made.path,
        size=made.int8_bytes / 1e6,
        times=made.float_bytes / made.int8_bytes,
    )


def _show_effects(found: Measurement, simulated: bool) -> None:
    """Print what compression did on the validation part, camera by camera, the worst marked."""
    names = (_("photos"), _("float"), _("int8"), _("drop"), _("agree"), _("false genuine"))
    table(
        _("Validation part, int8 against float"),
        (_("camera"), *numbers(names), ""),
        (
            (*_effect(effect), _("worst") if effect is found.worst else "")
            for effect in (*found.cameras, found.pooled)
        ),
        simulated=simulated,
    )


def _effect(effect: CameraEffect) -> tuple[object, ...]:
    return (
        effect.camera,
        effect.photos,
        percent(effect.float_right / effect.photos),
        percent(effect.right / effect.photos),
        points(effect.drop),
        percent(effect.agreeing / effect.photos),
        points(effect.rise) if effect.counterfeits else None,
    )
