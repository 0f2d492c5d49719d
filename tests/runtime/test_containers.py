from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from edgetlc.errors import ImageError
from edgetlc.runtime.containers import sniff
from edgetlc.runtime.limits import MAX_FILE_BYTES
from edgetlc.runtime.pixels import decode


@pytest.mark.parametrize(
    ("format_", "options", "container"),
    [
        ("PNG", {}, "PNG"),
        ("TIFF", {}, "TIFF"),
        ("TIFF", {"compression": "tiff_lzw"}, "TIFF"),
        ("WEBP", {"lossless": True}, "WebP"),
    ],
)
def test_lossless_containers_give_the_very_pixels(
    format_: str, options, container, picture, encode
) -> None:
    found = decode(encode(picture, format_, **options))
    assert (found.container, found.declared, found.notes) == (container, (96, 64), ())
    np.testing.assert_array_equal(found.pixels, picture)


@pytest.mark.parametrize(
    ("format_", "options", "container"),
    [
        ("JPEG", {"quality": 95, "subsampling": 0}, "JPEG"),
        ("JPEG", {"quality": 95, "subsampling": 0, "progressive": True}, "JPEG"),
        ("WEBP", {"quality": 95}, "WebP"),
        ("AVIF", {"quality": 95}, "AVIF"),
        ("HEIF", {"quality": 95}, "HEIF"),
    ],
)
def test_lossy_containers_come_close(format_: str, options, container, picture, encode) -> None:
    found = decode(encode(picture, format_, **options))
    assert (found.container, found.declared) == (container, (96, 64))
    assert np.abs(found.pixels.astype(int) - picture).mean() < 2


def test_heic_without_the_extra_is_one_photo_that_cannot_be_read(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ImageError, match=r"pip install 'edgetlc\[heic\]'"):
        decode(b"\0\0\0\x18ftypheic" + bytes(64))


def test_a_grey_jpeg_becomes_rgb(picture, encode) -> None:
    found = decode(encode(picture[:, :, 1], "JPEG", quality=95)).pixels
    assert found.shape == (64, 96, 3)
    assert np.abs(found[:, :, 0].astype(int) - picture[:, :, 1]).mean() < 1
    np.testing.assert_array_equal(found[:, :, 0], found[:, :, 2])


def test_of_an_animation_the_first_frame_counts_and_a_note_says_so(picture, encode) -> None:
    others = [Image.fromarray(255 - picture), Image.fromarray(picture // 2)]
    for format_, options, note in (
        ("PNG", {}, "first of 3 frames"),
        ("WEBP", {"lossless": True}, "first of 3 frames"),
        ("TIFF", {}, "first of several frames"),
    ):
        data = encode(picture, format_, save_all=True, append_images=others, **options)
        found = decode(data)
        assert found.notes == (note,), format_
        np.testing.assert_array_equal(found.pixels, picture)


def test_of_an_mpo_the_main_picture_counts(picture, encode) -> None:
    second = Image.fromarray(255 - picture)
    data = encode(picture, "MPO", save_all=True, append_images=[second], quality=95)
    found = decode(data)
    assert found.container == "JPEG"
    assert np.abs(found.pixels.astype(int) - picture).mean() < 2


def test_the_content_decides_and_not_the_name(tmp_path: Path, picture, encode) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encode(picture, "WEBP", lossless=True))
    assert decode(path).container == "WebP"
    np.testing.assert_array_equal(decode(path).pixels, picture)


@pytest.mark.parametrize("format_", ["GIF", "BMP", "PPM", "ICO", "JPEG2000"])
def test_formats_that_no_camera_writes_are_refused(format_: str, picture, encode) -> None:
    with pytest.raises(ImageError, match="it reads JPEG, PNG, WebP, TIFF, AVIF, or HEIC"):
        decode(encode(picture, format_))


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xff\xd8\xff", b"%PDF-1.7", b"\0" * 100])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError):
        decode(data)


@given(st.binary(max_size=40))
def test_any_head_is_sniffed_or_refused(head: bytes) -> None:
    try:
        container = sniff(head)
    except ImageError:
        container = None
    signatures = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"II*\0", b"MM\0*")
    signed = head.startswith(signatures) or head[4:8] == b"ftyp"
    assert signed or container is None


