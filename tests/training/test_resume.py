"""Ending a run at any moment loses at most one epoch, and going on gives the same weights."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from edgetlc import files
from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.models.checkpoint import CHECKPOINT_FILE, load_checkpoint
from edgetlc.runtime.contract import PixelContract
from edgetlc.training import run_folder
from edgetlc.training.config import TrainingConfig
from edgetlc.training.run_folder import STATE_FILE
from edgetlc.training.runs import CONFIG_FILE, METRICS_FILE, read_epochs
from edgetlc.training.train import TrainedRun, train


class Killed(BaseException):
    """The process would have been gone here."""


def settings(**changes: Any) -> TrainingConfig:
    """Return a run of three epochs at 32 pixels, which takes some seconds."""
    config = TrainingConfig("slim-resnet18", 3, 9, dropout=0.2, contract=PixelContract(size=32))
    return replace(config, **changes)


def weights_of(run: Path) -> dict[str, Tensor]:
    return dict(load_file(run / CHECKPOINT_FILE))


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def figures(run: Path) -> list[dict[str, Any]]:
    """Return what the epochs reached, without how long they took."""
    lines = (run / METRICS_FILE).read_text(encoding="utf-8").splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]


@pytest.fixture(scope="module")
def whole(few: PhotoSet, tmp_path_factory: pytest.TempPathFactory) -> TrainedRun:
    """A run that nobody interrupted."""
    return train(few, settings(), tmp_path_factory.mktemp("whole"))


def replace_file(path: Path, content: bytes) -> None:
    """Write a file anew, so that what it is a hard link of stays."""
    path.unlink()
    path.write_bytes(content)


@pytest.fixture(scope="module")
def after_two(
    few: PhotoSet, tmp_path_factory: pytest.TempPathFactory, ending_at: Callable[..., Any]
) -> Path:
    """A run that ended after its second epoch."""
    run = tmp_path_factory.mktemp("stopped") / "run"
    with ending_at("epoch 2", Killed), pytest.raises(Killed):
        train(few, settings(), run)
    return run


@pytest.fixture
def stopped(after_two: Path, tmp_path: Path, linked_copy: Callable[[Path, Path], Path]) -> Path:
    """A copy of it, for one test."""
    return linked_copy(after_two, tmp_path / "run")


class TestSameWeights:
    def test_after_an_epoch(
        self, whole: TrainedRun, few: PhotoSet, stopped: Path, notes: list[str]
    ) -> None:
        run = train(few, settings(), stopped, resume=True)
        assert notes[0] == "going on after epoch 2 of 3"
        assert notes[1].startswith("epoch 3: ")
        assert same(weights_of(stopped), weights_of(whole.folder))
        assert figures(stopped) == figures(whole.folder)
        assert run.best.epoch == whole.best.epoch
        assert not list(stopped.glob("state-*")), "tensors of a finished run were left"

    @pytest.mark.parametrize("name", ["write_bytes", "write_json", "save_checkpoint", "write_text"])
    @pytest.mark.slow
    def test_at_every_file_that_an_epoch_writes(
        self,
        whole: TrainedRun,
        few: PhotoSet,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
    ) -> None:
        """The process goes just before a file of the second epoch is written.

        A run begins with a JSON document and a text, and each epoch writes one of everything.
        """
        original = getattr(run_folder, name)
        calls = 0

        def killing(*arguments: Any) -> None:
            nonlocal calls
            calls += 1
            if calls == (2 if name in ("write_bytes", "save_checkpoint") else 3):
                raise Killed
            original(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(run_folder, name, killing)
            try:
                train(few, settings(), tmp_path)
            except Killed:
                pass
            else:
                assert name == "save_checkpoint", "only the best epochs are saved"
        assert load_checkpoint(tmp_path).provenance["best_epoch"]["epoch"] >= 1
        train(few, settings(), tmp_path, resume=True)
        assert same(weights_of(tmp_path), weights_of(whole.folder))
        assert figures(tmp_path) == figures(whole.folder)

    @pytest.mark.slow
    @pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
    def test_a_real_process_killed_within_an_epoch(self, manifest: Path, tmp_path: Path) -> None:
        command = [sys.executable, "-m", "edgetlc", "train", "--data", str(manifest)]
        command += ["--arch", "resnet18", "--size", "64", "--batch-size", "6", "--epochs", "4"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        running = subprocess.Popen(
            [*command, "-o", str(tmp_path / "killed")], stderr=subprocess.DEVNULL, env=environment
        )
        end = time.monotonic() + 120
        while not (tmp_path / "killed" / METRICS_FILE).exists():
            assert time.monotonic() < end
            assert running.poll() is None
            time.sleep(0.02)
        time.sleep(0.3)
        running.send_signal(signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
        done = len(figures(tmp_path / "killed"))
        assert 1 <= done < 4
        for run, words in (("killed", ["--resume"]), ("whole", [])):
            ran = subprocess.run(
                [*command, "-o", str(tmp_path / run), *words],
                capture_output=True,
                text=True,
                env=environment,
                check=True,
            )
            assert ("going on after epoch" in ran.stderr) == bool(words)
        assert same(weights_of(tmp_path / "killed"), weights_of(tmp_path / "whole"))
        assert figures(tmp_path / "killed") == figures(tmp_path / "whole")
        left = {path.name for path in (tmp_path / "killed").iterdir()}
        assert left == {path.name for path in (tmp_path / "whole").iterdir()}


def test_what_an_older_run_did_not_measure_stays_unknown(
    whole: TrainedRun, few: PhotoSet, stopped: Path
) -> None:
    """Runs of before training accuracy was recorded: 0.0 would be a measurement."""
    for name in (STATE_FILE, METRICS_FILE):
        text = (stopped / name).read_text(encoding="utf-8")
        older = re.sub(r',\s*"train_accuracy": [0-9.]+', "", text)
        assert older != text
        replace_file(stopped / name, older.encode())
    (stopped / CONFIG_FILE).unlink()
    run = train(few, settings(), stopped, resume=True)
    assert (stopped / CONFIG_FILE).is_file()
    assert [epoch.train_accuracy for epoch in run.epochs[:2]] == [None, None]
    assert run.epochs[2].train_accuracy == whole.epochs[2].train_accuracy
    assert [values["train_accuracy"] for values in figures(stopped)][:2] == [None, None]
    assert read_epochs(stopped / METRICS_FILE) == run.epochs


class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"learning_rate": 2e-3}, "learning_rate 0.001 → 0.002"),
            ({"epochs": 5}, "epochs 3 → 5"),
            ({"seed": 1, "dropout": 0.0}, "seed 0 → 1; dropout 0.2 → 0.0"),
            ({"contract": PixelContract(size=64)}, "contract.size 32 → 64"),
        ],
    )
    def test_other_settings(
        self, stopped: Path, few: PhotoSet, changes: dict[str, Any], told: str
    ) -> None:
        before = {path.name: path.read_bytes() for path in stopped.iterdir()}
        with pytest.raises(InputError, match=f"another run .then → now.: {told}; use the same"):
            train(few, settings(**changes), stopped, resume=True)
        assert {path.name: path.read_bytes() for path in stopped.iterdir()} == before

    def test_other_photos(self, stopped: Path, few: PhotoSet) -> None:
        fewer = replace(few, photos=few.photos[1:])
        with pytest.raises(InputError, match=r"data.photos.train 18 → 17; data.train_digest"):
            train(fewer, settings(), stopped, resume=True)

    def test_other_weights_of_the_same_name(
        self, few: PhotoSet, tmp_path: Path, ending_at: Callable[..., Any]
    ) -> None:
        file = tmp_path / "start.pth"
        start = settings(weights=file)
        torch.manual_seed(0)
        torch.save({"fc.weight": torch.randn(3, 128)}, file)
        with ending_at("epoch 1", Killed), pytest.raises(Killed):
            train(few, start, tmp_path / "run")
        torch.save({"fc.weight": torch.randn(3, 128)}, file)
        with pytest.raises(InputError, match=r"weights_sha256 [0-9a-f]+… → "):
            train(few, start, tmp_path / "run", resume=True)

    def test_workers_and_cache_make_no_other_run(
        self, whole: TrainedRun, stopped: Path, few: PhotoSet, tmp_path: Path
    ) -> None:
        train(few, settings(cache=tmp_path / "cache", workers=1), stopped, resume=True)
        assert same(weights_of(stopped), weights_of(whole.folder))

    @pytest.mark.parametrize("damage", ["cut tensors", "no tensors", "cut", "other"])
    def test_damaged_state(self, stopped: Path, few: PhotoSet, damage: str) -> None:
        (tensors,) = stopped.glob("state-*.safetensors")
        if damage == "cut tensors":
            replace_file(tensors, tensors.read_bytes()[:1000])
        elif damage == "no tensors":
            tensors.unlink()
        elif damage == "cut":
            replace_file(stopped / STATE_FILE, b"{")
        elif damage == "other":
            replace_file(stopped / STATE_FILE, b"{}")
        with pytest.raises(InputError, match=r"cannot be resumed from|is not a readable training"):
            train(few, settings(), stopped, resume=True)

    def test_with_overwrite(self, stopped: Path, few: PhotoSet) -> None:
        with pytest.raises(InputError, match="--resume goes on with what --overwrite replaces"):
            train(few, settings(), stopped, resume=True, overwrite=True)

    def test_run_without_a_state(self, stopped: Path, few: PhotoSet) -> None:
        (stopped / STATE_FILE).unlink()
        with pytest.raises(InputError, match=r"without state.json, which cannot be resumed"):
            train(few, settings(), stopped, resume=True)


def test_nothing_to_resume_starts_a_run(
    few: PhotoSet, tmp_path: Path, whole: TrainedRun, notes: list[str]
) -> None:
    train(few, settings(), tmp_path / "run", resume=True)
    assert notes[0] == "starting from random weights"
    assert same(weights_of(tmp_path / "run"), weights_of(whole.folder))


def test_finished_run_is_returned(whole: TrainedRun, few: PhotoSet, notes: list[str]) -> None:
    before = (whole.folder / CHECKPOINT_FILE).stat().st_mtime_ns
    again = train(few, settings(), whole.folder, resume=True)
    assert (again.best, again.epochs) == (whole.best, whole.epochs)
    assert notes == [f"{whole.folder} is finished and stays as it is"]
    assert (whole.folder / CHECKPOINT_FILE).stat().st_mtime_ns == before


@pytest.mark.parametrize("write", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 3))])
def test_full_disk_keeps_the_last_whole_epoch(
    whole: TrainedRun,
    few: PhotoSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: int,
) -> None:
    """The disk is full at one of the files that follow the first epoch's."""
    written = 0

    def sync(handle: int) -> None:
        nonlocal written
        written += 1
        if written == 6 + write:  # after run.json, config.toml and the first epoch's four
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", sync)
        with pytest.raises(OSError, match="No space left"):
            train(few, settings(), tmp_path)
    assert load_checkpoint(tmp_path).provenance["best_epoch"]["epoch"] >= 1
    assert not list(tmp_path.glob(".*")), "temporary files were left"
    train(few, settings(), tmp_path, resume=True)
    assert same(weights_of(tmp_path), weights_of(whole.folder))
