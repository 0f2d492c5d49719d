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
    format_: Literal["json", "csv"],
    document: Any,
    rows: Sequence[Mapping[str, object]],
) -> None:
    """Write `document` as JSON or `rows` as CSV; do nothing without a path."""
    from edgetlc.files import write_text

    if path is not None:
        text = json_text(document) + "\n" if format_ == "json" else _csv_text(rows)
        write_text(path, writable(text))


def _csv_text(rows: Sequence[Mapping[str, object]]) -> str:
    text = io.StringIO()
    columns = list(rows[0]) if rows else []
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(row[name]) for name in columns} for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula."""
    risky = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if risky else value
