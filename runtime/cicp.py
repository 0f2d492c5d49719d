"""Colours declared by code points instead of a profile: PNG's cICP, HEIC's and AVIF's nclx.

Both name primaries and transfer by the numbers of ITU-T H.273. They become a small ICC profile, so
that they take the same way to sRGB as any other. Matrix and range belong to the decoder.
The boxes of HEIC and AVIF files are those of ISO 14496-12.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgetlc.locale import _

_D65 = (0.3127, 0.3290)
_PRIMARIES = {  # x and y of red, green, blue and white
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65),  # BT.709, sRGB
    5: ((0.640, 0.330), (0.290, 0.600), (0.150, 0.060), _D65),  # BT.601, 625 lines
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),  # BT.601, 525 lines
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),  # BT.2020
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),  # Display P3
}
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_TRANSFERS: dict[int, tuple[float, ...]] = {
    # Encoders made for video tag photos with television's curves; sRGB is meant.
    **dict.fromkeys((1, 6, 13, 14, 15), _SRGB_CURVE),
    4: (2.2,),
    5: (2.8,),
    8: (1.0,),
}
_SRGB_POINTS = (1, 13)
_UNSPECIFIED = 2
_HDR = {16: "PQ", 18: "HLG"}
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_D50 = np.array([0.9642, 1.0, 0.8249])
_MOST_BOXES = 1000  # in one box; a photo of 400 tiles has some 30
_MOST_ITEMS = 10_000
_Extent = tuple[int, int]


@dataclass(frozen=True)
class CodePoints:
    """Colour primaries and transfer characteristics by H.273."""

    primaries: int
    transfer: int


def profile_of(colours: CodePoints) -> tuple[bytes | None, str | None]:
    """Return the ICC profile of these colours, None for sRGB, and a note where that is a guess."""
    if colours.transfer in _HDR:
        return None, _("HDR photo ({curve}) read as if it were SDR", curve=_HDR[colours.transfer])
    primaries, transfer = (
        srgb if point == _UNSPECIFIED else point
        for point, srgb in zip((colours.primaries, colours.transfer), _SRGB_POINTS, strict=True)
    )
    if primaries not in _PRIMARIES or transfer not in _TRANSFERS:
        points = f"{colours.primaries}/{colours.transfer}"
        return None, _("unknown colours (code points {points}) read as sRGB", points=points)
    curve = _TRANSFERS[transfer]
    if primaries == 1 and curve == _SRGB_CURVE:
        return None, None
    return matrix_profile(_colorants(_PRIMARIES[primaries]), curve), None


def _colorants(points: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    """Return the XYZ of red, green and blue as columns, adapted to D50 by Bradford."""
    columns = np.array([(x / y, 1.0, (1 - x - y) / y) for x, y in points]).T
    primaries, white = columns[:, :3], columns[:, 3]
    scaled = primaries * np.linalg.solve(primaries, white)
    cones = (_BRADFORD @ _D50) / (_BRADFORD @ white)
    return np.asarray(np.linalg.solve(_BRADFORD, cones[:, None] * (_BRADFORD @ scaled)))


def matrix_profile(colorants: NDArray[np.float64], curve: tuple[float, ...]) -> bytes:
    """Return a version 4 ICC profile of an RGB display.

    Args:
        colorants: float64[3, 3], XYZ of red, green and blue as columns, for a D50 white.
        curve: gamma alone, or g, a, b, c, d of the specification's parametric curve 3.
    """
    kind = 3 if len(curve) == 5 else 0
    parametric = b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + b"".join(map(_fixed, curve))
    tags = {b"wtpt": _xyz(_D50)}
    tags |= {bytes([c]) + b"XYZ": _xyz(xyz) for c, xyz in zip(b"rgb", colorants.T, strict=True)}
    tags |= {bytes([c]) + b"TRC": parametric for c in b"rgb"}
    start = 128 + 4 + 12 * len(tags)
    table, content = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(content), len(value))
        content += value.ljust(-(-len(value) // 4) * 4, b"\0")
    size = start + len(content)
    header = struct.pack(">I4xI4s4s4s", size, 0x04000000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H4s", 2000, 1, 1, 0, 0, 0, b"acsp")
    header = header.ljust(68, b"\0") + b"".join(map(_fixed, _D50))
    return header.ljust(128, b"\0") + table + content


def _xyz(values: NDArray[np.float64]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, values))


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def heif_code_points(data: bytes) -> CodePoints | None:
    """Return what the `nclx` box of a HEIC or AVIF file's main picture says; None without one."""
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
    for index, (kind, (start, _end)) in enumerate(_boxes(data, held), start=1):
        if index in indices and kind == b"colr" and data[start : start + 4] == b"nclx":
            return CodePoints(*struct.unpack_from(">HH", data, start + 4))
    return None


def _boxes(data: bytes, extent: _Extent) -> Iterator[tuple[bytes, _Extent]]:
    """Yield the type and the content's extent of every box within an extent."""
    at, end = extent
    for _place in range(_MOST_BOXES):
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
    for _place in range(min(entries, _MOST_ITEMS)):
        (found,) = struct.unpack_from(number, data, at)
        layout = f">{data[at + width]}{letter}"
        indices = struct.unpack_from(layout, data, at + width + 1)
        if found == item:
            return frozenset(index & mask for index in indices)
        at += width + 1 + struct.calcsize(layout)
    return frozenset()
