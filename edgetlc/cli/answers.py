"""`edgetlc answers`: verifying in two steps, so that machines and days can share the work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgetlc.cli.commands import Commands
from edgetlc.cli.console import Answer, say
from edgetlc.cli.options import BundleArgument, Data, DeviceFolder, load_part
from edgetlc.cli.verify import Asked, Outputs, with_cameras
from edgetlc.config import option
from edgetlc.locale import _
from edgetlc.outputs import Target, check_outputs
from edgetlc.parity.judgement import VerificationConfig
from edgetlc.parity.verify import CollectionConfig

app = Commands(_("Answers of a bundle's models: collect them in a folder, judge such folders."))


@app.command()
def collect(
    bundle: BundleArgument,
    data: Data,
    output: Annotated[
        Path, typer.Option("-o", "--output", help=_("Folder for the answers, new or gone on with."))
    ],
    asked: Asked,
    collection: CollectionConfig,
    devices: DeviceFolder = None,
) -> Answer:
    """Ask the float reference and every model about the photos, and keep all answers in a folder.

    With --shard 2/4, one of four machines asks about its quarter of the photos.

    Example: edgetlc answers collect herbs.bundle --data split.csv --shard 1/4 -o answers-1
    """
    from edgetlc.parity.verify import collect_answers
    from edgetlc.runtime.bundle import Bundle

    opened = Bundle.open(bundle)
    photos = load_part(data, asked.part, devices)
    wanted = Target(
        output, "folder", replace=True
    )  # it tells itself whether it can be gone on with
    check_outputs([wanted], [bundle, data, devices, asked.reference, *photos.files])
    collect_answers(output, opened, photos, collection=collection, **asked.opened(opened))
    first, step = collection.shard

    def show() -> None:
        say(
            "shard {first} of {step} is in {folder}; 'edgetlc answers judge' takes all shards",
            first=first,
            step=step,
            folder=output,
        )

    return Answer({"folder": str(output), "shard": [first, step], "bundle": opened.digest}, show)


@app.command()
def judge(
    bundle: BundleArgument,
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="FOLDER…", help=_("Answers folders: one run's, or all its shards.")),
    ],
    config: VerificationConfig,
    outputs: Outputs,
    reports: tuple[Path, ...] = option(
        (),
        _("JSON report of 'selftest' or 'predict' from another machine; repeat it."),
        flag="--merge",
        metavar="REPORT",
    ),
    devices: DeviceFolder = None,
) -> Answer:
    """Judge collected answers as 'edgetlc verify' does, asking no model.

    Exit code 0: all cameras pass; 1: one fails; 3: not enough photos to tell.

    Example: edgetlc answers judge herbs.bundle answers-1 answers-2 --merge board.json
    """
    from edgetlc.parity.reports import read_reports
    from edgetlc.parity.verify import judge_folders
    from edgetlc.runtime.bundle import Bundle

    opened = Bundle.open(bundle)
    outputs.check(opened, [*folders, *reports, devices])
    others = read_reports(reports, opened)
    found = judge_folders(opened, folders, with_cameras(config, devices), others)
    return outputs.concluded(found, opened, devices)
