"""What a search found: every candidate's figures, the Pareto front, what to ship where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import onnx

import edgetlc
from edgetlc.calibration.measurement import CameraEffect, Measurement
from edgetlc.calibration.search.processor import Processor
from edgetlc.calibration.search.targets import Recommendation
from edgetlc.calibration.search.timing import Latency
from edgetlc.parity.page_words import Words
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.machine import Machine

if TYPE_CHECKING:
    from edgetlc.calibration.quantize_run import Result


BUSY = 1.5


@dataclass(frozen=True)
class Made:
    """A candidate's network and what it does on the validation part.

    Attributes:
        model: `images` to `logits` and `evidence`.
        contract: its pixels.
        temperature: divides its logits.
        measurement: against the run's float network.
        remarks: what else is to be known, in Chinese and English.
        result: what installs it as the run's int8 network; None for float and for students.
    """

    model: onnx.ModelProto
    contract: PixelContract
    temperature: float
    measurement: Measurement
    remarks: tuple[Words, ...] = ()
    result: Result | None = None


@dataclass(frozen=True)
class Row:
    """One candidate's figures.

    Attributes:
        name, how, remarks: of the candidate.
        network: SHA-256 of the network's file.
        size: side of its input, in pixels.
        bytes: size of the model file that the field runs.
        measurement: against the run's float network, on the validation part.
        latencies: per engine; on this processor first, then held to older instruction sets.
    """

    name: str
    how: Words
    remarks: tuple[Words, ...]
    network: str
    size: int
    bytes: int
    measurement: Measurement
    latencies: tuple[Latency, ...]

    @property
    def worst(self) -> CameraEffect:
        """The camera on which this candidate is right least often."""
        return min(self.measurement.cameras, key=lambda c: (c.right / c.photos, -c.photos))

    @property
    def fastest(self) -> Latency:
        """This processor's fastest engine."""
        return min((x for x in self.latencies if not x.held_to), key=lambda x: x.median_ms)

    @property
    def megabytes(self) -> float:
        """Size in 10^6 bytes."""
        return self.bytes / 1e6

    def to_json(self) -> dict[str, Any]:
        """Return the figures as a JSON document."""
        return {
            "name": self.name,
            "how": list(self.how),
            "remarks": [list(words) for words in self.remarks],
            "network": self.network,
            "size": self.size,
            "bytes": self.bytes,
            "measurement": self.measurement.to_json(),
            "latencies": [asdict(latency) for latency in self.latencies],
        }


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
        made: the networks, by the candidate's name.
    """

    rows: tuple[Row, ...]
    front: tuple[str, ...]
    recommendations: tuple[Recommendation, ...]
    left_out: tuple[tuple[str, Words], ...]
    max_drop: float
    simulated: bool
    photo: Mapping[int, tuple[int, int]]
    rounds: int
    threads: int | None
    machine: Machine
    processor: Processor
    created: str
    made: Mapping[str, Made] = field(repr=False, compare=False)

    def row(self, name: str) -> Row:
        """Return a candidate's figures."""
        return next(row for row in self.rows if row.name == name)

    def accepts(self, row: Row) -> bool:
        """Return whether a candidate keeps the bound on every camera."""
        return row.measurement.holds(self.max_drop)

    @property
    def unrest(self) -> float:
        """Largest ratio of a median to the fastest round; above `BUSY` the machine was busy."""
        return max(x.median_ms / x.fastest_ms for row in self.rows for x in row.latencies)

    @property
    def to_install(self) -> str | None:
        """Name of the run's own int8 network that most targets are to get; None where none is."""
        wanted = Counter(r.candidate for r in self.recommendations if self.made[r.candidate].result)
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
            "unrest": self.unrest,
            "rounds": self.rounds,
            "threads": self.threads,
            "photo": [{"size": size, "pixels": list(wh)} for size, wh in self.photo.items()],
            "candidates": [{**row.to_json(), "accepted": self.accepts(row)} for row in self.rows],
            "axes": ["worst_accuracy", "fastest median_ms", "bytes"],
            "front": list(self.front),
            "recommendations": [asdict(r) for r in self.recommendations],
            "left_out": [{"name": name, "reason": list(why)} for name, why in self.left_out],
        }
