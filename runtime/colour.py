"""Colour: any pixel mode to 8 bits, and any embedded profile to sRGB."""

from __future__ import annotations

import hashlib
import io
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

MAX_PROFILE_BYTES = 4 * 1024 * 1024
_SAME_AS_SRGB = 1
"""A profile that moves no colour of the probe by more grey levels than this is sRGB."""


def to_8bit(image: Image.Image) -> Image.Image:
    """Return the image as L, RGB or CMYK with 8 bits a channel, alpha laid over white.

    16-bit samples keep their high byte. Averaging comes later, so transparent pixels cannot bleed.

    Raises:
        ValueError: floating-point or otherwise unsupported pixels.
    """
    if image.mode in ("L", "RGB", "CMYK") and "transparency" not in image.info:
        return image
    if image.mode.startswith("I"):
        samples = np.asarray(image)
        return Image.fromarray((np.clip(samples, 0, 65535) >> 8).astype(np.uint8))
    if image.mode == "F":
        raise ValueError("floating-point pixels; save the photo with 8 or 16 bits")
    if image.mode in ("1", "YCbCr", "RGBX", "CMYK", "LAB"):
        return image.convert("L" if image.mode == "1" else "RGB")
    return _over_white(image.convert("RGBA"))


def _over_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


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
            transform = _transform(_Profile(profile), image.mode)
            if transform is not None:
                return transform.apply(image), None
        except Exception as error:  # littlecms reports through several exception types
            note = f"colour profile ignored ({error})"
    return image.convert("RGB"), note


class _Profile:
    """ICC bytes that hash by content, so that a phone's profile is parsed once."""

    def __init__(self, data: bytes) -> None:
        if len(data) > MAX_PROFILE_BYTES:
            raise ValueError(f"{len(data)} bytes long")
        self.data = data
        self._digest = hashlib.sha256(data).digest()

    def __hash__(self) -> int:
        return hash(self._digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Profile) and self._digest == other._digest


@lru_cache(maxsize=16)
def _transform(profile: _Profile, mode: str) -> Any:
    """Return the transform to sRGB, or None where the profile is sRGB within one grey level."""
    from PIL import ImageCms

    source = ImageCms.getOpenProfile(io.BytesIO(profile.data))
    transform = ImageCms.buildTransform(
        source,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.PERCEPTUAL,
    )
    if mode == "RGB":
        probe = _probe()
        moved = np.asarray(transform.apply(probe)).astype(int) - np.asarray(probe)
        if int(np.abs(moved).max()) <= _SAME_AS_SRGB:
            return None
    return transform


def _probe() -> Image.Image:
    """Return a 17 x 17 x 17 lattice of colours as an RGB image."""
    steps = np.linspace(0, 255, 17).round().astype(np.uint8)
    lattice = np.stack(np.meshgrid(steps, steps, steps), axis=-1)
    return Image.fromarray(np.ascontiguousarray(lattice.reshape(17, 289, 3)))
