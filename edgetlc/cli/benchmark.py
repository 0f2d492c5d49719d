"""`edgetlc benchmark`: how fast is this machine?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from edgetlc.cli.console import Answer, Results, numbers, say, table
from edgetlc.cli.options import BundleArgument, Overwrite, Threads
from edgetlc.config import option
from edgetlc.errors import ImageError
from edgetlc.locale import _, n_
from edgetlc.outputs import check_outputs

if TYPE_CHECKING:
    from edgetlc.runtime.benchmark import Benchmark


def benchmark(
    bundle: BundleArgument,
    results: Results,
    rounds: int = option(30, _("Timed runs of each model.")),
    photo: Path | None = option(None, _("Photo to use. Default: the bundle's first golden photo.")),
    threads: Threads = None,
    overwrite: Overwrite = False,
) -> Answer:
    """Time float and int8 on every engine here, side by side in one run.

    Example: edgetlc benchmark herbs.bundle --threads 2
    """
    from edgetlc.runtime.benchmark import benchmark as measure
    from edgetlc.runtime.bundle import Bundle
    from edgetlc.runtime.pixels import read_photo

    check_outputs([results.output(overwrite)], [bundle, photo])
    try:
        data = read_photo(photo) if photo is not None else None
        found = measure(Bundle.open(bundle), rounds=rounds, threads=threads, photo=data)
    except ImageError as error:
        place = photo or _("golden photo")
        raise ImageError("{path}: {reason}", path=place, reason=error) from None
    document = asdict(found)
    rows = [vars(t) for t in found.timings]
    return Answer(document, lambda: _show(found), write=lambda: results.write(document, rows))


def _show(found: Benchmark) -> None:
    width, height = found.photo
    threads = _("the engines' own number of threads")
    if found.threads:
        threads = n_("{count} thread", "{count} threads", count=found.threads)
    title = _(
        "{rounds} interleaved rounds, {width} x {height} pixels, {threads}",
        rounds=found.rounds,
        width=width,
        height=height,
        threads=threads,
    )
    names = (_("load ms"), _("median ms"), _("fastest ms"), _("times as fast"))
    rows = (
        (
            *(t.model, t.engine, f"{t.kilobytes / 1024:.1f}", f"{t.load_ms:.0f}"),
            *(f"{x:.2f}" for x in (t.median_ms, t.fastest_ms, t.ratio)),
        )
        for t in found.timings
    )
    table(title, (_("model"), _("engine"), *numbers("MB", *names)), rows)
    say("host step (file to pixels) of the same photo: median {time:.2f} ms", time=found.decode_ms)
    say("Ratios hold within this run; milliseconds only on this machine at this moment.")
