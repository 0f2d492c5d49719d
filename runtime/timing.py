"""Timing several things on a machine that is not quiet: by turns, so that ratios can be trusted.

Rounds are interleaved (every job in turn, then again), so a slow second hits all of them alike, and
medians are compared. Each turn begins unmeasured: the job before it keeps its threads spinning for
a while, and its data in the caches.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from edgetlc.locale import _
from edgetlc.progress import progress

_SETTLING = 0.05  # seconds; engines spin for some tens of milliseconds


def interleaved(jobs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of every round of every job, all jobs in turn in each round."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _round in progress(range(rounds), _("timing"), rounds):
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
