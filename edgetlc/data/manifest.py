"""Reading and writing photo sets: a folder `<class>/<file>`, or a CSV manifest.

A manifest is a CSV file with a header. Columns:

    path       required; relative to the manifest's folder, or absolute
    class      required
    camera     id of a camera profile, batch, simulated (0 or 1): count where neither EXIF nor the
               file name tells; see `edgetlc.devices.identify`
    piece, group, part   as in `edgetlc.data.photos`

An unknown column is an error: it is most often a misspelt one. The classes' labels and roles come
from `classes.toml` beside the manifest or in the photo folder; see `edgetlc.data.class_file`.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgetlc.data.class_file import CLASSES_FILE, check_classes, read_classes, write_classes
from edgetlc.data.class_folders import (
    MANIFEST_FILE,
    ClassFolders,
    not_listed,
    read_class_folders,
)
from edgetlc.data.class_names import refuse_lookalikes, refuse_misnamed
from edgetlc.data.manifest_rows import COLUMNS, read_rows
from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.devices.identify import Declared, Identification, identify
from edgetlc.devices.profiles import Cameras
from edgetlc.errors import InputError
from edgetlc.files import write_bytes
from edgetlc.locale import _, n_, some_of
from edgetlc.progress import note, progress
from edgetlc.runtime.photo_files import Aside, tell
from edgetlc.threads import in_order

_Row = tuple[Photo, Declared]
_MOST_MISSING = 20
_TRACKED = 1000  # photos; fewer are identified before a bar could be read


@dataclass(frozen=True)
class Source:
    """A photo set as it was found.

    Attributes:
        photos: the set; a manifest may list photos that are not there.
        aside: what else lies in the folder.
        empty: class folders without a photo.
        conflicts: what is known of each photo whose sources disagree.
    """

    photos: PhotoSet
    aside: tuple[Aside, ...]
    empty: tuple[str, ...]
    conflicts: tuple[Identification, ...]


def load_photos(source: Path, cameras: Cameras) -> PhotoSet:
    """Return the photo set of a folder or of a CSV manifest, and tell what is odd about it.

    A folder has one sub-folder per class; its own `manifest.csv` is taken where it holds one.

    Raises:
        InputError: as `read_source`, or a listed photo is not there.
    """
    found = read_source(source, cameras)
    _tell(found.aside, found.empty)
    _refuse_missing(source, found.photos.photos)
    if found.conflicts:
        first = found.conflicts[0]
        note(
            n_(
                "{count} photo contradicts itself ({file}: {conflict}); 'edgetlc data check' tells",
                "{count} photos contradict themselves ({file}: {conflict}); 'edgetlc data check' "
                "lists them",
                count=len(found.conflicts),
                file=first.file,
                conflict=first.conflict,
            )
        )
    return found.photos


def read_source(source: Path, cameras: Cameras) -> Source:
    """Return the photo set of a folder or manifest with all that was found beside it.

    Raises:
        InputError: nothing there, no photos, fewer than two classes, a bad manifest or
            `classes.toml`, class names that people cannot tell apart, or a name that is no text.
    """
    refuse_misnamed(source / MANIFEST_FILE)
    listing = source / MANIFEST_FILE if (source / MANIFEST_FILE).is_file() else source
    if not (listing.is_dir() or listing.is_file()):
        raise InputError("{source}: no such folder or manifest", source=source)
    root = source if source.is_dir() else source.parent
    folders = read_class_folders(source) if source.is_dir() else ClassFolders((), (), ())
    rows, aside = [(photo, Declared()) for photo in folders.photos], list(folders.aside)
    if listing.is_file():
        rows = list(read_rows(listing, cameras))
        aside += not_listed(folders.photos, [photo for photo, _declared in rows])
    names = sorted({photo.label for photo, _declared in rows})
    _refuse_no_text([*names, *(_seen_from(root, photo.path) for photo, _declared in rows)])
    refuse_lookalikes(names)
    if len(names) < 2:
        _tell(aside, folders.empty)
        _refuse_few_classes(source, names)
    known = [(photo, told) for (photo, _declared), told in _identified(rows, cameras)]
    photos = (
        replace(photo, camera=told.camera, batch=told.batch, simulated=told.simulated)
        for photo, told in known
    )
    classes = read_classes(root / CLASSES_FILE, names, also=folders.empty)
    described_in = tuple(file for file in (listing, root / CLASSES_FILE) if file.is_file())
    return Source(
        PhotoSet(tuple(photos), classes, described_in),
        tuple(aside),
        folders.empty,
        tuple(told for _photo, told in known if told.conflict),
    )


def write_manifest(path: Path, photos: PhotoSet) -> None:
    """Write a manifest and `classes.toml` beside it; photo paths become relative where possible.

    Raises:
        InputError: a name is not text, or the `classes.toml` there says other things.
    """
    root = path.absolute().parent
    places = [_seen_from(root, photo.path) for photo in photos.photos]
    _refuse_no_text([*places, *photos.labels])
    text = io.StringIO()
    # Quotes around every field keep what a class may contain: line ends, spaces at either end.
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for place, photo in zip(places, photos.photos, strict=True):
        row = (photo.camera, photo.batch, photo.piece, photo.group, photo.part)
        writer.writerow([place, photo.label, *(f or "" for f in row), int(photo.simulated)])
    write_classes(path.parent / CLASSES_FILE, photos.classes)
    write_bytes(path, text.getvalue().encode())


def check_writable(path: Path, photos: PhotoSet) -> None:
    """Refuse before the work a manifest that `write_manifest` would refuse after it.

    Raises:
        InputError: the `classes.toml` there says other things of the classes.
    """
    check_classes(path.parent / CLASSES_FILE, photos.classes)


def _identified(rows: Sequence[_Row], cameras: Cameras) -> Iterator[tuple[_Row, Identification]]:
    """Return what is known of each photo; most of it stands in its file."""
    found = in_order(lambda row: identify(row[0].path, cameras, row[1]), rows)
    return progress(found, _("identified"), len(rows)) if len(rows) > _TRACKED else found


def _tell(aside: Iterable[Aside], empty: Sequence[str]) -> None:
    tell(aside)
    if empty:
        note(
            n_(
                "{count} class folder without a photo: {names}",
                "{count} class folders without a photo: {names}",
                count=len(empty),
                names=some_of(empty),
            )
        )


def _refuse_missing(source: Path, photos: Iterable[Photo]) -> None:
    missing = [str(photo.path) for photo in photos if not photo.path.is_file()]
    if missing:
        raise InputError(
            n_(
                "{source} lists {count} photo that is not there: {photos}",
                "{source} lists {count} photos that are not there: {photos}; 'edgetlc data check' "
                "lists them all",
                source=source,
                count=len(missing),
                photos=some_of(missing, _MOST_MISSING),
            )
        )


def _refuse_few_classes(source: Path, names: Sequence[str]) -> None:
    if not names and source.is_dir():
        raise InputError(
            "{source} holds no photos in class folders, <class>/<photo>", source=source
        )
    if not names:
        raise InputError("{source} lists no photos", source=source)
    raise InputError(
        "{source} holds one class only ({name}); a classifier needs two",
        source=source,
        name=names[0],
    )


def _refuse_no_text(names: Iterable[str]) -> None:
    """Refuse names in bytes that are no text: no manifest or bundle could hold them."""
    strange = [ascii(name) for name in names if any("\ud800" <= c <= "\udfff" for c in name)]
    if strange:
        raise InputError(
            n_(
                "{count} file or class name is not UTF-8, rename it: {names}",
                "{count} file or class names are not UTF-8, rename them: {names}",
                count=len(strange),
                names=some_of(strange),
            )
        )


def _seen_from(root: Path, file: Path) -> str:
    """Return a file's place relative to a folder, with slashes, where there is such a way."""
    try:
        return Path(os.path.relpath(file, root)).as_posix()
    except ValueError:  # on another drive
        return file.as_posix()
