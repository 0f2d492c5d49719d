"""What one photo may cost: limits that refuse it before decoding, and turns for large ones.

Memory is estimated from what the file declares: `edgetlc.runtime.containers.Opened` says what its
decoder holds, and tests measure that the estimates hold. Sizes in bytes, MB is a million of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from edgetlc.errors import ImageError
from edgetlc.locale import _

MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_PIXELS = 210_000_000
"""Largest photo, in declared pixels: it bounds the time (a 200 MP phone passes)."""
MAX_ASPECT = 32
"""Longest side over shortest side; the graph's resize weights grow with the longer one."""
MAX_MEMORY = 450_000_000
"""What decoding may take: a HEIC photo of 50 MP passes, whose decoder takes 400 MB."""
MAX_MEMORY_BUFFERED = 290_000_000
"""The same for a JPEG in several scans, whose decoder keeps all coefficients."""
MAX_SCANS = 32
"""Scans of a JPEG; encoders write 6 to 18, and each costs a pass over the whole picture."""
MAX_PARTS = 100_000
"""Segments, chunks or strips of a file: it bounds the time of reading its structure."""
MAX_MEMORY_TOGETHER = 1_000_000_000
"""What all threads' decoding may take at once."""
TOO_LITTLE_MEMORY = _("this machine has too little free memory for a photo of this size")


def check_size(size: tuple[int, int]) -> None:
    """Refuse a declared (width, height) by its area and its sides with an `ImageError`."""
    width, height = size
    if width * height > MAX_PIXELS:
        raise ImageError(
            "{width} x {height} pixels declared; a photo may have {most} million",
            width=width,
            height=height,
            most=MAX_PIXELS // 1_000_000,
        )
    if min(size) < 1 or max(size) > MAX_ASPECT * min(size):
        raise ImageError(
            "{width} x {height} pixels; sides may differ {most} times at most",
            width=width,
            height=height,
            most=MAX_ASPECT,
        )


def check_memory(what: str, size: tuple[int, int], needed: int, allowed: int) -> None:
    """Refuse a photo that would take more memory than allowed with an `ImageError`."""
    if needed > allowed:
        raise ImageError(
            "{width} x {height} pixels declared; this {what} would take {needed} MB of "
            "memory, {allowed} are allowed; save it smaller or as a baseline JPEG",
            width=size[0],
            height=size[1],
            what=what,
            needed=-(-needed // 1000000),
            allowed=allowed // 1000000,
        )


class _Memory:
    """Bytes that threads have reserved; a thread waits until its own fit beside the others'."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._changed = Condition()

    @contextmanager
    def reserve(self, needed: int) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._used or self._used + needed <= self._limit)
            self._used += needed
        try:
            yield
        finally:
            with self._changed:
                self._used -= needed
                self._changed.notify_all()


reserve_memory = _Memory(MAX_MEMORY_TOGETHER).reserve
"""`with reserve_memory(needed):` waits for its turn, so that many threads decode in bounded
memory. Never nest it."""
