"""Reading and writing photo sets: a folder `<class>/<file>`, or a CSV manifest.

A manifest is a UTF-8 CSV file with a header. Columns:

    path       required; relative to the manifest's folder, or absolute
    class      required
    camera     id of a camera profile; empty for an unknown camera
    batch, piece, group, part, simulated (0 or 1)   as in `edgetlc.data.photos`

An unknown column is an error: it is most often a misspelt one. Spaces before a field are skipped
unless quotes enclose them. The classes' labels and roles come from `classes.toml` beside the
manifest or in the photo folder; see `edgetlc.data.class_file`.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path

from edgetlc.data.class_file import CLASSES_FILE, read_classes, write_classes
from edgetlc.data.photos import PARTS, Photo, PhotoSet
from edgetlc.devices.identify import identify
from edgetlc.devices.naming import parse_name
from edgetlc.devices.profiles import Cameras
from edgetlc.errors import InputError
from edgetlc.files import write_bytes
from edgetlc.locale import _
from edgetlc.runtime.containers import PHOTO_SUFFIXES

MANIFEST_FILE = "manifest.csv"
"""A photo folder that holds a file of this name is described by it: what `data simulate` makes
knows which photos are simulated, which the folder alone would not tell."""
COLUMNS = ("path", "class", "camera", "batch", "piece", "group", "part", "simulated")


def load_photos(source: Path, cameras: Cameras) -> PhotoSet:
    """Return the photo set of a folder or of a CSV manifest.

    A folder has one sub-folder per class; its own `manifest.csv` is taken where it holds one.

    Raises:
        InputError: nothing there, no photos, fewer than two classes, or a bad manifest.
    """
    if (source / MANIFEST_FILE).is_file():
        source = source / MANIFEST_FILE
    if not (source.is_dir() or source.is_file()):
        raise InputError("{source}: no such folder or manifest", source=source)
    root = source if source.is_dir() else source.parent
    photos = (_from_folder if source.is_dir() else _from_manifest)(source, cameras)
    if not photos:
        raise InputError(
            "{source} holds no photos; expected <class>/<photo> with names ending in {suffixes}",
            source=source,
            suffixes=", ".join(sorted(PHOTO_SUFFIXES)),
        )
    names = sorted({photo.label for photo in photos})
    if len(names) < 2:
        raise InputError(
            "{source} holds one class only ({name}); a classifier needs two",
            source=source,
            name=names[0],
        )
    return PhotoSet(tuple(photos), read_classes(root / CLASSES_FILE, names))


def write_manifest(path: Path, photos: PhotoSet) -> None:
    """Write a manifest and `classes.toml` beside it; photo paths become relative where possible.

    Raises:
        InputError: a name is not text, or `classes.toml` there is not valid.
    """
    text = io.StringIO()
    # Quotes around every field keep what a class may contain: line ends, spaces at either end.
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    root = path.absolute().parent
    for photo in photos.photos:
        row = (photo.camera, photo.batch, photo.piece, photo.group, photo.part)
        try:
            place = Path(os.path.relpath(photo.path, root)).as_posix()
        except ValueError:  # on another drive
            place = photo.path.as_posix()
        writer.writerow([place, photo.label, *(f or "" for f in row), int(photo.simulated)])
    try:
        content = text.getvalue().encode()
    except UnicodeEncodeError as error:
        bad = ascii(error.object[error.start - 40 : error.end + 40])
        raise InputError(
            "a file or class name is not UTF-8, rename it: near {bad}", bad=bad
        ) from None
    write_classes(path.parent / CLASSES_FILE, photos.classes)
    write_bytes(path, content)


def unlisted_files(source: Path, photos: PhotoSet) -> list[tuple[Path, str]]:
    """Return the files in a photo folder that are not in its photo set, and why, in one line.

    Hidden files do not count, nor do other files than photos outside the class folders. A manifest
    given as such lists what it means to, so it leaves nothing aside.
    """
    if not source.is_dir():
        return []
    listed = {photo.path for photo in photos.photos}
    files: list[tuple[Path, str]] = [
        (file, _("lies in no class folder"))
        for file in sorted(source.iterdir())
        if file.is_file() and not file.name.startswith(".") and _has_photo_suffix(file)
    ]
    for folder in _class_folders(source):
        for file in _visible_files(folder):
            if not file.suffix:
                reason = _("its name has no suffix, which names no photo format read here")
            elif not _has_photo_suffix(file):
                reason = _(
                    "its name ends in {suffix}, which names no photo format read here",
                    suffix=file.suffix,
                )
            elif file.absolute() not in listed:
                reason = _("is not listed in the folder's {manifest}", manifest=MANIFEST_FILE)
            else:
                continue
            files.append((file, reason))
    return files


def _from_folder(root: Path, cameras: Cameras) -> list[Photo]:
    photos = []
    for folder in _class_folders(root.absolute()):
        for file in filter(_has_photo_suffix, _visible_files(folder)):
            name = parse_name(file.stem)
            batch = f"{name.code}-{name.batch}" if name else None
            photos.append(Photo(file, folder.name, identify(file, cameras).camera, batch))
    return photos


def _class_folders(root: Path) -> list[Path]:
    return sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))


def _visible_files(folder: Path) -> list[Path]:
    """Return the files in `folder` and below, without hidden ones and what hidden folders hold."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file() and not any(p.startswith(".") for p in file.relative_to(folder).parts)
    )