def test_files_that_cannot_be_photos(tmp_path: Path) -> None:
    empty, folder, huge = tmp_path / "empty.jpg", tmp_path / "folder.jpg", tmp_path / "huge.jpg"
    empty.touch()
    folder.mkdir()
    with huge.open("wb") as stream:
        stream.truncate(MAX_FILE_BYTES + 1)  # a hole: it takes no space
    for path, reason in (
        (empty, "0 bytes long"),
        (folder, "cannot be read: Is a directory"),
        (tmp_path / "none.jpg", "cannot be read: No such file"),
        (huge, "a photo has 1 byte to 256 MiB"),
    ):
        with pytest.raises(ImageError, match=reason):
            decode(path)


def declare_jpeg(data: bytes, width: int, height: int) -> bytes:
    """Return a JPEG that says in its frame header that it is of this size."""
    start = next(i for i in (data.find(b"\xff\xc0\0\x11"), data.find(b"\xff\xc2\0\x11")) if i > 0)
    return data[: start + 5] + struct.pack(">HH", height, width) + data[start + 9 :]


def declare_png(data: bytes, width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">II", width, height) + data[24:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


def declare_webp(data: bytes, width: int, height: int) -> bytes:
    """Return a lossless WebP that says so in its first 28 bits after the signature byte."""
    assert data[12:16] == b"VP8L"
    bits = (width - 1) | (height - 1) << 14 | int.from_bytes(data[21:25], "little") >> 28 << 28
    return data[:21] + struct.pack("<I", bits) + data[25:]


def declare_tiff(data: bytes, width: int, height: int) -> bytes:
    (start,) = struct.unpack("<I", data[4:8])
    (count,) = struct.unpack("<H", data[start : start + 2])
    changed = bytearray(data)
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        tag = int.from_bytes(data[entry : entry + 2], "little")
        if tag in (256, 257):
            value = struct.pack("<HII", 4, 1, width if tag == 256 else height)
            changed[entry + 2 : entry + 12] = value
    return bytes(changed)


MEMORY = r"this {} would take \d+ MB of memory, {} are allowed"


@pytest.mark.parametrize(
    ("format_", "options", "declare", "size", "allowed"),
    [
        ("JPEG", {}, declare_jpeg, (15_000, 15_000), "a photo may have 210 million"),
        ("PNG", {}, declare_png, (60_000, 60_000), "a photo may have 210 million"),
        ("TIFF", {}, declare_tiff, (30_000, 30_000), "a photo may have 210 million"),
        (
            "JPEG",
            {"progressive": True},
            declare_jpeg,
            (10_000, 10_000),
            MEMORY.format("progressive JPEG", 290),
        ),
        ("PNG", {}, declare_png, (11_000, 11_000), MEMORY.format("PNG", 450)),
        ("WEBP", {"lossless": True}, declare_webp, (6_000, 6_000), MEMORY.format("WebP", 450)),
        ("TIFF", {}, declare_tiff, (11_000, 11_000), MEMORY.format("TIFF", 450)),
    ],
)
def test_a_declared_size_beyond_the_limits_is_refused_before_decoding(
    format_, options, declare, size, allowed, picture, encode, monkeypatch
) -> None:
    data = declare(encode(picture, format_, **options), *size)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("decoded"))
    with pytest.raises(ImageError, match=rf"{size[0]} x {size[1]} pixels declared; .*{allowed}"):
        decode(data, 224)


def test_a_large_baseline_jpeg_is_decoded_reduced_or_not_at_all(picture, encode) -> None:
    data = declare_jpeg(encode(picture, "JPEG"), 12_000, 9_000)
    with pytest.raises(ImageError, match="ends before its photo does"):  # which decoding finds out
        decode(data, 224)
    with pytest.raises(ImageError, match=r"12000 x 9000 .* would take 757 MB of memory"):
        decode(data)


def test_a_sliver_is_refused(picture, encode) -> None:
    for declare, format_ in ((declare_jpeg, "JPEG"), (declare_png, "PNG")):
        data = declare(encode(picture, format_), 3300, 100)
        with pytest.raises(ImageError, match="3300 x 100 pixels; sides may differ 32 times"):
            decode(data, 224)


