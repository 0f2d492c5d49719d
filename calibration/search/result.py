"""What a search found: every candidate's figures, the Pareto front, what to ship where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import edgetlc
from edgetlc.calibration.search.processor import Processor
from edgetlc.calibration.search.targets import Recommendation
from edgetlc.calibration.search.variant import BuiltVariant, Row
from edgetlc.locale import Message
from edgetlc.runtime.machine import Machine

BUSY = 1.5
"""Timing jitter above which the machine had other work."""


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        rows: the candidates, float first.
        front: names of those on the Pareto front.
        recommendations: one per target.
        left_out: candidates that were not made, or are another's equal, with the reason.
        max_drop: largest accepted fall of a camera's accuracy, a share of its photos.
        simulated: whether any validation photo was made by a simulation.
        photo: width and height of the pixels that were timed, for each network input's size.
        rounds, threads: of the timing.
        machine, processor: where it was timed.
        created: UTC time, ISO 8601.
        built: the networks, by the candidate's name.
    """

    rows: tuple[Row, ...]
    front: tuple[str, ...]
    recommendations: tuple[Recommendation, ...]
    left_out: tuple[tuple[str, Message], ...]
    max_drop: float
    simulated: bool
    photo: Mapping[int, tuple[int, int]]
    rounds: int
    threads: int | None
    machine: Machine
    processor: Processor
    created: str
    built: Mapping[str, BuiltVariant] = field(repr=False, compare=False)

    def row(self, name: str) -> Row:
        """Return a candidate's figures."""
        return next(row for row in self.rows if row.name == name)

    def accepts(self, row: Row) -> bool:
        """Return whether a candidate keeps the bound on every camera."""
        return row.measurement.holds(self.max_drop)

    @property
    def timing_jitter(self) -> float:
        """Largest ratio of a median to the fastest round; above `BUSY` the machine was busy."""
        return max(x.median_ms / x.fastest_ms for row in self.rows for x in row.latencies)

    @property
    def to_install(self) -> str | None:
        """Name of the run's own int8 network that most targets are to get; None where none is."""
        wanted = Counter(r.candidate for r in self.recommendations if self.built[r.candidate].int8)
        return max(wanted, key=lambda name: wanted[name]) if wanted else None

    def to_json(self) -> dict[str, Any]:
        """Return everything but the networks as a JSON document."""
        return {
            "created": self.created,
            "edgetlc": edgetlc.__version__,
            "machine": asdict(self.machine),
            "processor": self.processor.to_json(),
            "max_drop": self.max_drop,
            "simulated": self.simulated,
            "timing_jitter": self.timing_jitter,
            "rounds": self.rounds,
            "threads": self.threads,
            "photo": [{"size": size, "pixels": list(wh)} for size, wh in self.photo.items()],
            "candidates": [{**row.to_json(), "accepted": self.accepts(row)} for row in self.rows],
            "axes": ["worst_accuracy", "fastest median_ms", "bytes"],
            "front": list(self.front),
            "recommendations": [asdict(r) for r in self.recommendations],
            "left_out": [{"name": name, "reason": reason} for name, reason in self.left_out],
        }
