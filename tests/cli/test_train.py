from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from edgetlc.training.runs import RUN_FILE

SMALL = ("--arch", "slim-resnet18", "--size", 32, "--batch-size", 14, "--epochs", 1)


def test_options_reach_the_run(edgetlc: Callable[..., Any], manifest: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = ("--dropout", 0.1, "--label-smoothing", 0.2, "--class-weights", "balanced")
    words += ("--patience", 3, "--precision", "fp32", "--augment", "rotation=10")
    words += ("--cache", tmp_path / "cache", "--cache-limit", 0.5)
    ran = edgetlc("train", "--data", manifest, "-o", run, *SMALL, *words, "--json")
    assert ran.status == 0, ran.err
    assert ran.json()["weights"] is None
    assert "starting from random weights" in ran.err
    record = json.loads((run / RUN_FILE).read_text())["settings"]
    assert (record["dropout"], record["label_smoothing"]) == (0.1, 0.2)
    assert (record["class_weights"], record["patience"]) == ("balanced", 3)
    assert (record["precision"], record["augmentation"]["rotation"]) == ("fp32", 10)
    assert list((tmp_path / "cache").rglob("*")), "the cache was not used"
    same = ("--config", run / "config.toml")
    again = edgetlc("train", "--data", manifest, "-o", tmp_path / "again", *same, "--json")
    assert again.status == 0, again.err
    assert json.loads((tmp_path / "again" / RUN_FILE).read_text())["settings"] == record
    files = [folder / "config.toml" for folder in (run, tmp_path / "again")]
    assert files[0].read_text() == files[1].read_text()


class TestWeights:
    @pytest.fixture
    def offline(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        def refused(*_: Any, **__: Any) -> None:
            raise OSError("no route to host")

        monkeypatch.setattr(torch.hub, "download_url_to_file", refused)
        monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))

    @pytest.mark.usefixtures("offline")
    def test_imagenet_without_a_connection(
        self, edgetlc: Callable[..., Any], manifest: Path, tmp_path: Path
    ) -> None:
        words = ("train", "--data", manifest, "-o", tmp_path / "run", *SMALL, "--arch", "resnet18")
        ran = edgetlc(*words, "--weights", "imagenet")
        first, last = ran.err.splitlines()
        assert ran.status == 2
        assert first.startswith("downloading https://download.pytorch.org/models/resnet18-")
        assert "cannot be downloaded (no route to host); fetch it on a machine that is" in last
        assert not (tmp_path / "run").exists()

    @pytest.mark.usefixtures("offline")
    def test_nothing_is_downloaded_unasked(
        self, edgetlc: Callable[..., Any], manifest: Path, tmp_path: Path
    ) -> None:
        words = ("train", "--data", manifest, "-o", tmp_path / "run", *SMALL)
        ran = edgetlc(*words, "--weights", tmp_path / "none.pth")
        assert ran.status == 2
        assert f"no weights at {tmp_path / 'none.pth'}" in ran.err
        assert "downloading" not in ran.err
