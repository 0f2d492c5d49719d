"""The search as a page: which model to ship to which device, and every candidate's figures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgetlc.calibration.search.result import BUSY, SearchResult
from edgetlc.calibration.search.table import NO, YES, change, costs, losses, slot_name, slots
from edgetlc.calibration.search.targets import MIN_GAIN
from edgetlc.devices.profiles import Cameras
from edgetlc.pages.charts import Axis, Box, Plot, is_far
from edgetlc.pages.render import Names
from edgetlc.pages.render import write_page as write
from edgetlc.runtime.engines import OPENVINO

HALF = 4.5
"""Half a mark's side."""


def write_page(path: Path, result: SearchResult, cameras: Cameras | None = None) -> None:
    """Write a search as one HTML file, whole or not at all; replaces an older one.

    The page names `cameras`, those of the standard unless given.
    """
    names = Names(cameras or Cameras.load())
    original = result.rows[0].measurement
    engines = {engine for engine, _held_to in slots(result)}
    write(
        path,
        "search.html.jinja",
        result=result,
        tables=(losses(result, names.camera), costs(result)),
        charts=charts(result),
        camera_name=names.camera,
        change=change,
        fewest=min(camera.photos for camera in original.cameras),
        pixels=next(iter(result.photo.values())),
        is_busy=result.timing_jitter > BUSY,
        openvino_is_missing=OPENVINO not in engines,
        unmeasured=[told.label for told in result.recommendations if told.measure],
        min_gain=f"{MIN_GAIN:.0%}",
        marks={YES: "genuine", NO: "counterfeit"},
        half=HALF,
        is_far=is_far,
    )


@dataclass(frozen=True)
class Point:
    """One candidate in a chart."""

    number: int  # on the page
    name: str  # shown on pointing at it
    ms: float  # milliseconds, above 0
    accuracy: float  # on its worst camera, 0 to 1
    kind: str  # `float`, `accepted` or `refused`
    on_front: bool  # the Pareto front


@dataclass(frozen=True)
class Chart:
    """Accuracy on the worst camera over milliseconds."""

    engines: str  # what was timed
    points: Sequence[Point]  # at least one
    plot: Plot  # with room around every point

    @staticmethod
    def of(engines: str, points: Sequence[Point]) -> Chart:
        """Return the chart of these points."""
        times, shares = [p.ms for p in points], [p.accuracy for p in points]
        widen = max(1.15, math.sqrt(3 * min(times) / max(times)))
        room = max(0.12 * (max(shares) - min(shares)), 0.005)
        across = Axis.of_factors(min(times) / widen, max(times) * widen)
        up = Axis.of_shares(min(shares) - room, max(shares) + room)
        return Chart(engines, points, Plot(across, up))

    @property
    def marks(self) -> list[tuple[float, float]]:
        """Where the points lie."""
        return self.plot.line(self.values)

    @property
    def values(self) -> list[tuple[float, float]]:
        """Milliseconds and accuracy of each point."""
        return [(p.ms, p.accuracy) for p in self.points]

    @property
    def labels(self) -> list[Box]:
        """Where the points' numbers stand."""
        return self.plot.label_boxes(self.marks, [str(p.number) for p in self.points], HALF)


def charts(result: SearchResult) -> Iterator[Chart]:
    """Yield a chart of this processor's fastest engine, and one for each older processor."""
    for held_to in dict.fromkeys(held_to for _engine, held_to in slots(result)):
        points = []
        for number, row in enumerate(result.rows, start=1):
            judged = "accepted" if result.accepts(row) else "refused"
            kind = "float" if number == 1 else judged
            worst, on_front = row.measurement.worst_accuracy, row.name in result.front
            if time := row.fastest(held_to):
                points.append(Point(number, row.name, time.median_ms, worst, kind, on_front))
        engines = " / ".join(slot_name(slot) for slot in slots(result) if slot[1] == held_to)
        yield Chart.of(engines, points)
