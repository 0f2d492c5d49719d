from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from edgetlc.devices.profiles import Cameras

MAKE, MODEL = 271, 272
ASCII = 2


def exif_block(make: bytes | None, model: bytes | None, field_type: int = ASCII) -> bytes:
    """Return an EXIF block with the very bytes given; Pillow's own writer would tidy them up."""
    given = [(tag, text) for tag, text in ((MAKE, make), (MODEL, model)) if text is not None]
    head = b"Exif\0\0" + struct.pack("<2sHIH", b"II", 42, 8, len(given))
    place = 8 + 2 + 12 * len(given) + 4
    entries, texts = b"", b""
    for tag, text in given:
        value = text.ljust(5, b"\0")  # 4 bytes or fewer would lie in the entry itself
        entries += struct.pack("<HHII", tag, field_type, len(value), place + len(texts))
        texts += value
    return head + entries + struct.pack("<I", 0) + texts


TakePhoto = Callable[..., Path]


@pytest.fixture
def take_photo(tmp_path: Path) -> TakePhoto:
    """Write a small photo: `take_photo("a.jpg", b"Apple", b"iPhone 11")`."""

    def take(
        name: str, make: bytes | None = None, model: bytes | None = None, field_type: int = ASCII
    ) -> Path:
        path = tmp_path / name
        has_exif = make is not None or model is not None
        options = {"exif": exif_block(make, model, field_type)} if has_exif else {}
        Image.new("RGB", (16, 12), (90, 60, 30)).save(path, **options)
        return path

    return take


@pytest.fixture(scope="session")
def cameras() -> Cameras:
    return Cameras.load()


PROFILE = """
zh = "测试相机"
en = "Test camera"
kind = "phone"
maker = "Test"
certainty = "sure"

[[models]]
name = "Test 1"
exif = [{ make = "Test*", model = "T-?", evidence = "seen" }]
year = { value = 2024, certainty = "sure" }
"""


@pytest.fixture
def own_profiles(tmp_path: Path) -> Callable[..., Path]:
    """Write a folder of profiles: `own_profiles(mine=PROFILE)`; a `_` in a name becomes `-`."""

    def write(**files: str) -> Path:
        folder = tmp_path / "profiles"
        folder.mkdir(exist_ok=True)
        for id_, text in files.items():
            (folder / f"{id_.replace('_', '-')}.toml").write_text(text, encoding="utf-8")
        return folder

    return write


@pytest.fixture
def profile_text() -> str:
    return PROFILE
