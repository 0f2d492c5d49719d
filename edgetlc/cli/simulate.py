"""`edgetlc data simulate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgetlc.cli.console import answer, note, numbers, say, table
from edgetlc.cli.options import (
    DeviceFolder,
    Json,
    Output,
    Overwrite,
    PartName,
    Seed,
    Source,
    load_part,
)
from edgetlc.locale import _, n_

if TYPE_CHECKING:
    from edgetlc.data.photos import PhotoSet
    from edgetlc.devices.profiles import CameraProfile, Cameras


def simulate(
    source: Source,
    output: Output,
    camera: Annotated[
        list[str] | None,
        typer.Option(
            "--camera",
            help=_("Camera to imitate; repeat it. Default: every phone and digital camera."),
        ),
    ] = None,
    per_photo: Annotated[
        int | None,
        typer.Option(
            "--per-photo",
            help=_("Cameras for each photo, in rotation over each class. Default: all."),
        ),
    ] = None,
    per_test_photo: Annotated[
        int | None,
        typer.Option(
            "--per-test-photo",
            help=_("The same for photos in part test. Default: as --per-photo."),
        ),
    ] = None,
    part: Annotated[PartName, typer.Option("--part", help=_("Part to use."))] = "all",
    seed: Seed = 0,
    devices: DeviceFolder = None,
    overwrite: Overwrite = False,
    json_: Json = False,
) -> None:
    """Render photos as other cameras would have taken them; the result is marked as simulated.

    Example: edgetlc data simulate photos -o simulated --per-photo 3
    """
    from edgetlc.data.manifest import MANIFEST_FILE
    from edgetlc.data.simulate import simulate_photos
    from edgetlc.devices.profiles import Cameras

    chosen = _chosen(Cameras.load(devices), camera)
    skipped: list[dict[str, str]] = []

    def skip(photo: Any, error: Exception) -> None:
        skipped.append({"file": str(photo.path), "reason": str(error)})
        note("left out {path}: {reason}", path=photo.path, reason=error)

    made = simulate_photos(
        load_part(source, part, devices),
        chosen,
        output,
        per_photo=per_photo,
        per_test_photo=per_test_photo,
        seed=seed,
        overwrite=overwrite,
        unreadable=skip,
    )
    counts = _counts(made, chosen)
    document = {
        "manifest": str(output.absolute() / MANIFEST_FILE),
        "simulated": True,
        "photos": len(made.photos),
        "cameras": counts,
        "unreadable": skipped,
    }
    answer(document, lambda: _show(document, made, counts), as_json=json_)


def _chosen(cameras: Cameras, ids: list[str] | None) -> list[CameraProfile]:
    if ids:
        return [cameras.get(name) for name in ids]
    return [profile for profile in cameras if profile.kind != "microscope"]


def _counts(photos: PhotoSet, cameras: list[CameraProfile]) -> dict[str, dict[str, int]]:
    """Return photos by camera and class."""
    counts = {profile.id: dict.fromkeys(photos.labels, 0) for profile in cameras}
    for photo in photos.photos:
        counts[photo.camera or ""][photo.label] += 1
    return counts


def _show(document: dict[str, Any], photos: PhotoSet, counts: dict[str, dict[str, int]]) -> None:
    table(
        _("Simulated photos by camera and class"),
        (_("camera"), *numbers(photos.labels)),
        ([name, *row.values()] for name, row in counts.items()),
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
