from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.runtime.tiff_tags import is_camera_raw, orientation, read_tags, strip_count


def tiff(*entries: tuple[int, int, int, int], order: str = "<", behind: bytes = b"") -> bytes:
    """Return a TIFF of one directory of (tag, type, count, value) at 8, and what stands behind."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    content = mark + struct.pack(order + "IH", 8, len(entries))
    for tag, kind, count, value in entries:
        content += struct.pack(order + "HHI", tag, kind, count)
        short = (value, 0) if kind == 3 else (value,)
        content += struct.pack(order + ("HH" if kind == 3 else "I"), *short)
    return content + bytes(4) + behind


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [3, 4])
@pytest.mark.parametrize("value", range(1, 9))
def test_an_orientation_is_read(value: int, kind: int, order: str) -> None:
    block = tiff((271, 2, 4, 0), (0x0112, kind, 1, value), order=order)
    assert orientation(block) == value
    assert orientation(b"Exif\0\0" + block) == value


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"Exif\0\0",
        b"XX*\0" + bytes(40),
        tiff((0x0112, 3, 1, 0)),
        tiff((0x0112, 3, 1, 9)),
        tiff((0x0112, 4, 2, 6)),  # two values
        tiff((0x0112, 2, 1, 6)),  # text
        tiff((0x0112, 3, 1, 6))[:18],
        b"II*\0\xff\xff\xff\xff" + bytes(20),
    ],
)
def test_a_damaged_orientation_is_1(block: bytes) -> None:
    assert orientation(block) == 1


@given(st.binary(max_size=400))
def test_any_bytes_have_an_orientation(block: bytes) -> None:
    for head in (b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"):
        assert 1 <= orientation(head + block) <= 8
        assert is_camera_raw(head + block) in (True, False)
        assert strip_count(head + block) >= 0


def test_a_photo_is_no_raw_file() -> None:
    assert not is_camera_raw(tiff((254, 4, 1, 0), (262, 3, 1, 2)))
    assert not is_camera_raw(tiff((254, 4, 1, 2), (262, 3, 1, 6)))  # a page of several


def test_a_pyramid_of_a_microscope_is_no_raw_file() -> None:
    """Its further directories are reduced pictures of the same kind."""
    inside = struct.pack("<H", 2) + struct.pack("<HHIIHHIHH", 254, 4, 1, 1, 262, 3, 1, 2, 0)
    data = tiff((254, 4, 1, 0), (262, 3, 1, 2), (330, 4, 1, 8 + 2 + 36 + 4), behind=inside)
    assert read_tags(data, 50) == {254: (1,), 262: (2,)}
    assert not is_camera_raw(data)


@pytest.mark.parametrize("photometric", [32803, 34892])
def test_raw_files_by_their_tags(photometric: int) -> None:
    inside = struct.pack("<H", 1) + struct.pack("<HHIHH", 262, 3, 1, photometric, 0)
    for data in (
        tiff((262, 3, 1, photometric)),
        tiff((254, 4, 1, 1), (262, 3, 1, 2)),
        tiff((50706, 1, 4, 0x0401)),
        tiff((262, 3, 1, 2), (330, 4, 1, 8 + 2 + 24 + 4), behind=inside),
        tiff((262, 3, 1, 2), (330, 13, 1, 8 + 2 + 24 + 4), behind=inside),
    ):
        assert is_camera_raw(data)


def test_strips_are_counted() -> None:
    assert strip_count(tiff((256, 4, 1, 9), (273, 4, 70_000, 8))) == 70_000
    assert strip_count(tiff((324, 4, 12, 8))) == 12
    assert strip_count(b"") == 0
