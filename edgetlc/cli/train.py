"""`edgetlc train` and `edgetlc evaluate`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgetlc.cli.augmentation_options import (
    Augment,
    CameraAugment,
    CameraStrength,
    augmentation,
    camera_augmentation,
)
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
from edgetlc.cli.experiments import Compare, ComparePart, Folds, run_comparison, run_folds
from edgetlc.cli.leave_camera_out import LeaveCameraOutOption, run_unseen
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
from edgetlc.cli.training_options import (
    Architecture,
    BatchSize,
    Cache,
    CacheLimit,
    ClassWeights,
    Compile,
    DistillTemperature,
    DistillWeight,
    Dropout,
    Epochs,
    LabelSmoothing,
    LearningRate,
    Output,
    Patience,
    Precision,
    Resume,
    Shape,
    Size,
    Teacher,
    Weights,
    Workers,
    only_first_speaks,
    start_weights,
)
from edgetlc.errors import InputError
from edgetlc.runtime.contract import PixelContract
from edgetlc.training.runs import REPORT_FILE

if TYPE_CHECKING:
    from edgetlc.data.photos import PhotoSet
    from edgetlc.training.config import Distillation, TrainingConfig
    from edgetlc.training.evaluate import Evaluation
    from edgetlc.training.metrics import Scores
    from edgetlc.training.report import RunReport
    from edgetlc.training.train import TrainedRun


def train(
    data: Data,
    output: Output,
    arch: Architecture = "resnet50",
    epochs: Epochs = 20,
    batch_size: BatchSize = 32,
    lr: LearningRate = 1e-3,
    size: Size = 224,
    geometry: Shape = "squash",
    weights: Weights = None,
    teacher: Teacher = None,
    distill_weight: DistillWeight = None,
    distill_temperature: DistillTemperature = None,
    augment: Augment = None,
    camera_augment: CameraAugment = 0.0,
    camera_strength: CameraStrength = 1.0,
    label_smoothing: LabelSmoothing = 0.0,
    dropout: Dropout = 0.0,
    class_weights: ClassWeights = "none",
    patience: Patience = None,
    folds: Folds = None,
    compare: Compare = None,
    part: ComparePart = "val",
    leave_camera_out: LeaveCameraOutOption = None,
    device: Device = "cpu",
    precision: Precision = "auto",
    compile_: Compile = False,
    workers: Workers = 0,
    cache: Cache = None,
    cache_limit: CacheLimit = 20.0,
    seed: Seed = 0,
    resume: Resume = False,
    overwrite: Overwrite = False,
    devices: DeviceFolder = None,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Train a classifier with the standard's augmentation; keep the best epoch by validation.

    On several GPUs: torchrun --nproc-per-node 4 -m edgetlc train --device cuda, and so on.

    Example: edgetlc train --data split.csv --arch resnet50 -o runs/herbs
    """
    need_toolchain("edgetlc train")
    from edgetlc.training.config import TrainingConfig

    if sum(option is not None for option in (folds, compare, leave_camera_out)) > 1:
        raise InputError("--folds, --compare and --leave-camera-out are done one at a time")
    if part == "test" and compare is None:
        raise InputError("--part belongs to --compare; 'edgetlc evaluate --part test' scores a run")
    with only_first_speaks():
        config = TrainingConfig(
            architecture=arch,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=lr,
            seed=seed,
            device=device,
            workers=workers,
            distillation=_distillation(teacher, distill_weight, distill_temperature),
            weights=start_weights(weights, compare.split(",") if compare else [arch]),
            contract=PixelContract(size=size, geometry=geometry),
            augmentation=augmentation(augment),
            camera_augmentation=camera_augmentation(camera_augment, camera_strength, devices),
            label_smoothing=label_smoothing,
            dropout=dropout,
            class_weights=class_weights,
            patience=patience,
            precision=precision,
            compile=compile_,
            cache=cache,
            cache_limit=int(cache_limit * 1e9),
        )
        photos = load_part(data, "all", devices)
        how = {"overwrite": overwrite, "resume": resume, "as_json": json_}
        if folds is not None:
            run_folds(photos, config, output, folds, **how)
        elif compare is not None:
            run_comparison(photos, config, compare, output, part=part, **how)
        elif leave_camera_out is not None:
            run_unseen(
                photos,
                config,
                leave_camera_out,
                output,
                devices,
                share=camera_augment,
                strength=camera_strength,
                **how,
            )
        else:
            _train_one(photos, config, output, **how)


