"""What is printed survives odd file names and narrow encodings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgetlc.cli.console import Answer, Results, Terminal, note, say, table

Run = Callable[..., Any]
Captured = pytest.CaptureFixture[str]


def program(*words: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "edgetlc", *map(str, words)],
        capture_output=True,
        env={**os.environ, **environment},
        check=False,
    )


class TestAnswer:
    def test_json_or_words(self, capsys: Captured) -> None:
        Answer({"a": "陈皮"}, lambda: say("words")).tell(as_json=True)
        assert json.loads(capsys.readouterr().out) == {"a": "陈皮"}
        Answer({"a": 1}, lambda: say("words")).tell(as_json=False)
        assert capsys.readouterr().out == "words\n"

    def test_what_is_no_number_is_a_defect_not_bad_json(self) -> None:
        with pytest.raises(ValueError, match="not JSON compliant"):
            Answer({"a": float("nan")}, lambda: None).tell(as_json=True)

    def test_file_name_that_is_no_text(self, capsys: Captured) -> None:
        name = os.fsdecode(b"\xb3\xb3.jpg")  # as archives packed under Windows unpack
        Answer({"file": name}, lambda: None).tell(as_json=True)
        assert json.loads(capsys.readouterr().out) == {"file": name}
        say(name)
        note(name)
        captured = capsys.readouterr()
        assert captured.out == captured.err == "\N{REPLACEMENT CHARACTER}" * 2 + ".jpg\n"


def test_no_control_characters_reach_the_terminal(capsys: Captured) -> None:
    say("\x1b[2Jgone.jpg")
    note("a\rb")
    table("T", ("a", "n "), [("\x1b[31mred[bold]", None)])
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out
    assert "\r" not in captured.err
    assert "red[bold]" in captured.out
    assert "–" in captured.out


class TestProgress:
    def test_ten_lines_beside_the_answer(self, capsys: Captured) -> None:
        assert list(Terminal().progress(range(95), "counting", None)) == list(range(95))
        captured = capsys.readouterr()
        assert captured.out == ""
        lines = captured.err.splitlines()
        assert 10 <= len(lines) <= 12
        assert lines[-1] == "counting: 95 of 95"

    def test_items_without_a_length(self, capsys: Captured) -> None:
        assert list(Terminal().progress(iter(range(5)), "counting", 5)) == list(range(5))
        assert capsys.readouterr().err.splitlines()[-1] == "counting: 5 of 5"
        assert list(Terminal().progress(iter(range(5)), "counting", None)) == list(range(5))

    def test_nothing_to_do(self, capsys: Captured) -> None:
        assert list(Terminal().progress([], "counting", None)) == []
        assert capsys.readouterr().err == ""


class TestResults:
    ROWS = ({"file": "=cmd()", "p": 0.5}, {"file": "b, c", "p": -1.0})

    def test_json(self, tmp_path: Path) -> None:
        Results(tmp_path / "r.json", "json").write({"a": [1]}, self.ROWS)
        assert json.loads((tmp_path / "r.json").read_text()) == {"a": [1]}

    def test_csv_that_no_spreadsheet_runs(self, tmp_path: Path) -> None:
        Results(tmp_path / "r.csv", "csv").write({}, self.ROWS)
        assert (tmp_path / "r.csv").read_text() == 'file,p\n\'=cmd(),0.5\n"b, c",-1.0\n'

    def test_no_rows(self, tmp_path: Path) -> None:
        Results(tmp_path / "r.csv", "csv").write({}, ())
        assert (tmp_path / "r.csv").read_text().strip() == ""

    def test_not_asked_for(self, tmp_path: Path) -> None:
        Results(None, "csv").write({}, self.ROWS)
        assert list(tmp_path.iterdir()) == []


class TestNarrowEncodings:
    """Windows writes to files and pipes in its old code page; 中文 must not end the program."""

    def test_json_is_ascii_there(self) -> None:
        ran = program("devices", "show", "iphone-11", "--json", PYTHONIOENCODING="ascii")
        assert ran.returncode == 0
        assert json.loads(ran.stdout.decode("ascii"))["zh"] == "苹果 iPhone 11"

    def test_words_lose_what_cannot_be_written(self) -> None:
        ran = program("devices", "show", "iphone-11", PYTHONIOENCODING="ascii")
        assert ran.returncode == 0
        assert ran.stdout.startswith(b"iphone-11: ?? iPhone 11")

    def test_photo_whose_name_is_no_text(
        self, edgetlc: Run, tiny_bundle: Path, photo: Path, tmp_path: Path
    ) -> None:
        odd = tmp_path / os.fsdecode(b"\xb3\xb3.jpg")
        try:
            odd.write_bytes(photo.read_bytes())
        except OSError:
            pytest.skip("this file system takes UTF-8 names only")
        assert edgetlc("predict", tiny_bundle, odd).status == 0
        results = tmp_path / "results"
        for format_ in ("csv", "json"):
            words = ("--results-file", results, "--results-format", format_, "--overwrite")
            ran = edgetlc("predict", tiny_bundle, odd, "--json", *words)
            assert ran.status == 0
            assert ran.json()["predictions"][0]["file"] == str(odd)
            assert "\\udcb3\\udcb3.jpg" in results.read_text(encoding="utf-8")
        assert edgetlc("predict", tiny_bundle, odd, odd).status == 0
