"""The rows of a CSV manifest, read as spreadsheets on every system write them.

Commas, semicolons or tabs part the fields; the header shows which. Spaces before a field are
skipped unless quotes enclose it, spaces after one count in a path or class only. Rows and unnamed
columns without content are none. A path may be written with backslashes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from edgetlc.data.photos import PARTS, Photo
from edgetlc.devices.identify import Declared
from edgetlc.devices.profiles import Cameras
from edgetlc.errors import InputError
from edgetlc.text import read_text

COLUMNS = ("path", "class", "camera", "batch", "group", "part", "simulated")
_DELIMITERS = ",;\t"


def read_rows(path: Path, cameras: Cameras) -> Iterator[tuple[Photo, Declared]]:
    """Yield the photo of each row, with what the row says of its camera, batch and origin.

    Whether the photos are there is not looked at.

    Raises:
        InputError: no CSV text, an unknown or missing column, or a row with a field that is none.
    """
    try:
        text = read_text(path)
    except OSError as error:
        raise InputError("{path}: {reason}", path=path, reason=str(error)) from None
    first = next((line for line in text.splitlines() if line.strip(_DELIMITERS + " ")), "")
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True
    )
    try:
        header = next((cells for cells in reader if any(cell.strip() for cell in cells)), [])
        names = [name.strip() for name in header]
        _check_columns(path, [name for name in names if name])
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _read(path, reader.line_num, names, cells, cameras)
    except csv.Error as error:
        raise InputError(
            "{path} is not a CSV manifest: {reason}", path=path, reason=error
        ) from None


def _check_columns(path: Path, found: Sequence[str]) -> None:
    unknown = [name for name in found if name not in COLUMNS]
    missing = [name for name in COLUMNS[:2] if name not in found]
    repeated = sorted({name for name in found if found.count(name) > 1})
    near = [get_close_matches(name.casefold(), COLUMNS, n=1) for name in unknown]
    if any(near):
        raise InputError(
            "{path}: unknown column {name!r}; did you mean {near!r}?",
            path=path,
            name=next(name for name, matches in zip(unknown, near, strict=True) if matches),
            near=next(matches[0] for matches in near if matches),
        )
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


def _read(
    path: Path, line: int, names: Sequence[str], cells: Sequence[str], cameras: Cameras
) -> tuple[Photo, Declared]:
    try:
        return _from_cells(path.absolute().parent, names, cells, cameras)
    except InputError as error:
        raise InputError(
            "{path}, line {line}: {reason}", path=path, line=line, reason=error
        ) from None


def _from_cells(
    root: Path, names: Sequence[str], cells: Sequence[str], cameras: Cameras
) -> tuple[Photo, Declared]:
    row = dict(zip(names, cells, strict=False))
    unnamed = [cell for i, cell in enumerate(cells) if i >= len(names) or not names[i]]

    def field(name: str) -> str | None:
        return row.get(name, "").strip() or None

    place, label, part = row.get("path"), row.get("class"), field("part")
    if not place or not label or any(cell.strip() for cell in unnamed):
        raise InputError("needs a path and a class, and one field per column")
    if part is not None and part not in PARTS:
        allowed = ", ".join(PARTS)
        raise InputError("part is {part!r}; use {allowed} or nothing", part=part, allowed=allowed)
    simulated = field("simulated")
    if simulated not in (None, "0", "1"):
        raise InputError("simulated is {simulated!r}; use 0 or 1", simulated=simulated)
    camera = field("camera")
    if camera is not None:
        cameras.get(camera)
    declared = Declared(camera, field("batch"), None if simulated is None else simulated == "1")
    return Photo(_file(root, place), label, group=field("group"), part=part), declared


def _file(root: Path, place: str) -> Path:
    """Return the file that a path names: as it is written, or as Windows or a spreadsheet write it.

    The last is a name with a blank behind it, which no photo has by intent.
    """
    written = (place, place.strip(), place.replace("\\", "/"), place.strip().replace("\\", "/"))
    files = [root / one for one in written]
    return next((file for file in files if file.is_file()), files[0])
