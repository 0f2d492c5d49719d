"""`edgetlc data`: check a photo set, split it, render it as other cameras would have taken it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgetlc.cli.console import DeviceFolder, Json, Verbose, answer, say, table
from edgetlc.cli.options import Overwrite, Seed
from edgetlc.cli.simulate import simulate_command
from edgetlc.errors import FAILED

if TYPE_CHECKING:
    from edgetlc.data.check import Findings
    from edgetlc.data.split import Split

app = typer.Typer(
    help="Photo sets: check them, split them, render them for other cameras.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_COPIES = 3  # files named of one picture; the JSON document names all

Source = Annotated[
    Path, typer.Argument(metavar="SOURCE", help="Photo folder (<class>/<photo>) or CSV manifest.")
]


@app.command()
def check(
    source: Source,
    min_images: Annotated[
        int,
        typer.Option(min=0, help="Fewest images: genuine classes together, unspecified ones each."),
    ] = 500,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail the check.")] = False,
    examples: Annotated[int, typer.Option(min=0, help="Examples shown of each finding.")] = 3,
    devices: DeviceFolder = None,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Decode every photo and report what is wrong with a set: exit code 1 if it is unfit.

    Example: edgetlc data check photos
    """
    from edgetlc.data.check import check
    from edgetlc.devices.profiles import Cameras

    found = check(source, Cameras.load(devices), min_images=min_images)
    passed = not (found.errors or (strict and found.warnings))
    document = {"passed": passed, "errors": found.errors, "warnings": found.warnings}
    answer(document | asdict(found), lambda: _show_findings(source, found, examples), as_json=json_)
    if not passed:
        raise typer.Exit(FAILED)


@app.command()
def split(
    source: Source,
    output: Annotated[Path, typer.Option("-o", "--output", help="Manifest to write.")],
    ratios: Annotated[str, typer.Option(help="Shares of train:val:test.")] = "7:1:2",
    seed: Seed = 0,
    allow_any_ratio: Annotated[
        bool, typer.Option("--allow-any-ratio", help="Allow shares outside the standard's ranges.")
    ] = False,
    devices: DeviceFolder = None,
    overwrite: Overwrite = False,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Divide a set into train, val and test by class and camera; batches and copies stay whole.

    Example: edgetlc data split photos -o split.csv
    """
    from edgetlc.data.manifest import load_photos, write_manifest
    from edgetlc.data.split import parse_ratios, split
    from edgetlc.devices.profiles import Cameras
    from edgetlc.files import refuse_existing

    shares = parse_ratios(ratios, allow_any=allow_any_ratio)
    refuse_existing(output, overwrite)
    result = split(load_photos(source, Cameras.load(devices)), shares, seed=seed)
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
    answer(document, lambda: _show_split(output, result), as_json=json_)


app.command("simulate")(simulate_command)


def _show_findings(source: Path, found: Findings, examples: int) -> None:
    labels = list(found.counts)
    cameras = list(next(iter(found.counts.values())))
    rows = [[camera, *(found.counts[label][camera] for label in labels)] for camera in cameras]
    total = ["all", *(sum(found.counts[label].values()) for label in labels)]
    simulated = ", simulated" if found.simulated else ""
    table(
        f"Readable photos by camera and class{simulated}",
        ["camera", *(f"{label} " for label in labels)],
        [*rows, total],
    )
    findings = [
        row
        for severity, title, items in _findings(found)
        for row in _finding_rows(severity, title, items, source, examples)
    ]
    if findings:
        table("Findings", ("", "finding", "count ", "examples", ""), findings)
    say(f"{found.photos} photos, {found.errors} errors, {found.warnings} warnings")


def _findings(found: Findings) -> Iterator[tuple[str, str, tuple[Any, ...]]]:
    yield "error", "cannot be read", found.unreadable
    yield "error", "no readable photo", found.empty_classes
    yield "error", "one picture under two classes", found.label_conflicts
    yield "error", "camera contradicted", found.camera_conflicts
    yield "warning", "suffix belies content", found.wrong_suffixes
    yield "warning", "one file repeated", found.exact_duplicates
    yield "warning", "near-duplicates", found.near_duplicates
    yield "warning", "name breaks the standard's rule", found.bad_names
    yield "warning", "too few images", found.few_images
    yield "warning", "not in the set", found.unlisted


def _finding_rows(
    severity: str, title: str, items: tuple[Any, ...], source: Path, examples: int
) -> Iterator[tuple[object, ...]]:
    """Yield a row for each example; only the first names the finding."""
    if not items:
        return
    head: tuple[object, ...] = (severity, title, len(items))
    for item in items[:examples]:
        yield (*head, *_example(item, source))
        head = ("", "", "")
    if not examples:
        yield (*head, "", "")
    elif len(items) > examples:
        yield (*head, f"and {len(items) - examples} more", "")


def _example(item: Any, source: Path) -> tuple[str, str]:
    """Return what a finding is about, and the rest of it."""
    from edgetlc.data.check import FewImages, SamePicture

    if isinstance(item, SamePicture):
        files = [_short(file, source) for file in item.files[:_COPIES]]
        more = f" and {len(item.files) - _COPIES} more" if len(item.files) > _COPIES else ""
        return " = ".join(files) + more, ", ".join(dict.fromkeys(item.labels))
    if isinstance(item, FewImages):
        return " + ".join(item.labels), f"{item.images} of {item.minimum}"
    if isinstance(item, str):
        return item, ""
    return _short(item.file, source), item.reason


def _short(file: Path, source: Path) -> str:
    """Return a file's place in the folder that was named, or that holds the manifest."""
    root = (source if source.is_dir() else source.parent).absolute()
    return str(file.relative_to(root)) if file.is_relative_to(root) else str(file)


def _show_split(output: Path, result: Split) -> None:
    labels = result.photos.labels
    columns = ["part", *(f"{label} " for label in labels), "all ", "share "]
    photos = len(result.photos.photos)
    rows = []
    for part, counts in result.counts.items():
        total = sum(counts.values())
        rows.append([part, *counts.values(), total, f"{total / photos:.1%}"])
    simulated = ", simulated" if result.photos.simulated else ""
    table(f"Photos by part and class{simulated}", columns, rows)
    for one in result.unreadable:
        say(f"left out: {one.file}: {one.reason}")
    for warning in result.warnings:
        say(f"warning: {warning}")
    say(f"{photos} photos in {result.clusters} clusters that stay whole, written to {output}")
