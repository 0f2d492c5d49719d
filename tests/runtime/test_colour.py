from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from edgetlc.runtime.pixels import decode

# By hand: linearise with sRGB's curve, then the matrix from P3's primaries (0.680, 0.320),
# (0.265, 0.690), (0.150, 0.060) to sRGB's, both with white D65, then sRGB's curve again.
P3_TO_SRGB = [
    ((200, 100, 50), (214.9, 92.6, 31.0)),
    ((90, 160, 60), (60.7, 162.1, 38.7)),
    ((60, 80, 200), (54.3, 80.7, 207.5)),
    ((120, 120, 120), (120, 120, 120)),
    ((255, 255, 255), (255, 255, 255)),
    ((0, 255, 0), (0, 255, 0)),  # outside sRGB, so clipped to it
]


def of_one_colour(*colour: int) -> NDArray[np.uint8]:
    return np.full((40, 50, len(colour)), colour, np.uint8)


@pytest.mark.parametrize(("p3", "srgb"), P3_TO_SRGB)
@pytest.mark.parametrize("format_", ["PNG", "JPEG", "TIFF"])
def test_display_p3_becomes_srgb(p3, srgb, format_: str, display_p3: bytes, encode) -> None:
    options = {"quality": 100, "subsampling": 0} if format_ == "JPEG" else {}
    data = encode(of_one_colour(*p3), format_, icc_profile=display_p3, **options)
    found = decode(data, 32)
    assert found.notes == ()
    assert np.abs(found.pixels - np.array(srgb)).max() <= 1.5


def test_an_srgb_profile_changes_nothing(picture, encode) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    tagged = decode(encode(picture, "PNG", icc_profile=profile)).pixels
    np.testing.assert_array_equal(tagged, picture)


def test_a_profile_that_cannot_be_used_is_noted_and_ignored(picture, display_p3, encode) -> None:
    cut = decode(encode(picture, "PNG", icc_profile=display_p3[:200]))
    grey = decode(encode(picture[:, :, 0], "PNG", icc_profile=display_p3))
    too_long = decode(encode(picture, "JPEG", icc_profile=display_p3 + bytes(5_000_000)))
    for found in (cut, grey, too_long):
        (note,) = found.notes
        assert note.startswith("colour profile ignored (")
    np.testing.assert_array_equal(cut.pixels, picture)


def test_alpha_is_laid_over_white(encode) -> None:
    colour, alpha = (200, 100, 0), 102  # two fifths
    expected = [round(0.4 * c + 0.6 * 255) for c in colour]
    found = decode(encode(of_one_colour(*colour, alpha), "PNG")).pixels
    assert np.abs(found - np.array(expected)).max() <= 1
    clear = decode(encode(of_one_colour(10, 20, 30, 0), "PNG")).pixels
    assert (clear == 255).all()
    grey = decode(encode(Image.fromarray(of_one_colour(100, 102), "LA"), "PNG")).pixels
    assert np.abs(grey.astype(int) - round(0.4 * 100 + 0.6 * 255)).max() <= 1


def test_transparent_pixels_do_not_bleed_when_they_are_averaged(encode) -> None:
    pixels = of_one_colour(0, 0, 0, 0)[:40, :40].copy()
    pixels[::2, :] = (255, 255, 255, 255)  # white lines, between them clear ones stored as black
    big = np.tile(pixels, (4, 4, 1))
    found = decode(encode(big, "PNG"), 40)
    assert found.pixels.shape == (40, 40, 3)
    assert (found.pixels == 255).all()


def test_a_transparent_colour_becomes_white(picture, encode) -> None:
    key = tuple(int(v) for v in picture[10, 10])
    pixels = picture.copy()
    pixels[20:30, 20:30] = key
    found = decode(encode(pixels, "PNG", transparency=key)).pixels
    is_key = (pixels == key).all(axis=2)
    assert is_key.sum() >= 100
    assert (found[is_key] == 255).all()
    np.testing.assert_array_equal(found[~is_key], pixels[~is_key])


def test_a_palette_with_and_without_transparency(picture, encode) -> None:
    indexed = Image.fromarray(picture).quantize(16)
    expected = np.asarray(indexed.convert("RGB"))
    np.testing.assert_array_equal(decode(encode(indexed, "PNG")).pixels, expected)
    found = decode(encode(indexed, "PNG", transparency=3)).pixels
    clear = np.asarray(indexed) == 3
    assert clear.any()
    assert (found[clear] == 255).all()
    np.testing.assert_array_equal(found[~clear], expected[~clear])


@pytest.mark.parametrize("format_", ["PNG", "TIFF"])
def test_16_bit_grey_keeps_the_high_byte(format_: str, encode) -> None:
    samples = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) * 16 + 5
    found = decode(encode(Image.fromarray(samples), format_)).pixels
    expected = (samples >> 8).astype(np.uint8)
    for channel in range(3):
        np.testing.assert_array_equal(found[:, :, channel], expected)


def test_one_bit_is_black_and_white(encode) -> None:
    bits = np.indices((40, 40)).sum(axis=0) % 2 == 0
    found = decode(encode(Image.fromarray(bits), "PNG")).pixels
    np.testing.assert_array_equal(found[:, :, 0], bits * np.uint8(255))
    # Averaged: half of every 2 x 2 box is white.
    halved = decode(encode(Image.fromarray(np.tile(bits, (2, 2))), "PNG"), 40).pixels
    assert set(np.unique(halved)) <= {127, 128}


def test_cmyk_without_a_profile_is_the_plain_complement(encode) -> None:
    cmyk = Image.new("CMYK", (64, 48), (51, 102, 0, 51))
    by_hand = [(1 - c / 255) * (1 - 51 / 255) * 255 for c in (51, 102, 0)]
    for format_ in ("TIFF", "JPEG"):
        found = decode(encode(cmyk, format_), 32).pixels
        assert np.abs(found - np.array(by_hand)).max() <= 2
