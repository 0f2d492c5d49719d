"""Decoding many photos in order: threads read ahead while the caller works, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from edgetlc.errors import ImageError
from edgetlc.runtime.pixels import Decoded, decode
from edgetlc.threads import in_order


def decoded_photos(
    paths: Iterable[Path], size: int, workers: int | None = None
) -> Iterator[tuple[Path, Decoded | ImageError]]:
    """Yield every photo after the host step, in order, or the reason why it cannot be read.

    Args:
        paths: the photos.
        size: side of the network's input, in pixels.
        workers: decoding threads; None takes one per processor.
    """
    return in_order(lambda path: decode_or_reason(path, size), paths, workers)


def decode_or_reason(path: Path, size: int) -> Decoded | ImageError:
    """Return the photo after the host step, or the reason why it cannot be read."""
    try:
        return decode(path, size)
    except ImageError as error:
        return error
