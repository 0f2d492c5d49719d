"""Where things lie in a chart: axes, plots, labels that find room. `charts.html.jinja` draws them.

Coordinates are SVG's, x to the right and y down, with one decimal.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from edgetlc.results.wording import percent

Ticks = tuple[tuple[float, str], ...]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

MOST_TICKS = 7
_MANTISSAS = ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1,))
_HIGH, _DIGIT, _AIR = 11.0, 6.5, 5.0  # a label's height, a digit's width, room at both sides
_NEAR, _RING = 11.0, 9.0  # how far the nearest labels stand from their marks, and each next ring


@dataclass(frozen=True)
class Axis:
    """A scale with what is written along it."""

    low: float
    high: float  # above low
    ticks: Ticks = ()  # values and their labels
    logarithmic: bool = False  # whether equal steps are equal factors; then low is above 0

    def place(self, value: float) -> float:
        """Return where a value lies, 0 at the low end to 1 at the high one."""
        if self.logarithmic:
            return math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    @staticmethod
    def of_shares(low: float, high: float) -> Axis:
        """Return a scale of shares, labelled in per cent, nothing beyond 100 %."""
        ticks = _round_ticks(low, min(high, 1.0))
        return Axis(low, high, tuple((t, percent(t).replace(".00", "")) for t in ticks))

    @staticmethod
    def of_numbers(low: float, high: float) -> Axis:
        """Return a scale of numbers."""
        return Axis(low, high, tuple((t, f"{t:.3g}") for t in _round_ticks(low, high)))

    @staticmethod
    def of_counts(low: int, high: int) -> Axis:
        """Return a scale of whole numbers, its first among the labels; one alone has room."""
        step = max(1, round(round_step((high - low or 1) / MOST_TICKS)))
        ticks = [low, *range((low // step + 1) * step, high + 1, step)]
        return Axis(low, max(high, low + 1), tuple((t, str(t)) for t in ticks))

    @staticmethod
    def of_factors(low: float, high: float) -> Axis:
        """Return a logarithmic scale, seven ticks at most unless it spans many powers of ten."""
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        fits: list[float] = []
        for mantissas in _MANTISSAS:
            ticks = (m * 10.0**power for power in powers for m in mantissas)
            fits = [t for t in ticks if low * (1 - 1e-9) <= t <= high * (1 + 1e-9)]
            if len(fits) <= MOST_TICKS:
                break
        return Axis(low, high, tuple((t, f"{t:g}") for t in fits), logarithmic=True)


def _round_ticks(low: float, high: float) -> list[float]:
    """Return round values from `low` to `high`, seven at most."""
    step = round_step((high - low) / MOST_TICKS)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [n * step + 0.0 for n in range(first, last + 1)]


def round_step(least: float) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= least * (1 - 1e-9))


@dataclass(frozen=True)
class Plot:
    """Two axes and the frame they span, with room around it for labels."""

    across: Axis
    up: Axis
    width: float = 400  # of the whole drawing
    height: float = 270
    left: float = 48  # of the frame
    top: float = 8
    room_right: float = 8
    room_below: float = 36

    @property
    def right(self) -> float:
        """The frame's right edge."""
        return self.width - self.room_right

    @property
    def bottom(self) -> float:
        """The frame's lower edge."""
        return self.height - self.room_below

    def x(self, value: float) -> float:
        """Return where a value lies across."""
        return round(self.left + (self.right - self.left) * self.across.place(value), 1)

    def y(self, value: float) -> float:
        """Return where a value lies up and down."""
        return round(self.bottom - (self.bottom - self.top) * self.up.place(value), 1)

    def line(self, values: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
        """Return where points lie."""
        return [(self.x(across), self.y(up)) for across, up in values]

    def curve_of(self, items: Iterable[object], across: str, up: str) -> list[tuple[float, float]]:
        """Return where items lie by two of their attributes."""
        return self.line((getattr(item, across), getattr(item, up)) for item in items)

    def best_line(self, values: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
        """Return the steps of the highest value that can be had up to each place across."""
        corners: list[tuple[float, float]] = []
        for across, up in best(values):
            if corners:
                corners.append((self.x(across), corners[-1][1]))
            corners.append((self.x(across), self.y(up)))
        return [*corners, (self.right, corners[-1][1])]

    def label_boxes(
        self, marks: Sequence[tuple[float, float]], labels: Sequence[str], half: float
    ) -> list[Box]:
        """Return where labels stand: near their marks, none over another or over a mark.

        Rings of places around each mark are tried from the inside; only where a drawing is full may
        the last one overlap. `half` is half a mark's side.
        """
        taken: list[Box] = [(x - half, y - half, x + half, y + half) for x, y in marks]
        for mark, label in zip(marks, labels, strict=True):
            around = list(_around(mark, len(label)))
            taken.append(next((b for b in around if self._free(b, taken)), around[0]))
        return taken[len(marks) :]

    def _free(self, box: Box, taken: Iterable[Box]) -> bool:
        left, top, right, bottom = box
        across = left >= self.left and right <= self.right
        inside = across and top >= self.top and bottom <= self.bottom
        return inside and not any(
            left < other[2] and other[0] < right and top < other[3] and other[1] < bottom
            for other in taken
        )


def best(values: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points to whose left none is as high, from left to right."""
    found: list[tuple[float, float]] = []
    for across, up in sorted(values, key=lambda point: (point[0], -point[1])):
        if not found or up > found[-1][1]:
            found.append((across, up))
    return found


def is_far(mark: tuple[float, float], box: Box) -> bool:
    """Return whether a label stands so far from its mark that a line must join them."""
    middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return math.dist(mark, middle) > _NEAR + _RING / 2


def _around(mark: tuple[float, float], digits: int) -> Iterator[Box]:
    """Yield boxes of a label's size around a mark, nearest first, above it first."""
    wide = digits * _DIGIT + _AIR
    for ring in range(18):
        for step in range(12):
            angle = math.pi * (step / 6 - 0.5)
            far = _NEAR + ring * _RING
            x, y = mark[0] + far * math.cos(angle), mark[1] + far * math.sin(angle)
            yield x - wide / 2, y - _HIGH / 2, x + wide / 2, y + _HIGH / 2
