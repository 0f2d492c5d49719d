"""`edgetlc evaluate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgetlc.cli.console import Number, answer, note_unreadable, percent, say, table
from edgetlc.cli.options import (
    Data,
    Device,
    DeviceFolder,
    Json,
    PartOption,
    ReportFile,
    RunArgument,
    load_part,
)
from edgetlc.cli.results import Results
from edgetlc.cli.scores_view import COLUMNS, FIGURES, scores_row
from edgetlc.locale import _

if TYPE_CHECKING:
    from edgetlc.training.evaluate import Evaluation
    from edgetlc.training.metrics import Scores


def evaluate(
    run: RunArgument,
    data: Data,
    results: Results,
    part: PartOption = "test",
    device: Device = "cpu",
    report: ReportFile = None,
    devices: DeviceFolder = None,
    json_: Json = False,
) -> None:
    """Score a trained network: accuracy, precision, recall, F1, AUC, per class and per camera.

    Example: edgetlc evaluate runs/herbs --data split.csv
    """
    from edgetlc.models.checkpoint import load_checkpoint
    from edgetlc.pages.training import write_page
    from edgetlc.training.evaluate import evaluate as score_run
    from edgetlc.training.report import report_evaluation

    checkpoint = load_checkpoint(run)
    found = score_run(checkpoint, load_part(data, part, devices), device=device)
    note_unreadable(found.unreadable)
    if report is not None:
        write_page(report, report_evaluation(run, checkpoint, part, found))
    document = {"part": part, **found.to_json()}
    rows = [_figures("all", found.overall)]
    rows += [_figures(camera, scores) for camera, scores in found.cameras.items()]
    results.write(document, rows)
    answer(document, lambda: _show(found, part), as_json=json_)


def _figures(camera: str, scores: Scores) -> dict[str, object]:
    return {"camera": camera} | {name: getattr(scores, name) for name in ("count", *FIGURES)}


def _show(found: Evaluation, part: str) -> None:
    rows = {_("all"): found.overall, **found.cameras}
    table(
        _("Part {part} by camera", part=part),
        (_("camera"), *COLUMNS),
        ((name, *scores_row(scores)) for name, scores in rows.items()),
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
        ("", *(Number(c.label) for c in classes)),
        ((c.label, *counts) for c, counts in zip(classes, found.overall.confusion, strict=True)),
    )
    if found.simulated:
        say("Some photos are simulated: the figures say nothing of the real cameras.")
