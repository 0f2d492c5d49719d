"""Reading and writing photo sets: a folder `<class>/<file>`, or a CSV manifest.

A manifest is a UTF-8 CSV file with a header. Columns:

    path       required; relative to the manifest's folder, or absolute
    class      required
    camera     id of a camera profile; empty for an unknown camera
    batch, group, part, simulated (0 or 1)   as in `edgetlc.data.photos`

An unknown column is an error: it is most often a misspelt one. The classes' labels and roles come
from `classes.toml` beside the manifest (or in the photo folder):

    [chenpi]
    zh = "陈皮"
    en = "aged tangerine peel"
    role = "genuine"          # or "counterfeit", "unspecified"

Without it, a class is called by its folder's name in both languages.
"""

from __future__ import annotations

import csv
import io
import os
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import get_args

from edgetlc.data.photos import PARTS, Photo, PhotoSet
from edgetlc.devices.identify import identify
from edgetlc.devices.naming import parse_name
from edgetlc.devices.profiles import Cameras
from edgetlc.errors import InputError
from edgetlc.files import write_text
from edgetlc.runtime.classes import ClassInfo, Role
from edgetlc.runtime.containers import PHOTO_SUFFIXES

CLASSES_FILE = "classes.toml"
COLUMNS = ("path", "class", "camera", "batch", "group", "part", "simulated")


def load_photos(source: Path, cameras: Cameras) -> PhotoSet:
    """Return the photo set of a folder or of a CSV manifest.

    Args:
        source: a folder with one sub-folder per class, or a `.csv` manifest.
        cameras: the camera profiles that identify who took a photo.

    Raises:
        InputError: nothing there, no photos, fewer than two classes, or a bad manifest.
    """
    if source.is_dir():
        photos = _from_folder(source, cameras)
        root = source
    elif source.is_file():
        photos = _from_manifest(source, cameras)
        root = source.parent
    else:
        raise InputError(f"{source}: no such folder or manifest")
    if not photos:
        raise InputError(
            f"{source} holds no photos; expected <class>/<photo> with names ending in "
            f"{', '.join(sorted(PHOTO_SUFFIXES))}"
        )
    names = sorted({photo.label for photo in photos})
    if len(names) < 2:
        raise InputError(f"{source} holds one class only ({names[0]}); a classifier needs two")
    return PhotoSet(tuple(photos), read_classes(root / CLASSES_FILE, names))


def read_classes(path: Path, names: Iterable[str]) -> tuple[ClassInfo, ...]:
    """Return the labels and roles of `names`, from `path` where it exists.

    Raises:
        InputError: the file is not valid, or describes a class in unknown terms.
    """
    described = _parse_classes(path) if path.is_file() else {}
    return tuple(described.get(name, ClassInfo(name, name, name)) for name in names)


def _parse_classes(path: Path) -> dict[str, ClassInfo]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not a readable TOML file: {error}") from None
    classes = {}
    for name, fields in document.items():
        if not isinstance(fields, dict) or set(fields) - {"zh", "en", "role"}:
            raise InputError(f"{path}: [{name}] takes zh, en and role only")
        role = fields.get("role", "unspecified")
        if role not in get_args(Role):
            raise InputError(
                f"{path}: role of [{name}] is {role!r}; use {', '.join(get_args(Role))}"
            )
        zh, en = str(fields.get("zh", name)), str(fields.get("en", name))
        classes[name] = ClassInfo(name, zh, en, role)
    return classes


def write_classes(path: Path, classes: Iterable[ClassInfo]) -> None:
    """Write `classes.toml`."""
    blocks = [
        f"[{_toml_string(c.name)}]\nzh = {_toml_string(c.zh)}\nen = {_toml_string(c.en)}\n"
        f"role = {_toml_string(c.role)}\n"
        for c in classes
    ]
    write_text(path, "\n".join(blocks))


def _toml_string(text: str) -> str:
    """Return `text` as a TOML basic string; control characters become escapes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return (
        '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04X}" for c in escaped) + '"'
    )


def write_manifest(path: Path, photos: PhotoSet) -> None:
    """Write a manifest and `classes.toml` beside it; photo paths become relative where possible."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    root = path.absolute().parent
    for photo in photos.photos:
        row = (photo.camera, photo.batch, photo.group, photo.part)
        place = os.path.relpath(photo.path, root)
        writer.writerow([place, photo.label, *(f or "" for f in row), int(photo.simulated)])
    write_text(path, text.getvalue())
    write_classes(path.parent / CLASSES_FILE, photos.classes)


def _from_folder(root: Path, cameras: Cameras) -> list[Photo]:
    root = root.absolute()
    photos = []
    for folder in sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith(".")):
        files = (p for p in folder.rglob("*") if p.suffix.lower() in PHOTO_SUFFIXES)
        for file in sorted(p for p in files if p.is_file() and not p.name.startswith(".")):
            photos.append(_photo(file, folder.name, cameras))
    return photos


def _photo(file: Path, label: str, cameras: Cameras) -> Photo:
    """Return the photo with the camera and batch that its EXIF and name tell."""
    name = parse_name(file.stem)
    batch = f"{name.code}-{name.batch}" if name else None
    return Photo(file, label, identify(file, cameras).camera, batch)


def _from_manifest(path: Path, cameras: Cameras) -> list[Photo]:
    root = path.absolute().parent
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            _check_columns(path, reader.fieldnames or [])
            return [_from_row(path, root, reader.line_num, row, cameras) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is not a UTF-8 CSV manifest: {error}") from None


def _check_columns(path: Path, found: Iterable[str]) -> None:
    found = list(found)
    unknown = [name for name in found if name not in COLUMNS]
    missing = [name for name in COLUMNS[:2] if name not in found]
    if unknown or missing:
        raise InputError(
            f"{path}: unknown columns {unknown}, missing columns {missing}; "
            f"a manifest has path, class and optionally {', '.join(COLUMNS[2:])}"
        )


def _from_row(
    path: Path, root: Path, line: int, row: dict[str, str | None], cameras: Cameras
) -> Photo:
    def field(name: str) -> str | None:
        return (row.get(name) or "").strip() or None

    place, label, part = field("path"), field("class"), field("part")
    if None in row or place is None or label is None:
        raise InputError(f"{path}, line {line}: needs a path and a class, and one field per column")
    if part is not None and part not in PARTS:
        raise InputError(
            f"{path}, line {line}: part is {part!r}; use {', '.join(PARTS)} or nothing"
        )
    simulated = field("simulated") or "0"
    if simulated not in ("0", "1"):
        raise InputError(f"{path}, line {line}: simulated is {simulated!r}; use 0 or 1")
    camera = field("camera")
    if camera is not None and camera not in cameras:
        raise InputError(
            f"{path}, line {line}: unknown camera {camera!r}; see 'edgetlc devices list'"
        )
    file = root / place
    if not file.is_file():
        raise InputError(f"{path}, line {line}: no photo at {file}")
    photo = Photo(file, label, camera, field("batch"), field("group"), None, simulated == "1")
    return replace(photo, part=part)
