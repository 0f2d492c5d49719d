"""`edgetlc benchmark`: float and int8 on every engine here, side by side in one run.

Absolute times mean little on a shared machine; ratios within one run do. Rounds are interleaved
(every model in turn, then again), so a slow second hits all of them alike, and medians are
compared. Each turn begins unmeasured: the engine before it keeps its threads spinning for a while,
and its data in the caches.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edgetlc.errors import InputError
from edgetlc.progress import progress
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.engines import available_engines
from edgetlc.runtime.golden import read_golden
from edgetlc.runtime.pixels import decode

DEFAULT_ROUNDS = 30
_SETTLING = 0.05  # seconds; engines spin for some tens of milliseconds


@dataclass(frozen=True)
class Timing:
    """One model on one engine.

    Attributes:
        model: its id; engine: engine and version.
        kilobytes: size of the model's files.
        load_ms: milliseconds to load it.
        median_ms: median milliseconds for one photo, pixels to probabilities.
        fastest_ms: the fastest of the rounds.
        ratio: median of the first timing over this median; above 1 is faster than it.
    """

    model: str
    engine: str
    kilobytes: int
    load_ms: float
    median_ms: float
    fastest_ms: float
    ratio: float


@dataclass(frozen=True)
class Benchmark:
    """All timings, the baseline first; `decode_ms` is the median host step on the same photo."""

    photo: tuple[int, int]
    threads: int | None
    rounds: int
    decode_ms: float
    timings: tuple[Timing, ...]


def benchmark(
    bundle: Bundle,
    *,
    rounds: int = DEFAULT_ROUNDS,
    threads: int | None = None,
    photo: bytes | None = None,
) -> Benchmark:
    """Time every model of a bundle on every engine here.

    Args:
        bundle: the bundle.
        rounds: timed runs of each model, at least 3.
        threads: processor threads; None leaves the choice to each engine.
        photo: a file's bytes; None takes the first golden photo.

    Raises:
        InputError: fewer than 3 rounds, or no engine for any model.
    """
    if rounds < 3:
        raise InputError(f"{rounds} rounds; a median needs at least 3")
    photo = photo if photo is not None else read_golden(bundle).inputs[0].photo
    size = bundle.manifest.contract.size
    pixels = decode(photo, size).pixels[None]
    jobs: dict[str, Callable[[], object]] = {"decode": lambda: decode(photo, size)}
    described: dict[str, tuple[str, str, int, float]] = {}
    for model in sorted(bundle.manifest.models, key=lambda m: (m.precision, m.format != "onnx")):
        for name in model.engines:
            if name not in available_engines():
                continue
            start = time.perf_counter()
            engine = bundle.load(model, name, threads)
            load_ms = 1e3 * (time.perf_counter() - start)
            key = f"{model.id} {name}"
            jobs[key] = lambda engine=engine: engine.run(pixels)  # type: ignore[misc]
            kilobytes = sum(bundle.manifest.files[file].bytes for file in model.files) // 1024
            described[key] = (model.id, engine.name, kilobytes, load_ms)
    if not described:
        raise InputError("no model of the bundle runs on an engine installed here")
    times = interleaved(jobs, rounds)
    medians = {name: statistics.median(values) for name, values in times.items()}
    baseline = medians[next(iter(described))]
    timings = tuple(
        Timing(*about, medians[key], min(times[key]), baseline / medians[key])
        for key, about in described.items()
    )
    height, width = pixels.shape[1:3]
    return Benchmark((width, height), threads, rounds, medians["decode"], timings)


def interleaved(jobs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of every round of every job, all jobs in turn in each round."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in progress(range(rounds), "timing", rounds):
        for name, job in jobs.items():
            _settle(job)
            start = time.perf_counter()
            job()
            times[name].append(1e3 * (time.perf_counter() - start))
    return times


def _settle(job: Callable[[], object]) -> None:
    """Run a job unmeasured, at least once, until nothing of the job before it is left."""
    end = time.perf_counter() + _SETTLING
    job()
    while time.perf_counter() < end:
        job()
