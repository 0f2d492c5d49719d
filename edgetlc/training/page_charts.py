"""Drawings of a run's page: curves over the epochs, and the confusion matrix.

Drawings keep their size, so that numbers in them stay legible on a phone; what is wider than the
screen scrolls. Lines and cells are told apart by dashes and numbers, not by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10, sqrt

from edgetlc.results.html_page import Html, element

_WIDTH, _HEIGHT = 320, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 10, 22
_DOTS = 40
"""Most epochs that are marked by dots; of more, the line alone is clearer."""
_LOG_RANGE = 30
"""Losses further apart than this are drawn on a logarithmic scale."""
_LONGEST_NAME = 16


@dataclass(frozen=True)
class Axis:
    """A scale from `low` to `high`, with what is written along it.

    Attributes:
        low, high: its ends; low < high.
        ticks: values and their labels.
        logarithmic: whether equal steps are equal factors; then low is above 0.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Return where a value lies, 0 at the low end to 1 at the high one."""
        if self.logarithmic:
            return log10(max(value, self.low) / self.low) / log10(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def loss_axis(values: Sequence[float]) -> Axis:
    """Return an axis from 0, or a logarithmic one where values are far apart."""
    least, most = max(min(values), 1e-5), max([*values, 1e-5])
    if most / least > _LOG_RANGE:
        low, high = floor(log10(least)), ceil(log10(most) + 1e-9)
        ticks = tuple((10.0**n, f"{10.0**n:g}") for n in range(low, high + 1))
        return Axis(10.0**low, 10.0**high, ticks, logarithmic=True)
    return _from_zero(most)


def share_axis(values: Sequence[float]) -> Axis:
    """Return an axis of shares that ends at 100 %."""
    low = min(floor(10 * min(values) + 1e-9) / 10, 0.9)
    step = _round_step((1 - low) / 5)
    ticks = [1 - n * step for n in range(int((1 - low) / step + 1e-9) + 1)]
    return Axis(low, 1.0, tuple((t, f"{t:.0%}") for t in ticks))


def rate_axis(values: Sequence[float]) -> Axis:
    """Return an axis of learning rates, from 0."""
    return _from_zero(max([*values, 1e-12]))


def _from_zero(most: float) -> Axis:
    step = _round_step(most / 4)
    count = ceil(most / step - 1e-9)
    return Axis(0.0, count * step, tuple((n * step, f"{n * step:.3g}") for n in range(count + 1)))


def _round_step(least: float) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that is not below `least`."""
    power: float = 10.0 ** floor(log10(least))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= least * (1 - 1e-9))


def curves(
    epochs: Sequence[int], lines: Mapping[str, Sequence[float]], axis: Axis, best: int, said: str
) -> Html:
    """Return lines over the epochs, with an upright where the kept epoch is.

    Args:
        epochs: their numbers.
        lines: `train` (dashed) and `val` (solid), or one of them, each with one value per epoch.
        axis: of the values.
        best: the epoch whose weights were kept.
        said: for those who cannot see it.
    """
    along = _epoch_axis(epochs)
    height = _HEIGHT - _TOP - _BOTTOM
    drawn = [element("title", said)]
    for value, label in axis.ticks:
        y = _TOP + height * (1 - axis.place(value))
        drawn.append(_line(_LEFT, y, _WIDTH - _RIGHT, y, "grid"))
        drawn.append(_text(_LEFT - 5, y + 4, label, "end"))
    for value, label in along.ticks:
        drawn.append(_text(_x(value, along), _HEIGHT - 6, label, "middle"))
    drawn.append(_line(_x(best, along), _TOP, _x(best, along), _HEIGHT - _BOTTOM, "kept"))
    for kind, values in lines.items():
        points = [
            (_x(epoch, along), _TOP + height * (1 - axis.place(value)))
            for epoch, value in zip(epochs, values, strict=True)
        ]
        drawn.append(_curve(points, kind))
    size = {"width": str(_WIDTH), "height": str(_HEIGHT)}
    return element(
        "svg", *drawn, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img", class_="curves", **size
    )


def _epoch_axis(epochs: Sequence[int]) -> Axis:
    first, last = epochs[0], epochs[-1]
    step = max(1, round(_round_step(max(last - first, 1) / 6)))
    numbers = [first, *range((first // step + 1) * step, last + 1, step)]
    ticks = tuple((n, str(n)) for n in numbers)
    return Axis(first, max(last, first + 1), ticks)


def _x(epoch: float, along: Axis) -> float:
    return _LEFT + 6 + (_WIDTH - _LEFT - _RIGHT - 12) * along.place(epoch)


def _curve(points: Sequence[tuple[float, float]], kind: str) -> Html:
    line = element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points))
    marked = points if len(points) <= _DOTS else ()
    dots = [element("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="2.2") for x, y in marked]
    return element("g", line, *dots, class_=kind)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Html:
    ends = {"x1": f"{x1:.1f}", "y1": f"{y1:.1f}", "x2": f"{x2:.1f}", "y2": f"{y2:.1f}"}
    return element("line", class_=kind, **ends)


def _text(x: float, y: float, words: str, anchor: str, kind: str = "label") -> Html:
    return element("text", words, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, class_=kind)


def confusion_picture(labels: Sequence[str], confusion: Sequence[Sequence[int]]) -> Html:
    """Return the confusion matrix: a row per true class, a column per answer.

    A cell is the fuller the larger its share of its row; numbers are photos. Columns are named by
    the rows' numbers. Beyond 30 classes the cells are too small for numbers.
    """
    count = len(labels)
    cell = 40 if count <= 10 else 28 if count <= 30 else 12
    names = [_row_name(number, label) for number, label in enumerate(labels, start=1)]
    left = 10 + max(map(_text_width, names))
    top = 20
    drawn = [element("title", "confusion matrix: rows are the truth, columns the answers")]
    for i, (name, row) in enumerate(zip(names, confusion, strict=True)):
        y = top + cell * i
        if cell > 12 or i % 5 == 4:  # small rows have no room for every name
            drawn.append(_text(left - 6, y + cell / 2 + 4, name, "end"))
            drawn.append(_text(left + cell * (i + 0.5), top - 6, str(i + 1), "middle"))
        for j, photos in enumerate(row):
            x = left + cell * j
            drawn.append(_cell(x, y, cell, photos / max(sum(row), 1), right=i == j))
            if photos and cell > 12:
                kind = "count"
                drawn.append(_text(x + cell / 2, y + cell / 2 + 4, str(photos), "middle", kind))
    width, height = left + cell * count + 2, top + cell * count + 2
    size = {"width": f"{width:g}", "height": f"{height:g}"}
    return element(
        "svg", *drawn, viewBox=f"0 0 {width:g} {height:g}", role="img", class_="confusion", **size
    )


def _cell(x: float, y: float, side: float, share: float, *, right: bool) -> Html:
    return element(
        "rect",
        x=f"{x:g}",
        y=f"{y:g}",
        width=f"{side:g}",
        height=f"{side:g}",
        fill_opacity=f"{0.7 * sqrt(share):.2f}",
        class_="right" if right else "wrong",
    )


def _row_name(number: int, label: str) -> str:
    short = label if len(label) <= _LONGEST_NAME else f"{label[: _LONGEST_NAME - 1]}…"
    return f"{short} {number}"


def _text_width(text: str) -> float:
    """Return about how wide a label is, in pixels; Chinese characters are square."""
    return sum(6.8 if ord(c) < 0x2E80 else 12 for c in text)
