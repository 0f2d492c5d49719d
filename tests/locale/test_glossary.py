"""The glossary in the docs and the catalogue agree: one term per concept."""

from __future__ import annotations

from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]


def rows() -> list[list[str]]:
    text = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    table = text.partition("<!-- glossary -->")[2].partition("<!-- /glossary -->")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table.strip().splitlines()[2:]
    ]


def translations() -> list[str]:
    with (ROOT / "edgetlc/locale/zh/LC_MESSAGES/edgetlc.po").open("rb") as stream:
        entries = [entry.string for entry in read_po(stream, locale="zh") if entry.id]
    return [text for entry in entries for text in (entry if isinstance(entry, tuple) else (entry,))]


def test_the_glossary_has_rows_of_four_cells() -> None:
    assert len(rows()) > 30
    assert {len(row) for row in rows()} == {4}
    assert all(row[0] and row[1] and row[2] for row in rows())


def test_no_translation_uses_a_word_that_the_glossary_rules_out() -> None:
    avoided = {word.strip() for row in rows() for word in row[3].split(",") if word.strip()}
    assert "正确率" in avoided
    found = [(word, text) for text in translations() for word in avoided if word in text]
    assert found == []


def test_the_catalogue_uses_the_terms() -> None:
    """A glossary whose terms nobody uses would rule nothing."""
    everything = "\n".join(translations())
    terms = [term for row in rows() for term in row[1].split("、")]
    assert [term for term in terms if term not in everything] == []
