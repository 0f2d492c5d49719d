"""One way to make a network small: how it is built, the network, and its figures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import onnx

from edgetlc.calibration.measurement import CameraEffect, Measurement
from edgetlc.calibration.search.timing import Latency
from edgetlc.locale import Message
from edgetlc.runtime.contract import PixelContract

if TYPE_CHECKING:
    from edgetlc.calibration.quantize_run import MeasuredNetwork

FLOAT = "float"


@dataclass(frozen=True)
class Variant:
    """One way to make the network.

    Attributes:
        name: unique; the float network's is `float`.
        how: it is made.
        build: makes and measures it; an `EdgetlcError` leaves it out, with its message as reason.
    """

    name: str
    how: Message
    build: Callable[[], BuiltVariant]


@dataclass(frozen=True)
class BuiltVariant:
    """A variant's network and what it does on the validation part.

    Attributes:
        model: `images` to `logits` and `evidence`.
        contract: its pixels.
        temperature: divides its logits.
        measurement: against the run's float network.
        remarks: what else is to be known.
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
        name, how, remarks: of the variant.
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
            "how": self.how,
            "remarks": list(self.remarks),
            "network": self.network,
            "size": self.size,
            "bytes": self.bytes,
            "measurement": self.measurement.to_json(),
            "latencies": [asdict(latency) for latency in self.latencies],
        }
