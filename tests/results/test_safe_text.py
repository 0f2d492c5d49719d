from __future__ import annotations

import os
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.locale import visible
from edgetlc.results.safe_text import picture_name, spreadsheet_cell, storable

ANY_TEXT = st.text(st.characters(exclude_categories=()))
NO_TEXT = os.fsdecode(b"\xb3\xb3.jpg")


@given(ANY_TEXT)
def test_storable_text_is_utf_8_and_xml(text: str) -> None:
    kept = storable(text)
    kept.encode("utf-8")
    element = ET.Element("a")
    element.text = kept
    written = ET.tostring(element, encoding="unicode").replace("\r", "&#13;")
    read = ET.fromstring(written)  # noqa: S314 - written here
    assert (read.text or "") == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [("陈皮 & <b>", "陈皮 & <b>"), ("a\0\x1b", "a\\u0000\\u001b"), (NO_TEXT, "\\udcb3\\udcb3.jpg")],
)
def test_only_what_cannot_be_kept_is_escaped(text: str, kept: str) -> None:
    assert storable(text) == kept


@given(ANY_TEXT)
def test_visible_text_is_one_line(text: str) -> None:
    shown = visible(text)
    assert len(shown) == len(text)
    assert all(c.isprintable() for c in shown)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert spreadsheet_cell(f"{start}cmd()") == f"'{start}cmd()"


def test_numbers_stay_numbers() -> None:
    assert spreadsheet_cell(-0.5) == -0.5
    assert spreadsheet_cell(None) is None
    assert spreadsheet_cell("a=b") == "a=b"


@given(ANY_TEXT.filter(lambda text: "\0" not in text))
def test_picture_names_fit_every_file_system(photo: str) -> None:
    name = picture_name(photo, ".overlay.png")
    assert len(os.fsencode(name)) <= 255
    assert all(c.isalnum() or c in "._-" for c in name)
    assert name.endswith(".overlay.png")


def test_equal_stems_have_different_pictures() -> None:
    names = {picture_name(photo, ".png") for photo in ("a/1.jpg", "b/1.jpg", "a/1.png")}
    assert len(names) == 3
    assert picture_name("a/1.jpg", ".png") in names
