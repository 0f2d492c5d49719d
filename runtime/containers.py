"""Opening image files by their content, never by their name, and refusing before decoding.

A file's first bytes choose one decoder, so a WebP called `.jpg` opens as what it is and decoders
for formats that no camera writes are never reached.
"""

from __future__ import annotations

import io
import logging
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import PIL.ImageFile
from PIL import Image
from PIL.ImageFile import ImageFile

from edgetlc.errors import ImageError, MissingExtraError
from edgetlc.locale import _
from edgetlc.runtime.cicp import CodePoints, heif_code_points
from edgetlc.runtime.jpeg_end import ends_grey, is_whole, read_scans, with_end
from edgetlc.runtime.jpeg_frame import read_frame
from edgetlc.runtime.limits import (
    MAX_MEMORY,
    MAX_MEMORY_BUFFERED,
    MAX_PARTS,
    MAX_SCANS,
    TOO_LITTLE_MEMORY,
    check_size,
)
from edgetlc.runtime.tiff_tags import is_camera_raw, read_tags, strip_count

_AVIF_BRANDS = (b"avif", b"avis")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_RAW_SIGNATURES = (b"FUJIFILMCCD-RAW", b"IIU\0", b"IIRO", b"IIRS", b"MMOR", b"FOVb", b"\0MRM")
RAW = _("a camera raw file; use the JPEG that the camera wrote beside it")
_ONE_BYTE_MODES = ("1", "L", "P")
_BITS_PER_SAMPLE, _COMPRESSION, _ORIENTATION = 258, 259, 274  # tags of TIFF
_HALVED_CHROMA = 420
# What Pillow's decoders log they raise as well; unhandled, it would be printed.
logging.getLogger("PIL").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Opened:
    """A file whose header was read.

    Attributes:
        what: its kind, for messages.
        pixel_bytes: what decoding holds for every pixel that it gives.
        extra_bytes: what it holds besides.
        allowed: the most it may hold.
        colours: declared by code points; None where there are none.
        notes: what a user should know.
        whole: decodes at full size to tell whether all rows are there; None where it is plain.
        filled: tells of the decoded picture whether the decoder filled up rows that are missing.
    """

    image: ImageFile
    what: str
    pixel_bytes: float
    extra_bytes: int = 0
    allowed: int = MAX_MEMORY
    colours: CodePoints | None = None
    notes: tuple[str, ...] = ()
    whole: Callable[[], bool] | None = None
    filled: Callable[[Image.Image], bool] = lambda _picture: False


@dataclass(frozen=True)
class Container:
    """A file format.

    Attributes:
        open: reads the header of a file's bytes.
        scales: whether its decoder can do the reduction s.
        turns: whether its decoder turns the picture upright.
        codes_first: whether code points count where there is an ICC profile, too.
    """

    name: str
    suffixes: tuple[str, ...]
    open: Callable[[bytes], Opened]
    scales: bool = False
    turns: bool = False
    codes_first: bool = False


@cache
def _jpeg_opener() -> Callable[[io.BytesIO], ImageFile]:
    from PIL.JpegImagePlugin import JpegImageFile

    class Jpeg(JpegImageFile):
        def _read_dpi_from_exif(self) -> None:
            """Leave EXIF alone: the resolution in it is not needed, and damage brings warnings."""

    return Jpeg


def _jpeg(data: bytes) -> Opened:
    frame = read_frame(data, MAX_PARTS)
    scans = read_scans(data, frame, MAX_SCANS)
    if frame.buffered and scans.count > MAX_SCANS:
        raise ImageError(
            "a JPEG of more than {most} scans; save it as a baseline JPEG", most=MAX_SCANS
        )
    image = _opened_jpeg(data if scans.marked else with_end(data, scans))
    opened = Opened(image, "JPEG", _stored_bytes(image.mode))
    if frame.buffered:
        opened = replace(
            opened,
            what=_("progressive JPEG"),
            extra_bytes=frame.coefficient_bytes(),
            allowed=MAX_MEMORY_BUFFERED,
        )
    if scans.marked:

        def filled(picture: Image.Image) -> bool:
            if frame.buffered:
                return not scans.complete
            return ends_grey(picture) and not is_whole(data, scans, _decoded_small)

        return replace(opened, filled=filled)
    return replace(
        opened,
        notes=(_("the file lacks its end, but all rows of the photo are there"),),
        whole=lambda: is_whole(data, scans, _decoded_jpeg),
    )


def _opened_jpeg(data: bytes) -> ImageFile:
    image = _jpeg_opener()(io.BytesIO(data))
    image.decodermaxblock = len(data)  # all at once: fewer copies and returns from the decoder
    return image


def _decoded_jpeg(data: bytes) -> Image.Image:
    image = _opened_jpeg(data)
    load_whole(image)
    return image


def _decoded_small(data: bytes) -> Image.Image:
    """Decode an eighth of each side, which takes little memory and shows every block."""
    image = _opened_jpeg(data)
    image.draft(None, (1, 1))
    load_whole(image)
    return image


def _png(data: bytes) -> Opened:
    from PIL.PngImagePlugin import PngImageFile

    colours = None
    at, end, chunks = 8, len(data) - 8, 0
    while at < end:
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"cICP" and length >= 2:
            colours = CodePoints(data[at + 8], data[at + 9])
        chunks += 1
        if chunks > MAX_PARTS:
            raise ImageError("a PNG of more than {most} chunks; save it again", most=MAX_PARTS)
        at += 12 + length
    image = PngImageFile(io.BytesIO(data))
    notes = _scale_transparency(image)
    return Opened(image, "PNG", _stored_bytes(image.mode), colours=colours, notes=notes)


