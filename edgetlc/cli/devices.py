"""`edgetlc devices`: the cameras known, and which of them took a photo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgetlc.cli.console import DeviceFolder, Json, Verbose, answer, note, say, table
from edgetlc.errors import InputError
from edgetlc.progress import progress

if TYPE_CHECKING:
    from edgetlc.devices.camera import CameraProfile, Model
    from edgetlc.devices.identify import Identification

app = typer.Typer(
    help="Cameras: list the known ones, show one, identify the camera of a photo.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_TRACKED = 100  # photos; fewer are identified before a bar could be read


@app.command("list")
def list_(devices: DeviceFolder = None, json_: Json = False, verbose: Verbose = False) -> None:
    """List the known cameras: the rows of Table A.1, the digital camera, the microscopes.

    Example: edgetlc devices list
    """
    from edgetlc.devices.profiles import Cameras

    cameras = Cameras.load(devices)

    def show() -> None:
        columns = ("id", "no. ", "中文", "English", "kind", "year", "in the standard")
        table("Cameras", columns, (_row(profile) for profile in cameras))

    answer([asdict(profile) for profile in cameras], show, as_json=json_)


@app.command()
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="A camera of 'edgetlc devices list'.")],
    devices: DeviceFolder = None,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show all that is known of one camera, and how sure each fact is.

    Example: edgetlc devices show iphone-11
    """
    from edgetlc.devices.profiles import Cameras

    profile = Cameras.load(devices).get(id_)

    def show_facts() -> None:
        say(f"{profile.id}: {profile.zh} / {profile.en}")
        table("", ("fact", "value", "how sure"), _facts(profile))

    answer(asdict(profile), show_facts, as_json=json_)


@app.command()
def identify(
    photos: Annotated[list[Path], typer.Argument(help="Photos, or folders of photos.")],
    devices: DeviceFolder = None,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Tell which camera took each photo: by its EXIF, else by its name; never by a guess.

    Example: edgetlc devices identify photos/
    """
    from edgetlc.devices.identify import identify
    from edgetlc.devices.profiles import Cameras

    cameras = Cameras.load(devices)
    files = [file for place in photos for file in _photos_at(place)]
    shown = progress(files, "identified") if len(files) > _TRACKED else iter(files)
    found = [identify(file, cameras) for file in shown]
    _note_unread_heic(files)
    document = [
        {"file": str(one.file), "camera": one.camera, "by": one.by, "conflict": one.conflict}
        for one in found
    ]
    answer(document, lambda: _show_found(found), as_json=json_)


def _photos_at(place: Path) -> Iterator[Path]:
    """Yield a file as it is, or the photos in a folder and its sub-folders."""
    from edgetlc.runtime.containers import PHOTO_SUFFIXES

    if place.is_file():
        yield place
        return
    if not place.is_dir():
        raise InputError(f"{place}: no such photo or folder")
    photos = [p for p in sorted(place.rglob("*")) if p.suffix.lower() in PHOTO_SUFFIXES]
    photos = [p for p in photos if p.is_file() and not p.name.startswith(".")]
    if not photos:
        endings = ", ".join(sorted(PHOTO_SUFFIXES))
        raise InputError(f"{place} holds no photos; expected names ending in {endings}")
    yield from photos


def _note_unread_heic(files: Sequence[Path]) -> None:
    from edgetlc.devices.exif import heic_readable

    count = sum(file.suffix.lower() in (".heic", ".heif") for file in files)
    if count and not heic_readable():
        note(
            f"{count} HEIC file(s) identified by name only; pip install 'edgetlc[heic]' reads them"
        )


def _show_found(found: Sequence[Identification]) -> None:
    rows = ((one.file, one.camera or "unknown", one.by, one.conflict or "") for one in found)
    table("", ("photo", "camera", "by", "conflict"), rows)
    unknown = sum(one.camera is None for one in found)
    conflicts = sum(one.conflict is not None for one in found)
    say(f"{len(found)} photo(s), {unknown} from unknown cameras, {conflicts} with a conflict")


def _row(profile: CameraProfile) -> tuple[object, ...]:
    known = [model.year for model in profile.models if model.year]
    years = (f"{year.value}{' ?' * (year.certainty == 'unclear')}" for year in known)
    number, year = profile.number or "", " / ".join(dict.fromkeys(years))
    return profile.id, number, profile.zh, profile.en, profile.kind, year, profile.certainty


def _facts(profile: CameraProfile) -> Iterator[tuple[object, ...]]:
    yield "number in file names", profile.number, profile.certainty
    yield "kind", profile.kind, ""
    yield "maker", profile.maker, ""
    for model in profile.models:
        prefix = f"{model.name}: " if len(profile.models) > 1 else ""
        for fact, value, certainty in _model_facts(model):
            yield prefix + fact, value, certainty
    origin = "measured" if profile.simulation.measured else "invented, not measured"
    for name, value in asdict(profile.simulation).items():
        if name != "measured":
            yield f"simulated {name.replace('_', ' ')}", value, origin


def _model_facts(model: Model) -> Iterator[tuple[str, object, str]]:
    for pattern in model.exif:
        yield "EXIF make / model", f"{pattern.make} / {pattern.model}", pattern.evidence
    if model.year:
        yield "year", model.year.value, model.year.certainty
    if model.chip:
        yield "chip", model.chip.value, model.chip.certainty
    if model.instruction_set:
        cpu = model.instruction_set
        extras = ["int8 dot product"] * cpu.dot_product + ["int8 matrix multiply"] * cpu.i8mm
        yield "instruction set", ", ".join([cpu.name, *extras]), cpu.certainty
    if model.image_size:
        width, height = model.image_size.value
        yield "picture size", f"{width} x {height}", model.image_size.certainty
