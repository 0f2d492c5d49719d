"""The Pareto front: what no other candidate beats."""

from __future__ import annotations

from collections.abc import Sequence


def front(points: Sequence[Sequence[float]], tolerance: Sequence[float]) -> tuple[int, ...]:
    """Return the indices of the points that no other point dominates, in order; at least one.

    One point dominates another where it is nowhere worse by more than the tolerance, and somewhere
    better by more than that. Points that differ by noise alone are then all on the front, or none.

    Args:
        points: one row per candidate, one value per axis; larger is better on every axis.
        tolerance: of every axis, the largest difference that counts as none; above 0 on two axes at
            most, or three points could dominate each other in a circle.
    """
    assert sum(value > 0 for value in tolerance) <= 2
    return tuple(
        place
        for place, point in enumerate(points)
        if not any(_dominates(other, point, tolerance) for other in points)
    )


def _dominates(one: Sequence[float], other: Sequence[float], tolerance: Sequence[float]) -> bool:
    gains = [(a - b, most) for a, b, most in zip(one, other, tolerance, strict=True)]
    return all(gain >= -most for gain, most in gains) and any(gain > most for gain, most in gains)
