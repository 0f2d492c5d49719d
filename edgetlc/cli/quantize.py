"""`edgetlc quantize`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from edgetlc.calibration.config import CalibrationConfig, QuantizationConfig, SearchConfig
from edgetlc.cli.console import Answer, left_out, numbers, percent, points, say, table
from edgetlc.cli.options import (
    Data,
    Device,
    DeviceFolder,
    Overwrite,
    Resume,
    RunArgument,
    load_part,
)
from edgetlc.config import option
from edgetlc.locale import _
from edgetlc.outputs import Target, check_outputs
from edgetlc.statistics.paired import photos_to_certify

if TYPE_CHECKING:
    from edgetlc.calibration.measurement import CameraEffect, Measurement
    from edgetlc.calibration.quantize_run import QuantizedRun

Config = TypeVar("Config", QuantizationConfig, SearchConfig)

OWN_PHOTOS = _("Your own choice of calibration photos: a folder or list of training photos.")


def quantize(
    run: RunArgument,
    data: Data,
    calibration: CalibrationConfig,
    config: QuantizationConfig,
    own: Path | None = option(None, OWN_PHOTOS, flag="--calibration"),
    device: Device = "cpu",
    resume: Resume = False,
    overwrite: Overwrite = False,
    devices: DeviceFolder = None,
) -> Answer:
    """Make the int8 network of a run, calibrated on photos of its training part.

    Example: edgetlc quantize runs/herbs --data split.csv --max-drop 0.01
    """
    from edgetlc.calibration.quantize_run import quantize_run

    calibration, config = prepared(calibration, config, own, devices, device)
    photos = load_part(data, "all", devices)
    check_outputs([int8_output(run, replace=overwrite or resume)], [data, devices, *photos.files])
    made = quantize_run(run, photos, calibration, config, resume=resume)
    return Answer(_document(made), lambda: _show(made))


def int8_output(run: Path, *, replace: bool) -> Target:
    """Return what quantizing writes into a run, whatever else it leaves there."""
    from edgetlc.models.int8_checkpoint import INT8_FILE

    return Target(run / INT8_FILE, replace=replace)


def prepared(
    calibration: CalibrationConfig,
    config: Config,
    own: Path | None,
    devices: Path | None,
    device: str,
) -> tuple[CalibrationConfig, Config]:
    """Return both with the user's own photos, and the seed and the device of any training."""
    if own:
        calibration = replace(calibration, own=load_part(own, "all", devices))
    qat = config.qat and replace(config.qat, seed=calibration.seed, device=device)
    return calibration, replace(config, qat=qat)


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
        "unreadable": left_out(made.unreadable),
    }


def _show(made: QuantizedRun) -> None:
    coverage, int8 = made.calibration.coverage, made.int8
    table(
        _("Calibration photos by camera"),
        (_("camera"), *numbers(_("photos"), _("of training photos"))),
        ((camera, *counts) for camera, counts in coverage.cameras().items()),
        simulated=made.calibration.simulated,
    )
    for warning in coverage.warnings:
        say("note: {warning}", warning=warning)
    _show_effects(int8.measurement, made.simulated)
    if int8.float_fallback:
        nearer, drop, rise = numbers(_("nearer to float"), _("drop"), _("false genuine"))
        rows = (
            (s.layer, percent(s.effect), s.worst_camera, points(s.worst_drop), points(s.worst_rise))
            for s in int8.float_fallback
        )
        columns = (_("layer"), nearer, _("worst camera then"), drop, rise)
        table(_("Layers back in float, in this order"), columns, rows)
    say(
        "{int8} layers in int8, {float} left in float",
        int8=int8.quantized.quantized_layers,
        float=int8.quantized.float_layers,
    )
    refit = int8.confidence
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
    from edgetlc.calibration.measurement import CONFIDENCE

    drop = (_("drop"), _("at most"))
    names = (_("photos"), _("float"), _("int8"), *drop, _("agree"), _("false genuine"))
    effects = (*found.cameras, found.pooled)
    rows = ((*_effect(one), _("worst") if one is found.worst else "") for one in effects)
    columns = (_("camera"), *numbers(*names), "")
    table(_("Validation part, int8 against float"), columns, rows, simulated=simulated)
    say(
        "at most: exact bound of the drop on other photos, 95 % confidence; of the worst camera "
        "{bound:.1%}. To show 1 % takes {photos} photos of each camera, none right to wrong "
        "('edgetlc plan'); 'verify' judges on the test part.",
        bound=found.worst_drop_at_most,
        photos=photos_to_certify(0, 0.01, CONFIDENCE),
    )


def _effect(effect: CameraEffect) -> tuple[object, ...]:
    return (
        *(effect.camera, effect.photos, percent(effect.float_right / effect.photos)),
        *(percent(effect.right / effect.photos), points(effect.drop), percent(effect.drop_at_most)),
        percent(effect.agreeing / effect.photos),
        points(effect.rise) if effect.counterfeits else None,
    )
