"""The class-activation overlay: where in the photo the network saw what it answered."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgetlc.runtime.contract import Geometry
from edgetlc.runtime.pixels import Pixels

_STRENGTH = 0.6
_UNSEEN = 0.45  # brightness of what the network did not see, which also loses its colour
# Dark blue (against) through the photo's own colours to yellow and red (in favour).
_STOPS = np.array(
    [[0.0, 0, 0, 96], [0.25, 0, 96, 255], [0.5, 0, 224, 160], [0.75, 255, 224, 0], [1, 255, 0, 0]]
)


def overlay(
    pixels: Pixels, evidence: NDArray[np.float32], geometry: Geometry = "squash"
) -> Image.Image:
    """Return the photo with the evidence for its label laid over it.

    The strongest evidence of this photo is red and the weakest leaves it as it is: the colours say
    where the network saw the label, not how surely.

    Args:
        pixels: uint8[H, W, 3], the upright photo, of any size.
        evidence: float32[h, w], `Prediction.evidence`.
        geometry: the pixel contract's. `squash`: the network saw the whole photo, so the map is
            stretched over it. `crop`: it saw the central square; the rest turns dark and grey.
            `Prediction.pixels` hold only what it saw, so for them it is always `squash`.
    """
    if geometry == "squash":
        return Image.fromarray(_blend(pixels, evidence))
    rows, columns = central_square(*pixels.shape[:2])
    grey = np.asarray(Image.fromarray(pixels).convert("L"), np.float32)[..., None] * _UNSEEN
    whole = np.repeat(grey.round().astype(np.uint8), 3, axis=2)
    whole[rows, columns] = _blend(pixels[rows, columns], evidence)
    return Image.fromarray(whole)


def central_square(height: int, width: int) -> tuple[slice, slice]:
    """Return the rows and columns of what the geometry `crop` keeps."""
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return slice(top, top + side), slice(left, left + side)


def _blend(pixels: Pixels, evidence: NDArray[np.float32]) -> Pixels:
    low, high = float(evidence.min()), float(evidence.max())
    scaled = (evidence - low) / (high - low) if high > low else np.zeros_like(evidence)
    height, width = pixels.shape[:2]
    field = np.asarray(
        Image.fromarray(scaled.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
    ).clip(0, 1)
    # One colour for each of 256 strengths: interpolating every pixel takes ten times as long.
    steps = np.linspace(0, 1, 256)
    colours = np.stack([np.interp(steps, _STOPS[:, 0], _STOPS[:, i]) for i in (1, 2, 3)], axis=-1)
    # Strong evidence is opaque, weak evidence leaves the photo as it is.
    weight = (_STRENGTH * field[..., None]).astype(np.float32)
    looked_up = colours.astype(np.float32)[(field * 255).round().astype(np.uint8)]
    return np.asarray((pixels * (1 - weight) + looked_up * weight).round(), np.uint8)
