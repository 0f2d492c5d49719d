from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms

from edgetlc.runtime import cicp
from edgetlc.runtime.colour import to_srgb
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
    of_grey = display_p3[:16] + b"GRAY" + display_p3[20:]
    other = decode(encode(picture, "PNG", icc_profile=of_grey))
    too_long = decode(encode(picture, "JPEG", icc_profile=display_p3 + bytes(5_000_000)))
    for found in (cut, other, too_long):
        (note,) = found.notes
        assert note.startswith("colour profile ignored (")
    assert "it is for GRAY, the photo is RGB" in other.notes[0]
    for found in (cut, other):
        np.testing.assert_array_equal(found.pixels, picture)


def test_grey_with_an_rgb_profile_is_taken_as_three_equal_channels(
    picture, display_p3, encode
) -> None:
    found = decode(encode(picture[:, :, 0], "PNG", icc_profile=display_p3))
    assert found.notes == ()
    assert np.abs(found.pixels.astype(int) - picture[:, :, :1]).max() <= 1  # the same curve
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found = decode(encode(picture[:, :, 0], "PNG", icc_profile=srgb))
    np.testing.assert_array_equal(found.pixels, np.repeat(picture[:, :, :1], 3, axis=2))


def test_grey_with_alpha_keeps_its_profile(encode) -> None:
    linear = profile_of_grey()
    grey = of_one_colour(64, 255)
    found = decode(encode(Image.fromarray(grey, "LA"), "PNG", icc_profile=linear))
    assert found.notes == ()
    assert abs(int(found.pixels[0, 0, 0]) - 137) <= 1  # 64 / 255 of linear light in sRGB's curve


def profile_of_grey() -> bytes:
    """Return an ICC profile of grey with gamma 1."""
    rgb = cicp.matrix_profile(np.eye(3), (1.0,))
    return rgb[:16] + b"GRAY" + rgb[20:].replace(b"rTRC", b"kTRC")


@pytest.mark.parametrize(("p3", "srgb"), P3_TO_SRGB)
def test_display_p3_by_code_points(p3, srgb, encode) -> None:
    pixels = of_one_colour(*p3)
    chunk = b"cICP" + bytes([12, 13, 0, 1])
    data = encode(pixels, "PNG")
    data = (
        data[:33] + struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]
    )
    found = decode(data)
    assert found.notes == ()
    assert np.abs(found.pixels - np.array(srgb)).max() <= 1.5


def test_a_profile_counts_beside_code_points_without_a_meaning(display_p3, encode) -> None:
    data = encode(of_one_colour(200, 100, 50), "PNG", icc_profile=display_p3)
    chunk = b"cICP" + bytes([9, 16, 0, 1])
    crc = struct.pack(">I", zlib.crc32(chunk))
    found = decode(data[:33] + struct.pack(">I", 4) + chunk + crc + data[33:])
    assert found.notes == ()
    assert np.abs(found.pixels - np.array((214.9, 92.6, 31.0))).max() <= 1.5


# By hand: BT.2020 (0.708, 0.292), (0.170, 0.797), (0.131, 0.046), white D65, gamma 2.2, to sRGB.
def test_another_gamut_and_gamma_by_code_points() -> None:
    profile, note = cicp.profile_of(cicp.CodePoints(9, 4))
    assert note is None
    colour = Image.new("RGB", (1, 1), (120, 100, 80))
    found = np.asarray(to_srgb(colour, profile)[0])[0, 0]
    assert np.abs(found - np.array(by_hand((120, 100, 80)))).max() <= 1.5


def by_hand(colour: tuple[int, int, int]) -> NDArray[np.float64]:
    bt2020_to_srgb = np.array(
        [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    )
    linear = bt2020_to_srgb @ (np.array(colour) / 255) ** 2.2
    return 255 * (1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize(
    ("points", "converted", "note"),
    [
        ((1, 13), False, None),
        ((2, 2), False, None),
        ((1, 1), False, None),  # television's curve, meant as sRGB
        ((12, 2), True, None),
        ((5, 6), True, None),
        ((1, 8), True, None),
        ((9, 16), False, "HDR photo (PQ) read as if it were SDR"),
        ((9, 18), False, "HDR photo (HLG) read as if it were SDR"),
        ((22, 13), False, "unknown colours (code points 22/13) read as sRGB"),
        ((1, 200), False, "unknown colours (code points 1/200) read as sRGB"),
    ],
)
def test_code_points(points: tuple[int, int], converted: bool, note: str | None) -> None:
    profile, found = cicp.profile_of(cicp.CodePoints(*points))
    assert (profile is not None) == converted
    assert found == note


@pytest.mark.parametrize("format_", ["AVIF", "HEIF"])
@pytest.mark.parametrize(("points", "converted"), [((1, 13), False), ((12, 13), True)])
def test_nclx_counts_where_there_is_no_profile(
    format_: str, points, converted: bool, display_p3, encode
) -> None:
    pixels = of_one_colour(200, 100, 50)
    for options in ({}, {"icc_profile": display_p3}):
        data = encode(pixels, format_, quality=100, **options)
        at = data.find(b"colrnclx") + 8
        if at < 8:
            assert options
            continue
        data = data[:at] + struct.pack(">HH", *points) + data[at + 4 :]
        found = decode(data).pixels.astype(int)
        expected = (215, 93, 31) if converted or options else (200, 100, 50)
        assert np.abs(found - expected).max() <= 5


@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_boxes_are_read_or_left(noise: bytes, place: int) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (16, 16)).save(stream, "AVIF")
    data = stream.getvalue()
    for hostile in (noise, data[:place] + noise, data[:place] + noise + data[place:]):
        found = cicp.heif_code_points(hostile)
        assert found is None or found.primaries < 65536


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
