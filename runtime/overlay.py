"""The class-activation overlay: where in the photo the network saw what it answered."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgetlc.runtime.pixels import Pixels

_STRENGTH = 0.6
# Dark blue (against) through the photo's own colours to yellow and red (in favour).
_STOPS = np.array(
    [[0.0, 0, 0, 96], [0.25, 0, 96, 255], [0.5, 0, 224, 160], [0.75, 255, 224, 0], [1, 255, 0, 0]]
)


def overlay(pixels: Pixels, evidence: NDArray[np.float32]) -> Image.Image:
    """Return the photo with the evidence for its label laid over it.

    Args:
        pixels: uint8[H, W, 3], what the network saw (`Prediction.pixels`).
        evidence: float32[h, w]; the network saw the pixels squashed to a square, so the map is
            stretched back over them.
    """
    low, high = float(evidence.min()), float(evidence.max())
    scaled = (evidence - low) / (high - low) if high > low else np.zeros_like(evidence)
    height, width = pixels.shape[:2]
    field = np.asarray(
        Image.fromarray(scaled.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
    ).clip(0, 1)
    colours = np.stack([np.interp(field, _STOPS[:, 0], _STOPS[:, i]) for i in (1, 2, 3)], axis=-1)
    # Strong evidence is opaque, weak evidence leaves the photo as it is.
    weight = _STRENGTH * field[..., None]
    blended = pixels * (1 - weight) + colours * weight
    return Image.fromarray(blended.round().astype(np.uint8))
