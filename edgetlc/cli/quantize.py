"""`edgetlc quantize`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

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
)
from edgetlc.cli.options import Data, Device, RunArgument, Seed, load_part
from edgetlc.cli.toolchain import need_toolchain
from edgetlc.errors import InputError
from edgetlc.locale import local

if TYPE_CHECKING:
    from edgetlc.calibration.measurement import CameraEffect, Measurement
    from edgetlc.calibration.quantize_run import QuantizedRun
    from edgetlc.calibration.search.result import SearchResult

_percent = "{:.1%}".format


def quantize(
    run: RunArgument,
    data: Data,
    count: Annotated[int, typer.Option("--photos", help="Calibration photos.")] = 300,
    own: Annotated[
        Path | None,
        typer.Option(
            "--calibration", help="Your own choice of them: a folder or list of training photos."
        ),
    ] = None,
    allow_missing_cameras: Annotated[
        bool,
        typer.Option(
            "--allow-missing-cameras",
            help="Go on where a camera to be verified has no training photo.",
        ),
    ] = False,
    preset: Annotated[
        Literal["performance", "mixed"],
        typer.Option(help="Ranges around zero, or of their own (mixed)."),
    ] = "performance",
    bias_correction: Annotated[
        Literal["fast", "accurate"], typer.Option(help="How biases make up for rounding.")
    ] = "fast",
    float_layer: Annotated[
        list[str] | None, typer.Option(help="Leave this layer in float; repeat it.")
    ] = None,
    max_drop: Annotated[
        float | None,
        typer.Option(
            help="Largest fall of the worst camera's accuracy, 0.01 for 1 %: layers return to "
            "float until it holds."
        ),
    ] = None,
    qat: Annotated[
        int,
        typer.Option(
            "--qat", metavar="EPOCHS", min=0, help="Train the int8 network on, with its rounding."
        ),
    ] = 0,
    search: Annotated[
        bool,
        typer.Option("--search", help="Try the ways, time them here, recommend one per target."),
    ] = False,
    student: Annotated[
        list[Path] | None,
        typer.Option(metavar="RUN", help="Of --search: a smaller network too; repeat it."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Of --search: also write this HTML page.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an interrupted command stopped.")
    ] = False,
    device: Device = "cpu",
    seed: Seed = 0,
    devices: DeviceFolder = None,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Make the int8 network of a run, calibrated on photos of its training part.

    With --search: every way to do it, compared by the worst camera's accuracy, time and size; the
    recommended network becomes the run's.

    Example: edgetlc quantize runs/herbs --data split.csv --max-drop 0.01
    """
    need_toolchain("edgetlc quantize")
    from edgetlc.calibration.config import (
        CalibrationConfig,
        QatConfig,
        QuantizationConfig,
        SearchConfig,
    )
    from edgetlc.calibration.quantize_run import quantize_run
    from edgetlc.calibration.search.run import search_run
    from edgetlc.pages.search import write_page

    mine = load_part(own, "all", devices) if own else None
    training = QatConfig(qat, seed=seed, device=device) if qat else None
    wanted = QuantizationConfig(
        preset, bias_correction, tuple(float_layer or ()), training, max_drop
    )
    photos = load_part(data, "all", devices)
    calibration = CalibrationConfig(count, seed, mine, allow_missing_cameras)
    if search:
        if replace(wanted, qat=None, max_drop=None) != QuantizationConfig():
            raise InputError("--search tries the presets itself; leave out how to quantize")
        bound = SearchConfig.max_drop if max_drop is None else max_drop
        config = SearchConfig(bound, training, tuple(student or ()))
        found = search_run(run, photos, calibration, config, resume=resume)
        if report:
            write_page(report, found)
        answer(
            found.to_json(),
            lambda: _show_search(found, run, config.students, report),
            as_json=json_,
        )
        return
    if student or report:
        raise InputError("--student and --report belong to --search")
    made = quantize_run(run, photos, calibration, wanted, resume=resume)
    for photo, reason in made.unreadable:
        note(f"left out {photo.path}: {reason}")
    answer(_document(made), lambda: _show(made), as_json=json_)


