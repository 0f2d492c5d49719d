"""`edgetlc search`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edgetlc.calibration.config import CalibrationConfig, SearchConfig
from edgetlc.cli.console import Answer, numbers, say, table
from edgetlc.cli.options import (
    Data,
    Device,
    DeviceFolder,
    Overwrite,
    ReportFile,
    Resume,
    RunArgument,
    load_part,
)
from edgetlc.cli.quantize import OWN_PHOTOS, int8_output, prepared
from edgetlc.config import option
from edgetlc.locale import _
from edgetlc.outputs import Target, check_outputs

if TYPE_CHECKING:
    from edgetlc.calibration.search.result import SearchResult


def search(
    run: RunArgument,
    data: Data,
    calibration: CalibrationConfig,
    config: SearchConfig,
    own: Path | None = option(None, OWN_PHOTOS, flag="--calibration"),
    report: ReportFile = None,
    device: Device = "cpu",
    resume: Resume = False,
    overwrite: Overwrite = False,
    devices: DeviceFolder = None,
) -> Answer:
    """Try every way to make a run small and fast; recommend one for each target.

    Compares the worst camera's accuracy, the time here on every engine, and the size. The
    recommended int8 network becomes the run's.

    Example: edgetlc search runs/herbs --data split.csv --student runs/small --report search.html
    """
    from edgetlc.calibration.search.run import search_run
    from edgetlc.devices.profiles import Cameras
    from edgetlc.pages.search import write_page

    calibration, config = prepared(calibration, config, own, devices, device)
    photos = load_part(data, "all", devices)
    read = [data, devices, *photos.files, *config.students]
    check_outputs([Target(report, replace=overwrite)], [run, *read])
    check_outputs([int8_output(run, replace=overwrite or resume)], read)
    found = search_run(run, photos, calibration, config, resume=resume)

    def write() -> None:
        if report:
            write_page(report, found, Cameras.load(devices))

    show = partial(_show, found, run, config.students, report)
    return Answer(found.to_json(), show, write=write)


def _show(found: SearchResult, run: Path, students: Sequence[Path], report: Path | None) -> None:
    from edgetlc.calibration.search.run import next_steps
    from edgetlc.calibration.search.table import costs, losses

    for title, (columns, rows), simulated in (
        (_("Candidates on the validation part"), losses(found), found.simulated),
        (_("Time for one photo, and size"), costs(found), False),
    ):
        names = [numbers(c.name)[0] if c.number else c.name for c in columns]
        table(title, names, rows, simulated=simulated)
    for name, reason in found.left_out:
        say("left out {path}: {reason}", path=name, reason=reason)
    table(
        _("Recommendation, no camera losing more than {share:.1%}", share=found.max_drop),
        (_("target"), _("ship"), _("reason")),
        ((one.label, one.candidate, one.reason) for one in found.recommendations),
    )
    for line in next_steps(found, run, students):
        say(line)
    if report:
        say("report: {page}", page=report)
