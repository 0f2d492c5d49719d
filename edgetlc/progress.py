"""How long work says where it is, and what it notes on the way.

A library function calls `progress` and `note`; who shows them, and how, is told once for the whole
process: the command line sets a bar on a terminal and plain lines elsewhere, a program that uses
the library sets nothing and sees nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from edgetlc.locale import message

T = TypeVar("T")


class Reporter(Protocol):
    """Shows progress and notes to whoever started the work."""

    def progress(self, items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
        """Yield every item unchanged and show how far it is."""
        ...

    def note(self, text: str) -> None:
        """Show one line."""
        ...


class Silent:
    """Shows nothing."""

    def progress(self, items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
        """Yield every item."""
        yield from items

    def note(self, text: str) -> None:
        """Do nothing."""


_reporter: Reporter = Silent()


def progress(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """Yield every item unchanged while the process's reporter shows how far it is.

    Args:
        items: the work, in order.
        description: what is being done.
        total: how many; needed where `items` has no length.
    """
    return _reporter.progress(items, description, total)


def note(text: str, /, **values: Any) -> None:
    """Tell one line beside the answer: a step that begins, a photo that was left out."""
    _reporter.note(message(text, **values))


@contextmanager
def reporting(reporter: Reporter) -> Iterator[None]:
    """Let `reporter` show what the work in the block says, in every thread of this process."""
    global _reporter
    before, _reporter = _reporter, reporter
    try:
        yield
    finally:
        _reporter = before
