"""Text is read as people's systems write it, or refused in one line that says how to save it."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.errors import InputError
from edgetlc.files import read_json
from edgetlc.text import read_text, read_toml

TEXT = "path,class\r\nchenpi/0.jpg,陈皮\r\n伪品/1.jpg,伪品\r\n"
SAVED = {
    "UTF-8": TEXT.encode(),
    "UTF-8 with its mark": TEXT.encode("utf-8-sig"),
    "UTF-16, little end first": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "UTF-16, big end first": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "GB18030": TEXT.encode("gb18030"),
    "GBK": TEXT.encode("gbk"),
}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr("edgetlc.text.note", lambda text, **values: lines.append(text))
    return lines


@pytest.mark.parametrize("saved", SAVED)
def test_what_systems_write_is_read(tmp_path: Path, saved: str, told: list[str]) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(SAVED[saved])
    assert read_text(path) == TEXT
    assert len(told) == saved.startswith("GB"), "no bytes prove GB18030, so it is told"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        TEXT.encode() + b"\xff\n",
        b"PK\3\4\0\0",
        b"\xef\xbb\xbf" + TEXT.encode("gbk"),
        "Größe,é\n".encode("latin-1"),
        TEXT.encode("gb18030")[:-9] + b"\x81",
    ],
    ids=["LE", "BE", "UTF-32", "broken", "a spreadsheet", "a wrong mark", "Latin-1", "cut short"],
)
def test_anything_else_is_refused_and_the_way_out_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"no text in UTF-8, .*GB18030.*; save it as UTF-8"):
        read_text(path)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_utf_8_always_comes_back(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("text") / "a"
    path.write_bytes(codecs.BOM_UTF8 + text.encode())
    assert read_text(path) == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_toml_and_json_are_read_alike(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.toml").write_bytes('a = "陈皮"\r\n'.encode(encoding))
    (tmp_path / "a.json").write_bytes(
        json.dumps({"a": "陈皮"}, ensure_ascii=False).encode(encoding)
    )
    assert read_toml(tmp_path / "a.toml") == read_json(tmp_path / "a.json", "file") == {"a": "陈皮"}


@pytest.mark.parametrize("content", [b"[a", b"a = ", b"[[[[[[" * 10_000])
def test_no_toml_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(InputError, match="not a readable TOML file"):
        read_toml(tmp_path / "a.toml")
    with pytest.raises(InputError, match="not a readable TOML file"):
        read_toml(tmp_path)
