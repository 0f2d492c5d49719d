"""Several processes compute what one does with the same batch; they talk by gloo, on the CPU."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist

from edgetlc.errors import InputError
from edgetlc.models.checkpoint import CHECKPOINT_FILE, load_checkpoint
from edgetlc.training.config import TrainingConfig
from edgetlc.training.distributed import World, errors_end_all, join, started_by_torchrun
from edgetlc.training.images import BatchPlans
from edgetlc.training.runs import METRICS_FILE

# A network in float64, where rounding hides nothing, and a batch that does not divide by three.
GRADIENTS = """
import copy, json, sys
import torch
from edgetlc.models.networks import Classifier
from edgetlc.training.config import TrainingConfig
from edgetlc.training.distributed import join
from edgetlc.training.objective import Objective

world, device = join("cpu")
torch.manual_seed(0)
images = torch.randn(10, 3, 64, 64, dtype=torch.double)
targets = torch.tensor([0, 1, 2, 0, 1, 2, 1, 1, 1, 1])
classifier = Classifier("resnet18", 3).double().train()
alone = copy.deepcopy(classifier)
together = world.replica(classifier, device)
objective = Objective(
    TrainingConfig(class_weights="balanced", label_smoothing=0.1), targets, 3, device
)
objective.weights = objective.weights.double()
rows = world.share(10)
loss = objective(together(images[rows])[0], targets, rows)
(loss * world.size).backward()
whole = objective(alone(images)[0], targets, slice(0, 10))
whole.backward()

def apart(ours, theirs):
    return max(float((a - b).abs().max()) for a, b in zip(ours, theirs, strict=True))

found = {
    "rows": rows.stop - rows.start,
    "loss": sum(world.gather(loss.item())) - whole.item(),
    "gradients": apart([p.grad for p in classifier.parameters()],
                       [p.grad for p in alone.parameters()]),
    "statistics": apart(classifier.buffers(), alone.buffers()),
}
for answer in world.gather(found):
    if world.main:
        print(json.dumps(answer))
