"""Whether confidences mean what they say: reliability bins and the expected calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 10
FEWEST_PHOTOS = 500
"""Below this the bins hold too few photos for their gaps to mean anything."""


@dataclass(frozen=True)
class Bin:
    """Photos whose confidence lies in one tenth of 0 to 1: how many, means of both."""

    photos: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Reliability:
    """The bins that hold photos, and the expected calibration error: their mean gap, by photos.

    Source: Guo et al. (2017), ICML 34.
    """

    bins: tuple[Bin, ...]
    error: float


def reliability(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> Reliability | None:
    """Return the reliability of confidences float64[n], or None for fewer than 500 photos."""
    if len(confidence) < FEWEST_PHOTOS:
        return None
    place = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    photos = np.bincount(place, minlength=BINS)
    sums = np.bincount(place, confidence, BINS), np.bincount(place, right, BINS)
    bins = tuple(
        Bin(int(n), float(total / n), float(rights / n))
        for n, total, rights in zip(photos, *sums, strict=True)
        if n
    )
    gaps = sum(b.photos * abs(b.accuracy - b.confidence) for b in bins)
    return Reliability(bins, gaps / len(confidence))
