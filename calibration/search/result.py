"""What a search makes and finds: candidates, their figures, the front, what to ship where."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import onnx

import edgetlc
from edgetlc.calibration.measurement import CameraEffect, Measurement
from edgetlc.calibration.quantize_run import MeasuredNetwork
from edgetlc.calibration.search.timing import Latency, Processor
from edgetlc.locale import Message
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.machine import Machine

FLOAT = "float"
BUSY = 1.5
"""Timing jitter above which the machine had other work."""


@dataclass(frozen=True)
class Variant:
    """One way to make the network, called by a unique name; the float network's is `float`.

    `build` makes and measures it; an `EdgetlcError` leaves it out, with its message as reason.
    """

    name: str
    how: Message
    build: Callable[[], BuiltVariant]


@dataclass(frozen=True)
class BuiltVariant:
    """A variant's network and what it does on the validation part.

    Attributes:
        model: `images` to `logits` and `evidence`.
        temperature: divides its logits.
        measurement: against the run's float network.
        int8: what installs it as the run's int8 network; None for float and for students.
    """

    model: onnx.ModelProto
    contract: PixelContract
    temperature: float
    measurement: Measurement
    remarks: tuple[Message, ...] = ()
    int8: MeasuredNetwork | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the network's file."""
        return hashlib.sha256(self.model.SerializeToString(deterministic=True)).hexdigest()


@dataclass(frozen=True)
class Row:
    """One variant's figures.

    Attributes:
        network: SHA-256 of the network's file.
        size: side of its input, in pixels.
        bytes: size of the model file that the field runs.
        measurement: against the run's float network, on the validation part.
        latencies: per engine; on this processor first, then held to older instruction sets.
    """

    name: str
    how: Message
    remarks: tuple[Message, ...]
    network: str
    size: int
    bytes: int
    measurement: Measurement
    latencies: tuple[Latency, ...]

    @property
    def worst(self) -> CameraEffect:
        """The camera on which this variant is right least often."""
        return min(self.measurement.cameras, key=lambda c: (c.right / c.photos, -c.photos))

    @property
    def megabytes(self) -> float:
        """Size in 10^6 bytes."""
        return self.bytes / 1e6

    def fastest(self, held_to: str | None = "") -> Latency | None:
        """Return the fastest engine held to an instruction set, if any was; '' for none."""
        fits = (latency for latency in self.latencies if latency.held_to == held_to)
        return min(fits, key=lambda latency: latency.median_ms, default=None)

    def to_json(self) -> dict[str, Any]:
        """Return the figures as a JSON document."""
        return {
            **vars(self),
            "measurement": self.measurement.to_json(),
            "latencies": [asdict(latency) for latency in self.latencies],
        }


@dataclass(frozen=True)
class Recommendation:
    """What to ship to a target, and why.

    Attributes:
        target, label: its name, and what it is.
        engine: the fastest engine for the candidate; empty where the target was not measured.
        median_ms, float_ms: of the candidate and of float on their fastest engines.
        measure: how to measure on the device; None where it was measured on such a processor.
    """

    target: str
    label: Message
    candidate: str
    engine: str
    median_ms: float | None
    float_ms: float | None
    reason: Message
    measure: Message | None


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        rows: the candidates, float first.
        front: names of those on the Pareto front.
        left_out: candidates that were not made, or are another's equal, with the reason.
        max_drop: largest accepted fall of a camera's accuracy, a share of its photos.
        simulated: whether any validation photo was made by a simulation.
        photo: width and height of the pixels that were timed, for each network input's size.
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
            "processor": asdict(self.processor),
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
