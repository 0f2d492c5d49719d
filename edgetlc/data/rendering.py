"""Rendering pixels as one camera might have taken them, by the profile's `simulation`.

The order is a camera's: resolution, white balance and colour matrix on linear light, tone and
contrast on the encoded values, sharpening, noise, JPEG. A rendered file says in its EXIF that it
is simulated, beside the make and model of the camera that it imitates.
"""

from __future__ import annotations

import hashlib
import io
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from PIL.ExifTags import Base

from edgetlc.devices.camera import CameraProfile
from edgetlc.devices.identify import SIMULATED_BY
from edgetlc.devices.simulation import Simulation

Pixels = NDArray[np.uint8]

SOFTWARE = f"{SIMULATED_BY} data simulate"
DESCRIPTION = "simulated by edgetlc: rendered as this camera might show it, not taken with it"

_LEVELS = 1 << 14
"""Steps of linear light in the tables; the steepest part of sRGB moves 0.2 grey levels a step."""
_SHARPENING_RADIUS = 1.0  # pixels; the halo that phone cameras leave


def render(pixels: Pixels, profile: CameraProfile, seed: int) -> bytes:
    """Return a JPEG file of `pixels`, uint8[H, W, 3], as the camera might have taken them."""
    exif = Image.Exif()
    exif[Base.ImageDescription] = DESCRIPTION
    exif[Base.Software] = SOFTWARE
    if profile.written_exif is not None:
        exif[Base.Make], exif[Base.Model] = profile.written_exif
    return render_look(pixels, profile.simulation, seed, exif)


def render_look(
    pixels: Pixels, look: Simulation, seed: int, exif: Image.Exif | bytes = b""
) -> bytes:
    """Return a JPEG file of sRGB pixels, uint8[H, W, 3], as a camera with this look takes them.

    The seed is of the noise: the same arguments give the same bytes. `exif` is what the file says
    of itself.
    """
    image = Image.fromarray(_developed(_resampled(pixels, look.scale), look))
    if look.sharpening > 0:
        percent = round(100 * look.sharpening)
        image = image.filter(ImageFilter.UnsharpMask(_SHARPENING_RADIUS, percent, threshold=0))
    if look.noise > 0:
        image = Image.fromarray(_noisy(np.asarray(image), look.noise, seed))
    file = io.BytesIO()
    image.save(
        file, "JPEG", quality=look.jpeg_quality, subsampling=look.chroma_subsampling, exif=exif
    )
    return file.getvalue()


def seed_of(seed: int, *parts: str) -> int:
    """Return a seed of 64 bits that is fixed by `seed` and `parts`, whatever ran before."""
    text = "\n".join((str(seed), *parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _resampled(pixels: Pixels, scale: float) -> Pixels:
    if scale == 1:
        return pixels
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    image = Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(image)


def _developed(pixels: Pixels, look: Simulation) -> Pixels:
    """Apply white balance and colour matrix to linear light, then the tone table."""
    transform = np.asarray(look.colour_matrix) * np.asarray(look.white_balance)
    light = _linear_light()[pixels] @ transform.T.astype(np.float32)
    step = np.clip(light, 0, 1) * np.float32(_LEVELS - 1) + np.float32(0.5)
    developed: Pixels = _tone_table(look.tone, look.contrast)[step.astype(np.int32)]
    return developed


@lru_cache(maxsize=1)
def _linear_light() -> NDArray[np.float32]:
    """Return the light of each 8-bit sRGB value, float32[256], 0..1 (IEC 61966-2-1)."""
    value = np.arange(256) / 255
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)


@lru_cache(maxsize=64)
def _tone_table(tone: float, contrast: float) -> Pixels:
    """Return the encoded value of each step of light, uint8[16384].

    The S-curve v - c sin(2 pi v) / (2 pi) keeps black, middle grey and white, and rises everywhere
    for |c| < 1; its slope at middle grey is 1 + c.
    """
    light = np.arange(_LEVELS) / (_LEVELS - 1)
    value = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    value = value**tone
    value = value - contrast * np.sin(2 * np.pi * value) / (2 * np.pi)
    return np.rint(255 * np.clip(value, 0, 1)).astype(np.uint8)


def _noisy(pixels: Pixels, deviation: float, seed: int) -> Pixels:
    """Add Gaussian noise of one deviation for all grey levels.

    Shot noise grows as the square root of the light and sRGB's slope falls almost as fast, so that
    on encoded values it is nearly the same everywhere.
    """
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(pixels.shape, dtype=np.float32) * np.float32(deviation)
    return np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8)
