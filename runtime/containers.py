"""Opening image files by their content, never by their name, and refusing before decoding.

A file's first bytes choose one decoder, so a WebP called `.jpg` opens as what it is and decoders
for formats that no camera writes are never reached.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

from PIL.ImageFile import ImageFile

from edgetlc.errors import ImageError, MissingExtraError
from edgetlc.runtime.contract import (
    MAX_ASPECT,
    MAX_PIXELS_SCALED,
    MAX_PIXELS_WHOLE,
)

Stream = io.BytesIO
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


@dataclass(frozen=True)
class Container:
    """A file format: its name, usual suffixes, and how to open it without decoding pixels."""

    name: str
    suffixes: tuple[str, ...]
    open: Callable[[Stream], ImageFile]


def _jpeg(stream: Stream) -> ImageFile:
    from PIL.JpegImagePlugin import JpegImageFile

    return JpegImageFile(stream)


def _png(stream: Stream) -> ImageFile:
    from PIL.PngImagePlugin import PngImageFile

    return PngImageFile(stream)


def _webp(stream: Stream) -> ImageFile:
    from PIL.WebPImagePlugin import WebPImageFile

    return WebPImageFile(stream)


def _tiff(stream: Stream) -> ImageFile:
    from PIL.TiffImagePlugin import TiffImageFile

    return TiffImageFile(stream)


def _avif(stream: Stream) -> ImageFile:
    from PIL import AvifImagePlugin

    if not AvifImagePlugin.SUPPORTED:
        raise ImageError("AVIF needs a Pillow built with it; take the photo as JPEG")
    return AvifImagePlugin.AvifImageFile(stream)


def _heif(stream: Stream) -> ImageFile:
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        # One photo of many, so the error of one photo: a batch goes on without it.
        raise ImageError(str(MissingExtraError("a HEIC photo", "heic"))) from None
    opened: ImageFile = HeifImageFile(stream)  # type: ignore[no-untyped-call]
    return opened


JPEG = Container("JPEG", (".jpg", ".jpeg", ".jpe", ".mpo"), _jpeg)
PNG = Container("PNG", (".png",), _png)
WEBP = Container("WebP", (".webp",), _webp)
TIFF = Container("TIFF", (".tif", ".tiff"), _tiff)
AVIF = Container("AVIF", (".avif",), _avif)
HEIF = Container("HEIF", (".heic", ".heif", ".hif"), _heif)
PHOTO_SUFFIXES = frozenset(
    suffix for container in (JPEG, PNG, WEBP, TIFF, AVIF, HEIF) for suffix in container.suffixes
)
TOO_LITTLE_MEMORY = "this machine has too little free memory for a photo of this size"
ACCEPTED = "JPEG, PNG, WebP, TIFF, AVIF, or HEIC with the extra 'heic'"


def sniff(head: bytes) -> Container:
    """Return the container whose signature `head` (at least 32 bytes of the file) carries.

    Raises:
        ImageError: no accepted signature.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    if head.startswith((b"II*\0", b"MM\0*")):
        return TIFF
    if head[4:8] == b"ftyp":
        if head[8:12] in (b"avif", b"avis"):
            return AVIF
        if head[8:12] in _HEIF_BRANDS:
            return AVIF if b"avif" in head[16:32] else HEIF
    raise ImageError(f"not a photo this tool reads; it reads {ACCEPTED}")


def open_image(data: bytes) -> tuple[Container, ImageFile]:
    """Open an image without decoding its pixels and check its declared size.

    Raises:
        ImageError: unknown format, damaged header, larger than the limits, or a HEIC file without
            the extra.
    """
    container = sniff(data[:32])
    try:
        image = container.open(io.BytesIO(data))
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(TOO_LITTLE_MEMORY) from None
    except Exception as error:  # a hostile header makes decoders raise almost anything
        raise ImageError(f"damaged {container.name} file: {error}") from None
    _check_size(container, image)
    return container, image


def _check_size(container: Container, image: ImageFile) -> None:
    width, height = image.size
    scaled = container is JPEG and not image.info.get("progressive")
    limit = MAX_PIXELS_SCALED if scaled else MAX_PIXELS_WHOLE
    if width * height > limit:
        kind = "a baseline JPEG" if scaled else f"this kind of {container.name}"
        raise ImageError(
            f"{width} x {height} pixels declared; {kind} may have {limit // 1_000_000} million"
        )
    if min(width, height) < 1 or max(width, height) > MAX_ASPECT * min(width, height):
        raise ImageError(f"{width} x {height} pixels; sides may differ {MAX_ASPECT} times at most")
