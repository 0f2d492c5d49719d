"""Work on many photos at once, in threads: Pillow and NumPy release the interpreter's lock."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def worker_pool(workers: int | None = None) -> Iterator[Executor]:
    """Yield a pool of `workers` threads, by default one per processor.

    An error or Ctrl-C in the block drops the waiting work and waits for the running, so that
    nothing is written after the block has ended.
    """
    pool = ThreadPoolExecutor(workers or os.cpu_count() or 1)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
