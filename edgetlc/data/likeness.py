"""Whether two photos show one piece: aligned, they agree everywhere, not only on the table.

Where one stand, ruler and colour card serve every photo, most of two photos agree whatever lies on
the stand. So likeness is no mean over the photo: the place where they agree least decides.

1. The other photo is aligned with the one by an affine map, with the Gauss-Newton steps of B. D.
   Lucas and T. Kanade, "An iterative image registration technique" (1981), inverse compositional as
   in S. Baker and I. Matthews, "Lucas-Kanade 20 years on" (2004), coarse to fine; both are brought
   to mean 0 and deviation 1 first, so that neither brightness nor contrast counts.
2. In every window of an eighth of the side, their structural similarity: the product of contrast
   and structure of Z. Wang et al., "Image quality assessment" (2004), eq. 13 with C3 = C2 / 2,

       (2 cov(a, b) + C) / (var(a) + var(b) + C),

   1 where both are alike or flat, 0 where they have nothing in common, negative where opposed.
3. The smallest of all windows is the likeness.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]

_STEPS = (6, 4, 2)  # Gauss-Newton steps at a quarter of the side, at half and at the whole
_MARGIN = 0.85  # the share of each side that is aligned: beyond it, a crop of 5 % has no pixels
_FARTHEST = 0.25  # an alignment beyond this is no crop, no shift and no burst
_WINDOWS = 8  # windows in a side
_NOISE = 20.0  # C, grey levels squared: less is noise of compression
_COARSELY_ALIKE = 0.8  # correlation after the first steps; below it, more are in vain
_OVERLAP = 0.3  # the smallest share of windows that both photos must cover


def likeness(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return how alike two grey thumbnails are in the worst place, -1 to 1.

    Both are uint8[S, S], S a multiple of 8; -1 where they are
    not even coarsely alike or too little of them overlaps.
    """
    first, second = _smooth(one), _smooth(other)
    affine = _align(first, second)
    if affine is None:
        return -1
    inside = (np.abs(affine @ _grid(len(one))) <= 1).all(0).reshape(one.shape)
    return _worst_window(first, _sample(second, affine), inside)


def _smooth(grey: NDArray[np.uint8]) -> Floats:
    """Return a photo without its finest detail, which aligning by parts of a pixel changes."""
    smooth: Floats = grey.astype(np.float32)
    for _axis in range(2):
        padded = np.pad(smooth, ((1, 1), (0, 0)), "edge")
        smooth = (0.25 * (padded[:-2] + padded[2:]) + 0.5 * padded[1:-1]).astype(np.float32).T
    return smooth


def _grid(side: int) -> Floats:
    """Return the pixels' places x, y from -1 to 1, and 1, float32[3, S * S]."""
    places = (np.arange(side, dtype=np.float32) + 0.5) * 2 / side - 1
    ones = np.ones(side * side, np.float32)
    return np.stack([np.tile(places, side), np.repeat(places, side), ones])


def _sample(photo: Floats, affine: Floats) -> Floats:
    """Return a photo where an affine map, float32[2, 3], takes each place; 0 outside of it."""
    side = len(photo)
    shift = (affine[:, 2] - affine[:, :2].sum(1) + 1) * side / 2  # from places to pixels
    pixels = np.column_stack([affine[:, :2], shift]).ravel().tolist()
    image = Image.fromarray(np.ascontiguousarray(photo))
    method, filter_ = Image.Transform.AFFINE, Image.Resampling.BILINEAR
    return np.asarray(image.transform((side, side), method, pixels, filter_))


def _standardized(photo: Floats, where: NDArray[np.bool_]) -> Floats:
    """Return a photo with mean 0 and deviation 1 at some pixels; a flat one stays near 0."""
    some = photo[where]
    standard: Floats = (photo - some.mean()) / np.float32(max(float(some.std()), 1.0))
    return standard


def _halved(photo: Floats) -> Floats:
    """Return a photo of half the side, each pixel the mean of four."""
    rows = photo[::2] + photo[1::2]
    return np.float32(0.25) * (rows[:, ::2] + rows[:, 1::2])


def _align(one: Floats, other: Floats) -> Floats | None:
    """Return the affine map, float32[2, 3], from places in one photo to those in the other.

    None where they are not even coarsely alike.
    """
    levels = [(one, other)]
    while len(levels) < len(_STEPS):
        levels.append((_halved(levels[-1][0]), _halved(levels[-1][1])))
    identity = np.eye(3, dtype=np.float32)
    affine = identity
    for (fixed, moving), steps in zip(reversed(levels), _STEPS, strict=True):
        grid = _grid(len(fixed))
        middle = (np.abs(grid[:2]).max(0) < _MARGIN).reshape(fixed.shape)
        target = _standardized(fixed, middle)
        slopes = [np.gradient(target, 2 / len(fixed), axis=axis)[middle] for axis in (1, 0)]
        jacobian = np.concatenate([slope * grid[:, middle.ravel()] for slope in slopes])
        normal = jacobian @ jacobian.T
        damping = 1e-3 * (np.trace(normal) / 6 + 1)  # a photo without edges has no slopes
        inverse = np.linalg.inv(normal + damping * np.eye(6))
        for _step in range(steps):
            seen = _standardized(_sample(moving, affine[:2]), middle)
            change = inverse @ (jacobian @ (seen - target)[middle])
            moved = identity.copy()
            moved[:2] += np.clip(change.reshape(2, 3), -0.1, 0.1)
            affine = affine @ np.linalg.inv(moved)
            affine = np.clip(affine, identity - _FARTHEST, identity + _FARTHEST)
        if fixed is levels[-1][0] and (seen * target)[middle].mean() < _COARSELY_ALIKE:
            return None
    return affine[:2]


def _worst_window(one: Floats, other: Floats, inside: NDArray[np.bool_]) -> float:
    """Return the smallest structural similarity of the windows that lie in both photos."""
    size = len(one) // _WINDOWS
    whole = _means(inside, size) > 1 - 0.5 / size**2
    if whole.mean() < _OVERLAP:
        return -1
    contrast = max(float(one[inside].std()), float(other[inside].std()))
    a, b = (_standardized(photo, inside) * contrast for photo in (one, other))
    mean_a, mean_b = _means(a, size), _means(b, size)
    covariance = _means(a * b, size) - mean_a * mean_b
    variances = _means(a * a + b * b, size) - mean_a**2 - mean_b**2
    similarity = (2 * covariance + _NOISE) / (variances + _NOISE)
    return float(similarity[whole].min())


def _means(values: NDArray[np.generic], size: int) -> NDArray[np.float64]:
    """Return the means of all windows of size x size pixels, one for every place."""
    sums = np.pad(values.cumsum(0, dtype=np.float64).cumsum(1), ((1, 0), (1, 0)))
    inner = sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size]
    means: NDArray[np.float64] = (inner + sums[:-size, :-size]) / size**2
    return means
