"""A plan as a page: photos to take, and the chance of a PASS over their number."""

from __future__ import annotations

from pathlib import Path

from edgetlc.pages.charts import Axis, Plot
from edgetlc.pages.render import write_page as write
from edgetlc.statistics.plan import Plan

DASHES = ("none", "8 3", "3 3", "1 3", "8 3 1 3")
"""Of the curves, in order and then again: they are told apart without colours."""


def write_page(path: Path, found: Plan) -> None:
    """Write a plan as one HTML file, whole or not at all; replaces an older one."""
    plot = power_plot(found)
    curves = [
        (row, DASHES[number % len(DASHES)], plot.best_line([(0, 0.0), *row.curve]))
        for number, row in enumerate(found.rows)
    ]
    write(path, "plan.html.jinja", plan=found, plot=plot, curves=curves)


def power_plot(found: Plan) -> Plot:
    """Return the axes of photos of a camera, and of the chance that it passes."""
    most = max(photos for row in found.rows for photos, _chance in row.curve)
    return Plot(Axis.of_counts(0, most), Axis.of_shares(0, 1), width=600)
