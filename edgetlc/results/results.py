r"""Results files of predictions: JSON, JSON Lines, CSV, XML, text.

    run = RunInfo.of(classifier)
    records = map(record, classifier.classify_all(photos))
    write_records(Path("answers.csv"), "csv", run, records)

Records come and go one at a time, so a hundred thousand photos take no more memory than one. All
formats hold one record per photo in the order of the photos, except that JSON keeps unreadable
photos in a list of their own. Every file is UTF-8. What a format cannot hold, such as a file name
that is no text, is written as `\udcb3`.
"""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET  # writes only; nothing from elsewhere is parsed
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from edgetlc.errors import InputError
from edgetlc.files import whole_file
from edgetlc.locale import LANGUAGES
from edgetlc.results.records import KIND, SCHEMA, UNREADABLE, Record, RunInfo
from edgetlc.results.safe_text import spreadsheet_cell, storable
from edgetlc.results.wording import describe

Format = Literal["json", "jsonl", "csv", "xml", "text"]
FORMATS: tuple[Format, ...] = get_args(Format)
SUFFIXES: Mapping[str, Format] = {f".{name.replace('text', 'txt')}": name for name in FORMATS}
_LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}
_COLUMNS = (
    *("file", "decision", "label", "zh", "en", "role", "confidence", "needed"),
    *("runner_up", "runner_up_zh", "runner_up_en", "runner_up_confidence"),
    *("camera", "camera_by", "camera_conflict", "verified", "cautions", "notes", "reason"),
    "sha256",
)
_ITEM = {"probabilities": "probability", "cautions": "caution", "notes": "note"}


def format_by_name(path: Path) -> Format:
    """Return the format that a file's suffix asks for.

    Raises:
        InputError: the suffix asks for none.
    """
    if (suffix := path.suffix.lower()) not in SUFFIXES:
        raise InputError(
            "{path} does not say its format; name it {suffixes}, or pass "
            "--results-format {formats}",
            path=path,
            suffixes=", ".join(SUFFIXES),
            formats="|".join(FORMATS),
        )
    return SUFFIXES[suffix]


def write_records(path: Path, format_: Format, run: RunInfo, records: Iterable[Record]) -> None:
    """Write a results file, whole or not at all; records are read once, in their order."""
    with whole_file(path) as stream:
        for piece in WRITERS[format_](run, records):
            stream.write(piece.encode("utf-8", "backslashreplace"))


def json_pieces(
    run: RunInfo, records: Iterable[Record], *, ascii_only: bool = False
) -> Iterator[str]:
    """Yield one document: `{kind, schema, bundle, model, engine, machine, predictions, …}`.

    `edgetlc answers judge --merge` reads it.
    """

    def text(value: Any, indent: str) -> str:
        dumped = json.dumps(value, ensure_ascii=ascii_only, indent=2, allow_nan=False)
        return dumped.replace("\n", "\n" + indent)

    unreadable: list[dict[str, str]] = []
    head = {"kind": KIND, "schema": SCHEMA, **run.to_json()}
    yield text(head, "")[:-2] + ',\n  "predictions": ['
    before = "\n    "
    for one in records:
        if one["decision"] == UNREADABLE:
            unreadable.append({"file": one["file"], "reason": one["reason"]})
            continue
        yield before + text(one, "    ")
        before = ",\n    "
    closed = "]" if before.startswith("\n") else "\n  ]"
    yield f'{closed},\n  "unreadable": {text(unreadable, "  ")}\n}}\n'


def jsonl_pieces(run: RunInfo, records: Iterable[Record]) -> Iterator[str]:
    """Yield one line per photo, each with what answered."""
    for one in records:
        line = json.dumps({**one, **run.to_json()}, ensure_ascii=False, allow_nan=False)
        yield line.translate(_LINE_ENDS) + "\n"  # some readers split lines there too


def csv_pieces(run: RunInfo, records: Iterable[Record]) -> Iterator[str]:
    """Yield a header and one row per photo; cautions as codes, `; ` between several.

    It begins with a byte-order mark: without one, Excel reads UTF-8 as the system's old code page
    and the Chinese labels turn to rubbish. Read it in Python as `utf-8-sig`.
    """

    def row(cells: Iterable[object]) -> str:
        line = io.StringIO()
        csv.writer(line, lineterminator="\r\n").writerow(map(spreadsheet_cell, cells))
        return line.getvalue()

    names = [info.name for info in run.classes]
    yield "\ufeff" + row((*_COLUMNS, *(f"p({name})" for name in names), *run.to_json()))
    for one in records:
        flat = {
            **one,
            "cautions": "; ".join(caution["code"] for caution in one.get("cautions", ())),
            "notes": "; ".join(one.get("notes", ())),
        }
        told = [flat.get(column) for column in _COLUMNS]
        probabilities = [one.get("probabilities", {}).get(name) for name in names]
        yield row((*told, *probabilities, *run.to_json().values()))


def xml_pieces(run: RunInfo, records: Iterable[Record]) -> Iterator[str]:
    """Yield `<predictions>` with one `<photo>` per photo; what is not known has no element."""
    head = ET.Element("predictions", {k: storable(v) for k, v in run.to_json().items()})
    opening = ET.tostring(head, encoding="unicode").removesuffix(" />")
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n{opening}>\n'
    for one in records:
        photo = ET.Element("photo")
        for name, value in one.items():
            _add(photo, name, value)
        ET.indent(photo, level=1)
        # A parser would read a bare carriage return as a line feed.
        yield "  " + ET.tostring(photo, encoding="unicode").replace("\r", "&#13;") + "\n"
    yield "</predictions>\n"


def _add(parent: ET.Element, name: str, value: Any) -> None:
    if value is None:
        return
    child = ET.SubElement(parent, name)
    if isinstance(value, Mapping) and name in _ITEM:
        for key, number in value.items():
            ET.SubElement(child, _ITEM[name], {"class": storable(key)}).text = str(number)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            _add(child, key, inner)
    elif isinstance(value, list | tuple):
        for item in value:
            _add(child, _ITEM[name], item)
    else:
        child.text = storable(str(value))


def text_pieces(run: RunInfo, records: Iterable[Record]) -> Iterator[str]:
    """Yield for people what `predict` prints of one photo, in each language, then an empty line."""
    yield f"{run.model} on {run.engine}\nbundle {run.bundle}\n\n"
    for one in records:
        lines = (line for language in LANGUAGES for line in describe(one, language))
        yield "\n".join(lines) + "\n\n"


WRITERS: Mapping[Format, Callable[[RunInfo, Iterable[Record]], Iterator[str]]] = {
    "json": json_pieces,
    "jsonl": jsonl_pieces,
    "csv": csv_pieces,
    "xml": xml_pieces,
    "text": text_pieces,
}
