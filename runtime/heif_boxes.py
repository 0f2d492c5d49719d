"""What the boxes of a HEIC or AVIF file (ISO 14496-12) say of its main picture's colours."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from edgetlc.runtime.cicp import CodePoints

_MOST_BOXES = 1000  # in one box; a photo of 400 tiles has some 30
_MOST_ITEMS = 10_000
_Extent = tuple[int, int]


def code_points(data: bytes) -> CodePoints | None:
    """Return what the `nclx` box of the main picture says; None where there is none."""
    try:
        return _code_points(data)
    except (struct.error, IndexError):  # cut short: the decoder will say so
        return None


def _code_points(data: bytes) -> CodePoints | None:
    meta = _box(data, b"meta", (0, len(data)))
    if meta is None:
        return None
    inside = (meta[0] + 4, meta[1])
    main, properties = _box(data, b"pitm", inside), _box(data, b"iprp", inside)
    if main is None or properties is None:
        return None
    (item,) = struct.unpack_from(">I" if data[main[0]] else ">H", data, main[0] + 4)
    held, given = _box(data, b"ipco", properties), _box(data, b"ipma", properties)
    if held is None or given is None:
        return None
    indices = _properties_of(data, given[0], item)
    for index, (kind, (start, _)) in enumerate(_boxes(data, held), start=1):
        if index in indices and kind == b"colr" and data[start : start + 4] == b"nclx":
            return CodePoints(*struct.unpack_from(">HH", data, start + 4))
    return None


def _boxes(data: bytes, extent: _Extent) -> Iterator[tuple[bytes, _Extent]]:
    """Yield the type and the content's extent of every box within an extent."""
    at, end = extent
    for _ in range(_MOST_BOXES):
        if at + 8 > end:
            return
        length, kind = struct.unpack_from(">I4s", data, at)
        header = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, at + 8)
            header = 16
        elif length == 0:  # to the end of the file
            length = end - at
        if length < header or at + length > end:
            return
        yield kind, (at + header, at + length)
        at += length


def _box(data: bytes, kind: bytes, extent: _Extent) -> _Extent | None:
    return next((inside for found, inside in _boxes(data, extent) if found == kind), None)


def _properties_of(data: bytes, at: int, item: int) -> frozenset[int]:
    """Return the numbers, from 1, of the properties that the box `ipma` gives to an item."""
    number, width = (">I", 4) if data[at] else (">H", 2)
    letter, mask = ("H", 0x7FFF) if data[at + 3] & 1 else ("B", 0x7F)
    (entries,) = struct.unpack_from(">I", data, at + 4)
    at += 8
    for _ in range(min(entries, _MOST_ITEMS)):
        (found,) = struct.unpack_from(number, data, at)
        layout = f">{data[at + width]}{letter}"
        indices = struct.unpack_from(layout, data, at + width + 1)
        if found == item:
            return frozenset(index & mask for index in indices)
        at += width + 1 + struct.calcsize(layout)
    return frozenset()