"""


def torchrun(count: int, *words: object, **more: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    return subprocess.Popen(
        [*command, f"--nproc-per-node={count}", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        start_new_session=True,
        **more,
    )


def ended(running: subprocess.Popen[str]) -> tuple[int, str, str]:
    try:
        out, err = running.communicate(timeout=300)
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()
    return running.returncode, out, err


pytestmark = pytest.mark.skipif(not dist.is_gloo_available(), reason="PyTorch without gloo")


@pytest.mark.slow
def test_loss_gradients_and_statistics_are_those_of_the_whole_batch(tmp_path: Path) -> None:
    script = tmp_path / "gradients.py"
    script.write_text(GRADIENTS)
    status, out, err = ended(torchrun(3, script))
    assert status == 0, err
    answers = [json.loads(line) for line in out.splitlines()]
    assert sorted(answer["rows"] for answer in answers) == [3, 3, 4]
    for answer in answers:
        assert abs(answer["loss"]) < 1e-12
        assert answer["gradients"] < 1e-12
        assert answer["statistics"] < 1e-12


class TestTrain:
    """Two processes, started as a user does."""

    # A low learning rate: with a high one, the rounding of sums grows from step to step, as it
    # does between one process with one thread and one with two.
    WORDS = ("--arch", "resnet18", "--size", "64", "--batch-size", "14", "--lr", "1e-4")
    MORE = ("--precision", "fp32", "--dropout", "0.2", "--class-weights", "balanced")

    def command(self, manifest: Path, run: Path, *words: str) -> tuple[object, ...]:
        train = ("-m", "edgetlc", "train", "--data", manifest, "-o", run)
        return (*train, *self.WORDS, *self.MORE, *words)

    @pytest.mark.slow
    def test_same_figures_as_one_process(self, manifest: Path, tmp_path: Path) -> None:
        words = ("--epochs", "2", "--json")
        one = subprocess.run(
            [sys.executable, *map(str, self.command(manifest, tmp_path / "one", *words))],
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            check=True,
        )
        status, out, err = ended(torchrun(2, *self.command(manifest, tmp_path / "two", *words)))
        assert status == 0, err
        alone, together = json.loads(one.stdout), json.loads(out)
        for a, b in zip(alone["epochs"], together["epochs"], strict=True):
            assert a["train_loss"] == pytest.approx(b["train_loss"], abs=1e-3)
            assert a["val_loss"] == pytest.approx(b["val_loss"], abs=1e-3)
            assert a["train_accuracy"] == pytest.approx(b["train_accuracy"], abs=1 / 42 + 1e-6)
        names = [{path.name for path in (tmp_path / run).iterdir()} for run in ("one", "two")]
        assert names[0] == names[1]
        assert err.count("epoch 1:") == 1, "more than one process spoke"

    @pytest.mark.slow
    @pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds processes in /proc")
    def test_a_killed_process_ends_all_and_leaves_a_run_to_resume(
        self, manifest: Path, tmp_path: Path
    ) -> None:
        run = tmp_path / "run"
        words = ("--epochs", "30", "--patience", "30")
        running = torchrun(2, *self.command(manifest, run, *words))
        end = time.monotonic() + 200
        while not (run / METRICS_FILE).exists():
            assert time.monotonic() < end
            assert running.poll() is None, running.communicate()
            time.sleep(0.1)
        os.kill(second_of(running.pid), signal.SIGKILL)
        status, _, err = ended(running)
        assert status != 0
        assert "internal error" not in err
        done = len((run / METRICS_FILE).read_text().splitlines())
        assert 1 <= done < 30
        assert load_checkpoint(run).provenance["best_epoch"]["epoch"] <= done
        assert (run / CHECKPOINT_FILE).exists()


def second_of(launcher: int) -> int:
    """Return the process of rank 1 among the launcher's children."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                environment = (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if parent == launcher and b"RANK=1" in environment:
                return int(folder.name)
    raise AssertionError("rank 1 is not running")


class TestWorld:
    @pytest.mark.parametrize(("count", "size"), [(8, 1), (8, 2), (10, 3), (3, 3), (32, 5)])
    def test_shares_cover_the_batch_once(self, count: int, size: int) -> None:
        shares = [World(rank, size).share(count) for rank in range(size)]
        assert [i for share in shares for i in range(count)[share]] == list(range(count))
        lengths = [share.stop - share.start for share in shares]
        assert max(lengths) - min(lengths) <= 1

    def test_alone_without_torchrun(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"):
            monkeypatch.delenv(name, raising=False)
        assert started_by_torchrun() == World()
        assert join("cpu") == (World(), torch.device("cpu"))
        assert World().gather(5) == [5]

    def test_one_gpu_cannot_be_named_for_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._as_started(monkeypatch)
        with pytest.raises(InputError, match="use cuda: each process takes its own"):
            join("cuda:1")

    def test_more_processes_than_gpus(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._as_started(monkeypatch)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
        with pytest.raises(InputError, match="2 processes on 1 GPUs"):
            join("cuda")

    @staticmethod
    def _as_started(monkeypatch: pytest.MonkeyPatch) -> None:
        told = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}
        for name, value in told.items():
            monkeypatch.setenv(name, value)

    def test_fewer_photos_than_processes(self) -> None:
        with pytest.raises(InputError, match="3 processes cannot share steps of 2 photos"):
            BatchPlans(2, TrainingConfig(), World(0, 3))

    def test_lost_connection_is_one_line(self) -> None:
        lost = RuntimeError("[../gloo/transport/tcp/pair.cc:553] Connection closed by peer")
        with pytest.raises(InputError, match="another process of this run ended"):  # noqa: SIM117
            with errors_end_all(World(1, 2)):
                raise lost
        with pytest.raises(RuntimeError, match="shape"), errors_end_all(World(1, 2)):
            raise RuntimeError("shape")