@pytest.mark.parametrize(
    ("format_", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("WEBP", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {}),
        ("AVIF", {}),
        ("HEIF", {}),
    ],
)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_refused(format_: str, options, share: float, encode) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    data = encode(noise, format_, **options)
    with pytest.raises(ImageError):
        decode(data[: int(share * len(data))], 32)


def test_half_a_photo_is_refused_whatever_the_program_around_it_allows(encode, monkeypatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)  # as WeasyPrint does
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    data = encode(noise, "JPEG")
    with pytest.raises(ImageError):
        decode(data[: len(data) // 2], 32)


def pages(count: int) -> bytes:
    """Return a TIFF of 64 x 64 grey pixels with a chain of directories; the last is damaged."""
    entries = [(256, 64), (257, 64), (258, 8), (259, 1), (262, 1), (273, 8), (278, 64), (279, 4096)]
    content = b"II*\0" + struct.pack("<I", 8 + 4096) + bytes(range(256)) * 16
    for page in range(count):
        content += struct.pack("<H", len(entries))
        content += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
        following = 2**31 if page == count - 1 else len(content) + 4
        content += struct.pack("<I", following)
    return content


def test_later_pages_of_a_tiff_are_never_read() -> None:
    found = decode(pages(3))
    assert found.notes == ("first of several frames",)
    np.testing.assert_array_equal(found.pixels[0, :, 0], range(64))


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_changed_bytes_never_escape(format_: str, changes, picture, encode, display_p3) -> None:
    data = bytearray(encode(picture, format_, icc_profile=display_p3, exif=bytes(Image.Exif())))
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    try:
        shape = decode(bytes(data), 32).pixels.shape
    except ImageError:  # anything else would fail the test
        return
    assert shape[2] == 3


def test_a_tiff_of_countless_strips_is_refused(picture, encode) -> None:
    (start,) = struct.unpack("<I", (data := encode(picture, "TIFF"))[4:8])
    entry = data.index(struct.pack("<HH", 273, 4), start)
    changed = data[: entry + 4] + struct.pack("<I", 100_001) + data[entry + 8 :]
    with pytest.raises(ImageError, match="a TIFF of more than 100000 strips"):
        decode(changed)


def test_a_png_of_countless_chunks_is_refused(picture, encode) -> None:
    data = encode(picture, "PNG")
    empty = struct.pack(">I", 0) + b"teXt" + struct.pack(">I", zlib.crc32(b"teXt"))
    assert decode(data[:-12] + 1000 * empty + data[-12:]).declared == (96, 64)
    with pytest.raises(ImageError, match="a PNG of more than 100000 chunks"):
        decode(data[:33] + 100_001 * empty + data[33:])


def test_a_jpeg_of_countless_segments_is_refused(picture, encode) -> None:
    data = encode(picture, "JPEG")
    with pytest.raises(ImageError, match="damaged JPEG file: no picture in it"):
        decode(data[:2] + 100_001 * b"\xff\xfe\0\2" + data[2:])


@pytest.mark.parametrize(
    "head",
    [
        b"FUJIFILMCCD-RAW 0201FF129502",
        b"IIU\0\x18\0\0\0",
        b"IIRO\x08\0\0\0",
        b"MMOR\0\0\0\x08",
        b"FOVb\0\0\2\0",
        b"\0MRM\0\0\0\0",
        b"\0\0\0\x18ftypcrx \0\0\0\1",
    ],
)
def test_camera_raw_files_are_told_by_their_signatures(head: bytes) -> None:
    with pytest.raises(ImageError, match="a camera raw file; use the JPEG that the camera wrote"):
        decode(head + bytes(100))


@pytest.mark.parametrize("file", ["photo.tif", "photo.avif", "photo.jpg", "photo.webp"])
def test_damage_is_told_in_one_line(file: str, picture, tmp_path: Path) -> None:
    Image.fromarray(picture).save(tmp_path / file)
    data = (tmp_path / file).read_bytes()
    rng = np.random.default_rng(11)
    reasons = []
    for _ in range(40):
        changed = bytearray(data)
        for place in rng.integers(0, min(len(data), 400), 5):
            changed[place] = rng.integers(0, 256)
        try:
            decode(bytes(changed), 32)
        except ImageError as error:
            reasons.append(str(error))
    assert len(reasons) > 5
    assert all(reason and "\n" not in reason for reason in reasons)
