from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def folder(tiny_run: Path, tmp_path: Path) -> Path:
    """Two runs that differ in the seed; the second was interrupted, a third is damaged."""
    for name, seed in (("first", 0), ("second", 1)):
        shutil.copytree(tiny_run, tmp_path / "runs" / name)
        path = tmp_path / "runs" / name / "run.json"
        record = json.loads(path.read_text(encoding="utf-8"))
        record["settings"]["seed"] = seed
        record["data"]["simulated"] = name == "second"
        path.write_text(json.dumps(record), encoding="utf-8")
    scores = {"overall": {"accuracy": 0.75, "f1": 0.5}, "train": {"right": 9, "photos": 10}}
    (tmp_path / "runs" / "first" / "scores.json").write_text(json.dumps(scores))
    (tmp_path / "runs" / "third").mkdir()
    (tmp_path / "runs" / "third" / "run.json").write_text("{")
    return tmp_path / "runs"


def test_list(folder: Path, edgetlc: Run) -> None:
    ran = edgetlc("runs", "list", folder)
    assert ran.status == 0
    first, second = (
        next(line for line in ran.out.splitlines() if name in line) for name in ("first", "second")
    )
    assert "slim-resnet18" in first
    assert "5 of 5" in first
    assert "not finished" not in first
    assert "not finished" in second
    assert "SIMULATED" in second
    assert "left out" in ran.err
    assert "third" in ran.err


def test_list_as_json(folder: Path, edgetlc: Run) -> None:
    runs = edgetlc("runs", "list", folder, "--json").json()
    assert [Path(run["run"]).name for run in runs] == ["first", "second"]
    assert [run["finished"] for run in runs] == [True, False]
    assert runs[0]["record"]["settings"]["seed"] == 0
    assert runs[0]["best"]["epoch"] >= 1


def test_list_of_nothing(tmp_path: Path, edgetlc: Run) -> None:
    assert edgetlc("runs", "list", tmp_path, "--json").json() == []
    ran = edgetlc("runs", "list", tmp_path / "none")
    assert ran.status == 2
    assert "no folder at" in ran.err


def test_compare(folder: Path, edgetlc: Run) -> None:
    ran = edgetlc("runs", "compare", folder / "first", folder / "second")
    assert ran.status == 0
    lines = ran.out.splitlines()
    assert any("settings.seed" in line and " 0 " in line and " 1 " in line for line in lines)
    assert not any("settings.architecture" in line for line in lines)
    assert any("val accuracy" in line and "75.0%" in line for line in lines)
    assert any("train accuracy" in line and "90.0%" in line for line in lines)
    assert "second (SIMULATED photos)" in ran.out


def test_compare_as_json(folder: Path, edgetlc: Run) -> None:
    found = edgetlc("runs", "compare", folder / "first", folder / "second", "--json").json()
    assert found["differences"] == {"settings.seed": [0, 1], "data.simulated": [False, True]}
    assert len(found["runs"]) == 2


def test_compare_needs_runs(folder: Path, edgetlc: Run) -> None:
    assert "comparing needs at least 2" in edgetlc("runs", "compare", folder / "first").err
    ran = edgetlc("runs", "compare", folder / "first", folder / "third")
    assert ran.status == 2
    assert "is not a readable run record" in ran.err
