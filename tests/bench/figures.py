"""A figure of the bench: what was measured, against what, and whether the target is reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes:
        name: what is measured.
        ours: in `unit`; None where it could not be measured.
        other: what it is compared with, in `unit`; None where there is nothing to compare.
        ratio: the number that the target is about.
        target: its limit; None where the line only informs.
        at_most: whether the ratio may be at most the target, or must be at least it.
        unit: of `ours` and `other`.
        remark: how it was measured, or why not.
    """

    name: str
    ours: float | None
    other: float | None
    ratio: float | None
    target: float | None
    at_most: bool = True
    unit: str = "ms"
    remark: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None where nothing was measured or there is none."""
        if self.ratio is None or self.target is None:
            return None
        return self.ratio <= self.target if self.at_most else self.ratio >= self.target

    def to_json(self) -> dict[str, Any]:
        """Return the figure with its verdict."""
        return {**asdict(self), "reached": self.reached}


def slower(name: str, ours: float, other: float, target: float, **more: Any) -> Figure:
    """Return a figure of how many times our time may be the other's."""
    return Figure(name, ours, other, ours / other, target, **more)


def faster(name: str, ours: float, other: float, target: float | None, **more: Any) -> Figure:
    """Return a figure of how many times faster we must be than the other."""
    return Figure(name, ours, other, other / ours, target, at_most=False, **more)


def not_measured(name: str, why: str) -> Figure:
    """Return a figure that could not be measured here."""
    return Figure(name, None, None, None, None, remark=f"not measured: {why}")


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table of plain text."""
    head = ("figure", "ours", "other", "", "ratio", "target", "reached")
    rows = [head, *map(_row, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = []
    for row, remark in zip(rows, ("", *(figure.remark for figure in figures)), strict=True):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join((*cells, remark)).rstrip())
    return "\n".join(lines)


def _row(figure: Figure) -> tuple[str, ...]:
    sign = "<=" if figure.at_most else ">="
    verdict = {True: "yes", False: "NO", None: "-"}[figure.reached]
    return (
        figure.name,
        _number(figure.ours),
        _number(figure.other),
        figure.unit,
        "-" if figure.ratio is None else f"{figure.ratio:.2f}",
        "-" if figure.target is None else f"{sign} {figure.target:g}",
        verdict,
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}" if value >= 100 else f"{value:.1f}"
