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
_REPORT = _("JSON report of 'selftest' or 'predict' from another machine; repeat it.")
_Folders = Annotated[
    list[Path],
    typer.Argument(metavar="FOLDER…", help=_("Answers folders: one run's, or all its shards.")),
]


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
def changed(
    bundle: BundleArgument,
    folders: _Folders,
    output: Annotated[
        Path, typer.Option("-o", "--output", help=_("Folder for the page and the CSV."))
    ],
    reports: tuple[Path, ...] = option((), _REPORT, flag="--merge", metavar="REPORT"),
    overwrite: bool = option(False, _("Replace what is there already.")),
    devices: DeviceFolder = None,
) -> Answer:
    """Show only the photos whose answer changed, so that somebody can tell what they show.

    Writes a page with those photos and a CSV with an empty column 'class'. With the filled CSV,
    'edgetlc answers judge --labels' gives the verdict that the classes of all photos would give.

    Example: edgetlc answers changed herbs.bundle answers -o to-label
    """
    from edgetlc.devices.profiles import Cameras
    from edgetlc.pages.to_label import write_page
    from edgetlc.parity.changed_labels import LABELS_FILE, changed_photos, write_labels
    from edgetlc.parity.reports import read_reports
    from edgetlc.parity.verify import answers_of
    from edgetlc.runtime.bundle import Bundle

    opened = Bundle.open(bundle)
    target = Target(output, "folder", replace=overwrite, marker=LABELS_FILE)
    check_outputs([target], [opened.path, *folders, *reports])
    matrix = answers_of(opened, folders, read_reports(reports, opened))
    photos = changed_photos(matrix)
    table, page = output / LABELS_FILE, output / "photos.html"
    write_labels(table, photos)
    write_page(page, photos, opened, Cameras.load(devices))

    def show() -> None:
        say(
            "{count} of {photos} photos changed; look at them in {page}, fill in {table}, then "
            "'edgetlc answers judge {bundle} {folders} --labels {table}'",
            count=len(photos),
            photos=len(matrix.photos.photo),
            page=page,
            table=table,
            bundle=bundle,
            folders=" ".join(map(str, folders)),
        )

    document = {"changed": len(photos), "photos": len(matrix.photos.photo)}
    return Answer({**document, "labels": str(table), "page": str(page)}, show)


@app.command()
def judge(
    bundle: BundleArgument,
    folders: _Folders,
    config: VerificationConfig,
    outputs: Outputs,
    reports: tuple[Path, ...] = option((), _REPORT, flag="--merge", metavar="REPORT"),
    labels: Path | None = option(
        None,
        _("Classes of the changed photos: the filled CSV of 'answers changed'."),
        metavar="CSV",
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
    outputs.check(opened, [*folders, *reports, labels, devices])
    others = read_reports(reports, opened)
    found = judge_folders(opened, folders, with_cameras(config, devices), others, labels)
    return outputs.concluded(found, opened, devices)
