"""How long work says where it is: a library function takes a `Track`, the caller decides its look.

The command line passes a bar on a terminal and plain lines elsewhere; a program passes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Track(Protocol):
    """Iterates over `items` unchanged and shows how far it is."""

    def __call__(
        self, items: Iterable[T], description: str, total: int | None = None
    ) -> Iterator[T]:
        """Yield every item; `total` is needed where `items` has no length."""
        ...


def untracked(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """Show nothing."""
    yield from items
