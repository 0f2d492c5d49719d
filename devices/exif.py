"""Reading a photo's make and model without decoding a pixel, whatever the file contains."""

from __future__ import annotations

import io
import warnings
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from PIL import ExifTags, Image

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF")  # MPO opens as JPEG
_PLUGINS = ("Jpeg", "Png", "WebP", "Tiff", "Avif")
_LONGEST = 100  # characters; no maker writes a longer make or model


class CameraTags(NamedTuple):
    """What EXIF says of who made a photo; None where it does not tell."""

    make: str | None = None
    model: str | None = None
    software: str | None = None


def read_camera_tags(photo: Path | bytes) -> CameraTags:
    """Return EXIF's make, model and software from a file or its bytes.

    Reads JPEG, MPO, PNG, WebP, TIFF, AVIF and, with the extra `heic`, HEIC. Never raises for what a
    file contains: a broken, hostile, too large or missing file tells nothing. An EXIF block
    that a PNG keeps behind its pixels is not looked for.
    """
    if isinstance(photo, Path) and not photo.is_file():  # a pipe or a device could block for ever
        return CameraTags()
    formats = _formats()
    try:
        opened = photo.open("rb") if isinstance(photo, Path) else io.BytesIO(photo)
        with warnings.catch_warnings(), opened as stream:
            warnings.simplefilter("ignore")
            with Image.open(stream, formats=formats) as image:
                # not image.getexif(): for PNG that decodes the pixels
                exif = Image.Image.getexif(image)
            tags = (ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.Software)
            return CameraTags(*(_clean(exif.get(tag)) for tag in tags))
    except Exception:  # decoders fail on hostile input in every way, MemoryError included
        return CameraTags()


def heic_readable() -> bool:
    """Whether HEIC files can be read, which takes the extra `heic`."""
    return "HEIF" in _formats()


@cache
def _formats() -> tuple[str, ...]:
    """Return those of `_FORMATS` that this machine reads; HEIC is registered on the first call."""
    try:
        import pillow_heif
    except (ImportError, OSError):  # not installed, or its decoder library does not load
        pass
    else:
        pillow_heif.register_heif_opener()
    for name in _PLUGINS:  # not Image.init(): loading all of Pillow's takes longer than a photo
        import_module(f"PIL.{name}ImagePlugin")
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def _clean(value: object) -> str | None:
    """Return an EXIF string for comparison and display: one line, no padding; None if it is empty.

    EXIF strings are meant to be ASCII and end at the first NUL; makers write UTF-8 too, which
    Pillow hands over as Latin-1, and placeholders such as `--`.
    """
    if isinstance(value, str):
        value = value.encode("latin-1", "replace")
    if not isinstance(value, bytes):
        return None
    head = value.split(b"\0", 1)[0][: 4 * _LONGEST]
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError:
        text = head.decode("latin-1")
    text = "".join(c for c in text if c.isprintable()).strip()[:_LONGEST]
    return text if any(c.isalnum() for c in text) else None
