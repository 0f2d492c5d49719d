"""The search: several ways to make a network small, measured side by side, and which to ship where.

A candidate is accepted where no camera's accuracy falls, and no false-genuine rate rises, by more
than `max_drop` on the validation part. The Pareto front has three axes: accuracy on the worst
camera (up), time on this machine's fastest engine (down), size of the model file (down); times and
sizes that differ by less than 10 % count as equal, as they do where something is recommended.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edgetlc.calibration.config import SearchConfig
from edgetlc.calibration.search.pareto import front
from edgetlc.calibration.search.processor import Processor, this_processor
from edgetlc.calibration.search.result import Made, Row, SearchResult
from edgetlc.calibration.search.target_reasons import WORTH, Option
from edgetlc.calibration.search.targets import TARGETS, recommend
from edgetlc.calibration.search.timing import Timed, latencies
from edgetlc.errors import EdgetlcError, InputError
from edgetlc.export.assemble import deployable
from edgetlc.parity.page_words import Words
from edgetlc.runtime.benchmark import DEFAULT_ROUNDS
from edgetlc.runtime.machine import this_machine
from edgetlc.runtime.pixels import decode

FLOAT = "float"


@dataclass(frozen=True)
class Candidate:
    """One way to make the network.

    Attributes:
        name: unique; the float network's is `float`.
        how: it is made, in Chinese and English.
        make: makes and measures it; an `EdgetlcError` leaves it out, with its message as reason.
    """

    name: str
    how: Words
    make: Callable[[], Made]


def search(
    candidates: Sequence[Candidate],
    photo: Path,
    *,
    max_drop: float = SearchConfig.max_drop,
    simulated: bool = False,
    rounds: int = DEFAULT_ROUNDS,
    threads: int | None = None,
    processor: Processor | None = None,
    log: Callable[[str], None] = lambda _: None,
) -> SearchResult:
    """Make and measure every candidate, time all of them in turns, and recommend.

    Args:
        candidates: the float network first.
        photo: what is timed: a typical photo.
        max_drop: largest accepted fall of a camera's accuracy and rise of its false-genuine rate,
            a share of photos from 0 to below 1.
        simulated: whether any validation photo was made by a simulation.
        rounds: timed runs of each candidate on each engine, at least 3.
        threads: processor threads; None leaves the choice to each engine.
        processor: what this machine computes with; found out unless given.
        log: is told which candidate is being made.

    Raises:
        InputError: fewer than 3 rounds, a drop out of range, or the float network cannot be made.
        ImageError: the photo cannot be read.
    """
    if rounds < 3:
        raise InputError(f"{rounds} rounds; a median needs at least 3")
    if not 0 <= max_drop < 1:
        raise InputError(
            f"the accepted drop is {max_drop}; it is a share of photos from 0 to below 1, such as "
            "0.01 for 1 %"
        )
    assert candidates[0].name == FLOAT
    processor = processor or this_processor()
    made, left_out = _make(candidates, log)
    sizes = dict.fromkeys(one.contract.size for one in made.values())
    pixels = {size: decode(photo, size).pixels[None] for size in sizes}
    models = {name: Timed(_deployed(one), pixels[one.contract.size]) for name, one in made.items()}
    times = latencies(models, rounds=rounds, threads=threads, held_to=processor.held_to)
    how = {candidate.name: candidate.how for candidate in candidates}
    rows = tuple(
        Row(
            name,
            how[name],
            one.remarks,
            _digest(one),
            one.contract.size,
            len(models[name].model),
            one.measurement,
            times[name],
        )
        for name, one in made.items()
    )
    options = options_of(rows, max_drop)
    return SearchResult(
        rows,
        front_of(rows),
        tuple(recommend(target, options, processor, max_drop) for target in TARGETS),
        tuple(left_out.items()),
        max_drop,
        simulated,
        {size: (one.shape[2], one.shape[1]) for size, one in pixels.items()},
        rounds,
        threads,
        this_machine(),
        processor,
        datetime.now(UTC).isoformat(timespec="seconds"),
        made,
    )


def _make(
    candidates: Sequence[Candidate], log: Callable[[str], None]
) -> tuple[dict[str, Made], dict[str, Words]]:
    """Return the networks by name, and why the others are left out."""
    made: dict[str, Made] = {}
    left_out: dict[str, Words] = {}
    known: dict[str, str] = {}
    for number, candidate in enumerate(candidates, start=1):
        log(f"candidate {number} of {len(candidates)}: {candidate.name}, {candidate.how[1]}")
        try:
            one = candidate.make()
        except EdgetlcError as error:
            if candidate.name == FLOAT:
                raise
            left_out[candidate.name] = "未能生成", f"could not be made: {error}"
            continue
        same = known.setdefault(_digest(one), candidate.name)
        if same != candidate.name:
            left_out[candidate.name] = f"与 {same} 是同一网络", f"the same network as {same}"
            continue
        made[candidate.name] = one
    return made, left_out


def _digest(made: Made) -> str:
    return hashlib.sha256(made.model.SerializeToString(deterministic=True)).hexdigest()


def _deployed(made: Made) -> bytes:
    model = deployable(made.model, made.contract, made.temperature)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def front_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the names of the candidates on the Pareto front."""
    points = [
        (
            row.measurement.worst_accuracy,
            -math.log(row.fastest.median_ms),
            -math.log(row.bytes),
        )
        for row in rows
    ]
    play = -math.log(1 - WORTH)
    return tuple(rows[place].name for place in front(points, (0, play, play)))


def options_of(rows: Sequence[Row], max_drop: float) -> tuple[Option, ...]:
    """Return the candidates as far as recommendations need them."""
    return tuple(
        Option(
            row.name,
            row.bytes,
            row.measurement.worst_accuracy,
            row.measurement.agreement,
            row.measurement.harm,
            row.measurement.worst_camera,
            row.measurement.holds(max_drop),
            row.latencies,
        )
        for row in rows
    )
