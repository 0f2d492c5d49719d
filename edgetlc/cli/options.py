"""Options that several commands share, so that a flag means the same everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from edgetlc.errors import InputError
from edgetlc.locale import _

if TYPE_CHECKING:
    from edgetlc.data.photos import PhotoSet

Json = Annotated[
    bool, typer.Option("--json", help=_("Print one JSON document and nothing else on stdout."))
]
DeviceFolder = Annotated[
    Path | None,
    typer.Option("--devices", help=_("Folder of your own camera profiles; extends or overrides.")),
]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help=_("Folder that 'train' wrote."))]
BundleArgument = Annotated[
    Path, typer.Argument(metavar="BUNDLE", help=_("Folder or .etlc file that 'export' wrote."))
]
Source = Annotated[
    Path,
    typer.Argument(metavar="SOURCE", help=_("Photo folder (<class>/<photo>) or CSV manifest.")),
]
Data = Annotated[
    Path, typer.Option("--data", help=_("Manifest that 'data split' wrote."), show_default=False)
]
PartName = Literal["train", "val", "test", "all"]
PartOption = Annotated[PartName, typer.Option("--part", help=_("Part to use."))]
Output = Annotated[Path, typer.Option("-o", "--output", help=_("Folder to make."))]
OutputFile = Annotated[Path, typer.Option("-o", "--output", help=_("File to write."))]
Device = Annotated[str, typer.Option("--device", help=_("Where to compute: cpu or cuda."))]
Seed = Annotated[
    int, typer.Option("--seed", min=0, max=2**32 - 1, help=_("Start of every random draw."))
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads", min=1, help=_("Processor threads; the engine's choice if not given.")
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help=_("Replace what is there already."))]
Resume = Annotated[
    bool, typer.Option("--resume", help=_("Go on where the same command was interrupted."))
]
ReportFile = Annotated[
    Path | None, typer.Option("--report", help=_("Also write an HTML page that opens offline."))
]
ResultsFile = Annotated[
    Path | None, typer.Option("--results-file", help=_("Also write the results to this file."))
]


def load_part(source: Path, part: PartName, devices: Path | None) -> PhotoSet:
    """Return a manifest's photos of one part, or all of them.

    Raises:
        InputError: no photo is in the part.
    """
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
