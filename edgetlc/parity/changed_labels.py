"""Classes of the changed photos alone: what must be looked at for an exact verdict.

A photo that reference and candidate answer alike, and decide alike, can neither harm nor gain,
whatever it shows. So of a set without classes only the others are labelled, often a handful: then
every count that a verdict rests on is exact. What stays unknown is how often either model is right,
and how many photos show counterfeits: there is no accuracy, and no PASS of the gate on them.

    photo,sha256,class   the CSV file; `class` is empty until somebody has looked

It tells neither what was answered nor where the photo lies, so that nobody is swayed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgetlc.errors import InputError
from edgetlc.files import write_bytes
from edgetlc.parity.matrix import Matrix
from edgetlc.parity.side import Side
from edgetlc.parity.store import PhotoRow, photos_at
from edgetlc.text import read_table

LABELS_FILE = "classes.csv"
COLUMNS = ("photo", "sha256", "class")


def changed_photos(matrix: Matrix) -> list[PhotoRow]:
    """Return the photos that any candidate answers or decides otherwise, by place."""
    places = [int(place) for place in matrix.photos.photo[_changed_rows(matrix)]]
    photos = photos_at(matrix.folders, places)
    return [photos[place] for place in places]


def _changed_rows(matrix: Matrix) -> NDArray[np.intp]:
    header, changed = matrix.header, np.zeros(len(matrix.photos.photo), dtype=bool)
    for one in matrix.candidates:
        before = Side(matrix.reference, one.rows, header.reference_policy, header.classes)
        after = Side(one.table, slice(None), one.info.policy, header.classes)
        other = (before.top != after.top) | (before.decision != after.decision)
        changed[one.rows[other]] = True
    return np.flatnonzero(changed)


def write_labels(path: Path, photos: Sequence[PhotoRow]) -> None:
    """Write the CSV file with empty classes; with a byte order mark, by which Excel knows UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((photo.photo, photo.sha256, "") for photo in photos)
    write_bytes(path, text.getvalue().encode("utf-8-sig", "replace"))


def with_labels(matrix: Matrix, path: Path) -> Matrix:
    """Return the matrix with the classes of a filled CSV file, and no others.

    Raises:
        InputError: the file is none of these, tells of other photos or of a class that the bundle
            does not know, or a changed photo has no class.
    """
    rows = _changed_rows(matrix)
    photos = {photo.photo: photo for photo in changed_photos(matrix)}
    names = tuple(info.name for info in matrix.header.classes)
    found: dict[int, str] = {}
    table = read_table(path)
    _line, columns = next(table)
    if sorted(name for name in columns if name) != sorted(COLUMNS):
        raise InputError(
            "{path} has columns {found}; it needs {columns}: fill in the file that 'edgetlc "
            "answers changed' wrote",
            path=path,
            found=", ".join(columns),
            columns=", ".join(COLUMNS),
        )
    for line, cells in table:
        row = dict(zip(columns, map(str.strip, cells), strict=False))
        try:
            place = _checked(row, photos, found, names)
        except InputError as error:
            raise InputError(
                "{path}, line {line}: {reason}", path=path, line=line, reason=error
            ) from None
        if row["class"]:
            found[place] = row["class"]
    missing = [photo for place, photo in photos.items() if place not in found]
    if missing:
        raise InputError(
            "{path}: {count} of {photos} changed photos have no class, the first is photo {photo} "
            "({file}); look at each and fill in its class",
            path=path,
            count=len(missing),
            photos=len(photos),
            photo=missing[0].photo,
            file=missing[0].path,
        )
    label = np.full(len(matrix.photos.photo), len(names), np.int64)
    label[rows] = [names.index(found[place]) for place in photos]
    table_of_photos = replace(matrix.photos, label=label, labels=(*names, ""))
    return replace(matrix, photos=table_of_photos, partly_labelled=True)


def _checked(
    row: dict[str, str], photos: dict[int, PhotoRow], found: dict[int, str], names: Sequence[str]
) -> int:
    """Return the photo's place.

    Raises:
        InputError: the row is of none of the photos, or of one twice, or its class is none.
    """
    if len(row) < len(COLUMNS):
        raise InputError("needs one field for each column")
    place = int(row["photo"]) if row["photo"].isdecimal() else -1
    photo = photos.get(place)
    if photo is None or photo.sha256 != row["sha256"]:
        raise InputError(
            "photo {photo} with this sha256 is none of those that changed; fill in the file that "
            "'edgetlc answers changed' wrote for these answers",
            photo=row["photo"],
        )
    if place in found:
        raise InputError("photo {photo} has a class already", photo=place)
    if row["class"] and row["class"] not in names:
        raise InputError(
            "class {name!r}; the bundle knows {known}", name=row["class"], known=", ".join(names)
        )
    return place
