from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import pytest

from edgetlc.data.photos import PhotoSet
from edgetlc.progress import Silent, reporting


@pytest.fixture(scope="session")
def few(photo_set: PhotoSet) -> PhotoSet:
    """Six training photos of each class, and the validation part."""
    counts: dict[str, int] = {}
    chosen = []
    for photo in photo_set.photos:
        if photo.part == "train":
            counts[photo.label] = counts.get(photo.label, 0) + 1
        if photo.part == "val" or (photo.part == "train" and counts[photo.label] <= 6):
            chosen.append(photo)
    return replace(photo_set, photos=tuple(chosen))


class Notes(Silent):
    """Keeps what is told; raises at a note that begins with `end`."""

    def __init__(self, end: str | None = None, error: type[BaseException] = KeyboardInterrupt):
        self.lines: list[str] = []
        self._end, self._error = end, error

    def note(self, text: str) -> None:
        self.lines.append(text)
        if self._end and text.startswith(self._end):
            raise self._error


@pytest.fixture
def notes() -> Iterator[list[str]]:
    """What is told while the test runs."""
    kept = Notes()
    with reporting(kept):
        yield kept.lines


@pytest.fixture(scope="session")
def ending_at() -> Callable[[str, type[BaseException]], AbstractContextManager[None]]:
    """`with ending_at("epoch 2", KeyboardInterrupt):` ends the work after the note of that."""

    @contextmanager
    def ending(note: str, error: type[BaseException]) -> Iterator[None]:
        with reporting(Notes(note, error)):
            yield

    return ending
