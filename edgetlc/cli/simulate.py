"""`edgetlc data simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgetlc.cli.console import DeviceFolder, Json, Verbose, answer, note, say, table

if TYPE_CHECKING:
    from edgetlc.data.photos import PhotoSet
    from edgetlc.devices.profiles import CameraProfile, Cameras


def simulate_command(
    source: Annotated[
        Path,
        typer.Argument(help="Photo folder (<class>/<photo>) or CSV manifest.", metavar="SOURCE"),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to make.")],
    camera: Annotated[
        list[str] | None,
        typer.Option(help="Camera to imitate; repeat it. Default: every phone and digital camera."),
    ] = None,
    per_photo: Annotated[
        int | None,
        typer.Option(help="Cameras for each photo, in rotation over each class. Default: all."),
    ] = None,
    per_test_photo: Annotated[
        int | None, typer.Option(help="The same for photos in part test. Default: as --per-photo.")
    ] = None,
    part: Annotated[
        str | None, typer.Option(help="Render this part only: train, val or test.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the rotation and the noise.")] = 0,
    devices: DeviceFolder = None,
    overwrite: Annotated[bool, typer.Option(help="Replace the output folder.")] = False,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Render photos as other cameras would have taken them; the result is marked as simulated.

    Example: edgetlc data simulate photos -o simulated --per-photo 3
    """
    from edgetlc.data.manifest import MANIFEST_FILE, load_photos
    from edgetlc.data.simulate import simulate_photos
    from edgetlc.devices.profiles import Cameras

    cameras = Cameras.load(devices)
    chosen = _chosen(cameras, camera)
    photos = _of_part(load_photos(source, cameras), part)
    skipped: list[dict[str, str]] = []

    def skip(photo: Any, error: Exception) -> None:
        skipped.append({"file": str(photo.path), "reason": str(error)})
        note(f"left out {photo.path}: {error}")

    made = simulate_photos(
        photos,
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


def _of_part(photos: PhotoSet, part: str | None) -> PhotoSet:
    from edgetlc.data.photos import PARTS
    from edgetlc.errors import InputError

    if part is None:
        return photos
    for known in PARTS:
        if part == known:
            return photos.part(known)
    raise InputError(f"part is {part!r}; use {', '.join(PARTS)}")


def _counts(photos: PhotoSet, cameras: list[CameraProfile]) -> dict[str, dict[str, int]]:
    """Return photos by camera and class."""
    counts = {profile.id: dict.fromkeys(photos.labels, 0) for profile in cameras}
    for photo in photos.photos:
        counts[photo.camera or ""][photo.label] += 1
    return counts


def _show(document: dict[str, Any], photos: PhotoSet, counts: dict[str, dict[str, int]]) -> None:
    columns = ["camera", *(f"{label} " for label in photos.labels)]
    rows = [[name, *row.values()] for name, row in counts.items()]
    table("Simulated photos by camera and class", columns, rows)
    if document["unreadable"]:
        say(f"{len(document['unreadable'])} photos could not be read and were left out")
    say(f"{document['photos']} simulated photos, listed in {document['manifest']}")
