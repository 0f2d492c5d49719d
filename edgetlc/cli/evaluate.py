"""`edgetlc evaluate`, and how tables show what networks reach on photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgetlc.cli.console import Answer, Results, left_out, numbers, percent, say, table
from edgetlc.cli.options import (
    Data,
    Device,
    DeviceFolder,
    Overwrite,
    PartName,
    ReportFile,
    RunArgument,
    load_part,
)
from edgetlc.config import option
from edgetlc.locale import _
from edgetlc.outputs import Target, check_outputs

if TYPE_CHECKING:
    from edgetlc.training.evaluate import Evaluation
    from edgetlc.training.metrics import Scores

FIGURES = ("accuracy", "precision", "recall", "f1", "auc")
COLUMNS = numbers(
    *(_("photos"), _("accuracy"), _("precision"), _("recall"), _("F1"), _("AUC")),
)


def scores_row(scores: Scores) -> tuple[object, ...]:
    """Return the cells of `COLUMNS`."""
    return (scores.count, *(percent(getattr(scores, name)) for name in FIGURES))


def evaluate(
    run: RunArgument,
    data: Data,
    results: Results,
    part: PartName = option("test", _("Part to use.")),
    device: Device = "cpu",
    report: ReportFile = None,
    overwrite: Overwrite = False,
    devices: DeviceFolder = None,
) -> Answer:
    """Score a trained network: accuracy, precision, recall, F1, AUC, per class and per camera.

    Example: edgetlc evaluate runs/herbs --data split.csv
    """
    from edgetlc.models.checkpoint import load_checkpoint
    from edgetlc.pages.training import write_page
    from edgetlc.training.evaluate import evaluate as score_run
    from edgetlc.training.report import report_evaluation

    photos = load_part(data, part, devices)
    outputs = Target(report, replace=overwrite), results.output(overwrite)
    check_outputs(outputs, [run, data, devices, *photos.files])
    checkpoint = load_checkpoint(run)
    found = score_run(checkpoint, photos, device=device)
    left_out(found.unreadable)
    document = {"part": part, **found.to_json()}
    rows = [
        {"camera": camera} | {name: getattr(scores, name) for name in ("count", *FIGURES)}
        for camera, scores in (("all", found.overall), *found.cameras.items())
    ]

    def write() -> None:
        if report is not None:
            write_page(report, report_evaluation(run, checkpoint, part, found))
        results.write(document, rows)

    return Answer(document, lambda: _show(found, part), write=write)


def _show(found: Evaluation, part: str) -> None:
    table(
        _("Part {part} by camera", part=part),
        (_("camera"), *COLUMNS),
        ((n, *scores_row(s)) for n, s in ((_("all"), found.overall), *found.cameras.items())),
        simulated=found.simulated,
    )
    classes = found.overall.classes
    table(
        _("By class"),
        (_("class"), COLUMNS[0], *COLUMNS[2:]),
        ((c.label, c.count, *map(percent, (c.precision, c.recall, c.f1, c.auc))) for c in classes),
    )
    table(
        _("Confusion: rows are the truth, columns the answers"),
        ("", *numbers(*(c.label for c in classes))),
        ((c.label, *counts) for c, counts in zip(classes, found.overall.confusion, strict=True)),
    )
    if found.simulated:
        say("Some photos are simulated: the figures say nothing of the real cameras.")
