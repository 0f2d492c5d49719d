"""`edgetlc data`: check a photo set, split it, render it as other cameras would have taken it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgetlc.cli.commands import Commands
from edgetlc.cli.console import Answer, left_out, numbers, percent, say, table
from edgetlc.cli.options import (
    DeviceFolder,
    Duplicates,
    Output,
    OutputFile,
    Overwrite,
    PartName,
    Seed,
    Source,
    load_part,
)
from edgetlc.config import option
from edgetlc.errors import FAILED
from edgetlc.locale import _, n_
from edgetlc.outputs import Target, check_outputs

if TYPE_CHECKING:
    from edgetlc.data.split import Split

app = Commands(_("Photo sets: check them, split them, render them for other cameras."))


@app.command()
def check(
    source: Source,
    min_images: int = option(
        500, _("Fewest images: genuine classes together, unspecified ones each."), min=0
    ),
    strict: bool = option(False, _("Let warnings fail the check.")),
    duplicates: Duplicates = "group",
    examples: int = option(3, _("Examples shown of each finding."), min=0),
    devices: DeviceFolder = None,
) -> Answer:
    """Decode every photo and report what is wrong with a set: exit code 1 if it is unfit.

    Example: edgetlc data check photos
    """
    from edgetlc.cli.check_view import show_check
    from edgetlc.data.check import check as examine
    from edgetlc.devices.profiles import Cameras

    found = examine(source, Cameras.load(devices), min_images=min_images, duplicates=duplicates)
    passed = not (found.errors or (strict and found.warnings))
    document = {"passed": passed, "errors": found.errors, "warnings": found.warnings}
    document |= asdict(found)
    return Answer(document, lambda: show_check(source, found, examples), 0 if passed else FAILED)


@app.command()
def split(
    source: Source,
    output: OutputFile,
    ratios: str = option("7:1:2", _("Shares of train:val:test.")),
    seed: Seed = 0,
    duplicates: Duplicates = "group",
    allow_any_ratio: bool = option(False, _("Allow shares outside the standard's ranges.")),
    devices: DeviceFolder = None,
    overwrite: Overwrite = False,
) -> Answer:
    """Divide a set into train, val and test by class and camera; batches and copies stay whole.

    Example: edgetlc data split photos -o split.csv
    """
    from edgetlc.data.manifest import check_writable, load_photos, write_manifest
    from edgetlc.data.split import parse_ratios
    from edgetlc.data.split import split as divide
    from edgetlc.devices.profiles import Cameras

    shares = parse_ratios(ratios, allow_any=allow_any_ratio)
    photos = load_photos(source, Cameras.load(devices))
    check_outputs([Target(output, replace=overwrite)], [devices, *photos.files])
    check_writable(output, photos)
    result = divide(photos, shares, seed=seed, duplicates=duplicates)
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
    return Answer(document, lambda: _show_split(output, result))


def _show_split(output: Path, result: Split) -> None:
    photos = len(result.photos.photos)
    parts = ((part, counts.values()) for part, counts in result.counts.items())
    table(
        _("Photos by part and class"),
        (_("part"), *numbers(*result.photos.labels, _("all"), _("share"))),
        ((part, *counts, sum(counts), percent(sum(counts) / photos)) for part, counts in parts),
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


@app.command()
def simulate(
    source: Source,
    output: Output,
    camera: tuple[str, ...] = option(
        (), _("Camera to imitate; repeat it. Default: every phone and digital camera.")
    ),
    per_photo: int | None = option(
        None, _("Cameras for each photo, in rotation over each class. Default: all.")
    ),
    per_test_photo: int | None = option(
        None, _("The same for photos in part test. Default: as --per-photo.")
    ),
    part: PartName = option("all", _("Part to use.")),
    seed: Seed = 0,
    devices: DeviceFolder = None,
    overwrite: Overwrite = False,
) -> Answer:
    """Render photos as other cameras would have taken them; the result is marked as simulated.

    Example: edgetlc data simulate photos -o simulated --per-photo 3
    """
    from edgetlc.data.class_folders import MANIFEST_FILE
    from edgetlc.data.simulate import simulate_photos
    from edgetlc.devices.profiles import Cameras

    known = Cameras.load(devices)
    chosen = [known.get(name) for name in camera] or [c for c in known if c.kind != "microscope"]
    photos = load_part(source, part, devices)
    wanted = Target(output, "folder", overwrite, MANIFEST_FILE)
    check_outputs([wanted], [devices, *photos.files])
    skipped: list[dict[str, str]] = []
    made = simulate_photos(
        photos,
        chosen,
        output,
        per_photo=per_photo,
        per_test_photo=per_test_photo,
        seed=seed,
        overwrite=overwrite,
        unreadable=lambda photo, error: skipped.extend(left_out([(photo, error.text)])),
    )
    counts = {profile.id: dict.fromkeys(made.labels, 0) for profile in chosen}
    for photo in made.photos:
        counts[photo.camera or ""][photo.label] += 1
    document = {
        "manifest": str(output.absolute() / MANIFEST_FILE),
        "simulated": True,
        "photos": len(made.photos),
        "cameras": counts,
        "unreadable": skipped,
    }
    return Answer(document, lambda: _show_simulated(document))


def _show_simulated(document: dict[str, Any]) -> None:
    cameras = document["cameras"]
    table(
        _("Simulated photos by camera and class"),
        (_("camera"), *numbers(*next(iter(cameras.values())))),
        ([name, *counts.values()] for name, counts in cameras.items()),
    )
    if document["unreadable"]:
        say(
            n_(
                "{count} photo could not be read and was left out",
                "{count} photos could not be read and were left out",
                count=len(document["unreadable"]),
            )
        )
    say(
        n_(
            "{count} simulated photo, listed in {file}",
            "{count} simulated photos, listed in {file}",
            count=document["photos"],
            file=document["manifest"],
        )
    )
