"""Decoding many photos in order: threads read ahead while the caller works, in bounded memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from edgetlc.errors import ImageError
from edgetlc.runtime.pixels import Decoded, decode


def decoded_photos(
    paths: Iterable[Path], size: int, workers: int | None = None
) -> Iterator[tuple[Path, Decoded | ImageError]]:
    """Yield every photo after the host step, in order, or the reason why it cannot be read.

    At most three photos per worker are in memory, however many there are.

    Args:
        paths: the photos.
        size: side of the network's input, in pixels.
        workers: decoding threads; None takes one per processor.
    """
    count = workers or os.cpu_count() or 1
    pool = ThreadPoolExecutor(count, thread_name_prefix="decode")
    waiting: deque[tuple[Path, Future[Decoded | ImageError]]] = deque()
    try:
        for path in paths:
            waiting.append((path, pool.submit(_decode, path, size)))
            if len(waiting) >= 3 * count:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _decode(path: Path, size: int) -> Decoded | ImageError:
    try:
        return decode(path, size)
    except ImageError as error:
        return error
