from __future__ import annotations

import io
import struct
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, features

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="session")
def picture() -> Pixels:
    """An upright picture, uint8[64, 96, 3]: smooth, and different in every corner."""
    y, x = np.mgrid[0:64, 0:96].astype(float)
    planes = (40 + 2 * x, 30 + 3 * y, 128 + 60 * np.sin((x + 2 * y) / 25))
    return np.stack(planes, axis=-1).round().clip(0, 255).astype(np.uint8)


Encode = Callable[..., bytes]


@pytest.fixture(scope="session")
def encode() -> Encode:
    """`encode(pixels or image, "PNG", **options)` returns the file's bytes."""

    def to_bytes(source: Pixels | Image.Image, format_: str, **options: object) -> bytes:
        image = source if isinstance(source, Image.Image) else Image.fromarray(source)
        stream = io.BytesIO()
        if format_ == "HEIF":
            heif = pytest.importorskip("pillow_heif")
            heif.from_pillow(image).save(stream, **options)
        else:
            if format_ == "AVIF" and not features.check("avif"):
                pytest.skip("this Pillow has no AVIF")
            image.save(stream, format_, **options)
        return stream.getvalue()

    return to_bytes


def _number(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _icc(tags: dict[bytes, bytes]) -> bytes:
    """Return a version 4 RGB monitor profile of these tags."""
    start = 128 + 4 + 12 * len(tags)
    table, content = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(content), len(data))
        content += data.ljust(-(-len(data) // 4) * 4, b"\0")
    header = struct.pack(">I4xI4s4s4s", start + len(content), 0x04000000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H4s", 2022, 1, 1, 0, 0, 0, b"acsp")
    header = header.ljust(68, b"\0") + b"".join(map(_number, (0.9642, 1.0, 0.8249)))
    return header.ljust(128, b"\0") + table + content


@pytest.fixture(scope="session")
def display_p3() -> bytes:
    """An ICC profile of Display P3: SMPTE EQ 2113 primaries adapted to D50, sRGB's curve."""

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(map(_number, values))

    curve = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    para = b"para\0\0\0\0" + struct.pack(">HH", 3, 0) + b"".join(map(_number, curve))
    return _icc(
        {
            b"wtpt": xyz(0.96420, 1.0, 0.82491),
            b"rXYZ": xyz(0.51512, 0.24120, -0.00105),
            b"gXYZ": xyz(0.29198, 0.69225, 0.04189),
            b"bXYZ": xyz(0.15710, 0.06657, 0.78407),
            b"rTRC": para,
            b"gTRC": para,
            b"bTRC": para,
        }
    )
