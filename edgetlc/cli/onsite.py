"""`edgetlc selftest` and `edgetlc benchmark`: is this machine right, and how fast is it?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgetlc.cli.console import Json, Verbose, answer, say, table
from edgetlc.cli.options import BundleArgument, ResultsFile, ResultsFormat, Threads
from edgetlc.cli.results import write_results
from edgetlc.errors import FAILED, ImageError

if TYPE_CHECKING:
    from edgetlc.runtime.benchmark import Benchmark
    from edgetlc.runtime.selftest import SelfTest


def selftest(
    bundle: BundleArgument,
    results_file: ResultsFile = None,
    results_format: ResultsFormat = None,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Replay the bundle's golden vectors on this machine, on every engine installed.

    The JSON report holds every difference; 'edgetlc verify --merge' reads it.

    Exit code 0: same pixels, same answers; 1: not.

    Example: edgetlc selftest herbs.etlc
    """
    from edgetlc.runtime.bundle import Bundle
    from edgetlc.runtime.selftest import selftest as replay

    found = replay(Bundle.open(bundle))
    write_results(results_file, results_format, found.to_json(), _rows(found))
    answer(found.to_json(), lambda: _show_selftest(found), as_json=json_)
    if not found.passed:
        raise typer.Exit(FAILED)


def _rows(found: SelfTest) -> list[dict[str, object]]:
    """Return one row for each golden input, model and engine."""
    return [
        {
            "model": model.model,
            "engine": model.engine,
            "written_by": model.written_by,
            **asdict(answer),
        }
        for model in found.models
        for answer in model.answers
    ]


def _show_selftest(found: SelfTest) -> None:
    pixels = found.pixels
    largest = "another size" if pixels.largest is None else f"{pixels.largest} grey levels at most"
    say(f"pixels: {len(pixels.photos)} photos, {largest}: {_word(pixels.passed)}")
    columns = ("model", "engine here", "written by", "inputs ", "answers changed ", "largest ", "")
    rows = (
        (
            m.model,
            m.engine,
            m.written_by,
            len(m.answers),
            m.changed,
            f"{m.largest:.2g}",
            _word(m.passed),
        )
        for m in found.models
    )
    table(f"Self-test on {found.machine}", columns, rows)
    for m in found.models:
        for a in m.answers:
            if a.found != a.expected:
                say(f"{m.model} on {m.engine}: {a.photo} is {a.found} here, was {a.expected}")
    say(f"self-test {_word(found.passed)}")


def _word(passed: bool) -> str:
    return "PASS" if passed else "FAIL"


def benchmark(
    bundle: BundleArgument,
    rounds: Annotated[int, typer.Option(help="Timed runs of each model.")] = 30,
    photo: Annotated[
        Path | None, typer.Option(help="Photo to use. Default: the bundle's first golden photo.")
    ] = None,
    threads: Threads = None,
    results_file: ResultsFile = None,
    results_format: ResultsFormat = None,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Time float and int8 on every engine here, side by side in one run.

    Example: edgetlc benchmark herbs.bundle --threads 2
    """
    from edgetlc.runtime.benchmark import benchmark as measure
    from edgetlc.runtime.bundle import Bundle
    from edgetlc.runtime.pixels import read_photo

    try:
        data = read_photo(photo) if photo is not None else None
        opened = Bundle.open(bundle)
        found = measure(opened, rounds=rounds, threads=threads, photo=data)
    except ImageError as error:
        raise ImageError(f"{photo or 'golden photo'}: {error}") from None
    write_results(results_file, results_format, asdict(found), [vars(t) for t in found.timings])
    answer(asdict(found), lambda: _show_benchmark(found), as_json=json_)


def _show_benchmark(found: Benchmark) -> None:
    columns = ("model", "engine", "MB ", "load ms ", "median ms ", "fastest ms ", "times as fast ")
    rows = (
        (
            t.model,
            t.engine,
            f"{t.kilobytes / 1024:.1f}",
            f"{t.load_ms:.0f}",
            f"{t.median_ms:.2f}",
            f"{t.fastest_ms:.2f}",
            f"{t.ratio:.2f}",
        )
        for t in found.timings
    )
    width, height = found.photo
    threads = f"{found.threads} threads" if found.threads else "the engines' own number of threads"
    table(f"{found.rounds} interleaved rounds, {width} x {height} pixels, {threads}", columns, rows)
    say(f"host step (file to pixels) of the same photo: median {found.decode_ms:.2f} ms")
    say("Ratios hold within this run; milliseconds only on this machine at this moment.")
