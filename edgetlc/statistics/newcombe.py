"""Newcombe's interval of the drop, shown beside Tango's; no verdict rests on it.

Newcombe (1998), Statistics in Medicine 17: the difference of paired proportions from the Wilson
score intervals of both, his method 10. The words are those of `edgetlc.statistics.paired`.
"""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist


def newcombe_interval(
    b: int, c: int, n: int, reference_correct: int, confidence: float
) -> tuple[float, float]:
    """Return Newcombe's two-sided interval of the drop, in [-1, 1], of at least one photo.

    The reference gets from b to n - c photos right; the confidence is of both sides together.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    before, after = reference_correct, reference_correct - b + c
    (below_1, above_1), (below_2, above_2) = _wilson(before, n, z), _wilson(after, n, z)
    phi = _correlation(reference_correct - b, b, c, n - reference_correct - c)
    drop = (b - c) / n
    return drop - _joined(below_1, above_2, phi), drop + _joined(above_1, below_2, phi)


def _wilson(k: int, n: int, z: float) -> tuple[float, float]:
    """Return how far Wilson's score interval of a rate reaches below and above k of n."""
    centre = k + z * z / 2
    spread = z * sqrt(k * (n - k) / n + z * z / 4)
    return k / n - (centre - spread) / (n + z * z), (centre + spread) / (n + z * z) - k / n


def _correlation(both: int, b: int, c: int, neither: int) -> float:
    """Return the correlation of the two models' being right, reduced as Newcombe does."""
    margins = (both + b) * (c + neither) * (both + c) * (b + neither)
    cross: float = both * neither - b * c
    if cross > 0:
        cross = max(cross - (both + b + c + neither) / 2, 0.0)
    return cross / sqrt(margins) if margins else 0.0


def _joined(one: float, other: float, correlation: float) -> float:
    return sqrt(max(one * one - 2 * correlation * one * other + other * other, 0.0))
