"""Options that several commands share, so that a flag means the same everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    """Return a manifest's photos of one part, or all; a part without photos is an `InputError`."""
    from edgetlc.data.manifest import load_photos
    from edgetlc.devices.profiles import Cameras

    photos = load_photos(source, Cameras.load(devices))
    return photos if part == "all" else photos.part(part)


def photo_files(places: Sequence[Path]) -> list[Path]:
    """Return the photos named and those in the folders named, in order.

    Hidden files are left out, and pictures that `edgetlc predict` made.

    Raises:
        InputError: a place does not exist, or no photo is there.
    """
    from edgetlc.results.safe_text import ANNOTATED_SUFFIX, OVERLAY_SUFFIX
    from edgetlc.runtime.containers import PHOTO_SUFFIXES

    def is_photo(path: Path) -> bool:
        if path.suffix.lower() not in PHOTO_SUFFIXES or path.name.startswith("."):
            return False
        return not path.name.endswith((OVERLAY_SUFFIX, ANNOTATED_SUFFIX)) and path.is_file()

    def expand(place: Path) -> Iterator[Path]:
        if place.is_dir():
            yield from filter(is_photo, sorted(place.rglob("*")))
        elif place.exists():
            yield place
        else:
            raise InputError("{path}: no such photo or folder", path=place)

    files = [file for place in places for file in expand(place)]
    if not files:
        raise InputError("no photos in {places}", places=", ".join(map(str, places)))
    return files
