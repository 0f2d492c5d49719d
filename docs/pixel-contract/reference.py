"""The pixel contract written down slowly: every rule of README.md as a few lines of numpy.

It shares no code with edgetlc, decodes no files and is fast at nothing. `make_vectors.py` computes
the expected pixels with it, and the tests hold the runtime and the vectors to it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
F64 = NDArray[np.float64]


def reductions(width: int, height: int, size: int) -> tuple[int, int]:
    """Return s and k for a photo of width x height and a network of size x size."""
    short = min(width, height)
    s = 1
    for candidate in (2, 4, 8):
        if short >= 2 * size * candidate:
            s = candidate
    short_after_s = (short + s - 1) // s
    return s, max(1, short_after_s // size)


def high_byte(samples: NDArray[np.uint16]) -> U8:
    """Return 16-bit samples as 8-bit ones."""
    return (samples >> 8).astype(np.uint8)


def over_white(samples: U8) -> U8:
    """Return uint8[H, W, C] of uint8[H, W, C + 1], whose last channel is alpha, laid over white."""
    colour, alpha = samples[..., :-1].astype(np.int64), samples[..., -1:].astype(np.int64)
    blend = colour * alpha + 255 * (255 - alpha)
    return ((2 * blend + 255) // 510).astype(np.uint8)  # blend / 255, rounded; ties cannot be


def grey_to_rgb(samples: U8) -> U8:
    """Return uint8[H, W, 3] of uint8[H, W] or [H, W, 1]."""
    return np.stack([samples.reshape(samples.shape[:2])] * 3, axis=-1)


def cmyk_to_rgb(samples: U8) -> U8:
    """Return uint8[H, W, 3] of uint8[H, W, 4], 255 being full ink, without a profile."""
    ink, black = samples[..., :3].astype(np.int64), samples[..., 3:].astype(np.int64)
    light = 255 - black
    return (light - (2 * ink * light + 255) // 510).astype(np.uint8)


def box_mean(samples: U8, n: int) -> U8:
    """Return uint8[ceil(H / n), ceil(W / n), C]: means of n x n boxes; at the edges of fewer."""
    height, width = samples.shape[:2]
    rows, columns = -(-height // n), -(-width // n)
    result = np.empty((rows, columns, samples.shape[2]), np.uint8)
    for row in range(rows):
        for column in range(columns):
            box = samples[n * row : n * (row + 1), n * column : n * (column + 1)]
            count = box.shape[0] * box.shape[1]
            total = box.astype(np.int64).sum(axis=(0, 1))
            result[row, column] = ((total + count // 2) * (2**24 // count)) >> 24
    return result


def upright(samples: U8, orientation: int) -> U8:
    """Return the picture as it is to be seen; orientation is EXIF's, 1 to 8."""
    height, width = samples.shape[:2]
    turned = orientation >= 5
    rows, columns = (width, height) if turned else (height, width)
    result = np.empty((rows, columns, samples.shape[2]), np.uint8)
    for y in range(result.shape[0]):
        for x in range(result.shape[1]):
            row, column = (x, y) if turned else (y, x)
            if orientation in (3, 4, 7, 6):
                row = height - 1 - row
            if orientation in (2, 3, 7, 8):
                column = width - 1 - column
            result[y, x] = samples[row, column]
    return result


def display_p3_to_srgb(samples: U8) -> U8:
    """Return Display P3 samples in sRGB; out-of-range colours are clipped."""
    stored = samples.astype(np.float64) / 255
    linear = np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
    to_srgb = np.linalg.solve(_to_xyz(_SRGB), _to_xyz(_DISPLAY_P3))
    linear = np.clip(linear @ to_srgb.T, 0, 1)
    coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.floor(255 * coded + 0.5).astype(np.uint8)


_SRGB = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_DISPLAY_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
_D65 = (0.3127, 0.3290)


def _to_xyz(primaries: tuple[tuple[float, float], ...]) -> F64:
    columns = np.array([(x / y, 1.0, (1 - x - y) / y) for x, y in (*primaries, _D65)]).T
    return np.asarray(columns[:, :3] * np.linalg.solve(columns[:, :3], columns[:, 3]))


def axis_weights(length: int, extent: int, size: int) -> F64:
    """Return float64[size, length]: how much each source pixel counts for each target pixel.

    Args:
        length: source pixels on this axis.
        extent: how many of them, in the middle, are resized: all of them, or the shorter side.
        size: target pixels.
    """
    weights = np.zeros((size, length))
    for target in range(size):
        centre = (2 * target + 1) * extent + (length - extent) * size
        for source in range(length):
            distance = abs((2 * source + 1) * size - centre)
            weights[target, source] = max(0.0, 1 - distance / (2 * max(extent, size)))
        weights[target] /= weights[target].sum()
    return weights


def graph_step(
    pixels: U8,
    size: int,
    geometry: str,
    mean: tuple[float, float, float],
    std: tuple[float, float, float],
) -> F64:
    """Return the network's input, float64[3, size, size], of uint8[H, W, 3]."""
    height, width = pixels.shape[:2]
    shorter = min(height, width)
    rows = axis_weights(height, height if geometry == "squash" else shorter, size)
    columns = axis_weights(width, width if geometry == "squash" else shorter, size)
    planes = pixels.astype(np.float64).transpose(2, 0, 1)
    resized = rows @ planes @ columns.T
    per_channel = (np.array(values).reshape(3, 1, 1) for values in (mean, std))
    centre, spread = per_channel
    return np.asarray((resized / 255 - centre) / spread)
