"""Options that several commands share, so that a flag means the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from edgetlc.data.photos import PhotoSet

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="Folder that 'train' wrote.")]
BundleArgument = Annotated[
    Path, typer.Argument(metavar="BUNDLE", help="Folder or .etlc file that 'export' wrote.")
]
Data = Annotated[
    Path, typer.Option("--data", help="Manifest that 'data split' wrote.", show_default=False)
]
PartName = Literal["train", "val", "test", "all"]
PartOption = Annotated[PartName, typer.Option("--part", help="Part to use.")]
Device = Annotated[str, typer.Option("--device", help="Where to compute: cpu or cuda.")]
Seed = Annotated[
    int, typer.Option("--seed", min=0, max=2**32 - 1, help="Start of every random draw.")
]
Threads = Annotated[
    int | None,
    typer.Option("--threads", min=1, help="Processor threads; the engine's choice if not given."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there already.")]
ResultsFile = Annotated[
    Path | None, typer.Option("--results-file", help="Also write the results to this file.")
]
ResultsFormat = Annotated[
    Literal["json", "csv"] | None,
    typer.Option("--results-format", help="Of the results file; its suffix if not given."),
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
