"""Colours declared by code points instead of a profile: PNG's cICP, HEIC's and AVIF's nclx.

Both name primaries and transfer by the numbers of ITU-T H.273. They become a small ICC profile, so
that they take the same way to sRGB as any other. Matrix and range belong to the decoder.
"""

from __future__ import annotations

import struct
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
