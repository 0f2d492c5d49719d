"""Collect the messages of the code and the pages into the catalogue, and compile it.

    python tools/locale.py            extract, update, compile (`make locale`)
    python tools/locale.py --missing  list what is not translated, as a .po to fill in

New messages appear with an empty translation; `tests/locale` fails until each has one.
"""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("edgetlc", "export", "runtime", "calibration", "devices")
KEYWORDS = {"_": None, "n_": (1, 2), "p_": ((1, "c"), 2), "say": None, "note": None}
KEYWORDS |= dict.fromkeys(("EdgetlcError", "InputError", "ImageError", "BundleError", "GateError"))
METHODS = [("**.py", "python"), ("**.jinja", "jinja2")]
OPTIONS = {"**.jinja": {"trimmed": "true", "silent": "false"}}
_NO_DAY = datetime(2000, 1, 1, tzinfo=UTC)
CATALOGUE = ROOT / "edgetlc/locale/zh/LC_MESSAGES/edgetlc.po"


def extracted() -> Catalog:
    """Return every message of the code and the pages."""
    found = Catalog(project="edgetlc", charset="utf-8")
    for folder in FOLDERS:
        for _file, _line, message, comments, context in extract_from_dir(
            ROOT / folder,
            METHODS,
            OPTIONS,
            KEYWORDS,
            comment_tags=("Translators:",),
            directory_filter=_is_ours,
        ):
            found.add(message, context=context, auto_comments=comments)
    for text in command_helps():
        found.add(text)
    return found


def command_helps() -> Iterator[str]:
    """Yield the docstrings of the commands, which are their help."""
    for file in sorted((ROOT / "edgetlc/cli").glob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            text = ast.get_docstring(node) if isinstance(node, ast.FunctionDef) else None
            if text and "\nExample: edgetlc " in text:
                yield text


def _is_ours(folder: str) -> bool:
    path = Path(folder)
    return not path.is_symlink() and path.name not in ("node_modules", "__pycache__", "web")


def updated() -> Catalog:
    """Return the catalogue with exactly the messages that exist; known translations stay."""
    with CATALOGUE.open("rb") as stream:
        known = read_po(stream, locale="zh", domain="edgetlc")
    result = Catalog(locale="zh", project="edgetlc", charset="utf-8", fuzzy=False)
    for message in extracted():
        if message.id:
            before = known.get(message.id, message.context)
            translation = before.string if before and not before.fuzzy else None
            result.add(
                message.id,
                translation or "",
                context=message.context,
                auto_comments=message.auto_comments,
            )
    return result


def po_bytes(catalogue: Catalog) -> bytes:
    """Return a catalogue as `.po`: sorted, without places or times, so that merging is easy."""
    stream = io.BytesIO()
    write_po(stream, catalogue, omit_header=True, sort_output=True, no_location=True, width=100)
    header = (
        'msgid ""\nmsgstr ""\n"Language: zh\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
    )
    return header.encode() + stream.getvalue()


def mo_bytes(catalogue: Catalog) -> bytes:
    """Return a catalogue compiled."""
    stream = io.BytesIO()
    catalogue.creation_date = catalogue.revision_date = _NO_DAY  # equal texts, equal files
    write_mo(stream, catalogue)
    return stream.getvalue()


def main() -> None:
    """Update and compile the catalogue, or list what it lacks."""
    catalogue = updated()
    missing = [m for m in catalogue if m.id and not _translated(m.string)]
    if "--missing" in sys.argv[1:]:
        few = Catalog(locale="zh", charset="utf-8")
        for message in missing:
            few.add(message.id, "", context=message.context)
        sys.stdout.buffer.write(po_bytes(few))
        return
    CATALOGUE.write_bytes(po_bytes(catalogue))
    with CATALOGUE.open("rb") as stream:
        CATALOGUE.with_suffix(".mo").write_bytes(mo_bytes(read_po(stream, locale="zh")))
    print(f"{len(catalogue)} messages, {len(missing)} without a translation")


def _translated(text: str | tuple[str, ...]) -> bool:
    return all(text) if isinstance(text, tuple) else bool(text)


if __name__ == "__main__":
    main()