def _scale_transparency(image: ImageFile) -> tuple[str, ...]:
    """Make the transparent grey or colour comparable with the samples as Pillow scales them."""
    layout = image.tile[0].args if image.tile else None
    key = image.info.get("transparency")
    if layout == "RGB;16B" and key is not None:
        # Pillow has only the high bytes of the samples, so the key cannot be found among them.
        del image.info["transparency"]
        return (_("transparent 16-bit colour ignored"),)
    if layout in ("L;2", "L;4") and isinstance(key, int):
        image.info["transparency"] = key * (85 if layout == "L;2" else 17)
    return ()


def _webp(data: bytes) -> Opened:
    from PIL.WebPImagePlugin import WebPImageFile

    # The decoder has two canvases of 4 bytes a pixel and gives a copy, Pillow makes another.
    return Opened(WebPImageFile(io.BytesIO(data)), "WebP", 16)


def _tiff(data: bytes) -> Opened:
    from PIL.TiffImagePlugin import TiffImageFile

    if not read_tags(data):
        raise ValueError("it has no directory")
    if is_camera_raw(data):
        raise ImageError(RAW)
    if strip_count(data) > MAX_PARTS:
        raise ImageError("a TIFF of more than {most} strips; save it again", most=MAX_PARTS)
    image = TiffImageFile(io.BytesIO(data))
    image.info.pop("xmp", None)  # Pillow would take the orientation from there
    stored = _stored_bytes(image.mode)
    # Turning makes a second picture; a compressed strip, which may be the whole, is held unpacked.
    turned = stored if image.tag_v2.get(_ORIENTATION, 1) != 1 else 0
    packed = image.tag_v2.get(_COMPRESSION, 1) != 1
    strip = sum(image.tag_v2.get(_BITS_PER_SAMPLE, (8,))) / 8 if packed else 0
    return Opened(image, "TIFF", stored + max(turned, strip))


def _avif(data: bytes) -> Opened:
    from PIL import AvifImagePlugin

    if not AvifImagePlugin.SUPPORTED:
        raise ImageError("AVIF needs a Pillow built with it; take the photo as JPEG")
    image = AvifImagePlugin.AvifImageFile(io.BytesIO(data))
    # Measured: 9.3 for the usual 4:2:0 with 8 bits, 16 for 4:4:4 with 12 bits and alpha.
    return Opened(image, "AVIF", 16, colours=heif_code_points(data))


def _heif(data: bytes) -> Opened:
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        # One photo of many, so the error of one photo: a batch goes on without it.
        raise ImageError(MissingExtraError(_("a HEIC photo"), "heic").text) from None
    image: ImageFile = HeifImageFile(io.BytesIO(data))  # type: ignore[no-untyped-call]
    # Measured: 8.1 for what phones write; 15.5 for 4:4:4 with 10 bits.
    usual = image.info.get("chroma") == _HALVED_CHROMA and image.mode == "RGB"
    return Opened(image, "HEIC", 8 if usual else 16, colours=heif_code_points(data))


def _stored_bytes(mode: str) -> int:
    """Return the bytes that Pillow keeps of a pixel."""
    return 1 if mode in _ONE_BYTE_MODES else 2 if mode.startswith("I;16") else 4


JPEG = Container(
    "JPEG", (".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp", ".mpo"), _jpeg, scales=True
)
PNG = Container("PNG", (".png",), _png, codes_first=True)
WEBP = Container("WebP", (".webp",), _webp)
TIFF = Container("TIFF", (".tif", ".tiff"), _tiff, turns=True)
AVIF = Container("AVIF", (".avif",), _avif)
HEIF = Container("HEIF", (".heic", ".heif", ".hif"), _heif, turns=True)
PHOTO_SUFFIXES = frozenset(
    suffix for container in (JPEG, PNG, WEBP, TIFF, AVIF, HEIF) for suffix in container.suffixes
)
ACCEPTED = _("JPEG, PNG, WebP, TIFF, AVIF, or HEIC with the extra 'heic'")


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
        brand, others = head[8:12], head[16:32]
        if brand in _AVIF_BRANDS:
            return AVIF
        if brand in _HEIF_BRANDS:
            return AVIF if b"avif" in others else HEIF
        if brand == b"crx ":
            raise ImageError(RAW)
    if head.startswith(_RAW_SIGNATURES):
        raise ImageError(RAW)
    raise ImageError("not a photo this tool reads; it reads {formats}", formats=ACCEPTED)


def open_image(data: bytes) -> tuple[Container, Opened]:
    """Open an image without decoding its pixels and check its declared size.

    Raises:
        ImageError: unknown format, damaged header, larger than the limits, or a HEIC file without
            the extra.
    """
    container = sniff(data[:32])
    try:
        opened = container.open(data)
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(TOO_LITTLE_MEMORY) from None
    except Exception as error:  # a hostile header makes decoders raise almost anything
        raise ImageError(damaged(container.name, error)) from None
    check_size(opened.image.size)
    return container, opened


def damaged(name: str, error: Exception) -> str:
    """Return the reason why a file cannot be read, in one line.

    Decoders speak to people by some types only; what the others say is of their own inside.
    """
    spoken = str(error) if isinstance(error, OSError | ValueError | SyntaxError) else ""
    words = " ".join("".join(c if c.isprintable() else " " for c in spoken).split())
    if not words:
        return _("damaged {name} file", name=name)
    return _("damaged {name} file: {reason}", name=name, reason=words)


def load_whole(image: Image.Image) -> None:
    """Decode an image's pixels; one that ends too early raises OSError.

    Half a photo is never classified, whatever the program around this wants for its own pictures:
    libraries such as WeasyPrint tell Pillow, for the whole process, to fill up what is missing.
    """
    PIL.ImageFile.LOAD_TRUNCATED_IMAGES = False
    image.load()
