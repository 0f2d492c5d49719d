"""Searches that are written down, not made: any candidates, with any figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import onnx
import pytest

from edgetlc.calibration.measurement import CameraEffect, Measurement
from edgetlc.calibration.search.core import front_of
from edgetlc.calibration.search.result import BuiltVariant, Row, SearchResult
from edgetlc.calibration.search.targets import TARGETS, recommend
from edgetlc.calibration.search.timing import Latency, Processor
from edgetlc.locale import _
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.machine import Machine

PHOTOS = 200  # of each camera
RIGHT = 190  # of those, by the float network
HERE = Machine("Linux 6", "x86_64", "<processor> & co", 2, "3.11")
VNNI = Processor({"vnni": "", "avx2": "AVX2"})

Figures = tuple[Mapping[str, int], float, Mapping[str, float]]
"""Photos lost by camera, megabytes, milliseconds by slot such as `openvino AVX2`."""


def measurement(lost: Mapping[str, int], fakes: int = 0) -> Measurement:
    """Return what is measured where each camera loses so many photos of `PHOTOS`."""

    def effect(camera: str, cameras: int, less: int) -> CameraEffect:
        n = PHOTOS * cameras
        right, lost = RIGHT * cameras, max(less, 0)
        fake = (50, 1, 1 + fakes)
        return CameraEffect(camera, n, n - abs(less), right, right - less, lost, *fake)

    every = tuple(effect(camera, 1, less) for camera, less in lost.items())
    return Measurement(effect("all", len(lost), sum(lost.values())), every)


def row(name: str, figures: Figures, **fields: object) -> Row:
    lost, megabytes, times = figures
    latencies = []
    for slot, ms in times.items():
        engine, _space, held_to = slot.partition(" ")
        latencies.append(Latency(f"{engine} 9.1", held_to, ms, 0.9 * ms))
    given = {"how": _("how {name} is made", name=name), "remarks": (), "network": "a" * 64}
    return Row(
        name=name,
        size=224,
        bytes=round(1e6 * megabytes),
        measurement=measurement(lost),
        latencies=tuple(latencies),
        **{**given, **fields},  # type: ignore[arg-type]
    )


@pytest.fixture(scope="session")
def found() -> Callable[..., SearchResult]:
    """`found({name: figures}, max_drop=, processor=)` is the search that has these rows."""

    def make(
        figures: Mapping[str, Figures],
        max_drop: float = 0.01,
        processor: Processor = VNNI,
        rows: Sequence[Row] = (),
        **fields: object,
    ) -> SearchResult:
        every = (*(row(name, one) for name, one in figures.items()), *rows)
        built = {
            one.name: BuiltVariant(onnx.ModelProto(), PixelContract(), 1.0, one.measurement)
            for one in every
        }
        told = tuple(recommend(target, every, processor, max_drop) for target in TARGETS)
        given = {"left_out": (("int8-qat", _("the same network as {other}", other="int8")),)}
        return SearchResult(
            rows=every,
            front=front_of(every),
            recommendations=told,
            max_drop=max_drop,
            photo={224: (400, 300)},
            rounds=30,
            threads=2,
            machine=HERE,
            processor=processor,
            created="2026-01-01T00:00:00+00:00",
            built=built,
            **{"simulated": True, **given, **fields},  # type: ignore[arg-type]
        )

    return make
