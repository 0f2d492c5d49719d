"""Ctrl-C: one line, exit code 130, and what was written is whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgetlc.models.checkpoint import load_checkpoint
from edgetlc.training.runs import METRICS_FILE

# What a program does that has used two OpenVINO models and is then interrupted.
TWO_MODELS = """
import gc, os, signal, sys
from pathlib import Path
from edgetlc.runtime.bundle import Bundle

bundle = Bundle.open(Path(sys.argv[1]))
first = bundle.load(bundle.model("openvino-int8"))
second = bundle.load(bundle.model("openvino-fp32"))
del first
gc.collect()
del second
gc.collect()
try:
    os.kill(os.getpid(), signal.SIGINT)
    signal.pause()
except KeyboardInterrupt:
    print("interrupted")
"""

# A test run that was itself started in the background ignores Ctrl-C, and its children would too.
HEEDING = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}

LINE = "edgetlc: interrupted; files written so far are whole"


def _train(manifest: Path, run: Path, *words: str) -> subprocess.Popen[str]:
    small = ("--arch", "resnet18", "--size", "32", "--batch-size", "14", "--epochs", "1000")
    command = [sys.executable, "-m", "edgetlc", "train", "--data", str(manifest), "-o", str(run)]
    return subprocess.Popen(
        [*command, *small, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        **HEEDING,
        start_new_session=True,  # a terminal's Ctrl-C reaches the program and its workers
    )


def _interrupt_after_an_epoch(training: subprocess.Popen[str], run: Path) -> tuple[str, str]:
    try:
        end = time.monotonic() + 120
        while time.monotonic() < end and not (run / METRICS_FILE).exists():
            assert training.poll() is None, training.communicate()
            time.sleep(0.1)
        time.sleep(0.3)
        os.killpg(training.pid, signal.SIGINT)
        return training.communicate(timeout=60)
    finally:
        if training.poll() is None:
            training.kill()
            training.communicate()


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
class TestInterrupt:
    @pytest.mark.parametrize("workers", [pytest.param("0", marks=pytest.mark.slow), "2"])
    def test_ctrl_c(self, manifest: Path, tmp_path: Path, workers: str) -> None:
        run = tmp_path / "run"
        training = _train(manifest, run, "--workers", workers)
        out, err = _interrupt_after_an_epoch(training, run)
        assert training.returncode == 130
        assert out == ""
        assert err.splitlines()[-1] == LINE
        assert "Traceback" not in err
        assert load_checkpoint(run).provenance["best_epoch"]["epoch"] >= 1
        assert not list(run.glob(".*")), "temporary files were left"

    def test_json_says_so_too(
        self,
        edgetlc: Callable[..., Any],
        manifest: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def press(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("edgetlc.experiments.run.train_run", press)
        ran = edgetlc("train", "--data", manifest, "-o", tmp_path / "run", "--json")
        assert ran.status == 130
        assert ran.err.splitlines()[-1] == LINE
        assert ran.json() == {"error": LINE.removeprefix("edgetlc: "), "exit_code": 130}

    def test_ctrl_c_after_two_openvino_models(self, tiny_bundle: Path) -> None:
        """Each of OpenVINO's cores puts back the signal stack it found, be it freed or not."""
        command = [sys.executable, "-c", TWO_MODELS, str(tiny_bundle)]
        ran = subprocess.run(
            command, capture_output=True, text=True, timeout=120, check=False, **HEEDING
        )
        assert (ran.returncode, ran.stdout) == (0, "interrupted\n"), ran.stderr
