"""Results files: what a command found, as JSON or CSV, written whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from edgetlc.cli.console import json_text, writable


def write_results(
    path: Path | None,
    format_: Literal["json", "csv"] | None,
    document: Any,
    rows: Sequence[Mapping[str, object]],
) -> None:
    """Write `document` as JSON or `rows` as CSV; do nothing without a path.

    Without a format, a name that ends in `.csv` asks for CSV and any other for JSON.
    `predict`, which may have a hundred thousand rows, writes with `edgetlc.results.results`.
    """
    from edgetlc.files import write_text

    if path is not None:
        as_csv = format_ == "csv" or (format_ is None and path.suffix.lower() == ".csv")
        text = _csv_text(rows) if as_csv else json_text(document) + "\n"
        write_text(path, writable(text))


def _csv_text(rows: Sequence[Mapping[str, object]]) -> str:
    from edgetlc.results.safe_text import spreadsheet_cell

    text = io.StringIO()
    columns = list(rows[0]) if rows else []
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: spreadsheet_cell(row[name]) for name in columns} for row in rows)
    return text.getvalue()
