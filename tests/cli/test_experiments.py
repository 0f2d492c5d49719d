"""`train --folds`, `train --compare` and `evaluate --report`, with real training of seconds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]
QUICK = ("--arch", "resnet18", "--size", "32", "--epochs", "1", "--batch-size", "8")


def test_folds(manifest: Path, tmp_path: Path, edgetlc: Run) -> None:
    command = ("train", "--data", manifest, "-o", tmp_path, "--folds", 2, *QUICK)
    ran = edgetlc(*command)
    assert ran.status == 0, ran.err
    assert "Held-out photos of each fold" in ran.out
    for word in ("mean", "spread", "pooled", "iphone-11", "sample standard deviation"):
        assert word in ran.out
    for name in ("fold-1", "fold-2"):
        assert (tmp_path / name / "report.html").is_file()
    assert not (tmp_path / "cache").exists()
    before = (tmp_path / "fold-2" / "model.safetensors").read_bytes()
    assert "holds a trained run" in edgetlc(*command).err
    again = edgetlc(*command, "--resume", "--json")
    assert again.status == 0, again.err
    assert again.json() == json.loads((tmp_path / "folds.json").read_text(encoding="utf-8"))
    assert again.json()["pooled"]["count"] == 48
    assert (tmp_path / "fold-2" / "model.safetensors").read_bytes() == before


def test_compare(manifest: Path, tmp_path: Path, edgetlc: Run) -> None:
    networks = ("--compare", "resnet18,resnet34")
    command = ("train", "--data", manifest, "-o", tmp_path, *networks, *QUICK)
    ran = edgetlc(*command)
    assert ran.status == 0, ran.err
    for word in ("Part val, 6 photos", "resnet34", "11.2 M", "× 1.00", "McNemar", "--part test"):
        assert word in ran.out, word
    final = edgetlc(*command, "--part", "test", "--resume", "--json")
    assert final.status == 0, final.err
    document = final.json()
    assert document["part"] == "test"
    assert [n["scores"]["count"] for n in document["networks"]] == [12, 12]
    assert len(document["tests"]) == 1


def test_networks_that_cannot_be_compared(manifest: Path, tmp_path: Path, edgetlc: Run) -> None:
    ran = edgetlc("train", "--data", manifest, "-o", tmp_path, "--compare", "resnet18")
    assert ran.status == 2
    assert "name two or more different ones" in ran.err


def test_a_part_without_a_comparison(manifest: Path, tmp_path: Path, edgetlc: Run) -> None:
    ran = edgetlc("train", "--data", manifest, "-o", tmp_path, "--part", "test")
    assert ran.status == 2
    assert "--part belongs to --compare" in ran.err


def test_page_of_an_evaluation(
    tiny_run: Path, manifest: Path, tmp_path: Path, edgetlc: Run
) -> None:
    page = tmp_path / "page.html"
    ran = edgetlc("evaluate", tiny_run, "--data", manifest, "--report", page, "--json")
    assert ran.status == 0, ran.err
    assert 0 <= ran.json()["overall"]["auc"] <= 1
    assert "test part" in page.read_text(encoding="utf-8")
