"""The host step of the pixel contract: from a photo to `uint8[H, W, 3]` in sRGB.

Order, the same for every host and format: limits, decoding with reduction s, 8 bits a channel,
alpha over white, the rest of the reductions, EXIF orientation, sRGB. Every command that looks at
pixels comes through `decode`, so training, calibration and the field see the same ones.

The specification, with test vectors, is `docs/pixel-contract/README.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgetlc.errors import ImageError
from edgetlc.runtime.colour import to_8bit, to_srgb
from edgetlc.runtime.containers import damaged
from edgetlc.runtime.contract import reductions
from edgetlc.runtime.limits import TOO_LITTLE_MEMORY, check_memory, reserve_memory
from edgetlc.runtime.sources import Samples, Size, Source, open_source, read_photo

__all__ = ["Decoded", "Pixels", "Source", "decode", "decode_or_reason", "read_photo"]

Pixels = NDArray[np.uint8]
_BAND_PIXELS = 1 << 20
_TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ON_ITS_SIDE = (5, 6, 7, 8)
_LAST_ROW_FIRST = (3, 4, 6, 7)  # the picture's first row comes to lie at the bottom or the right


@dataclass(frozen=True)
class Decoded:
    """A photo after the host step.

    Attributes:
        pixels: uint8[H, W, 3], sRGB, upright; short side in [size, 2 x size) unless the photo
            is smaller or no size was given.
        container: format by content, such as `JPEG`; `PIL image` or `array` where it was one.
        declared: (width, height) that the file declares, before reduction and orientation; of a
            TIFF or HEIC photo they are those of the upright picture.
        notes: what a user should know, such as "first of 12 frames".
    """

    pixels: Pixels
    container: str
    declared: Size
    notes: tuple[str, ...] = ()


def decode(source: Source, size: int | None = None) -> Decoded:
    """Decode a photo by the host step.

    Args:
        source: a file or its bytes; a PIL image, whose pixels are taken as they are, with the
            orientation and the profile in its `info`; or an array, uint8[H, W, 3] in sRGB or
            uint8[H, W] grey, upright.
        size: side of the network's input in pixels, which fixes the reductions; None decodes at
            full resolution.

    Raises:
        ImageError: not a photo, damaged, truncated, larger than the limits, or a HEIC file without
            the extra.
    """
    photo = open_source(source)
    s, k = reductions(*photo.declared, size) if size is not None else (1, 1)
    needed = photo.memory(s) + 3 * photo.declared[0] * photo.declared[1] // (s * k) ** 2
    check_memory(photo.what, photo.declared, needed, photo.allowed)
    try:
        with reserve_memory(needed):
            samples = photo.load(s)
            pixels, doubt = _host_pixels(samples, 1 if samples.scaled else s, k)
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(TOO_LITTLE_MEMORY) from None
    except Exception as error:  # damaged files make decoders raise almost anything
        raise ImageError(damaged(photo.container, error)) from None
    notes = (*samples.notes, doubt) if doubt else samples.notes
    return Decoded(pixels, photo.container, photo.declared, notes)


def decode_or_reason(path: Path, size: int) -> Decoded | ImageError:
    """Return the photo after the host step, or the reason why it cannot be read."""
    try:
        return decode(path, size)
    except ImageError as error:
        return error


def _host_pixels(samples: Samples, s: int, k: int) -> tuple[Pixels, str | None]:
    """Return everything after decoding, and a note where the colour profile could not be used.

    Works in bands of rows, so that no second copy of a large picture exists. Every band but the
    last is a multiple of s x k rows high, which makes the result the same as in one piece.
    """
    width, height = samples.size
    columns, lines = (-(-side // (s * k)) for side in samples.size)
    on_its_side = samples.orientation in _ON_ITS_SIDE
    shape = (columns, lines, 3) if on_its_side else (lines, columns, 3)
    pixels = np.empty(shape, np.uint8)
    target = pixels.swapaxes(0, 1) if on_its_side else pixels
    doubt = None
    high = max(1, _BAND_PIXELS // (width * s * k)) * s * k
    for top in range(0, height, high):
        rows = to_8bit(samples.rows(top, min(top + high, height)))
        band = _box_mean(_box_mean(rows, s), k)
        if samples.orientation in _TURN:
            band = band.transpose(_TURN[samples.orientation])
        rgb, doubt = to_srgb(band, samples.profile)
        first, last = top // (s * k), min(-(-(top + high) // (s * k)), lines)
        if samples.orientation in _LAST_ROW_FIRST:
            first, last = lines - last, lines - first
        upright = np.asarray(rgb)
        target[first:last] = upright.swapaxes(0, 1) if on_its_side else upright
    return pixels, doubt


def _box_mean(image: Image.Image, factor: int) -> Image.Image:
    """Return the mean over factor x factor boxes; edge boxes average the pixels they have."""
    return image.reduce(factor) if factor > 1 else image
