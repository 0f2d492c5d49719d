"""What a command prints: a table for people, one JSON document for programs, progress on stderr.

Texts for people are said in the user's language; documents and results files stay in English.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from typing import Any, NamedTuple, TypeVar

from edgetlc.locale import _, local, message, visible

T = TypeVar("T")


def answer(document: Any, show: Callable[[], None], *, as_json: bool) -> None:
    """Print `document` as JSON, or call `show` to print it for people."""
    if as_json:
        print_json(document)
    else:
        show()


def print_json(document: Any) -> None:
    """Print `document` as JSON, in plain ASCII where standard output takes no UTF-8."""
    ascii_only = (sys.stdout.encoding or "").lower() not in ("utf-8", "utf8")
    print(writable(json_text(document, ascii_only=ascii_only)))


def json_text(document: Any, *, ascii_only: bool = False) -> str:
    """Return `document` as indented JSON; NaN and infinity are refused."""
    return json.dumps(document, ensure_ascii=ascii_only, indent=2, allow_nan=False, default=str)


def writable(text: str) -> str:
    """Return `text` with escapes for the lone surrogates of file names that are not UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def say(text: str, /, **values: Any) -> None:
    """Print one line of an answer on standard output; `values` fill the text's placeholders."""
    print(visible(local(message(text, **values))))


def note(text: str, /, **values: Any) -> None:
    """Print one line beside the answer, on standard error."""
    print(visible(local(message(text, **values))), file=sys.stderr)


class Number(NamedTuple):
    """The name of a column of numbers, aligned to the right."""

    name: str


def numbers(names: Iterable[str]) -> tuple[Number, ...]:
    """Return names as those of columns of numbers."""
    return tuple(map(Number, names))


def table(
    title: str,
    columns: Sequence[str | Number],
    rows: Iterable[Sequence[object]],
    *,
    simulated: bool = False,
) -> None:
    """Print a table, or where it is too narrow for a word, each row as lines below one another.

    Args:
        title: of the table.
        columns: their names.
        rows: a cell for each column; None is shown as a dash.
        simulated: whether any photo behind it was made by a simulation; the title says so.
    """
    from edgetlc.cli.tables import drawn

    mark = local(_(" (SIMULATED photos)")) if simulated else ""
    right = [isinstance(column, Number) for column in columns]
    names = [visible(local(c.name if isinstance(c, Number) else c)) for c in columns]
    cells = [[visible("–" if cell is None else local(cell)) for cell in row] for row in rows]
    drawn(visible(local(title)) + mark, names, right, cells, _width())


def percent(share: float | None) -> str | None:
    """Return a share as `12.3%`; None of none."""
    return None if share is None else f"{share:.1%}"


def points(share: float) -> str:
    """Return a difference of shares in percentage points."""
    return f"{100 * share:+.1f}"


def note_unreadable(photos: Iterable[tuple[Any, object]]) -> None:
    """Tell which photos were left out, and why."""
    for photo, reason in photos:
        note("left out {path}: {reason}", path=getattr(photo, "path", photo), reason=reason)


def _width() -> int:
    """Return how wide tables may be: the terminal, or what COLUMNS says, or 140 characters."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    return os.get_terminal_size().columns if sys.stdout.isatty() else 140


class Terminal:
    """Shows a bar on a terminal and about ten plain lines elsewhere; both on standard error."""

    def progress(self, items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
        """Yield every item and show how far it is."""
        count = total if total is not None or not isinstance(items, Sized) else len(items)
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import track

            yield from track(
                items, local(description), total=count, console=Console(stderr=True), transient=True
            )
            return
        step = max(1, (count or 1000) // 10)
        for done, item in enumerate(items, start=1):
            yield item
            if count and (done % step == 0 or done == count):
                note("{what}: {done} of {count}", what=description, done=done, count=count)
            elif done % step == 0:
                note("{what}: {done}", what=description, done=done)

    def note(self, text: str) -> None:
        """Print one line."""
        note(text)
