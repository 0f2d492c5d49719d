"""`edgetlc benchmark`: float and int8 on every engine here, side by side in one run.

Absolute times mean little on a shared machine; ratios of medians within one run do.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from edgetlc.errors import InputError
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.engines import available_engines
from edgetlc.runtime.golden import read_golden
from edgetlc.runtime.pixels import decode
from edgetlc.runtime.timing import interleaved

DEFAULT_ROUNDS = 30


@dataclass(frozen=True)
class Timing:
    """One model on one engine.

    Attributes:
        engine: engine and version.
        kilobytes: size of the model's files.
        median_ms, fastest_ms: of the rounds, for one photo, pixels to probabilities.
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
        raise InputError("{rounds} rounds; a median needs at least 3", rounds=rounds)
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
