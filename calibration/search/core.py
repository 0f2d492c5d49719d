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
from edgetlc.calibration.search.pareto import front
from edgetlc.calibration.search.processor import Processor, this_processor
from edgetlc.calibration.search.result import SearchResult
from edgetlc.calibration.search.targets import MIN_GAIN, TARGETS, recommend
from edgetlc.calibration.search.timing import TimedModel, latencies
from edgetlc.calibration.search.variant import FLOAT, BuiltVariant, Row, Variant
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
        processor: what this machine computes with; found out unless given.

    Raises:
        InputError: the float network cannot be made.
        ImageError: the photo cannot be read.
    """
    assert variants[0].name == FLOAT
    processor = processor or this_processor()
    built, left_out = _build(variants)
    sizes = dict.fromkeys(one.contract.size for one in built.values())
    pixels = {size: decode(photo, size).pixels[None] for size in sizes}
    models = {
        name: TimedModel(_deployed(one), pixels[one.contract.size]) for name, one in built.items()
    }
    times = latencies(
        models, rounds=config.rounds, threads=config.threads, held_to=processor.held_to
    )
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
        rows,
        front_of(rows),
        tuple(recommend(target, rows, processor, config.max_drop) for target in TARGETS),
        left_out,
        config.max_drop,
        simulated,
        {size: (one.shape[2], one.shape[1]) for size, one in pixels.items()},
        config.rounds,
        config.threads,
        this_machine(),
        processor,
        datetime.now(UTC).isoformat(timespec="seconds"),
        built,
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
        if same != variant.name:
            left_out.append((variant.name, _("the same network as {other}", other=same)))
            continue
        built[variant.name] = one
    return built, tuple(left_out)


def _deployed(variant: BuiltVariant) -> bytes:
    model = deployable(variant.model, variant.contract, variant.temperature)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def front_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the names of the candidates on the Pareto front."""
    points = [
        (row.measurement.worst_accuracy, -math.log(row.fastest.median_ms), -math.log(row.bytes))
        for row in rows
    ]
    tolerance = -math.log(1 - MIN_GAIN)
    return tuple(rows[place].name for place in front(points, (0, tolerance, tolerance)))
