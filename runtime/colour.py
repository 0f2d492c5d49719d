"""Colour: any pixel mode to 8 bits, and any embedded profile to sRGB."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from edgetlc.errors import ImageError
from edgetlc.locale import _

MAX_PROFILE_BYTES = 4 * 1024 * 1024
_SAME_AS_SRGB = 1
"""A profile that moves no colour of the probe by more grey levels than this is sRGB."""
_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}


def to_8bit(image: Image.Image) -> Image.Image:
    """Return the image as L, RGB or CMYK with 8 bits a channel, alpha laid over white.

    16-bit samples keep their high byte. Averaging comes later, so transparent pixels cannot bleed.

    Raises:
        ImageError: floating-point or otherwise unsupported pixels.
    """
    if image.mode.startswith("I"):
        return _high_byte(image)
    if image.has_transparency_data:
        return _over_white(image)
    if image.mode in ("L", "RGB", "CMYK"):
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode in ("P", "RGBX", "YCbCr", "HSV"):
        return image.convert("RGB")
    raise ImageError(
        "pixels of kind {mode}; save the photo in RGB with 8 or 16 bits", mode=image.mode
    )


def _high_byte(image: Image.Image) -> Image.Image:
    samples = np.asarray(image)
    grey = (np.clip(samples, 0, 65535) >> 8).astype(np.uint8)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey[samples == transparent] = 255
    return Image.fromarray(grey)


def _over_white(image: Image.Image) -> Image.Image:
    grey = image.mode in ("1", "L", "LA", "La")
    if image.mode == "La":
        image = image.convert("LA")
    colours = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    over = Image.alpha_composite(white, colours)
    # Grey stays grey, so that its profile fits.
    return over.getchannel(0) if grey else over.convert("RGB")


def to_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, str | None]:
    """Return an 8-bit RGB image in sRGB, and a note where the profile could not be used.

    Args:
        image: mode L, RGB or CMYK.
        profile: embedded ICC profile; without one the pixels are taken as sRGB (CMYK by the
            plain complement, as browsers do).
    """
    note = None
    if profile:
        try:
            transform, mode = _transform(profile, image.mode)
            fitting = _as(image, mode)
            return (fitting if transform is None else transform.apply(fitting)), None
        except Exception as error:  # littlecms reports through several exception types
            # parts of the file may be in it
            said = "".join(c for c in str(error) if c.isprintable())
            note = _("colour profile ignored ({reason})", reason=said)
    return _as(image, "RGB"), note


def _as(image: Image.Image, mode: str) -> Image.Image:
    return image if image.mode == mode else image.convert(mode)


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> tuple[Any, str]:
    """Return the transform to sRGB, or None where that moves nothing, and the mode it takes.

    Raises:
        ValueError: the profile is too long, or for other colours than the photo's.
    """
    from PIL import ImageCms

    if len(profile) > MAX_PROFILE_BYTES:
        raise ValueError(f"{len(profile)} bytes long")
    source = ImageCms.getOpenProfile(io.BytesIO(profile))
    space = source.profile.xcolor_space.strip()
    if mode == "L" and space == "RGB":
        mode = "RGB"
    if _SPACES[mode] != space:
        raise ValueError(f"it is for {space}, the photo is {_SPACES[mode]}")
    srgb, perceptual = ImageCms.createProfile("sRGB"), ImageCms.Intent.PERCEPTUAL
    transform = ImageCms.buildTransform(source, srgb, mode, "RGB", renderingIntent=perceptual)
    if mode == "RGB":
        probe = _probe()
        moved = np.asarray(transform.apply(probe)).astype(int) - np.asarray(probe)
        if int(np.abs(moved).max()) <= _SAME_AS_SRGB:
            return None, mode
    return transform, mode


def _probe() -> Image.Image:
    """Return a 17 x 17 x 17 lattice of colours as an RGB image."""
    steps = np.linspace(0, 255, 17).round().astype(np.uint8)
    lattice = np.stack(np.meshgrid(steps, steps, steps), axis=-1)
    return Image.fromarray(np.ascontiguousarray(lattice.reshape(17, 289, 3)))
