from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.errors import ImageError
from edgetlc.runtime.jpeg_end import read_scans
from edgetlc.runtime.jpeg_frame import read_frame
from edgetlc.runtime.pixels import decode

MANY = 1000


@pytest.mark.parametrize(
    ("options", "samplings", "blocks"),
    [
        # 96 x 64 pixels: 12 x 8 blocks of luma
        ({"subsampling": 0}, ((1, 1),) * 3, 3 * 96),
        ({"subsampling": 1}, ((2, 1), (1, 1), (1, 1)), 2 * 96),
        ({"subsampling": 2}, ((2, 2), (1, 1), (1, 1)), 96 + 2 * 24),
    ],
)
@pytest.mark.parametrize("progressive", [False, True])
def test_frames(options, samplings, blocks: int, progressive: bool, picture, encode) -> None:
    frame = read_frame(encode(picture, "JPEG", progressive=progressive, **options), MANY)
    assert (frame.size, frame.samplings, frame.buffered) == ((96, 64), samplings, progressive)
    assert frame.coefficient_bytes() == 128 * blocks


def test_blocks_are_counted_whole(picture, encode) -> None:
    frame = read_frame(encode(picture[:33, :17], "JPEG"), MANY)  # 2 x 3 units of 16 x 16
    assert frame.coefficient_bytes() == 128 * 6 * 6


def test_a_baseline_jpeg_in_several_scans_is_buffered(picture, encode) -> None:
    """Its first scan header names one component of three."""
    data = encode(picture, "JPEG")
    scan = data.index(b"\xff\xda")
    separate = data[:scan] + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + data[scan + 14 :]
    assert not read_frame(data, MANY).buffered
    assert read_frame(separate, MANY).buffered


def test_scans_are_counted_to_the_end_of_the_picture(picture, encode) -> None:
    data = encode(picture, "JPEG", progressive=True)
    frame = read_frame(data, MANY)
    assert read_scans(data, frame, 9).count > 9
    assert read_scans(data, frame, 10).count == 10
    video = data + b"\xff\xda\0\2" * 100
    assert read_scans(video, frame, 10).count == 10
    comment = b"\xff\xfe\0\x0a" + b"\xff\xda" * 4  # what looks like scans within a segment
    noted = data[:-2] + comment + data[-2:]
    assert read_scans(noted, frame, 10).count == 10


def test_too_many_scans_are_refused(picture, encode) -> None:
    data = encode(picture, "JPEG", progressive=True)
    last = data[data.rfind(b"\xff\xc4", 0, data.rfind(b"\xff\xda")) : -2]
    assert decode(data[:-2] + 22 * last + data[-2:], 32).declared == (96, 64)
    with pytest.raises(ImageError, match="a JPEG of more than 32 scans"):
        decode(data[:-2] + 23 * last + data[-2:], 32)


@pytest.mark.parametrize("kind", [0xC3, 0xC5, 0xC9, 0xCA, 0xCB, 0xCF])
def test_other_codings_are_refused(kind: int, picture, encode) -> None:
    data = encode(picture, "JPEG").replace(b"\xff\xc0\0\x11", bytes((0xFF, kind, 0, 0x11)))
    with pytest.raises(ImageError, match="a kind that no camera writes"):
        decode(data, 32)


def test_bytes_between_segments_are_passed_over(picture, encode) -> None:
    data = encode(picture, "JPEG")
    at = data.index(b"\xff\xc0")
    padded = data[:at] + b"\xff\xff" + data[at:]
    assert read_frame(padded, MANY).samplings == read_frame(data, MANY).samplings
    np.testing.assert_array_equal(decode(padded, 32).pixels, decode(data, 32).pixels)


@given(st.binary(max_size=200), st.integers(0, 700))
def test_any_bytes_are_a_frame_or_refused(noise: bytes, place: int) -> None:
    good = (
        b"\xff\xd8\xff\xc2\0\x11\x08" + struct.pack(">HH", 64, 96) + b"\3\1\x22\0\2\x11\1\3\x11\1"
    )
    good += b"\xff\xda\0\x0c\3\1\0\2\x11\3\x11\0\0\0" + bytes(40) + b"\xff\xd9"
    for data in (b"\xff\xd8" + noise, good[:place] + noise + good[place:]):
        try:
            frame = read_frame(data, MANY)
        except (ValueError, ImageError):
            continue
        assert frame.coefficient_bytes() >= 0
        assert 0 <= read_scans(data, frame, 3).count <= 4
