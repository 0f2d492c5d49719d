"""`edgetlc data check`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgetlc.cli.console import Number, answer, numbers, say, table
from edgetlc.cli.options import DeviceFolder, Json, Source
from edgetlc.errors import FAILED
from edgetlc.locale import Message, _, local

if TYPE_CHECKING:
    from edgetlc.data.check import Findings

_COPIES = 3  # files named of one picture; the JSON document names all


def check(
    source: Source,
    min_images: Annotated[
        int,
        typer.Option(
            "--min-images",
            min=0,
            help=_("Fewest images: genuine classes together, unspecified ones each."),
        ),
    ] = 500,
    strict: Annotated[
        bool, typer.Option("--strict", help=_("Let warnings fail the check."))
    ] = False,
    examples: Annotated[
        int, typer.Option("--examples", min=0, help=_("Examples shown of each finding."))
    ] = 3,
    devices: DeviceFolder = None,
    json_: Json = False,
) -> None:
    """Decode every photo and report what is wrong with a set: exit code 1 if it is unfit.

    Example: edgetlc data check photos
    """
    from edgetlc.data.check import check as examine
    from edgetlc.devices.profiles import Cameras

    found = examine(source, Cameras.load(devices), min_images=min_images)
    passed = not (found.errors or (strict and found.warnings))
    document = {"passed": passed, "errors": found.errors, "warnings": found.warnings}
    answer(document | asdict(found), lambda: _show(source, found, examples), as_json=json_)
    if not passed:
        raise typer.Exit(FAILED)


def _show(source: Path, found: Findings, examples: int) -> None:
    labels = list(found.counts)
    cameras = list(next(iter(found.counts.values())))
    rows = [[camera, *(found.counts[label][camera] for label in labels)] for camera in cameras]
    total = [_("all"), *(sum(found.counts[label].values()) for label in labels)]
    table(
        _("Readable photos by camera and class"),
        (_("camera"), *numbers(labels)),
        [*rows, total],
        simulated=found.simulated,
    )
    findings = [
        row
        for severity, title, items in _findings(found)
        for row in _rows(severity, title, items, source, examples)
    ]
    if findings:
        columns = ("", _("finding"), Number(_("count")), _("examples"), "")
        table(_("Findings"), columns, findings)
    say(
        "{photos} photos, {errors} errors, {warnings} warnings",
        photos=found.photos,
        errors=found.errors,
        warnings=found.warnings,
    )


def _findings(found: Findings) -> Iterator[tuple[Message, Message, tuple[Any, ...]]]:
    error, warning = _("error"), _("warning")
    yield error, _("cannot be read"), found.unreadable
    yield error, _("no readable photo"), found.empty_classes
    yield error, _("one picture under two classes"), found.label_conflicts
    yield error, _("camera contradicted"), found.camera_conflicts
    yield warning, _("suffix belies content"), found.wrong_suffixes
    yield warning, _("one file repeated"), found.exact_duplicates
    yield warning, _("near-duplicates"), found.near_duplicates
    yield warning, _("name breaks the standard's rule"), found.bad_names
    yield warning, _("too few images"), found.few_images
    yield warning, _("not in the set"), found.unlisted


def _rows(
    severity: Message, title: Message, items: tuple[Any, ...], source: Path, examples: int
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
        yield (*head, _("and {count} more", count=len(items) - examples), "")


def _example(item: Any, source: Path) -> tuple[object, object]:
    """Return what a finding is about, and the rest of it."""
    from edgetlc.data.check import FewImages, SamePicture

    if isinstance(item, SamePicture):
        files = [_short(file, source) for file in item.files[:_COPIES]]
        if len(item.files) > _COPIES:
            files.append(local(_("and {count} more", count=len(item.files) - _COPIES)))
        return " = ".join(files), ", ".join(dict.fromkeys(item.labels))
    if isinstance(item, FewImages):
        few = _("{images} of {minimum}", images=item.images, minimum=item.minimum)
        return " + ".join(item.labels), few
    if isinstance(item, str):
        return item, ""
    return _short(item.file, source), item.reason


def _short(file: Path, source: Path) -> str:
    """Return a file's place in the folder that was named, or that holds the manifest."""
    root = (source if source.is_dir() else source.parent).absolute()
    return str(file.relative_to(root)) if file.is_relative_to(root) else str(file)