def _has_photo_suffix(file: Path) -> bool:
    return file.suffix.lower() in PHOTO_SUFFIXES


def _from_manifest(path: Path, cameras: Cameras) -> list[Photo]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True, skipinitialspace=True)
            _check_columns(path, reader.fieldnames or [])
            return [_from_line(path, reader.line_num, row, cameras) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            "{path} is not a UTF-8 CSV manifest: {reason}", path=path, reason=error
        ) from None


def _check_columns(path: Path, found: Sequence[str]) -> None:
    unknown = [name for name in found if name not in COLUMNS]
    missing = [name for name in COLUMNS[:2] if name not in found]
    repeated = sorted({name for name in found if found.count(name) > 1})
    if unknown or missing or repeated:
        raise InputError(
            "{path}: columns unknown {unknown}, missing {missing}, repeated {repeated}; a "
            "manifest has path, class and optionally {others}",
            path=path,
            unknown=unknown,
            missing=missing,
            repeated=repeated,
            others=", ".join(COLUMNS[2:]),
        )


def _from_line(path: Path, line: int, row: dict[str, str | None], cameras: Cameras) -> Photo:
    try:
        return _from_row(row, path.absolute().parent, cameras)
    except InputError as error:
        raise InputError(
            "{path}, line {line}: {reason}", path=path, line=line, reason=error
        ) from None


def _from_row(row: dict[str, str | None], root: Path, cameras: Cameras) -> Photo:
    def field(name: str) -> str | None:
        return row.get(name) or None

    place, label, part = field("path"), field("class"), field("part")
    if None in row or place is None or label is None:
        raise InputError("needs a path and a class, and one field per column")
    if part is not None and part not in PARTS:
        allowed = ", ".join(PARTS)
        raise InputError("part is {part!r}; use {allowed} or nothing", part=part, allowed=allowed)
    simulated = field("simulated") or "0"
    if simulated not in ("0", "1"):
        raise InputError("simulated is {simulated!r}; use 0 or 1", simulated=simulated)
    camera = field("camera")
    if camera is not None and camera not in cameras:
        raise InputError("unknown camera {camera!r}; see 'edgetlc devices list'", camera=camera)
    file = root / place
    if not file.is_file():
        raise InputError("no photo at {file}", file=file)
    told = field("batch"), field("group"), part, simulated == "1", field("piece")
    return Photo(file, label, camera, *told)
