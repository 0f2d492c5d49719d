from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile

from edgetlc.devices.exif import read_camera_tags

BYTE, UNDEFINED, SHORT = 1, 7, 3


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "avif", "mpo"])
def test_every_format_that_carries_exif(take_photo, suffix: str) -> None:
    assert read_camera_tags(take_photo(f"a.{suffix}", b"Apple", b"iPhone 11"))[:2] == (
        "Apple",
        "iPhone 11",
    )


def test_heic(take_photo) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    photo = take_photo("a.heic", b"Apple", b"iPhone 11")
    assert read_camera_tags(photo)[:2] == ("Apple", "iPhone 11")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"Xiaomi\0M", "Xiaomi"),
        (b"realme" + 20 * b"\0", "realme"),
        (b"E-420           ", "E-420"),
        (b"\0\0\0\0\0", None),
        (b"     ", None),
        (b"--", None),
        (b"", None),
        ("红米 K50".encode(), "红米 K50"),
        (b"Caf\xe9 9", "Café 9"),
        (b"a\nb\x1b[31mc", "ab[31mc"),
        (b"x" * 5000, "x" * 100),
    ],
)
def test_strings_are_tidied(take_photo, written: bytes, read: str | None) -> None:
    assert read_camera_tags(take_photo("a.jpg", written, b"iPhone 11"))[:2] == (read, "iPhone 11")
    assert read_camera_tags(take_photo("a.jpg", b"Apple", written))[:2] == ("Apple", read)


@pytest.mark.parametrize("field_type", [BYTE, UNDEFINED])
def test_bytes_instead_of_text(take_photo, field_type: int) -> None:
    photo = take_photo("a.jpg", b"Apple", b"iPhone 11", field_type)
    assert read_camera_tags(photo)[:2] == ("Apple", "iPhone 11")


def test_numbers_instead_of_text(take_photo) -> None:
    photo = take_photo("a.jpg", b"Apple", b"iPhone 11", SHORT)
    assert read_camera_tags(photo)[:2] == (None, None)


def test_no_exif(take_photo) -> None:
    assert read_camera_tags(take_photo("a.jpg"))[:2] == (None, None)
    assert read_camera_tags(take_photo("b.jpg", make=b"Apple"))[:2] == ("Apple", None)


def test_no_pixel_is_decoded(take_photo, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = [take_photo(f"a.{s}", b"Apple", b"iPhone 11") for s in ("jpg", "png", "webp", "tif")]
    bare = take_photo("bare.png")
    decoded = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", decoded.append)
    assert {read_camera_tags(photo)[:2] for photo in photos} == {("Apple", "iPhone 11")}
    assert read_camera_tags(bare)[:2] == (None, None)
    assert decoded == []


def test_a_photo_too_large_to_decode_safely(take_photo, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = take_photo("a.jpg", b"Apple", b"iPhone 11")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 16 * 12 - 1)
    assert read_camera_tags(photo)[:2] == ("Apple", "iPhone 11"), "large: Pillow only warns"
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert read_camera_tags(photo)[:2] == (None, None), "a bomb"


def test_what_is_no_photo(tmp_path: Path) -> None:
    text = tmp_path / "a.jpg"
    text.write_text("not a photo")
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    for path in (text, pipe, tmp_path, tmp_path / "absent.jpg", Path("/dev/zero")):
        assert read_camera_tags(path)[:2] == (None, None)


@given(st.data())
def test_a_damaged_file_never_raises(tmp_path_factory, data: st.DataObject) -> None:
    folder = tmp_path_factory.getbasetemp()
    photo = bytearray(_jpeg(folder / "whole.jpg"))
    for _ in range(data.draw(st.integers(1, 8))):
        photo[data.draw(st.integers(0, len(photo) - 1))] = data.draw(st.integers(0, 255))
    damaged = folder / "damaged.jpg"
    damaged.write_bytes(photo[: data.draw(st.integers(0, len(photo)))])
    found = read_camera_tags(damaged)[:2]
    assert all(text is None or (text.isprintable() and len(text) <= 100) for text in found)


def _jpeg(path: Path) -> bytes:
    exif = Image.Exif()
    exif[271], exif[272], exif[274] = "Apple", "iPhone 11", 6
    Image.new("RGB", (16, 12)).save(path, exif=exif)
    return path.read_bytes()


def test_heic_without_the_extra() -> None:
    code = """
import sys
sys.modules["pillow_heif"] = None  # as if not installed
from edgetlc.devices.exif import heic_readable
print(heic_readable())
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


def test_importing_it_loads_nothing_heavy() -> None:
    code = "import edgetlc.devices.identify, sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "PIL.Image" in loaded
    assert not loaded & {"torch", "onnxruntime", "pillow_heif", "typer", "rich", "scipy"}
