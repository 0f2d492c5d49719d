"""Collect the messages of the code, the pages and the phone app into the catalogue; compile it.

    python tools/locale.py            extract, update, compile (`make locale`)
    python tools/locale.py --missing  list what is not translated, as a .po to fill in

New messages appear with an empty translation; `tests/locale` fails until each has one.
"""

from __future__ import annotations

import ast
import io
import json
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
TEXTS = ("_", "say", "note", "EdgetlcError", "InputError", "ImageError", "BundleError", "GateError")
"""What takes a text as its first argument; `n_` takes two, `p_` a context before it."""
_NO_DAY = datetime(2000, 1, 1, tzinfo=UTC)
APP = ROOT / "runtime/web/src/page"
CATALOGUE = ROOT / "edgetlc/locale/zh/LC_MESSAGES/edgetlc.po"


def extracted() -> Catalog:
    """Return every message of the code and the pages."""
    found = Catalog(project="edgetlc", charset="utf-8")
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            if file.resolve() == file and "node_modules" not in file.parts:
                for text, context in in_python(ast.parse(file.read_text(encoding="utf-8"))):
                    found.add(text, context=context)
    keywords = {"_": None, "n_": (1, 2), "p_": ((1, "c"), 2)}
    pages = extract_from_dir(
        ROOT / "edgetlc/pages",
        [("**.jinja", "jinja2")],
        {"**.jinja": {"silent": "false"}},
        keywords,
    )
    for _file, _line, text, _comments, context in pages:
        found.add(text, context=context)
    for key, text in app_words().items():
        found.add(text, context=f"app {key}")
    return found


def app_words() -> dict[str, str]:
    """Return the phone app's words in English; {0} stands for the first value."""
    words: dict[str, str] = json.loads((APP / "words.en.json").read_text(encoding="utf-8"))
    return words


def app_translations(catalogue: Catalog) -> str:
    """Return the app's words in Chinese, as JSON."""
    found = {k: catalogue.get(text, f"app {k}").string for k, text in app_words().items()}
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


def in_python(tree: ast.Module) -> Iterator[tuple[str | tuple[str, str], str | None]]:
    """Yield messages and their contexts; the docstring of a command is its help."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            text = ast.get_docstring(node)
            if text and "\nExample: edgetlc " in text:
                yield text, None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            given = [a.value for a in node.args if isinstance(a, ast.Constant)]
            texts = [value for value in given if isinstance(value, str) and value]
            if node.func.id in TEXTS and texts:
                yield texts[0], None
            elif node.func.id == "n_" and len(texts) > 1:
                yield (texts[0], texts[1]), None
            elif node.func.id == "p_" and len(texts) > 1:
                yield texts[1], texts[0]


def updated() -> Catalog:
    """Return the catalogue with exactly the messages that exist; known translations stay."""
    with CATALOGUE.open("rb") as stream:
        known = read_po(stream, locale="zh", domain="edgetlc")
    result = Catalog(locale="zh", project="edgetlc", charset="utf-8", fuzzy=False)
    for message in extracted():
        if message.id:
            before = known.get(message.id, message.context)
            # One that has got a plural, or lost it, is another message under the same key.
            kept = before if before and before.id == message.id and not before.fuzzy else None
            result.add(
                message.id,
                kept.string if kept else "",
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
    (APP / "words.zh.json").write_text(app_translations(catalogue), encoding="utf-8")
    print(f"{len(catalogue)} messages, {len(missing)} without a translation")


def _translated(text: str | tuple[str, ...]) -> bool:
    return all(text) if isinstance(text, tuple) else bool(text)


if __name__ == "__main__":
    main()
