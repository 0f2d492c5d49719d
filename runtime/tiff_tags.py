"""Whole-number tags of a TIFF structure: in EXIF the orientation, in a TIFF what tells a raw file.

Read here and not by Pillow, which warns on damaged EXIF, parses every tag of it, and takes the
orientation from XMP where EXIF has none; browsers do not, and hosts must agree.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

_STRIPS_OR_TILES = (273, 324)
_ORIENTATION = 0x0112
_NEW_SUBFILE_TYPE = 254
_PHOTOMETRIC = 262
_SUB_DIRECTORIES = 330
_DNG_VERSION = 50706
_SENSOR_DATA = (32803, 34892)  # colour filter array, linear raw
_FORMATS = {3: "H", 4: "I", 13: "I"}  # SHORT, LONG, IFD
_MOST_VALUES = 64


def orientation(exif: bytes) -> int:
    """Return orientation 1 to 8 of an EXIF block; 1 where absent or damaged."""
    while exif.startswith(b"Exif\0\0"):
        exif = exif[6:]
    values = read_tags(exif).get(_ORIENTATION, ())
    return values[0] if len(values) == 1 and 1 <= values[0] <= 8 else 1


def is_camera_raw(tiff: bytes) -> bool:
    """Return whether a TIFF file is a camera's raw file: CR2, DNG, NEF, ARW and their like.

    Their first directory is only a preview, or it holds sensor data.
    """
    first = read_tags(tiff)
    if tiff[8:10] == b"CR" or _DNG_VERSION in first:
        return True
    if any(bits & 1 for bits in first.get(_NEW_SUBFILE_TYPE, ())):
        return True
    others = (read_tags(tiff, at) for at in first.get(_SUB_DIRECTORIES, ()))
    return any(
        value in _SENSOR_DATA for tags in (first, *others) for value in tags.get(_PHOTOMETRIC, ())
    )


def strip_count(tiff: bytes) -> int:
    """Return how many strips or tiles the first directory of a TIFF lists."""
    entries = _entries(tiff)
    return max((entries[tag].length for tag in _STRIPS_OR_TILES if tag in entries), default=0)


def read_tags(block: bytes, at: int | None = None) -> dict[int, tuple[int, ...]]:
    """Return the tags of one directory, those of other types than whole numbers as ().

    Args:
        block: from the byte order mark on.
        at: where the directory begins; None takes the first one. What is damaged is left out.
    """
    return {tag: entry.values for tag, entry in _entries(block, at).items()}


class _Entry(NamedTuple):
    length: int
    values: tuple[int, ...]


def _entries(block: bytes, at: int | None = None) -> dict[int, _Entry]:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None or len(block) < 8:
        return {}
    start: int = struct.unpack_from(order + "I", block, 4)[0] if at is None else at
    if start + 2 > len(block):
        return {}
    (length,) = struct.unpack_from(order + "H", block, start)
    entries: dict[int, _Entry] = {}
    end = min(start + 2 + 12 * length, len(block) - 11)
    for entry in range(start + 2, end, 12):
        tag, kind, count = struct.unpack_from(order + "HHI", block, entry)
        values = _values(block, order, entry + 8, kind, count)
        entries.setdefault(tag, _Entry(count, values))
    return entries


def _values(block: bytes, order: str, at: int, kind: int, count: int) -> tuple[int, ...]:
    letter = _FORMATS.get(kind)
    if letter is None or count > _MOST_VALUES:
        return ()
    layout = f"{order}{count}{letter}"
    length = struct.calcsize(layout)
    if length > 4:
        (at,) = struct.unpack_from(order + "I", block, at)
    return struct.unpack_from(layout, block, at) if at + length <= len(block) else ()
