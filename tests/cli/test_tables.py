"""Tables keep to the width they are given and break no word."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from edgetlc.cli.console import Number, table
from edgetlc.cli.tables import widths_of, wrapped

Run = Callable[..., Any]
Captured = pytest.CaptureFixture[str]

COLUMNS = ("camera", Number("photos"), "reason why the camera does not pass")
ROW = ("canon-5d-mark-ii-iii", 140, "the drop exceeds the margin 超过容许值，需要更多照片")


def shown(width: int, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    table("A table of cameras and reasons, as wide as it may be", COLUMNS, [ROW])
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("width", [60, 80, 200])
def test_side_by_side(width: int, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(width, capsys, monkeypatch)
    assert max(map(cell_len, lines)) <= width
    words = " ".join(lines).split()
    for word in ("canon-5d-mark-ii-iii", "photos", "140", "exceeds", "margin"):
        assert word in words
    assert "│ 140 │" in " ".join(" ".join(lines).split())  # a number, to the right


def test_below_one_another_where_a_word_has_no_room(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown(40, capsys, monkeypatch)
    assert "- camera: canon-5d-mark-ii-iii" in lines
    assert "  photos: 140" in lines
    assert max(map(cell_len, lines)) <= 40


@pytest.mark.parametrize("width", ["60", "80"])
def test_the_cameras_in_a_pipe(width: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "edgetlc", "devices", "show", "huawei-nova-12-pro"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": width, "PATH": "", "PYTHONIOENCODING": "utf-8"},
    )
    lines = ran.stdout.splitlines()
    assert max(map(cell_len, lines)) <= int(width)
    assert {"number", "huawei-nova-12-pro:", "instruction"} <= set(ran.stdout.split())


def test_verdicts_fit(
    tiny_bundle: Path, manifest: Path, edgetlc: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    words = ("--data", manifest, "--model", "onnx-fp32", "--engine", "onnxruntime")
    lines = edgetlc("verify", tiny_bundle, *words).out.splitlines()
    drawn = [line for line in lines if line.startswith(("│", "┃"))]
    assert any("realme-gt-neo" in line for line in drawn)
    assert max(map(cell_len, drawn)) <= 60


TEXTS = st.text(st.sampled_from("ab- 中文，。1"), max_size=30)


@given(TEXTS, st.integers(1, 20))
def test_wrapping_breaks_at_blanks_and_between_chinese_only(text: str, width: int) -> None:
    lines = wrapped(text, width).split("\n")
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(cell_len(line) <= width or " " not in line for line in lines)
    for before, after in pairwise(lines):
        if before and after and before[-1] in "ab-1" and after[0] in "ab-1":
            assert f"{before[-1]}{after[0]}" not in text or f"{before[-1]} " in text


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=4), st.integers(0, 80))
def test_widths_hold_every_word(rows: list[tuple[str, ...]], room: int) -> None:
    widths = widths_of(rows, room)
    if widths is None:
        return
    assert sum(widths) <= room
    for row in rows:
        for text, width in zip(row, widths, strict=True):
            assert all(cell_len(line) <= width for line in wrapped(text, width).split("\n"))
