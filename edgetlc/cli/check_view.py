"""What `data check` prints for people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgetlc.cli.console import numbers, say, table
from edgetlc.data.check import FewImages, Findings, SamePicture
from edgetlc.locale import Message, _, local

_COPIES = 3  # files named of one picture; the JSON document names all


def show_check(source: Path, found: Findings, examples: int) -> None:
    """Print tables of the photos and of the findings, with so many examples of each."""
    counts = list(found.counts.values())
    rows = [[camera, *(by_camera[camera] for by_camera in counts)] for camera in counts[0]]
    table(
        _("Readable photos by camera and class"),
        (_("camera"), *numbers(*found.counts)),
        [*rows, [_("all"), *(sum(by_camera.values()) for by_camera in counts)]],
        simulated=found.simulated,
    )
    findings = [row for finding in _findings(found) for row in _rows(*finding, source, examples)]
    if findings:
        columns = ("", _("finding"), *numbers(_("count")), _("examples"), "")
        table(_("Findings"), columns, findings)
    if found.duplicates == "keep":
        say("Near-duplicates were not looked for.")
    say(
        "{photos} photos, {errors} errors, {warnings} warnings",
        photos=found.photos,
        errors=found.errors,
        warnings=found.warnings,
    )


def _findings(found: Findings) -> Iterator[tuple[Message, Message, tuple[Any, ...]]]:
    error, warning = _("error"), _("warning")
    yield error, _("cannot be read"), found.unreadable
    yield error, _("cannot be reached"), found.unreachable
    yield error, _("no readable photo"), found.empty_classes
    yield error, _("one picture under two classes"), found.label_conflicts
    yield error, _("one picture repeated"), found.exact_duplicates
    yield error, _("sources contradict each other"), found.camera_conflicts
    yield error, _("in two parts"), found.in_two_parts
    yield error, _("cannot be split"), found.not_splittable
    refused = found.duplicates == "refuse"
    yield error if refused else warning, _("near-duplicates"), found.near_duplicates
    yield warning, _("noted on reading"), found.notes
    yield warning, _("suffix belies content"), found.wrong_suffixes
    yield warning, _("name breaks the standard's rule"), found.bad_names
    yield warning, _("too few images"), found.few_images
    yield warning, _("batch in several parts"), found.torn_batches
    yield warning, _("not in the set"), found.unlisted
    yield _("note"), _("passed over"), found.passed_over


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
