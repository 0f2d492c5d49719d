"""What a command prints: a table for people, one JSON document for programs, progress on stderr.

Texts for people are said in the user's language; documents and results files stay in English.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from edgetlc.config import option
from edgetlc.errors import BAD_INPUT, EdgetlcError
from edgetlc.locale import _, local, message, visible
from edgetlc.outputs import Target

T = TypeVar("T")


class Answer(NamedTuple):
    """What a command answers.

    Attributes:
        document: for programs, as JSON.
        show: prints it for people.
        exit_code: of the program, 0 where the answer is no verdict.
        write: writes the files that were asked for beside the answer. It comes last, so that an
            answer is told even where they cannot be written.
    """

    document: Any
    show: Callable[[], object]
    exit_code: int = 0
    write: Callable[[], object] | None = None

    def tell(self, *, as_json: bool) -> int:
        """Print it, then write its files; return the program's exit code."""
        try:
            if as_json:
                print_json(self.document)
            else:
                self.show()
        finally:  # whoever closed the pipe still wants the files
            failed = self._write()
        return BAD_INPUT if failed else self.exit_code

    def _write(self) -> bool:
        """Return whether a file could not be written; the answer stands and is not told again."""
        try:
            if self.write is not None:
                self.write()
        except (OSError, EdgetlcError) as error:
            reason = error.text if isinstance(error, EdgetlcError) else str(error)
            note("the answer stands, but a file was not written: {reason}", reason=reason)
            return True
        return False


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


@dataclass(frozen=True)
class Results:
    """Where a command leaves what it found beside its answer.

    `predict`, which may have a hundred thousand rows, writes with `edgetlc.results.results`.
    """

    results_file: Path | None = option(None, _("Also write the results to this file."))
    results_format: Literal["json", "csv"] | None = option(
        None, _("Of the results file; its suffix if not given.")
    )

    def output(self, overwrite: bool) -> Target:
        """Return the file, to be checked before the work."""
        return Target(self.results_file, replace=overwrite)

    def write(self, document: Any, rows: Sequence[Mapping[str, object]]) -> None:
        """Write `document` as JSON or `rows` as CSV; do nothing without a file.

        Without a format, a name that ends in `.csv` asks for CSV and any other for JSON.
        """
        from edgetlc.files import write_text

        path, format_ = self.results_file, self.results_format
        if path is not None:
            as_csv = format_ == "csv" or (format_ is None and path.suffix.lower() == ".csv")
            text = _csv_text(rows) if as_csv else json_text(document) + "\n"
            write_text(path, writable(text))


def _csv_text(rows: Sequence[Mapping[str, object]]) -> str:
    import csv
    import io

    from edgetlc.results.safe_text import spreadsheet_cell

    text = io.StringIO()
    columns = list(rows[0]) if rows else []
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: spreadsheet_cell(row[name]) for name in columns} for row in rows)
    return text.getvalue()


class Number(str):
    """The name of a column of numbers, aligned to the right."""

    def __init__(self, name: str) -> None:
        self.name = name


def numbers(*names: str) -> tuple[Number, ...]:
    """Return names as those of columns of numbers."""
    return tuple(map(Number, names))


def table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    simulated: bool = False,
) -> None:
    """Print a table, or where it is too narrow for a word, each row as lines below one another.

    A cell that is None is shown as a dash; the title says whether photos behind it are simulated.
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


def left_out(photos: Sequence[tuple[Any, str]]) -> list[dict[str, str]]:
    """Tell which photos or files were left out, and why; return them for a document."""
    for photo, reason in photos:
        note("left out {path}: {reason}", path=getattr(photo, "path", photo), reason=reason)
    return [{"file": str(getattr(p, "path", p)), "reason": reason} for p, reason in photos]


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
