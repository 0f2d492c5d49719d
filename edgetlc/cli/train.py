"""`edgetlc train`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from edgetlc.cli.console import answer, note_unreadable, numbers, percent, say, table
from edgetlc.cli.options import Data, DeviceFolder, Json, Output, Overwrite, Resume, load_part
from edgetlc.cli.training import ready
from edgetlc.locale import _
from edgetlc.training.config import TrainingConfig
from edgetlc.training.runs import REPORT_FILE

if TYPE_CHECKING:
    from edgetlc.training.report import RunReport
    from edgetlc.training.train import TrainedRun


def train(
    data: Data,
    output: Output,
    config: TrainingConfig,
    resume: Resume = False,
    overwrite: Overwrite = False,
    devices: DeviceFolder = None,
    json_: Json = False,
) -> None:
    """Train a classifier with the standard's augmentation; keep the best epoch by validation.

    The run folder's config.toml holds the settings; --config takes them from there.

    On several GPUs: torchrun --nproc-per-node 4 -m edgetlc train --device cuda, and so on.

    Example: edgetlc train --data split.csv --arch resnet50 -o runs/herbs
    """
    from edgetlc.experiments.run import train_run

    with ready(config, devices) as config:
        photos = load_part(data, "all", devices)
        run, report = train_run(photos, config, output, overwrite=overwrite, resume=resume)
        note_unreadable(run.unreadable)
        document = {
            "run": str(run.folder),
            "simulated": photos.simulated,
            "best": asdict(run.best),
            "epochs": [asdict(epoch) for epoch in run.epochs],
            "weights": None if run.weights is None else asdict(run.weights),
            "unreadable": [{"file": str(p.path), "reason": reason} for p, reason in run.unreadable],
            "findings": [finding.to_json() for finding in report.findings],
        }
        answer(document, lambda: _show(run, report, photos.simulated), as_json=json_)


def _show(run: TrainedRun, report: RunReport, simulated: bool) -> None:
    names = (_("epoch"), _("train loss"), _("val loss"), _("val accuracy"))
    table(
        _("Run {folder}", folder=run.folder),
        (*numbers(names), ""),
        (
            (
                e.epoch,
                f"{e.train_loss:.3f}",
                f"{e.val_loss:.3f}",
                percent(e.val_accuracy),
                _("kept") if e is run.best else "",
            )
            for e in run.epochs
        ),
        simulated=simulated,
    )
    for finding in report.findings:
        say(finding.text)
    say("Curves, confusions and settings: {page}", page=run.folder / REPORT_FILE)