def _document(made: QuantizedRun) -> dict[str, Any]:
    calibration = made.calibration
    return {
        "network": str(made.path),
        "calibration_photos": len(calibration.photos),
        "simulated": calibration.simulated,
        "per_camera": calibration.per_camera,
        "coverage": calibration.coverage.to_json(),
        "calibration_digest": calibration.digest,
        "quantized_layers": made.quantized_layers,
        "float_layers": made.float_layers,
        "float_fallback": [vars(step) for step in made.float_fallback],
        "validation": made.measurement.to_json(),
        "confidence": made.confidence.to_json(),
        "float_bytes": made.float_bytes,
        "int8_bytes": made.int8_bytes,
        "unreadable": [{"file": str(p.path), "reason": reason} for p, reason in made.unreadable],
    }


def _show(made: QuantizedRun) -> None:
    calibration = made.calibration
    coverage = calibration.coverage
    table(
        f"Calibration photos by camera{simulated_mark(calibration.simulated)}",
        ("camera", "photos ", "of training photos "),
        ((camera, *counts) for camera, counts in coverage.cameras().items()),
    )
    for warning in coverage.warnings:
        say(f"note: {warning}")
    show_effects(made.measurement, made.simulated)
    if made.float_fallback:
        table(
            "Layers back in float, in this order",
            ("layer", "nearer to float ", "worst camera then", "drop ", "false genuine "),
            (
                (
                    s.layer,
                    _percent(s.effect),
                    s.worst_camera,
                    *map(_points, (s.worst_drop, s.worst_rise)),
                )
                for s in made.float_fallback
            ),
        )
    say(f"{made.quantized_layers} layers in int8, {made.float_layers} left in float")
    refit = made.confidence
    say(
        f"temperature {refit.before.temperature:.2f} of the float network, "
        f"{refit.after.temperature:.2f} of int8: mean confidence minus accuracy "
        f"{_points(refit.float_network.excess)} in float, "
        f"{_points(refit.before.excess)} in int8, {_points(refit.after.excess)} refitted"
    )
    say(
        f"{made.path}: {made.int8_bytes / 1e6:.1f} MB, "
        f"{made.float_bytes / made.int8_bytes:.1f} times smaller than float"
    )


def _show_search(
    found: SearchResult, run: Path, students: Sequence[Path], report: Path | None
) -> None:
    from edgetlc.calibration.search.run import next_steps
    from edgetlc.calibration.search.table import costs, losses

    mark = simulated_mark(found.simulated)
    for title, (columns, rows) in (
        (f"Candidates on the validation part{mark}", losses(found)),
        ("Time for one photo, and size", costs(found)),
    ):
        table(title, [local(column.name) + " " * column.number for column in columns], rows)
    for name, reason in found.left_out:
        say(f"left out {name}: {reason}")
    table(
        f"Recommendation, no camera losing more than {found.max_drop:.1%}",
        ("target", "ship", "reason"),
        ((one.label, one.candidate, one.reason) for one in found.recommendations),
    )
    for line in next_steps(found, run, students):
        say(line)
    if report:
        say(f"report: {report}")


def show_effects(found: Measurement, simulated: bool) -> None:
    """Print what compression did on the validation part, camera by camera, the worst marked."""
    rows = [*found.cameras, found.pooled]
    table(
        f"Validation part, int8 against float{simulated_mark(simulated)}",
        ("camera", "photos ", "float ", "int8 ", "drop ", "agree ", "false genuine ", ""),
        ((*_effect(effect), "worst" if effect is found.worst else "") for effect in rows),
    )


def _effect(effect: CameraEffect) -> tuple[object, ...]:
    return (
        effect.camera,
        effect.photos,
        _percent(effect.float_right / effect.photos),
        _percent(effect.right / effect.photos),
        _points(effect.drop),
        _percent(effect.agreeing / effect.photos),
        _points(effect.rise) if effect.counterfeits else None,
    )


def _points(share: float) -> str:
    """Return a difference of shares in percentage points."""
    return f"{100 * share:+.1f}"
