"""Options that several commands share, so that a flag means the same everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Argument, Option

from edgetlc.errors import InputError
from edgetlc.locale import _

if TYPE_CHECKING:
    from edgetlc.data.photos import PhotoSet

DeviceFolder = Annotated[
    Path | None,
    Option("--devices", help=_("Folder of your own camera profiles; extends or overrides.")),
]
RunArgument = Annotated[Path, Argument(metavar="RUN", help=_("Folder that 'train' wrote."))]
BundleArgument = Annotated[
    Path, Argument(metavar="BUNDLE", help=_("Folder or .etlc file that 'export' wrote."))
]
Source = Annotated[
    Path,
    Argument(metavar="SOURCE", help=_("Photo folder (<class>/<photo>) or CSV manifest.")),
]
Data = Annotated[
    Path, Option("--data", help=_("Manifest that 'data split' wrote."), show_default=False)
]
Duplicates = Annotated[
    Literal["keep", "group", "refuse"],
    Option(
        "--duplicates",
        help=_("Near-duplicates: keep (not looked for), group (stay in one part) or refuse."),
    ),
]
PartName = Literal["train", "val", "test", "all"]
Output = Annotated[Path, Option("-o", "--output", help=_("Folder to make."))]
OutputFile = Annotated[Path, Option("-o", "--output", help=_("File to write."))]
Device = Annotated[str, Option("--device", help=_("Where to compute: cpu or cuda."))]
Seed = Annotated[int, Option("--seed", min=0, max=2**32 - 1, help=_("Start of every random draw."))]
Threads = Annotated[
    int | None,
    Option("--threads", min=1, help=_("Processor threads; the engine's choice if not given.")),
]
Overwrite = Annotated[bool, Option("--overwrite", help=_("Replace what is there already."))]
Resume = Annotated[
    bool, Option("--resume", help=_("Go on where the same command was interrupted."))
]
ReportFile = Annotated[
    Path | None, Option("--report", help=_("Also write an HTML page that opens offline."))
]
PhotosArgument = Annotated[list[Path], Argument(metavar="PHOTO…", help=_("Photos or folders."))]


def load_part(source: Path, part: PartName, devices: Path | None) -> PhotoSet:
    """Return a manifest's photos of one part, or all.

    Raises:
        InputError: no photo set there, a photo in two parts, or a part without photos.
    """
    from edgetlc.data.leaks import refuse_leaks
    from edgetlc.data.manifest import load_photos
    from edgetlc.devices.profiles import Cameras

    photos = load_photos(source, Cameras.load(devices))
    refuse_leaks(photos)
    return photos if part == "all" else photos.part(part)


def photo_files(places: Sequence[Path]) -> Sequence[Path]:
    """Return the photos named and those in the folders named, in order.

    Raises:
        InputError: a place does not exist, or no photo is there.
    """
    from edgetlc.runtime.photo_files import photos_at, tell

    found = photos_at(places)
    tell(found.aside)
    if not found.photos:
        raise InputError("no photos in {places}", places=", ".join(map(str, places)))
    return found.photos
