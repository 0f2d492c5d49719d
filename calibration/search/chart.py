"""The search's drawing: accuracy on the worst camera over milliseconds, with the best line.

A square is the float network, circles are the other accepted candidates, crosses those that are
not accepted. Numbers, not names, stand beside them: they are short enough to find room.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from edgetlc.results.html_page import Html, element
from edgetlc.results.wording import percent

WIDTH, HEIGHT = 400, 270
LEFT, RIGHT, TOP, BOTTOM = 48, 392, 8, 234
_MANTISSAS = ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1,))
_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
_MOST_TICKS = 7
_MARK = 4.5  # half a mark's side
_HIGH, _DIGIT, _AIR = 11.0, 6.5, 5.0  # a label's height, a digit's width, room at both sides
_NEAR, _RING = 11.0, 9.0  # how far the nearest labels stand from their marks, and each next ring

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True)
class Point:
    """One candidate.

    Attributes:
        label: its number.
        name: shown on pointing at it.
        ms: milliseconds, above 0.
        accuracy: on its worst camera, 0 to 1.
        kind: float, accepted or refused.
        filled: whether it is on the Pareto front.
    """

    label: str
    name: str
    ms: float
    accuracy: float
    kind: Literal["float", "accepted", "refused"]
    filled: bool


@dataclass(frozen=True)
class Scale:
    """Where milliseconds (logarithmic) and accuracies lie in the drawing."""

    fast: float
    slow: float
    low: float
    high: float

    @staticmethod
    def of(points: Sequence[Point]) -> Scale:
        """Return a scale with room around every point."""
        times = [point.ms for point in points]
        shares = [point.accuracy for point in points]
        widen = max(1.15, math.sqrt(3 * min(times) / max(times)))
        room = max(0.12 * (max(shares) - min(shares)), 0.005)
        return Scale(min(times) / widen, max(times) * widen, min(shares) - room, max(shares) + room)

    def x(self, ms: float) -> float:
        """Return where milliseconds lie."""
        return LEFT + (RIGHT - LEFT) * math.log(ms / self.fast) / math.log(self.slow / self.fast)

    def y(self, accuracy: float) -> float:
        """Return where an accuracy lies."""
        return BOTTOM - (BOTTOM - TOP) * (accuracy - self.low) / (self.high - self.low)

    @property
    def times(self) -> tuple[float, ...]:
        """Round milliseconds to label, seven at most unless they span many powers of ten."""
        powers = range(math.floor(math.log10(self.fast)), math.ceil(math.log10(self.slow)) + 1)
        for mantissas in _MANTISSAS:
            ticks = [m * 10.0**p for p in powers for m in mantissas]
            fits = tuple(t for t in ticks if self.fast <= t <= self.slow)
            if len(fits) <= _MOST_TICKS:
                break
        return fits

    @property
    def shares(self) -> tuple[float, ...]:
        """Round accuracies to label, seven at most, none above 1."""
        spans = (step for step in _STEPS if (self.high - self.low) / step <= _MOST_TICKS)
        step = next(spans, _STEPS[-1])
        first, last = math.ceil(self.low / step), math.floor(min(self.high, 1) / step + 1e-9)
        return tuple(n * step for n in range(first, last + 1))


def chart(points: Sequence[Point], title: str) -> Html:
    """Return the drawing.

    Args:
        points: at least one.
        title: for those who cannot see it.
    """
    scale = Scale.of(points)
    marks = [
        element("g", element("title", p.name), *_mark(p, scale), class_=p.kind) for p in points
    ]
    return element(
        "svg",
        element("title", title),
        *_axes(scale),
        element("polyline", points=_best_line(points, scale), class_="best"),
        *marks,
        *_labels(points, scale),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        class_="search",
    )


def best(points: Iterable[Point]) -> list[Point]:
    """Return the points that no other is both as fast and as accurate as, fastest first."""
    found: list[Point] = []
    for point in sorted(points, key=lambda p: (p.ms, -p.accuracy)):
        if not found or point.accuracy > found[-1].accuracy:
            found.append(point)
    return found


def _best_line(points: Sequence[Point], scale: Scale) -> str:
    """Return the steps of what accuracy a time can buy, to the right edge."""
    corners: list[tuple[float, float]] = []
    for point in best(points):
        if corners:
            corners.append((scale.x(point.ms), corners[-1][1]))
        corners.append((scale.x(point.ms), scale.y(point.accuracy)))
    corners.append((RIGHT, corners[-1][1]))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


def _axes(scale: Scale) -> Iterator[Html]:
    frame = {"x": str(LEFT), "y": str(TOP)}
    size = {"width": str(RIGHT - LEFT), "height": str(BOTTOM - TOP)}
    yield element("rect", **frame, **size, class_="frame")
    for ms in scale.times:
        x = f"{scale.x(ms):.1f}"
        yield element("line", x1=x, x2=x, y1=str(TOP), y2=str(BOTTOM), class_="grid")
        yield element("text", f"{ms:g}", x=x, y=str(BOTTOM + 14), text_anchor="middle")
    for share in scale.shares:
        y = scale.y(share)
        across = {"y1": f"{y:.1f}", "y2": f"{y:.1f}"}
        yield element("line", x1=str(LEFT), x2=str(RIGHT), **across, class_="grid")
        words = percent(share).replace(".00", "")
        yield element("text", words, x=str(LEFT - 4), y=f"{y + 3.5:.1f}", text_anchor="end")
    middle = {"x": str((LEFT + RIGHT) // 2), "y": str(HEIGHT - 6), "text_anchor": "middle"}
    yield element("text", "ms", **middle)


def _mark(point: Point, scale: Scale) -> Iterator[Html]:
    x, y = scale.x(point.ms), scale.y(point.accuracy)
    fill = {"fill": "currentColor" if point.filled else "var(--sheet)"}
    if point.kind == "refused":
        for rise in (-_MARK, _MARK):
            ends = {"x1": f"{x - _MARK:.1f}", "x2": f"{x + _MARK:.1f}"}
            yield element("line", **ends, y1=f"{y - rise:.1f}", y2=f"{y + rise:.1f}")
    elif point.kind == "float":
        side = f"{2 * _MARK:g}"
        corner = {"x": f"{x - _MARK:.1f}", "y": f"{y - _MARK:.1f}"}
        yield element("rect", **corner, width=side, height=side, **fill)
    else:
        yield element("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=f"{_MARK:g}", **fill)


def _labels(points: Sequence[Point], scale: Scale) -> Iterator[Html]:
    places = [(scale.x(p.ms), scale.y(p.accuracy)) for p in points]
    for point, (x, y), box in zip(points, places, label_boxes(points, scale), strict=True):
        middle, below = (box[0] + box[2]) / 2, box[3] - 2
        if math.hypot(middle - x, (box[1] + box[3]) / 2 - y) > _NEAR + _RING / 2:
            ends = {"x1": f"{x:.1f}", "y1": f"{y:.1f}", "x2": f"{middle:.1f}"}
            yield element("line", **ends, y2=f"{(box[1] + box[3]) / 2:.1f}", class_="leader")
        place = {"x": f"{middle:.1f}", "y": f"{below:.1f}", "text_anchor": "middle"}
        yield element("text", point.label, **place, class_="label")


def label_boxes(points: Sequence[Point], scale: Scale) -> list[Box]:
    """Return where the labels stand: near their marks, none over another or over a mark.

    Rings of places around each mark are tried from the inside; only where a drawing is full may
    the last one overlap.
    """
    marks = [(scale.x(p.ms), scale.y(p.accuracy)) for p in points]
    taken: list[Box] = [(x - _MARK, y - _MARK, x + _MARK, y + _MARK) for x, y in marks]
    boxes = []
    for point, mark in zip(points, marks, strict=True):
        box = next((b for b in _around(mark, len(point.label)) if _free(b, taken)), None)
        box = box or next(_around(mark, len(point.label)))
        taken.append(box)
        boxes.append(box)
    return boxes


def _around(mark: tuple[float, float], digits: int) -> Iterator[Box]:
    """Yield boxes of a label's size around a mark, nearest first, above it first."""
    wide = digits * _DIGIT + _AIR
    for ring in range(18):
        for step in range(12):
            angle = math.pi * (step / 6 - 0.5)
            far = _NEAR + ring * _RING
            x, y = mark[0] + far * math.cos(angle), mark[1] + far * math.sin(angle)
            yield x - wide / 2, y - _HIGH / 2, x + wide / 2, y + _HIGH / 2


def _free(box: Box, taken: Iterable[Box]) -> bool:
    inside = box[0] >= LEFT and box[2] <= RIGHT and box[1] >= TOP and box[3] <= BOTTOM
    return inside and not any(
        box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
        for other in taken
    )
