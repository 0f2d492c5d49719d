"""Reading text that people saved: UTF-8, and what Windows and Chinese systems write instead.

Every manifest, TOML file and JSON report comes in here, so that one file is read alike by all.
"""

from __future__ import annotations

import codecs
import csv
import io
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgetlc.errors import InputError
from edgetlc.progress import note

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_DELIMITERS = ",;\t"


def read_text(path: Path) -> str:
    """Return a file's text, its line ends as they are.

    A byte order mark tells UTF-8 or UTF-16. Without one it is UTF-8, or else GB18030, of which GBK
    and GB2312 are parts; no bytes prove that one, so it is noted.

    Raises:
        InputError: it is in none of these.
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    mark, encoding = next(((m, e) for m, e in _MARKS if data.startswith(m)), (b"", ""))
    for name in [encoding] if encoding else ["utf-8", "gb18030"]:
        try:
            text = data[len(mark) :].decode(name)
        except UnicodeDecodeError:
            continue
        if "\0" in text or (name == "gb18030" and not _is_written(text)):
            continue
        if name == "gb18030":
            note("{path} was read as GB18030 (GBK); save it as UTF-8 to be sure", path=path)
        return text
    raise InputError(
        "{path} is no text in UTF-8, in UTF-16 with its byte order mark, or in GB18030 (GBK); save "
        "it as UTF-8 (Excel: 'CSV UTF-8', Notepad: encoding UTF-8)",
        path=path,
    )


def read_table(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV file with content, header first: the line each ends on, its fields.

    Commas, semicolons or tabs part the fields; the header shows which. Spaces before a field are
    skipped unless quotes enclose it, those around the header's names always.

    Raises:
        InputError: it cannot be read, or is no CSV text.
    """
    try:
        text = read_text(path)
    except OSError as error:
        raise InputError("{path}: {reason}", path=path, reason=str(error)) from None
    first = next((line for line in text.splitlines() if line.strip(_DELIMITERS + " ")), "")
    delimiter = max(_DELIMITERS, key=first.count)
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        filled = (cells for cells in reader if any(cell.strip() for cell in cells))
        header = next(filled, [])
        yield reader.line_num, [name.strip() for name in header]
        for cells in filled:
            yield reader.line_num, cells
    except csv.Error as error:
        raise InputError("{path} is not a CSV file: {reason}", path=path, reason=error) from None


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file.

    Raises:
        InputError: it cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(read_text(path))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            "{path} is not a readable TOML file: {reason}", path=path, reason=error
        ) from None


def _is_written(text: str) -> bool:
    """Return whether text holds only what people write, as chance bytes seldom do."""
    return all(c.isprintable() or c in "\t\r\n\u3000" for c in text)
