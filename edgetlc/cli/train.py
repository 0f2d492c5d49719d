"""`edgetlc train`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgetlc.cli.console import Answer, left_out, numbers, percent, say, table
from edgetlc.cli.options import Data, DeviceFolder, Output, Overwrite, Resume, load_part
from edgetlc.locale import _
from edgetlc.outputs import Target, check_outputs
from edgetlc.training.camera_augment import known_looks
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
) -> Answer:
    """Train a classifier with the standard's augmentation; keep the best epoch by validation.

    The run folder's config.toml holds the settings; --config takes them from there.

    On several GPUs: torchrun --nproc-per-node 4 -m edgetlc train --device cuda, and so on.

    Example: edgetlc train --data split.csv --arch resnet50 -o runs/herbs
    """
    from edgetlc.experiments.run import train_run

    photos = load_part(data, "all", devices)
    check_run_folder(output, config, [data, devices, *photos.files])
    config = ready(config, devices)
    run, report = train_run(photos, config, output, overwrite=overwrite, resume=resume)
    document = {
        "run": str(run.folder),
        "simulated": photos.simulated,
        "best": asdict(run.best),
        "epochs": [asdict(epoch) for epoch in run.epochs],
        "weights": None if run.weights is None else asdict(run.weights),
        "unreadable": left_out(run.unreadable),
        "findings": [finding.to_json() for finding in report.findings],
    }
    return Answer(document, lambda: _show(run, report, photos.simulated))


def check_run_folder(output: Path, config: TrainingConfig, inputs: Iterable[Path | None]) -> None:
    """Refuse a folder for runs, or for decoded photos, that cannot be written or holds the input.

    Training itself refuses a folder that holds a run already.
    """
    outputs = (Target(place, "folder", replace=True) for place in (output, config.cache))
    check_outputs(outputs, inputs)


def ready(
    config: TrainingConfig, devices: Path | None, networks: Sequence[str] = ()
) -> TrainingConfig:
    """Return a configuration with the user's own cameras; ImageNet weights are downloaded.

    `networks` are those that will be trained; the configuration's unless told.

    Raises:
        InputError: weights cannot be downloaded, or a profile is not valid.
    """
    from edgetlc.models.pretrained import IMAGENET, download_imagenet_weights

    if config.weights == IMAGENET:
        for network in networks or [config.architecture]:
            download_imagenet_weights(network)
    augmentation = config.camera_augmentation
    if augmentation is not None and augmentation.looks == known_looks():
        augmentation = replace(augmentation, looks=known_looks(devices))
    if augmentation is not None and not augmentation.probability:
        augmentation = None
    return replace(config, camera_augmentation=augmentation)


def _show(run: TrainedRun, report: RunReport, simulated: bool) -> None:
    rows = (
        (
            *(e.epoch, f"{e.train_loss:.3f}", f"{e.val_loss:.3f}", percent(e.val_accuracy)),
            _("kept") if e is run.best else "",
        )
        for e in run.epochs
    )
    columns = numbers(_("epoch"), _("train loss"), _("val loss"), _("val accuracy"))
    table(_("Run {folder}", folder=run.folder), (*columns, ""), rows, simulated=simulated)
    for finding in report.findings:
        say(finding.text)
    say("Curves, confusions and settings: {page}", page=run.folder / REPORT_FILE)
