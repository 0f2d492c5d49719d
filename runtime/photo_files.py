"""Which photos a folder holds. Every command that is given a folder looks into it here.

Photos are known by content. A file whose name promises a photo counts as one whatever it holds, so
that reading tells of the damage. All else is set aside with a reason, and `tell` says so: nothing
is passed over without a word.

Hidden folders and those of systems hold thumbnails and what was thrown away; a folder that is
named itself is looked into all the same. Links to folders are not followed: they may lead in
circles, or bring a photo in twice.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgetlc.errors import ImageError, InputError
from edgetlc.locale import Message, _, n_, some_of
from edgetlc.progress import note
from edgetlc.runtime.containers import PHOTO_SUFFIXES, RAW, TIFF, sniff
from edgetlc.runtime.tiff_tags import is_camera_raw

Severity = Literal["note", "warning", "error"]

OVERLAY_SUFFIX = ".overlay.png"
ANNOTATED_SUFFIX = ".annotated.jpg"
"""How the names of pictures made by `predict` end; they are no photos to classify."""

_SYSTEM = frozenset(
    (
        *("$recycle.bin", "recycler", "recycled", "system volume information", "found.000"),
        *("@eadir", "#recycle", "@recycle", "@__thumb", "#snapshot", "@recently-snapshot"),
        *("__macosx", "lost+found", "lost.dir", "thumbs.db", "desktop.ini"),
    )
)
"""What Windows, file servers, macOS, Linux and Android keep among photos, in small letters."""
_HEAD = 2**16  # bytes; where a raw file's tags lie
_SHOWN = 3
_is_junction = getattr(os.path, "isjunction", os.path.islink)  # Python 3.12 and later, on Windows


@dataclass(frozen=True)
class Aside:
    """A file or folder that was not taken.

    Attributes:
        reason: why, in one line.
        severity: what it is to `data check`.
        files: how many files it is or holds.
    """

    path: Path
    reason: Message
    severity: Severity
    files: int = 1


@dataclass(frozen=True)
class Held:
    """The photos of a folder, in order, and what else lies there."""

    photos: tuple[Path, ...]
    aside: tuple[Aside, ...]


def photos_at(places: Sequence[Path]) -> Held:
    """Return the photos named and those in the folders named, in order.

    Raises:
        InputError: a place does not exist.
    """
    missing = [str(place) for place in places if not place.exists()]
    if missing:
        raise InputError("{places}: no such photo or folder", places=", ".join(missing))
    found = [photos_in(place) if place.is_dir() else Held((place,), ()) for place in places]
    return Held(
        tuple(photo for one in found for photo in one.photos),
        tuple(aside for one in found for aside in one.aside),
    )


def photos_in(folder: Path) -> Held:
    """Return the photos in a folder and below; names decide the order."""
    found = list(_walk(folder))
    return Held(
        tuple(one for one in found if isinstance(one, Path)),
        tuple(one for one in found if isinstance(one, Aside)),
    )


def entries_of(folder: Path) -> list[Path] | Aside:
    """Return what lies in a folder, by name; an `Aside` where it cannot be opened."""
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        return Aside(folder, _cannot_open(error), "error")


def hidden(place: Path) -> Aside | None:
    """Return that a file or folder is hidden or a system's; None where it is not."""
    if not (place.name.startswith(".") or place.name.casefold() in _SYSTEM):
        return None
    held = sum(len(files) for _folder, _folders, files in os.walk(place))
    return Aside(place, _("hidden or of the system"), "note", held or 1)


def tell(asides: Iterable[Aside]) -> None:
    """Note what was set aside: a line for each reason, with the number and a few names."""
    groups: dict[str, list[Aside]] = {}
    for aside in asides:
        groups.setdefault(aside.reason, []).append(aside)
    for group in groups.values():
        note(
            n_(
                "passed over {count} file or folder ({reason}): {examples}",
                "passed over {count} files or folders ({reason}): {examples}",
                count=sum(aside.files for aside in group),
                reason=group[0].reason,
                examples=some_of([str(aside.path) for aside in group], _SHOWN),
            )
        )


def _walk(folder: Path) -> Iterator[Path | Aside]:
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        try:
            is_folder = place.is_dir()
        except OSError as error:
            yield Aside(place, _cannot_open(error), "error")
            continue
        if place != folder and (aside := hidden(place)):
            yield aside
        elif not is_folder:
            yield judged(place) or place
        elif place != folder and (place.is_symlink() or _is_junction(place)):
            yield Aside(
                place,
                _("a link to a folder, which is not followed; put the folder itself there"),
                "error",
            )
        else:
            below = entries_of(place)
            if isinstance(below, Aside):
                yield below
            else:
                waiting.extend(reversed(below))


def judged(file: Path) -> Aside | None:
    """Return why a file is not taken for a photo; None where its content or name says it is one."""
    if file.name.endswith((OVERLAY_SUFFIX, ANNOTATED_SUFFIX)):
        return Aside(file, _("a picture that 'predict' made"), "note")
    try:
        if not file.is_file():
            return Aside(file, _("a link to nothing, or no regular file"), "error")
        if file.suffix.lower() in PHOTO_SUFFIXES:
            return None
        with file.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        return Aside(file, _cannot_open(error), "error")
    try:
        container = sniff(head[:32])
    except ImageError as error:
        return Aside(file, error.text, "warning")
    return Aside(file, RAW, "warning") if container is TIFF and is_camera_raw(head) else None


def _cannot_open(error: OSError) -> Message:
    return _("cannot be opened: {reason}", reason=error.strerror or error)
