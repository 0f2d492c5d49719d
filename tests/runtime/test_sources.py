"""Pixels from PIL images and arrays take the same way as those from files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from edgetlc.errors import ImageError
from edgetlc.runtime.pixels import decode


@pytest.fixture(scope="module")
def large() -> np.ndarray:
    """A smooth picture, uint8[602, 811, 3]: at size 64, s is 4 and k is 2."""
    y, x = np.mgrid[0:602, 0:811].astype(float)
    planes = (40 + x / 5, 30 + y / 4, 128 + 60 * np.sin((x + 2 * y) / 90))
    return np.stack(planes, axis=-1).round().clip(0, 255).astype(np.uint8)


def test_an_array_an_image_and_a_lossless_file_give_the_same(large, encode) -> None:
    expected = decode(encode(large, "PNG"), 64)
    assert expected.pixels.shape == (76, 102, 3)
    image = Image.fromarray(large)
    for source, container in ((large, "array"), (image, "PIL image")):
        found = decode(source, 64)
        assert (found.container, found.declared, found.notes) == (container, (811, 602), ())
        np.testing.assert_array_equal(found.pixels, expected.pixels)
    np.testing.assert_array_equal(decode(large).pixels, large)


def test_a_grey_array_and_views_of_arrays(large) -> None:
    grey = large[:, :, 1]  # not contiguous
    found = decode(grey, 64).pixels
    np.testing.assert_array_equal(found, decode(np.repeat(grey[..., None], 3, axis=2), 64).pixels)
    flipped = large[::-1, :, ::-1]
    expected = decode(np.ascontiguousarray(flipped), 64).pixels
    np.testing.assert_array_equal(decode(flipped, 64).pixels, expected)


def test_the_result_is_not_the_callers_array(large) -> None:
    kept = large.copy()
    found = decode(large).pixels
    found[:] = 0
    np.testing.assert_array_equal(large, kept)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((40, 50, 3), np.float32), r"an array float32\[40, 50, 3\]"),
        (np.zeros((40, 50, 4), np.uint8), r"an array uint8\[40, 50, 4\]"),
        (np.zeros((40, 50, 3), np.uint16), r"an array uint16\[40, 50, 3\]"),
        (np.zeros((1, 40, 50, 3), np.uint8), r"an array uint8\[1, 40, 50, 3\]"),
        (np.zeros(40, np.uint8), r"an array uint8\[40\]"),
        (np.zeros((0, 50, 3), np.uint8), "50 x 0 pixels; sides may differ 32 times"),
        (np.zeros((2, 100), np.uint8), "100 x 2 pixels; sides may differ 32 times"),
    ],
)
def test_other_arrays_are_refused_by_kind_and_shape(array, said: str) -> None:
    with pytest.raises(ImageError, match=said):
        decode(array, 32)


@pytest.mark.parametrize("thing", ["photo.jpg", None, [[1, 2], [3, 4]], bytearray(b"x")])
def test_other_things_are_refused(thing: object) -> None:
    with pytest.raises(ImageError, match=f"a {type(thing).__name__}; give a path, bytes, a PIL"):
        decode(thing, 32)  # type: ignore[arg-type]


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
def test_an_image_opened_from_a_file_comes_out_as_its_file(
    format_: str, orientation: int, picture, encode
) -> None:
    options = {"tiffinfo": {274: orientation}} if format_ == "TIFF" else {"exif": exif(orientation)}
    data = encode(picture, format_, **options)
    if format_ == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    with Image.open(io.BytesIO(data)) as image:
        lazily = decode(image, 32).pixels
        again = decode(image, 32).pixels
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        loaded = decode(image, 32).pixels
    from_file = decode(data, 32).pixels
    for found in (lazily, again, loaded):
        np.testing.assert_array_equal(found, from_file)


def exif(orientation: int) -> Image.Exif:
    found = Image.Exif()
    found[0x0112] = orientation
    return found


def test_a_jpeg_opened_lazily_is_reduced_by_box_means(large, encode) -> None:
    data = encode(large, "JPEG", quality=95)
    with Image.open(io.BytesIO(data)) as image:
        found = decode(image, 64).pixels
        assert image.size == (811, 602)  # the caller's image is as it was
        whole = np.asarray(image)
    np.testing.assert_array_equal(found, decode(whole, 64).pixels)
    difference = np.abs(found.astype(int) - decode(data, 64).pixels)
    assert 0 < difference.max() <= 8
    assert difference.mean() < 0.5


def test_an_image_already_turned_is_not_turned_again(picture, encode) -> None:
    data = encode(picture, "PNG", exif=exif(6))
    with Image.open(io.BytesIO(data)) as image:
        upright = ImageOps.exif_transpose(image)
    np.testing.assert_array_equal(decode(upright, 32).pixels, decode(data, 32).pixels)


def test_an_images_profile_counts(display_p3, encode) -> None:
    data = encode(Image.new("RGB", (50, 40), (200, 100, 50)), "PNG", icc_profile=display_p3)
    with Image.open(io.BytesIO(data)) as image:
        found = decode(image, 32).pixels
    np.testing.assert_array_equal(found, decode(data, 32).pixels)
    assert np.abs(found - np.array((214.9, 92.6, 31.0))).max() <= 1.5


def test_an_images_damage_is_one_line(picture, encode, tmp_path: Path) -> None:
    path = tmp_path / "cut.png"
    data = encode(picture, "PNG")
    path.write_bytes(data[: len(data) // 2])
    with (
        Image.open(path) as image,
        pytest.raises(ImageError, match=r"damaged PIL image file: .*trunc"),
    ):
        decode(image, 32)


def test_images_beyond_the_limits_are_refused_before_they_are_loaded(monkeypatch) -> None:
    image = Image.new("L", (40, 30))
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("loaded"))
    for size, reason in (
        ((20_000, 20_000), "20000 x 20000 pixels declared; a photo may have 210 million"),
        ((13_000, 13_000), "this PIL image would take 677 MB of memory, 450 are allowed"),
        ((3300, 100), "sides may differ 32 times"),
    ):
        monkeypatch.setattr(Image.Image, "size", size)
        with pytest.raises(ImageError, match=reason):
            decode(image, 224)


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("1", 1, 255),
        ("L", 90, 90),
        ("LA", (100, 102), 193),
        ("P", 0, 0),
        ("RGBA", (200, 100, 0, 102), (233, 193, 153)),
        ("RGBa", (80, 40, 0, 102), (233, 193, 153)),
        ("CMYK", (51, 102, 0, 51), (163, 122, 204)),
        ("YCbCr", (120, 128, 128), 120),
        ("HSV", (0, 0, 77), 77),
        ("I;16", 0x5AFF, 0x5A),
        ("I", 0x5AFF, 0x5A),
    ],
)
def test_every_mode_that_has_a_meaning(mode: str, colour, expected) -> None:
    found = decode(Image.new(mode, (50, 40), colour), 32).pixels
    assert np.abs(found.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("mode", ["F", "LAB"])
def test_modes_without_one_are_refused(mode: str) -> None:
    with pytest.raises(ImageError, match=f"pixels of kind {mode}; save the photo in RGB"):
        decode(Image.new(mode, (50, 40)), 32)
