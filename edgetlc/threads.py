"""Work on many photos at once, in threads: decoders and engines release the interpreter's lock."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 3  # items per worker in memory: one in work, one done, one waiting


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def worker_pool(workers: int | None = None) -> Iterator[Executor]:
    """Yield a pool of `workers` threads, by default one per processor.

    An error or Ctrl-C in the block drops the waiting work and waits for the running, so that
    nothing is written after the block has ended.
    """
    pool = ThreadPoolExecutor(workers or processors(), thread_name_prefix="worker")
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def in_order(
    work: Callable[[T], R], items: Iterable[T], workers: int | None = None
) -> Iterator[tuple[T, R]]:
    """Yield every item with what `work` makes of it, in order; threads run ahead.

    At most three items per worker are in memory, however many there are. An error in `work` is
    raised at its item. None takes one worker per processor.
    """
    count = workers or processors()
    waiting: deque[tuple[T, Future[R]]] = deque()
    with worker_pool(count) as pool:
        for item in items:
            waiting.append((item, pool.submit(work, item)))
            if len(waiting) >= _AHEAD * count:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()
