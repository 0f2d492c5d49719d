"""`edgetlc train` and `edgetlc evaluate`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    Data,
    Device,
    Overwrite,
    PartOption,
    ResultsFile,
    ResultsFormat,
    RunArgument,
    Seed,
    load_part,
)
from edgetlc.cli.results import write_results
from edgetlc.cli.toolchain import need_toolchain
from edgetlc.errors import InputError
from edgetlc.runtime.contract import Geometry, PixelContract

if TYPE_CHECKING:
    from edgetlc.models.checkpoint import LoadedWeights
    from edgetlc.training.distillation import Distillation
    from edgetlc.training.evaluate import Evaluation
    from edgetlc.training.metrics import Scores
    from edgetlc.training.train import Epoch, TrainedRun


def train(
    data: Data,
    output: Annotated[Path, typer.Option("-o", "--output", help="Run folder to make.")],
    arch: Annotated[
        str,
        typer.Option(help="resnet18, resnet34, resnet50, densenet121, densenet161, densenet169."),
    ] = "resnet50",
    epochs: Annotated[int, typer.Option(help="Passes over the training part.")] = 20,
    batch_size: Annotated[int, typer.Option(help="Photos per step.")] = 32,
    lr: Annotated[float, typer.Option(help="Highest learning rate of the schedule.")] = 1e-3,
    size: Annotated[
        int, typer.Option(help="Side of the network's input; the standard's: 224.")
    ] = 224,
    geometry: Annotated[
        Geometry, typer.Option(help="How a photo becomes square; the standard's: squash.")
    ] = "squash",
    weights: Annotated[
        Path | None, typer.Option(help="Start from this .safetensors or .pth file.")
    ] = None,
    teacher: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Learn from this trained network as well.")
    ] = None,
    distill_weight: Annotated[
        float | None,
        typer.Option(help="Of --teacher: its share of the loss, the labels' is the rest. [0.5]"),
    ] = None,
    distill_temperature: Annotated[
        float | None, typer.Option(help="Of --teacher: softens both networks' answers. [4]")
    ] = None,
    device: Device = "cpu",
    workers: Annotated[int, typer.Option(help="Processes that augment photos.")] = 0,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    devices: DeviceFolder = None,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Train a classifier with the standard's augmentation; keep the best epoch by validation.

    Example: edgetlc train --data split.csv --arch resnet50 -o runs/herbs
    """
    need_toolchain("edgetlc train")
    from edgetlc.training.config import TrainingConfig
    from edgetlc.training.train import train as run_training

    config = TrainingConfig(
        architecture=arch,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=lr,
        seed=seed,
        device=device,
        workers=workers,
        weights=weights,
        contract=PixelContract(size=size, geometry=geometry),
        distillation=_distillation(teacher, distill_weight, distill_temperature),
    )
    photos = load_part(data, "all", devices)
    run = run_training(
        photos,
        config,
        output,
        overwrite=overwrite,
        track=track,
        on_start=_tell_weights,
        on_epoch=tell_epoch,
    )
    for photo, reason in run.unreadable:
        note(f"left out {photo.path}: {reason}")
    document = {
        "run": str(run.folder),
        "simulated": photos.simulated,
        "best": asdict(run.best),
        "epochs": [asdict(epoch) for epoch in run.epochs],
        "weights": None if run.weights is None else asdict(run.weights),
        "unreadable": [{"file": str(p.path), "reason": reason} for p, reason in run.unreadable],
    }
    answer(document, lambda: _show_run(run, photos.simulated), as_json=json_)


def _distillation(
    teacher: Path | None, weight: float | None, temperature: float | None
) -> Distillation | None:
    from edgetlc.training.distillation import Distillation

    given = {"weight": weight, "temperature": temperature}
    settings = {name: value for name, value in given.items() if value is not None}
    if teacher is not None:
        return Distillation(teacher, **settings)
    if settings:
        raise InputError(f"--distill-{next(iter(settings))} is for a student; name its --teacher")
    return None


