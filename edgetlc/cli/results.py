"""Results files: what a command found, as JSON or CSV, written whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edgetlc.cli.console import json_text, writable
from edgetlc.config import option
from edgetlc.locale import _


@dataclass(frozen=True)
class Results:
    """Where a command leaves what it found beside its answer.

    `predict`, which may have a hundred thousand rows, writes with `edgetlc.results.results`.
    """

    results_file: Path | None = option(None, _("Also write the results to this file."))
    results_format: Literal["json", "csv"] | None = option(
        None, _("Of the results file; its suffix if not given.")
    )

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
    from edgetlc.results.safe_text import spreadsheet_cell

    text = io.StringIO()
    columns = list(rows[0]) if rows else []
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: spreadsheet_cell(row[name]) for name in columns} for row in rows)
    return text.getvalue()
