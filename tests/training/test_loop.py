"""What the loop says when it cannot go on, and what does not matter to it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.models.checkpoint import CHECKPOINT_FILE
from edgetlc.runtime.contract import PixelContract
from edgetlc.training.config import TrainingConfig
from edgetlc.training.loop import Loop
from edgetlc.training.train import train

pytestmark = pytest.mark.usefixtures("stateless")


def settings(**changes: Any) -> TrainingConfig:
    config = TrainingConfig(
        "slim-resnet18", 2, 6, precision="fp32", contract=PixelContract(size=32)
    )
    return replace(config, **changes)


class TestOutOfMemory:
    @pytest.mark.parametrize(
        "error",
        [
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
            RuntimeError("[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't all"),
            RuntimeError("could not create a memory object"),
            MemoryError(),
        ],
    )
    def test_names_a_batch_size_to_try(
        self, few: PhotoSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        def fail(*_: object) -> None:
            raise error

        monkeypatch.setattr(Loop, "_step", fail)
        told = r"out of memory with --batch-size 6; try --batch-size 3$"
        with pytest.raises(InputError, match=told):
            train(few, settings(), tmp_path / "run")
        told = r"out of memory with --batch-size 2; try a smaller --size$"
        with pytest.raises(InputError, match=told):
            train(few, settings(batch_size=2), tmp_path / "small", overwrite=True)

    def test_other_errors_stay_what_they_are(
        self, few: PhotoSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise RuntimeError("shapes do not match")

        monkeypatch.setattr(Loop, "_step", fail)
        with pytest.raises(RuntimeError, match="shapes do not match"):
            train(few, settings(), tmp_path / "run")

    @pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")
    @pytest.mark.slow
    def test_real_one(self, manifest: Path, tmp_path: Path) -> None:
        code = (
            "import sys, resource; import edgetlc.training.train; from edgetlc.cli.app import main;"
            "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize();"
            "resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 30),) * 2); main()"
        )
        words = ["train", "--data", manifest, "-o", tmp_path / "run", "--arch", "resnet18"]
        words += ["--batch-size", 42, "--size", 512, "--epochs", 1]
        ran = subprocess.run(
            [sys.executable, "-c", code, *map(str, words)],
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            check=False,
        )
        line = "edgetlc: out of memory with --batch-size 42; try --batch-size 21"
        assert (ran.returncode, ran.stderr.splitlines()[-1]) == (2, line)
        assert not (tmp_path / "run" / CHECKPOINT_FILE).exists()


def test_losses_say_at_which_step_and_rate() -> None:
    with pytest.raises(InputError, match=r"loss is nan at epoch 3, step 2, learning rate 3.00e-03"):
        Loop._check_losses(
            None,  # type: ignore[arg-type]
            torch.tensor([1.0, 2.0, float("nan"), float("inf")]),
            [1e-3, 2e-3, 3e-3, 4e-3],
            3,
        )


@pytest.mark.slow
def test_dropout_and_precision_are_used(few: PhotoSet, tmp_path: Path) -> None:
    def loss(precision: Any, dropout: float) -> float:
        folder = tmp_path / f"{precision}-{dropout}"
        config = settings(precision=precision, dropout=dropout)
        return train(few, config, folder).epochs[0].train_loss

    losses = {(p, d): loss(p, d) for p in ("fp32", "bf16") for d in (0.0, 0.5)}
    assert len(set(losses.values())) == 4
    assert losses["bf16", 0.0] == pytest.approx(losses["fp32", 0.0], abs=0.05)


def test_weights_stay_float32(few: PhotoSet, tmp_path: Path) -> None:
    run = train(few, settings(precision="bf16", epochs=1), tmp_path)
    kinds = {t.dtype for t in load_file(run.folder / CHECKPOINT_FILE).values()}
    assert kinds == {torch.float32, torch.int64}


def test_augmenting_on_the_device_makes_no_difference(
    few: PhotoSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a GPU does after the loader, done after the loader on the CPU."""

    class DeviceLoop(Loop):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self._on_gpu = True
            self._loader.dataset._augment = False  # type: ignore[attr-defined]

    before = train(few, settings(), tmp_path / "loader")
    monkeypatch.setattr("edgetlc.training.train.Loop", DeviceLoop)
    after = train(few, settings(), tmp_path / "device")
    a, b = (load_file(run.folder / CHECKPOINT_FILE) for run in (before, after))
    assert all(torch.equal(a[name], b[name]) for name in a)
