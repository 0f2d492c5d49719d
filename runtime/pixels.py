"""The host step of the pixel contract: from a file's bytes to `uint8[H, W, 3]` in sRGB.

Order, the same for every host and format: size limits, decoding with reduction s, 8 bits a
channel, alpha over white, the rest of the reductions, EXIF orientation, sRGB. Every command that
looks at pixels comes through `decode`, so training, calibration and the field see the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile

from edgetlc.errors import ImageError
from edgetlc.runtime.colour import to_8bit, to_srgb
from edgetlc.runtime.containers import HEIF, JPEG, TIFF, TOO_LITTLE_MEMORY, Container, open_image
from edgetlc.runtime.contract import MAX_FILE_BYTES, MAX_PIXELS_WHOLE, reductions

Pixels = NDArray[np.uint8]
_ORIENTATION_TAG = 0x0112
_TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Decoded:
    """A photo after the host step.

    Attributes:
        pixels: uint8[H, W, 3], sRGB, upright; short side in [size, 2 x size) unless the photo
            is smaller or no size was given.
        container: format by content, such as `JPEG`.
        declared: (width, height) that the file declares, before reduction and orientation; of a
            TIFF or HEIC photo they are those of the upright picture.
        notes: what a user should know, such as "first of 12 frames".
    """

    pixels: Pixels
    container: str
    declared: tuple[int, int]
    notes: tuple[str, ...] = ()


def read_photo(path: Path) -> bytes:
    """Return a file's bytes, refusing what is no photo by its size alone.

    Raises:
        ImageError: missing, empty, unreadable or larger than the limit.
    """
    try:
        length = path.stat().st_size
        if not 0 < length <= MAX_FILE_BYTES:
            raise ImageError(
                f"{length} bytes long; a photo has 1 byte to {MAX_FILE_BYTES // 2**20} MiB"
            )
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror or error}") from None


def decode(source: Path | bytes, size: int | None = None) -> Decoded:
    """Decode a photo by the host step.

    Args:
        source: a file or its bytes.
        size: side of the network's input in pixels, which fixes the reductions; None decodes at
            full resolution.

    Raises:
        ImageError: not a photo, damaged, truncated, larger than the limits, or a HEIC file without
            the extra.
    """
    data = read_photo(source) if isinstance(source, Path) else source
    container, image = open_image(data)
    declared = image.size
    orientation = _orientation(container, image)
    profile = image.info.get("icc_profile")
    s, k = reductions(*declared, size) if size is not None else (1, 1)
    if declared[0] * declared[1] > s * s * MAX_PIXELS_WHOLE:
        limit = f"{MAX_PIXELS_WHOLE // 1_000_000} million may be decoded"
        raise ImageError(f"{declared[0]} x {declared[1]} pixels, reduced {s} times; {limit}")
    try:
        notes = _frames(container, image)
        if container is JPEG and s > 1:
            image.draft(None, (declared[0] // s, declared[1] // s))
            s = 1
        image.load()
        upright = _orient(_box_mean(_box_mean(to_8bit(image), s), k), orientation)
        rgb, note = to_srgb(upright, profile)
        pixels = np.ascontiguousarray(np.asarray(rgb, dtype=np.uint8))
    except MemoryError:
        raise ImageError(TOO_LITTLE_MEMORY) from None
    except Exception as error:  # damaged files make decoders raise almost anything
        raise ImageError(f"damaged {container.name} file: {error}") from None
    return Decoded(pixels, container.name, declared, (*notes, *((note,) if note else ())))


def _box_mean(image: Image.Image, factor: int) -> Image.Image:
    """Return the mean over factor x factor boxes; edge boxes average the pixels they have."""
    return image.reduce(factor) if factor > 1 else image


def _orient(image: Image.Image, orientation: int) -> Image.Image:
    turn = _TURN.get(orientation)
    return image if turn is None else image.transpose(turn)


def _orientation(container: Container, image: ImageFile) -> int:
    """Return EXIF orientation 1 to 8; 1 where absent or damaged.

    Only the EXIF tag counts: browsers ignore orientation in XMP, and hosts must agree. A TIFF or a
    HEIC photo is turned by its decoder already.
    """
    if container in (TIFF, HEIF):
        return 1
    try:
        exif = Image.Exif()
        exif.load(image.info.get("exif") or b"")
        value = exif.get(_ORIENTATION_TAG, 1)
        return value if isinstance(value, int) and 1 <= value <= 8 else 1
    except Exception:  # damaged metadata must not cost the photo
        return 1


def _frames(container: Container, image: ImageFile) -> tuple[str, ...]:
    if container is TIFF:
        # Counting would read every directory of the chain, which may be endless or damaged.
        return ("first of several frames",) if getattr(image, "is_animated", False) else ()
    frames = getattr(image, "n_frames", 1)
    return (f"first of {frames} frames",) if frames > 1 else ()
