"""`edgetlc data split`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgetlc.cli.console import answer, numbers, percent, say, table
from edgetlc.cli.options import DeviceFolder, Json, OutputFile, Overwrite, Seed, Source
from edgetlc.locale import _, n_

if TYPE_CHECKING:
    from edgetlc.data.split import Split


def split(
    source: Source,
    output: OutputFile,
    ratios: Annotated[str, typer.Option("--ratios", help=_("Shares of train:val:test."))] = "7:1:2",
    seed: Seed = 0,
    allow_any_ratio: Annotated[
        bool,
        typer.Option("--allow-any-ratio", help=_("Allow shares outside the standard's ranges.")),
    ] = False,
    devices: DeviceFolder = None,
    overwrite: Overwrite = False,
    json_: Json = False,
) -> None:
    """Divide a set into train, val and test by class and camera; batches and copies stay whole.

    Example: edgetlc data split photos -o split.csv
    """
    from edgetlc.data.manifest import load_photos, write_manifest
    from edgetlc.data.split import parse_ratios
    from edgetlc.data.split import split as divide
    from edgetlc.devices.profiles import Cameras
    from edgetlc.files import refuse_existing

    shares = parse_ratios(ratios, allow_any=allow_any_ratio)
    refuse_existing(output, overwrite)
    result = divide(load_photos(source, Cameras.load(devices)), shares, seed=seed)
    write_manifest(output, result.photos)
    document = {
        "manifest": str(output.absolute()),
        "photos": len(result.photos.photos),
        "simulated": result.photos.simulated,
        "ratios": result.ratios,
        "seed": result.seed,
        "clusters": result.clusters,
        "counts": result.counts,
        "unreadable": [asdict(one) for one in result.unreadable],
        "warnings": result.warnings,
    }
    answer(document, lambda: _show(output, result), as_json=json_)


def _show(output: Path, result: Split) -> None:
    photos = len(result.photos.photos)
    rows = []
    for part, counts in result.counts.items():
        total = sum(counts.values())
        rows.append([part, *counts.values(), total, percent(total / photos)])
    table(
        _("Photos by part and class"),
        (_("part"), *numbers((*result.photos.labels, _("all"), _("share")))),
        rows,
        simulated=result.photos.simulated,
    )
    for one in result.unreadable:
        say("left out {path}: {reason}", path=one.file, reason=one.reason)
    for warning in result.warnings:
        say("warning: {warning}", warning=warning)
    say(
        n_(
            "{photos} photos in {count} cluster that stays whole, written to {file}",
            "{photos} photos in {count} clusters that stay whole, written to {file}",
            count=result.clusters,
            photos=photos,
            file=output,
        )
    )
