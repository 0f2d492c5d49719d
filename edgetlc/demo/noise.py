"""Random fields that the generated photos are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.float32]


def smooth_noise(
    rng: np.random.Generator, shape: tuple[int, int], cell: float | tuple[float, float]
) -> Field:
    """Return a smooth random field, float32[H, W], mean about 0, standard deviation about 1.

    `cell` is the width of its bumps in pixels; (vertical, horizontal) for a stretched field.
    """
    tall, wide = cell if isinstance(cell, tuple) else (cell, cell)
    rows, columns = int(shape[0] / tall) + 4, int(shape[1] / wide) + 4
    knots = Image.fromarray(rng.standard_normal((rows, columns), dtype=np.float32))
    left, top = 1 + rng.uniform(0, 1, 2)
    box = (left, top, left + shape[1] / wide, top + shape[0] / tall)
    grown = knots.resize((shape[1], shape[0]), Image.Resampling.BICUBIC, box=box)
    return np.asarray(grown, dtype=np.float32) * np.float32(1.35)


def smoothstep(low: float, high: float, values: Field) -> Field:
    """Return 0 below `low`, 1 above `high` and a smooth ramp between, float32."""
    t: Field = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return t * t * (3 - 2 * t)
