"""`edgetlc devices`: the cameras known, and which of them took a photo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgetlc.cli.commands import Commands
from edgetlc.cli.console import Answer, note, numbers, say, table
from edgetlc.cli.options import DeviceFolder, PhotosArgument, photo_files
from edgetlc.locale import _, n_, p_
from edgetlc.progress import progress

if TYPE_CHECKING:
    from edgetlc.devices.camera import CameraProfile, Model
    from edgetlc.devices.identify import Identification

app = Commands(_("Cameras: list the known ones, show one, identify the camera of a photo."))

_WORDS = {
    "phone": _("phone"),
    "camera": _("camera"),
    "microscope": _("microscope"),
    "sure": _("sure"),
    "likely": _("likely"),
    "unclear": _("unclear"),
    "seen": p_("evidence", "seen"),
    "plausible": _("plausible"),
}
_TRACKED = 100  # photos; fewer are identified before a bar could be read


@app.command("list")
def list_(devices: DeviceFolder = None) -> Answer:
    """List the known cameras: the rows of Table A.1, the digital camera, the microscopes.

    Example: edgetlc devices list
    """
    from edgetlc.devices.profiles import Cameras

    cameras = Cameras.load(devices)

    def show() -> None:
        columns = ("id", *numbers(_("no.")), "中文", "English", _("kind"), _("year"))
        table(_("Cameras"), (*columns, _("in the standard")), map(_row, cameras))

    return Answer([asdict(profile) for profile in cameras], show)


@app.command()
def show(
    id_: Annotated[
        str, typer.Argument(metavar="ID", help=_("A camera of 'edgetlc devices list'."))
    ],
    devices: DeviceFolder = None,
) -> Answer:
    """Show all that is known of one camera, and how sure each fact is.

    Example: edgetlc devices show iphone-11
    """
    from edgetlc.devices.profiles import Cameras

    profile = Cameras.load(devices).get(id_)

    def show_facts() -> None:
        say(f"{profile.id}: {profile.zh} / {profile.en}")
        rows = ((fact, *(_WORDS.get(x, x) for x in rest)) for fact, *rest in _facts(profile))
        table("", (_("fact"), _("value"), _("how sure")), rows)

    return Answer(asdict(profile), show_facts)


@app.command()
def identify(photos: PhotosArgument, devices: DeviceFolder = None) -> Answer:
    """Tell which camera took each photo: by its EXIF, else by its name; never by a guess.

    Example: edgetlc devices identify photos/
    """
    from edgetlc.devices.exif import heic_readable
    from edgetlc.devices.identify import identify
    from edgetlc.devices.profiles import Cameras

    cameras = Cameras.load(devices)
    files = photo_files(photos)
    shown = progress(files, _("identified")) if len(files) > _TRACKED else iter(files)
    found = [identify(file, cameras) for file in shown]
    count = sum(file.suffix.lower() in (".heic", ".heif") for file in files)
    if count and not heic_readable():
        note(
            n_(
                "{count} HEIC file identified by name only; pip install 'edgetlc[heic]' reads it",
                "{count} HEIC files identified by name only; pip install 'edgetlc[heic]' reads "
                "them",
                count=count,
            )
        )
    document = [{**asdict(one), "file": str(one.file)} for one in found]
    return Answer(document, lambda: _show_found(found))


def _show_found(found: Sequence[Identification]) -> None:
    rows = ((o.file, o.camera or _("unknown"), o.by, o.batch, o.conflict or "") for o in found)
    table(
        "",
        (_("photo"), _("camera"), _("by"), _("batch"), _("conflict")),
        rows,
        simulated=any(one.simulated for one in found),
    )
    unknown = sum(one.camera is None for one in found)
    conflicts = sum(one.conflict is not None for one in found)
    say(
        n_(
            "{count} photo, {unknown} from unknown cameras, {conflicts} with a conflict",
            "{count} photos, {unknown} from unknown cameras, {conflicts} with a conflict",
            count=len(found),
            unknown=unknown,
            conflicts=conflicts,
        )
    )


def _row(profile: CameraProfile) -> tuple[object, ...]:
    known = [model.year for model in profile.models if model.year]
    years = (f"{year.value}{' ?' * (year.certainty == 'unclear')}" for year in known)
    number, year = profile.number or "", " / ".join(dict.fromkeys(years))
    kind, certainty = _WORDS[profile.kind], _WORDS[profile.certainty]
    return profile.id, number, profile.zh, profile.en, kind, year, certainty


def _facts(profile: CameraProfile) -> Iterator[tuple[str, Any, str]]:
    yield _("number in file names"), profile.number, profile.certainty
    yield _("kind"), profile.kind, ""
    yield _("maker"), profile.maker, ""
    for model in profile.models:
        for fact, value, certainty in _model_facts(model):
            name = _("{model}: {fact}", model=model.name, fact=fact)
            yield name if len(profile.models) > 1 else fact, value, certainty
    measured = profile.simulation.measured
    origin = _("measured") if measured else _("invented, not measured")
    for setting, value in asdict(profile.simulation).items():
        if setting != "measured":
            yield _("simulated {setting}", setting=setting.replace("_", " ")), value, origin


def _model_facts(model: Model) -> Iterator[tuple[str, Any, str]]:
    for pattern in model.exif:
        yield _("EXIF make / model"), f"{pattern.make} / {pattern.model}", pattern.evidence
    if model.year:
        yield _("year"), model.year.value, model.year.certainty
    if model.chip:
        yield _("chip"), model.chip.value, model.chip.certainty
    if model.instruction_set:
        cpu = model.instruction_set
        extras = ["int8 dot product"] * cpu.dot_product + ["int8 matrix multiply"] * cpu.i8mm
        yield _("instruction set"), ", ".join([cpu.name, *extras]), cpu.certainty
    if model.image_size:
        width, height = model.image_size.value
        yield _("picture size"), f"{width} x {height}", model.image_size.certainty
