"""How fast each candidate answers on each engine here, and which processors that stands for.

The timing has a process of its own.
A fresh process holds nothing but the engines, and oneDNN reads `ONEDNN_MAX_CPU_ISA` once, when it
is loaded: that variable makes OpenVINO compute as an older processor would. ONNX Runtime cannot be
held back. Rounds are interleaved as `edgetlc benchmark` does.

    python -m edgetlc.calibration.search.timing FOLDER    what the process runs
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from edgetlc.errors import EdgetlcError
from edgetlc.files import read_json, write_json
from edgetlc.locale import _
from edgetlc.progress import Silent, progress, reporting
from edgetlc.runtime.engines import ENGINES, engines_for, open_engine
from edgetlc.runtime.machine import processor_flags
from edgetlc.runtime.pixels import Pixels
from edgetlc.runtime.timing import interleaved

T = TypeVar("T")
Kind = Literal["vnni", "avx2", "arm"]

VNNI_FLAGS = frozenset({"avx512_vnni", "avx_vnni"})

_ORDER, _TIMES = "order.json", "times.json"
_LAST_WORDS = 400  # characters of a failed process's output


@dataclass(frozen=True)
class Processor:
    """Which kinds of processor can be measured here.

    Attributes:
        stands_for: kind to how: the empty text for this processor as it is, or the value of
            `ONEDNN_MAX_CPU_ISA` that holds OpenVINO to it.
        known: whether the system tells what the processor can do.
    """

    stands_for: Mapping[Kind, str]
    known: bool = True

    @property
    def held_to(self) -> tuple[str, ...]:
        """The instruction sets to hold OpenVINO to."""
        return tuple(isa for isa in self.stands_for.values() if isa)


def this_processor() -> Processor:
    """Return what this machine's processor stands for; only Linux on x86 tells its abilities."""
    if platform.machine().lower() in ("aarch64", "arm64"):
        return Processor({"arm": ""})
    flags = processor_flags()
    return processor_with(flags) if flags else Processor({}, known=False)


def processor_with(flags: frozenset[str]) -> Processor:
    """Return what an x86 processor with these flags of Linux's `/proc/cpuinfo` stands for."""
    stands_for: dict[Kind, str] = {}
    if flags & VNNI_FLAGS:
        older = "AVX512_CORE_VNNI" if "avx512_vnni" in flags else "AVX2_VNNI"
        stands_for["vnni"] = older if "amx_int8" in flags else ""
    if "avx2" in flags:
        stands_for["avx2"] = "AVX2" if flags & {*VNNI_FLAGS, "avx512f"} else ""
    return Processor(stands_for)


@dataclass(frozen=True)
class Latency:
    """One candidate on one engine.

    Attributes:
        engine: engine and version, such as `openvino 2026.4.1`.
        held_to: the instruction set that OpenVINO was held to; empty for all this processor has.
        median_ms, fastest_ms: milliseconds for one photo, pixels to probabilities, of the rounds.
    """

    engine: str
    held_to: str
    median_ms: float
    fastest_ms: float


@dataclass(frozen=True)
class TimedModel:
    """A deployable model, an ONNX file's content, and the pixels it is timed with."""

    content: bytes
    pixels: Pixels


def latencies(
    models: Mapping[str, TimedModel],
    *,
    rounds: int,
    threads: int | None = None,
    held_to: Sequence[str] = (),
) -> dict[str, tuple[Latency, ...]]:
    """Time every model on every engine here, then OpenVINO held to older instruction sets.

    All of them are in memory at once, or turns could not be interleaved.

    There are at least 3 rounds; `threads` None leaves the choice to each engine; `held_to` are
    values of `ONEDNN_MAX_CPU_ISA`, one more run of OpenVINO each.

    Raises:
        EdgetlcError: the timing process failed; with what it said last.
    """
    times: dict[str, list[Latency]] = {name: [] for name in models}
    here = {name: ENGINES[name] for name in engines_for("onnx") if ENGINES[name].installed}
    with tempfile.TemporaryDirectory(prefix="edgetlc-timing-") as name:
        folder = Path(name)
        for number, timed in enumerate(models.values()):
            (folder / f"{number}.onnx").write_bytes(timed.content)
            np.save(folder / f"{number}.npy", timed.pixels)
        for isa in ("", *held_to):
            engines = [name for name, entry in here.items() if not isa or entry.isa_variable]
            order = {"models": len(models), "engines": engines}
            write_json(folder / _ORDER, {**order, "rounds": rounds, "threads": threads})
            if engines:
                _run(folder, isa, rounds)
                for model, rows in zip(times, read_json(folder / _TIMES, "times"), strict=True):
                    times[model] += [Latency(held_to=isa, **row) for row in rows]
    return {name: tuple(rows) for name, rows in times.items()}


def _run(folder: Path, isa: str, rounds: int) -> None:
    variables = {entry.isa_variable for entry in ENGINES.values() if entry.isa_variable}
    environment = {name: value for name, value in os.environ.items() if name not in variables}
    if isa:
        environment |= dict.fromkeys(variables, isa)
    command = [sys.executable, "-P", "-m", __name__, str(folder)]
    what = _("timing, OpenVINO held to {isa}", isa=isa) if isa else _("timing")
    with (
        (folder / "said.txt").open("w+b") as said,
        subprocess.Popen(  # noqa: S603 - this interpreter and this module
            command, env=environment, stdout=subprocess.PIPE, stderr=said
        ) as process,
    ):
        try:
            assert process.stdout is not None
            for _line in progress(process.stdout, what, rounds):
                pass
        except BaseException:
            process.kill()
            raise
        if process.wait():
            said.seek(0)
            last = said.read().decode("utf-8", "replace")[-_LAST_WORDS:].split()
            raise EdgetlcError(
                "the timing process ended with status {status}: {output}",
                status=process.returncode,
                output=" ".join(last),
            )


def _serve(folder: Path) -> None:
    """Do what the folder's order says; one line on standard output for each round."""
    order: dict[str, Any] = read_json(folder / _ORDER, "order")
    jobs: dict[str, Callable[[], object]] = {}
    names: list[list[tuple[str, str]]] = []  # of each model's jobs, and of their engines
    for number in range(order["models"]):
        content = (folder / f"{number}.onnx").read_bytes()
        pixels = np.load(folder / f"{number}.npy")
        engines = [open_engine(name, [content], order["threads"]) for name in order["engines"]]
        names.append([(f"{number} {engine.name}", engine.name) for engine in engines])
        jobs |= {f"{number} {engine.name}": partial(engine.run, pixels) for engine in engines}
    with reporting(_LineByLine()):
        times = interleaved(jobs, order["rounds"])

    def row(job: str, engine: str) -> dict[str, Any]:
        rounds = times[job]
        return {"engine": engine, "median_ms": statistics.median(rounds), "fastest_ms": min(rounds)}

    write_json(folder / _TIMES, [[row(*one) for one in model] for model in names])


class _LineByLine(Silent):
    """One line on standard output for each round."""

    def progress(self, items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
        for item in items:
            yield item
            print(flush=True)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