def _tell_weights(loaded: LoadedWeights | None) -> None:
    if loaded is None:
        note("starting from random weights")
        return
    note(f"starting from a file: {len(loaded.loaded)} tensors loaded")
    for what, names in (
        ("not found in it, random", loaded.not_found),
        ("of another shape, random", loaded.wrong_shape),
        ("in it but unused", loaded.unused),
    ):
        if names:
            note(f"  {what}: {', '.join(names)}")


def tell_epoch(epoch: Epoch) -> None:
    """Print one epoch's figures beside the answer."""
    note(
        f"epoch {epoch.epoch}: train loss {epoch.train_loss:.3f}, "
        f"val loss {epoch.val_loss:.3f}, val accuracy {epoch.val_accuracy:.1%}"
    )


def _show_run(run: TrainedRun, simulated: bool) -> None:
    columns = ("epoch ", "train loss ", "val loss ", "val accuracy ", "")
    table(
        f"Run {run.folder}{simulated_mark(simulated)}",
        columns,
        (
            (
                e.epoch,
                f"{e.train_loss:.3f}",
                f"{e.val_loss:.3f}",
                f"{e.val_accuracy:.1%}",
                "kept" if e is run.best else "",
            )
            for e in run.epochs
        ),
    )


def evaluate(
    run: RunArgument,
    data: Data,
    part: PartOption = "test",
    device: Device = "cpu",
    results_file: ResultsFile = None,
    results_format: ResultsFormat = None,
    devices: DeviceFolder = None,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Score a trained network: accuracy, precision, recall, F1, per class and per camera.

    Example: edgetlc evaluate runs/herbs --data split.csv
    """
    need_toolchain("edgetlc evaluate")
    from edgetlc.models.checkpoint import load_checkpoint
    from edgetlc.training.evaluate import evaluate as score_run
    from edgetlc.training.metrics import scores_to_json

    checkpoint = load_checkpoint(run)
    found = score_run(checkpoint, load_part(data, part, devices), device=device, track=track)
    for photo, reason in found.unreadable:
        note(f"left out {photo.path}: {reason}")
    document = {
        "part": part,
        "simulated": found.simulated,
        "overall": scores_to_json(found.overall),
        "cameras": {camera: scores_to_json(s) for camera, s in found.cameras.items()},
        "unreadable": [{"file": str(p.path), "reason": reason} for p, reason in found.unreadable],
    }
    rows = [{"camera": "all", **_figures(found.overall)}]
    rows += [{"camera": camera, **_figures(scores)} for camera, scores in found.cameras.items()]
    write_results(results_file, results_format, document, rows)
    answer(document, lambda: _show_evaluation(found, part), as_json=json_)


def _figures(scores: Scores) -> dict[str, object]:
    names = ("count", "accuracy", "precision", "recall", "f1")
    return {name: getattr(scores, name) for name in names}


def _show_evaluation(found: Evaluation, part: str) -> None:
    columns = ("photos ", "accuracy ", "precision ", "recall ", "F1 ")
    cells = {"all": found.overall, **found.cameras}
    title = f"Part {part} by camera{simulated_mark(found.simulated)}"
    table(title, ("camera", *columns), ((name, *_row(s)) for name, s in cells.items()))
    classes = found.overall.classes
    table(
        "By class",
        ("class", "photos ", "precision ", "recall ", "F1 "),
        ((c.label, c.count, _share(c.precision), _share(c.recall), _share(c.f1)) for c in classes),
    )
    table(
        "Confusion: rows are the truth, columns the answers",
        ("", *(f"{c.label} " for c in classes)),
        ((c.label, *counts) for c, counts in zip(classes, found.overall.confusion, strict=True)),
    )
    if found.simulated:
        say("Some photos are simulated: the figures say nothing of the real cameras.")


def _row(scores: Scores) -> tuple[object, ...]:
    shares = (scores.accuracy, scores.precision, scores.recall, scores.f1)
    return (scores.count, *(_share(value) for value in shares))


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.1%}"
