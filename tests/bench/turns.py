"""Contestants take turns, each in a process of its own.

Absolute times mean little on a shared machine; ratios within one run do. Every contestant has a
turn, then again, so a slow second hits all alike, and medians are compared. Processes are apart
because two engines in one process spin against each other, and each turn begins unmeasured: the
contestant before keeps its threads spinning for a while, and its data in the caches.

The parent side is `Contestant` and `rounds`; the child side is `serve`. The child needs nothing
but the standard library, since peers run in an environment of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

_SETTLING = 0.05  # seconds; engines spin for some tens of milliseconds
_CHILD = Path(__file__).with_name("contestants.py")


def quiet_environment() -> dict[str, str]:
    """Return the environment of every process of the bench: a user's, without telemetry.

    Python's own settings are left out: one that forbids compiled files would cost each start.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "ORT_DISABLE_TELEMETRY": "1"}


class Contestant:
    """A job that waits in its own process until it is asked to run."""

    def __init__(
        self,
        python: Path,
        job: str,
        *words: object,
        env: Mapping[str, str] | None = None,
        silent: bool = False,
    ) -> None:
        self._process = subprocess.Popen(
            [python, _CHILD, job, *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if silent else None,
            text=True,
            env=env or quiet_environment(),
        )
        self._answer()  # loaded

    def turn(self, runs: int) -> list[float]:
        """Return the milliseconds of each of `runs` runs."""
        assert self._process.stdin
        print(runs, file=self._process.stdin, flush=True)
        return list(map(float, self._answer()))

    def __enter__(self) -> Contestant:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> Sequence[float]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process ended with status {self._process.wait()}")
        return json.loads(line)


def rounds(
    contestants: Mapping[str, Contestant], count: int, runs: int = 1
) -> dict[str, list[float]]:
    """Return each contestant's milliseconds over `count` turns of `runs` runs."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(count):
        for name, contestant in contestants.items():
            times[name] += contestant.turn(runs)
        print(f"  round {number + 1} of {count}", file=sys.stderr)
    return times


def serve(job: Callable[[], object], settle: Callable[[], object] | None = None) -> None:
    """Run the job whenever the parent asks for it; `settle` is what runs unmeasured before."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints must not look like an answer
    settle = settle or job
    settle()
    print("[]", file=answers, flush=True)
    for line in sys.stdin:
        end = time.perf_counter() + _SETTLING
        settle()
        while time.perf_counter() < end:
            settle()
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            job()
            times.append(1e3 * (time.perf_counter() - start))
        print(json.dumps(times), file=answers, flush=True)
