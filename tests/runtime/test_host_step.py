"""Orientation, reductions and the order of the host step."""

from __future__ import annotations

import io
import struct
from math import ceil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from edgetlc.runtime.contract import reductions
from edgetlc.runtime.pixels import decode

# How EXIF stores an upright picture: row 0 and column 0 of the file are, by orientation,
# top-left, top-right, bottom-right, bottom-left, left-top, right-top, right-bottom, left-bottom.
STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1, :],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}


def exif(orientation: int, field_type: int = 3) -> bytes:
    entry = struct.pack("<HHIHH", 0x0112, field_type, 1, orientation, 0)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("format_", ["PNG", "WEBP", "TIFF", "JPEG", "AVIF", "HEIF"])
def test_a_stored_picture_comes_out_upright(
    format_: str, orientation: int, picture, encode
) -> None:
    stored = np.ascontiguousarray(STORED[orientation](picture))
    options = {"PNG": {}, "WEBP": {"lossless": True}, "TIFF": {}}.get(format_, {"quality": 100})
    said = {"tiffinfo": {0x0112: orientation}} if format_ == "TIFF" else {"exif": exif(orientation)}
    found = decode(encode(stored, format_, **options, **said))
    upright = format_ in ("TIFF", "HEIF")  # their decoders turn them
    assert found.declared == (picture if upright else stored).shape[1::-1]
    difference = np.abs(found.pixels.astype(int) - picture)
    if format_ in ("JPEG", "AVIF", "HEIF"):
        assert difference.mean() < 2
    else:
        assert difference.max() == 0


@pytest.mark.parametrize("orientation", STORED)
def test_orientation_and_reduction_together(orientation: int, picture, encode) -> None:
    upright = np.repeat(np.repeat(picture, 4, axis=0), 4, axis=1)  # 256 x 384: s = 4, k = 2
    stored = np.ascontiguousarray(STORED[orientation](upright))
    found = decode(encode(stored, "PNG", exif=exif(orientation)), 32)
    assert found.pixels.shape == (32, 48, 3)
    boxes = picture.reshape(32, 2, 48, 2, 3).mean(axis=(1, 3))
    assert np.abs(found.pixels - boxes).max() <= 1


@pytest.mark.parametrize(
    "block", [exif(9), exif(0), exif(6, field_type=2), exif(6)[:20], b"", b"x"]
)
def test_a_damaged_orientation_leaves_the_picture_as_it_lies(block: bytes, picture, encode) -> None:
    data = encode(picture, "PNG", exif=block) if block else encode(picture, "PNG")
    np.testing.assert_array_equal(decode(data).pixels, picture)


def box_mean(pixels: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Return rounded means over factor x factor boxes; those at the edges have fewer pixels."""
    height, width = pixels.shape[:2]
    tops, lefts = np.arange(0, height, factor), np.arange(0, width, factor)
    sums = np.add.reduceat(np.add.reduceat(pixels.astype(float), tops, axis=0), lefts, axis=1)
    counts = np.outer(np.diff(tops, append=height), np.diff(lefts, append=width))
    return np.floor(sums / counts[..., None] + 0.5).astype(np.uint8)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(width=st.integers(33, 300), height=st.integers(33, 300), seed=st.integers(0, 2**32 - 1))
def test_a_png_is_reduced_by_box_means_s_then_k(width: int, height: int, seed: int, encode) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    found = decode(encode(pixels, "PNG", compress_level=0), 32).pixels
    s, k = reductions(width, height, 32)
    expected = box_mean(box_mean(pixels, s), k)
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).max() <= 1


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    width=st.integers(8, 700),
    height=st.integers(8, 700),
    format_=st.sampled_from(["JPEG", "PNG"]),
)
def test_every_container_comes_to_the_same_size(
    width: int, height: int, format_: str, encode
) -> None:
    width = min(width, 30 * height)
    height = min(height, 30 * width)
    pixels = np.zeros((height, width, 3), np.uint8)
    found = decode(encode(pixels, format_), 48).pixels
    s, k = reductions(width, height, 48)
    assert found.shape == (*(ceil(ceil(side / s) / k) for side in (height, width)), 3)
    assert not found.any()


@pytest.mark.parametrize("size", [64, 160, 224])
def test_scaling_while_decoding_and_a_box_mean_hardly_differ(size: int, encode) -> None:
    """The same photo as JPEG and as PNG: s is 8, 4 and 2 for the three sizes."""
    y, x = np.mgrid[0:1500, 0:2000].astype(np.float32)
    waves = np.sin(x / 31 + y / 57) + np.cos(x / 211 - y / 17)
    photo = np.stack([128 + 55 * waves, 120 + 40 * np.sin(y / 83), 90 + x / 20], axis=-1)
    jpeg = encode(photo.clip(0, 255).astype(np.uint8), "JPEG", quality=92)
    with Image.open(io.BytesIO(jpeg)) as image:
        png = encode(np.asarray(image), "PNG", compress_level=1)
    scaled, averaged = decode(jpeg, size).pixels, decode(png, size).pixels
    assert scaled.shape == averaged.shape
    assert size <= min(scaled.shape[:2]) < 2 * size
    difference = np.abs(scaled.astype(int) - averaged)
    assert difference.mean() < 0.5
    assert difference.max() <= 8


def test_pixels_are_contiguous_and_may_be_written(picture, encode) -> None:
    found = decode(encode(picture, "PNG"), 32).pixels
    assert found.flags.c_contiguous
    assert found.dtype == np.uint8