def _train_one(
    photos: PhotoSet,
    config: TrainingConfig,
    output: Path,
    *,
    overwrite: bool,
    resume: bool,
    as_json: bool,
) -> None:
    from edgetlc.experiments.run import train_run

    run, report = train_run(photos, config, output, overwrite=overwrite, resume=resume)
    for photo, reason in run.unreadable:
        note(f"left out {photo.path}: {reason}")
    document = {
        "run": str(run.folder),
        "simulated": photos.simulated,
        "best": asdict(run.best),
        "epochs": [asdict(epoch) for epoch in run.epochs],
        "weights": None if run.weights is None else asdict(run.weights),
        "unreadable": [{"file": str(p.path), "reason": reason} for p, reason in run.unreadable],
        "findings": [finding.to_json() for finding in report.findings],
    }
    answer(document, lambda: _show_run(run, report, photos.simulated), as_json=as_json)


def _distillation(
    teacher: Path | None, weight: float | None, temperature: float | None
) -> Distillation | None:
    from edgetlc.training.config import Distillation

    given = {"weight": weight, "temperature": temperature}
    settings = {name: value for name, value in given.items() if value is not None}
    if teacher is not None:
        return Distillation(teacher, **settings)
    if settings:
        raise InputError(f"--distill-{next(iter(settings))} is for a student; name its --teacher")
    return None


def _show_run(run: TrainedRun, report: RunReport, simulated: bool) -> None:
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
    for finding in report.findings:
        say(finding.text)
    say(f"Curves, confusions and settings: {run.folder / REPORT_FILE}")


def evaluate(
    run: RunArgument,
    data: Data,
    part: PartOption = "test",
    device: Device = "cpu",
    results_file: ResultsFile = None,
    results_format: ResultsFormat = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Also write an HTML page that opens offline.")
    ] = None,
    devices: DeviceFolder = None,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Score a trained network: accuracy, precision, recall, F1, AUC, per class and per camera.

    Example: edgetlc evaluate runs/herbs --data split.csv
    """
    need_toolchain("edgetlc evaluate")
    from edgetlc.models.checkpoint import load_checkpoint
    from edgetlc.training.evaluate import evaluate as score_run
    from edgetlc.training.metrics import scores_to_json
    from edgetlc.training.page import write_page
    from edgetlc.training.report import report_evaluation

    checkpoint = load_checkpoint(run)
    found = score_run(checkpoint, load_part(data, part, devices), device=device)
    for photo, reason in found.unreadable:
        note(f"left out {photo.path}: {reason}")
    if report is not None:
        write_page(report, report_evaluation(run, checkpoint, part, found))
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
    names = ("count", "accuracy", "precision", "recall", "f1", "auc")
    return {name: getattr(scores, name) for name in names}


def _show_evaluation(found: Evaluation, part: str) -> None:
    columns = ("photos ", "accuracy ", "precision ", "recall ", "F1 ", "AUC ")
    cells = {"all": found.overall, **found.cameras}
    title = f"Part {part} by camera{simulated_mark(found.simulated)}"
    table(title, ("camera", *columns), ((name, *_row(s)) for name, s in cells.items()))
    classes = found.overall.classes
    table(
        "By class",
        ("class", "photos ", "precision ", "recall ", "F1 ", "AUC "),
        ((c.label, c.count, *map(_share, (c.precision, c.recall, c.f1, c.auc))) for c in classes),
    )
    table(
        "Confusion: rows are the truth, columns the answers",
        ("", *(f"{c.label} " for c in classes)),
        ((c.label, *counts) for c, counts in zip(classes, found.overall.confusion, strict=True)),
    )
    if found.simulated:
        say("Some photos are simulated: the figures say nothing of the real cameras.")


def _row(scores: Scores) -> tuple[object, ...]:
    shares = (scores.accuracy, scores.precision, scores.recall, scores.f1, scores.auc)
    return (scores.count, *(_share(value) for value in shares))


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.1%}"
