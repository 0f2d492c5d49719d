"""What a command prints: a table for people, one JSON document for programs, progress on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from edgetlc.results.safe_text import visible

T = TypeVar("T")

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document and nothing else on stdout.")
]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Show the traceback of an error.")]
DeviceFolder = Annotated[
    Path | None,
    typer.Option("--devices", help="Folder of your own camera profiles; extends or overrides."),
]


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


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; a column whose name ends in a space is aligned to the right."""
    from rich.console import Console
    from rich.table import Table

    view = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        right = column.endswith(" ")
        view.add_column(column.strip(), justify="right" if right else "left", overflow="fold")
    for row in rows:
        view.add_row(*(_plain("–" if cell is None else str(cell)) for cell in row))
    width = None if sys.stdout.isatty() else 140
    Console(width=width, highlight=False).print(view)


def simulated_mark(simulated: bool) -> str:
    """Return what a table's title says where any photo behind it was made by a simulation."""
    return " (SIMULATED photos)" if simulated else ""


def say(text: str) -> None:
    """Print one line of an answer on standard output."""
    print(visible(text))


def note(text: str) -> None:
    """Print one line beside the answer, on standard error."""
    print(visible(text), file=sys.stderr)


def _plain(text: str) -> str:
    """Return `text` safe for a terminal: no control characters, no markup of the table's own."""
    from rich.markup import escape

    return escape(visible(text))


class Terminal:
    """Shows a bar on a terminal and about ten plain lines elsewhere; both on standard error."""

    def progress(self, items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
        """Yield every item and show how far it is."""
        count = total if total is not None or not isinstance(items, Sized) else len(items)
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import track

            yield from track(
                items, description, total=count, console=Console(stderr=True), transient=True
            )
            return
        step = max(1, (count or 1000) // 10)
        for done, item in enumerate(items, start=1):
            yield item
            if done % step == 0 or done == count:
                note(f"{description}: {done}" + (f" of {count}" if count else ""))

    def note(self, text: str) -> None:
        """Print one line."""
        note(text)
