"""The search: several ways to make a network small, measured side by side, and which to ship where.

A candidate is accepted where no camera's accuracy falls, and no false-genuine rate rises, by more
than `max_drop` on the validation part. The Pareto front has three axes: accuracy on the worst
camera (up), time on this machine's fastest engine (down), size of the model file (down); times and
sizes that differ by less than 10 % count as equal, as they do where something is recommended.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from edgetlc.calibration.config import SearchConfig
from edgetlc.calibration.search.result import FLOAT, BuiltVariant, Row, SearchResult, Variant
from edgetlc.calibration.search.targets import MIN_GAIN, TARGETS, recommend
from edgetlc.calibration.search.timing import Processor, TimedModel, latencies, this_processor
from edgetlc.errors import EdgetlcError
from edgetlc.export.assemble import deployable
from edgetlc.locale import Message, _
from edgetlc.progress import note
from edgetlc.runtime.machine import this_machine
from edgetlc.runtime.pixels import decode


def search(
    variants: Sequence[Variant],
    photo: Path,
    config: SearchConfig,
    *,
    simulated: bool = False,
    processor: Processor | None = None,
) -> SearchResult:
    """Build and measure every variant, time all of them in turns, and recommend.

    Args:
        variants: the float network first.
        photo: what is timed: a typical photo.
        config: the bound, and how to time.
        simulated: whether any validation photo was made by a simulation.
        processor: found out unless given.

    Raises:
        InputError: the float network cannot be made.
        ImageError: the photo cannot be read.
    """
    assert variants[0].name == FLOAT
    processor = processor or this_processor()
    built, left_out = _build(variants)
    sizes = dict.fromkeys(one.contract.size for one in built.values())
    pixels = {size: decode(photo, size).pixels[None] for size in sizes}
    models: dict[str, TimedModel] = {}
    for name, made in built.items():
        model = deployable(made.model, made.contract, made.temperature)
        content = model.SerializeToString(deterministic=True)
        models[name] = TimedModel(content, pixels[made.contract.size])
    rounds, threads = config.rounds, config.threads
    times = latencies(models, rounds=rounds, threads=threads, held_to=processor.held_to)
    rows = tuple(
        Row(
            variant.name,
            variant.how,
            one.remarks,
            one.digest,
            one.contract.size,
            len(models[variant.name].content),
            one.measurement,
            times[variant.name],
        )
        for variant in variants
        if (one := built.get(variant.name)) is not None
    )
    return SearchResult(
        rows=rows,
        front=front_of(rows),
        recommendations=tuple(recommend(t, rows, processor, config.max_drop) for t in TARGETS),
        left_out=left_out,
        max_drop=config.max_drop,
        simulated=simulated,
        photo={size: (one.shape[2], one.shape[1]) for size, one in pixels.items()},
        rounds=rounds,
        threads=threads,
        machine=this_machine(),
        processor=processor,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        built=built,
    )


def _build(
    variants: Sequence[Variant],
) -> tuple[dict[str, BuiltVariant], tuple[tuple[str, Message], ...]]:
    """Return the networks by name, and why the others are left out."""
    built: dict[str, BuiltVariant] = {}
    left_out: list[tuple[str, Message]] = []
    first_of: dict[str, str] = {}
    for number, variant in enumerate(variants, start=1):
        note(
            "candidate {number} of {total}: {name}, {how}",
            number=number,
            total=len(variants),
            name=variant.name,
            how=variant.how,
        )
        try:
            one = variant.build()
        except EdgetlcError as error:
            if variant.name == FLOAT:
                raise
            left_out.append((variant.name, _("could not be made: {reason}", reason=error)))
            continue
        same = first_of.setdefault(one.digest, variant.name)
        if same == variant.name:
            built[variant.name] = one
        else:
            left_out.append((variant.name, _("the same network as {other}", other=same)))
    return built, tuple(left_out)


def front_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the names of the candidates on the Pareto front."""

    def point(row: Row) -> tuple[float, ...]:
        time = row.fastest()
        assert time is not None
        return row.measurement.worst_accuracy, -math.log(time.median_ms), -math.log(row.bytes)

    tolerance = -math.log(1 - MIN_GAIN)
    places = front([point(row) for row in rows], (0, tolerance, tolerance))
    return tuple(rows[place].name for place in places)


def front(points: Sequence[Sequence[float]], tolerance: Sequence[float]) -> tuple[int, ...]:
    """Return the indices of the points that no other point dominates, in order; at least one.

    One point dominates another where it is nowhere worse by more than the tolerance, and somewhere
    better by more than that. Points that differ by noise alone are then all on the front, or none.

    Larger is better on every axis. The tolerance of an axis is the largest difference that counts
    as none; above 0 on two at most, or three points could dominate each other in a circle.
    """
    assert sum(value > 0 for value in tolerance) <= 2

    def dominates(one: Sequence[float], other: Sequence[float]) -> bool:
        gains = [(a - b, most) for a, b, most in zip(one, other, tolerance, strict=True)]
        return all(g >= -most for g, most in gains) and any(g > most for g, most in gains)

    return tuple(
        place
        for place, point in enumerate(points)
        if not any(dominates(other, point) for other in points)
    )
