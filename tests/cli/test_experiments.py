"""`experiment folds` and `compare`, `evaluate --report`, with real training of seconds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

pytestmark = pytest.mark.usefixtures("stateless")

Run = Callable[..., Any]
QUICK = ("--size", "32", "--epochs", "1", "--batch-size", "8")
SLIM = ("--arch", "slim-resnet18")


def test_folds(manifest: Path, tmp_path: Path, edgetlc: Run) -> None:
    place = ("--data", manifest, "-o", tmp_path)
    command = ("experiment", "folds", *place, "--folds", 2, *SLIM, *QUICK)
    ran = edgetlc(*command)
    assert ran.status == 0, ran.err
    assert "Held-out photos of each fold" in ran.out
    for word in ("mean", "spread", "pooled", "iphone-11", "sample standard deviation"):
        assert word in ran.out
    for name in ("fold-1", "fold-2"):
        assert (tmp_path / name / "report.html").is_file()
    assert not (tmp_path / "cache").exists()
    before = (tmp_path / "fold-2" / "model.safetensors").read_bytes()
    assert "exists already" in edgetlc(*command).err
    again = edgetlc(*command, "--resume", "--json")
    assert again.status == 0, again.err
    assert again.json() == json.loads((tmp_path / "folds.json").read_text(encoding="utf-8"))
    assert again.json()["pooled"]["count"] == 48
    assert (tmp_path / "fold-2" / "model.safetensors").read_bytes() == before


@pytest.mark.slow
def test_compare(manifest: Path, tmp_path: Path, edgetlc: Run) -> None:
    place = ("--data", manifest, "-o", tmp_path)
    command = ("experiment", "compare", "resnet18", "resnet34", *place, *QUICK)
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


@pytest.mark.parametrize(
    ("networks", "told"),
    [
        (("resnet18",), "name two or more different ones"),
        (("resnet18", ""), "a name is empty among the networks to compare (resnet18, )"),
        (("resnet18", "resnet99"), "unknown network 'resnet99'"),
    ],
)
def test_networks_that_cannot_be_compared(
    networks: tuple[str, ...], told: str, manifest: Path, tmp_path: Path, edgetlc: Run
) -> None:
    ran = edgetlc("experiment", "compare", *networks, "--data", manifest, "-o", tmp_path / "new")
    assert ran.status == 2
    assert told in ran.err
    assert not (tmp_path / "new").exists()


def test_an_empty_name_downloads_nothing(
    manifest: Path, tmp_path: Path, edgetlc: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *_, **__: pytest.fail("asked"))
    words = ("--data", manifest, "-o", tmp_path / "new", "--weights", "imagenet")
    ran = edgetlc("experiment", "compare", "", "resnet34", *words)
    assert (ran.status, "internal" in ran.err) == (2, False)
    assert "downloading" not in ran.err


def test_a_part_or_network_that_means_nothing(manifest: Path, tmp_path: Path, edgetlc: Run) -> None:
    """What another command's option would say is refused, not ignored."""
    place = ("--data", manifest, "-o", tmp_path)
    assert "No such option: --part" in edgetlc("train", *place, "--part", "test").err
    words = ("experiment", "compare", "resnet18", "resnet34", *place, "--arch", "resnet50")
    assert "No such option: --arch" in edgetlc(*words).err


def test_page_of_an_evaluation(
    tiny_run: Path, manifest: Path, tmp_path: Path, edgetlc: Run
) -> None:
    page = tmp_path / "page.html"
    ran = edgetlc("evaluate", tiny_run, "--data", manifest, "--report", page, "--json")
    assert ran.status == 0, ran.err
    assert 0 <= ran.json()["overall"]["auc"] <= 1
    assert "test part" in page.read_text(encoding="utf-8")
