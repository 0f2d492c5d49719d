"""A JPEG without its end marker is read, with a note, where nothing of its picture is missing."""

from __future__ import annotations

import struct
from itertools import product

import numpy as np
import pytest
from PIL import Image

from edgetlc.errors import ImageError
from edgetlc.runtime.jpeg_end import read_scans
from edgetlc.runtime.jpeg_frame import read_frame
from edgetlc.runtime.pixels import decode

NOTE = "the file lacks its end, but all rows of the photo are there"
END = 2  # bytes of the marker
CODINGS = [
    {"quality": quality, "subsampling": subsampling, "progressive": progressive, **more}
    for quality, subsampling, progressive, more in product(
        (30, 95), (0, 2), (False, True), ({}, {"restart_marker_rows": 1}, {"optimize": True})
    )
]


def samsung(data: bytes, *blocks: bytes) -> bytes:
    """Return a file with the blocks of a Samsung phone behind it, and their index."""
    entries, behind = b"", len(b"".join(blocks))
    for block in blocks:
        entries += struct.pack("<HHII", 0, 0xA01, behind, len(block))
        behind -= len(block)
    index = b"SEFH" + struct.pack("<II", 106, len(blocks)) + entries
    return data + b"".join(blocks) + index + struct.pack("<I", len(index)) + b"SEFT"


@pytest.mark.parametrize("options", CODINGS, ids=str)
def test_of_every_cut_near_the_end_only_whole_pictures_are_read(options, picture, encode) -> None:
    data = encode(picture[:50, :70], "JPEG", **options)
    whole = decode(data)
    assert not whole.notes
    read = 0
    for cut in range(1, 48):
        try:
            found = decode(data[:-cut])
        except ImageError:
            assert cut > END
            continue
        assert found.notes == (NOTE,)
        np.testing.assert_array_equal(found.pixels, whole.pixels)
        read += 1
    assert END <= read < 20


@pytest.mark.parametrize("options", CODINGS, ids=str)
def test_a_blank_picture_that_is_cut_is_refused(options, encode) -> None:
    """Its codes are so few that nearly all bits mean the same; the restarts are counted."""
    blank = np.full((75, 97, 3), 200, np.uint8)
    blank[60:64, 90:94] = 190
    data = encode(blank, "JPEG", **options)
    whole = decode(data).pixels
    for cut in range(END, 40):
        try:
            found = decode(data[:-cut]).pixels
        except ImageError:
            continue
        np.testing.assert_array_equal(found, whole)


@pytest.mark.parametrize("size", [32, None])
def test_the_answer_does_not_depend_on_the_size(size: int | None, picture, encode) -> None:
    data = encode(picture, "JPEG", quality=95)
    assert decode(data[:-END], size).notes == (NOTE,)
    np.testing.assert_array_equal(decode(data[:-END], size).pixels, decode(data, size).pixels)
    with pytest.raises(ImageError, match="ends before its photo does; copy it again"):
        decode(data[: -END - 4], size)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_phones_own_data_may_stand_in_the_ends_place(progressive, picture, encode) -> None:
    data = encode(picture, "JPEG", progressive=progressive)
    video = b"\0\0\x30\x0a\x10\0\0\0Motion" + bytes(range(256)) * 3 + b"\xff\xd9\xff\xda"
    clock = b"\0\0\x01\x0a\x0e\0\0\0Image_UTC_Data"
    found = decode(samsung(data[:-END], clock, video))
    assert found.notes == (NOTE,)
    np.testing.assert_array_equal(found.pixels, decode(data).pixels)
    assert decode(samsung(data, clock, video)).notes == ()
    for share in (0.5, 0.9, 0.99):
        with pytest.raises(ImageError):
            decode(samsung(data[: int(share * len(data))], clock, video))


@pytest.mark.parametrize("index", [b"SEFT", b"SEFH\0\0\0\0SEFT", b"SEFH" + b"\xff" * 24 + b"SEFT"])
def test_an_index_that_is_none_is_passed_over(index: bytes, picture, encode) -> None:
    data = encode(picture, "JPEG")
    np.testing.assert_array_equal(decode(data + index).pixels, decode(data).pixels)


def test_a_progressive_jpeg_cut_between_two_scans_is_refused(picture, encode) -> None:
    """Its data end well, but the finer bits of all rows are missing."""
    data = encode(picture, "JPEG", progressive=True)
    for place in range(len(data)):
        if data[place : place + 2] == b"\xff\xc4" and b"\xff\xda" in data[:place]:
            with pytest.raises(ImageError):
                decode(data[:place])


def test_a_scan_that_is_missing_shows_in_the_headers(picture, encode) -> None:
    data = encode(picture, "JPEG", progressive=True)[:-END]
    last = data.rfind(b"\xff\xc4", 0, data.rfind(b"\xff\xda"))
    complete = [read_scans(d, read_frame(d, 99), 32).complete for d in (data, data[:last])]
    assert complete == [True, False]


BASELINE = [options for options in CODINGS if not options["progressive"]]


@pytest.mark.parametrize("size", [32, None])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", BASELINE, ids=str)
def test_half_a_picture_with_an_end_marker_behind_it_is_refused(
    options, mode: str, size: int | None, picture, encode
) -> None:
    data = encode(Image.fromarray(picture).convert(mode), "JPEG", **options)
    start = read_frame(data, 100).scan_at + 12  # bytes of a scan's header at most
    for share in (0.1, 0.5, 0.9):
        cut = start + int((len(data) - start) * share)
        with pytest.raises(ImageError, match="ends before its photo does"):
            decode(data[:cut] + b"\xff\xd9", size)


@pytest.mark.parametrize("options", CODINGS, ids=str)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_whole_picture_may_end_in_grey(options, mode: str, encode) -> None:
    grey = np.full((75, 97, 3), 128, np.uint8)
    grey[:40, :50] = 30
    data = encode(Image.fromarray(grey).convert(mode), "JPEG", **options)
    assert decode(data, 32).notes == decode(data).notes == ()
    found = decode(data[:-END])
    np.testing.assert_array_equal(found.pixels, decode(data).pixels)


@pytest.mark.parametrize("restarts", [{}, {"restart_marker_rows": 1}], ids=str)
def test_scans_that_are_missing_before_an_end_marker_are_noticed(restarts, picture, encode) -> None:
    data = encode(picture, "JPEG", progressive=True, **restarts)
    scans = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"]
    assert len(scans) > 3
    for at in scans[1:]:
        with pytest.raises(ImageError, match="ends before its photo does"):
            decode(data[:at] + b"\xff\xd9")
