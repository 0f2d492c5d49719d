from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edgetlc.errors import InputError
from edgetlc.training.runs import (
    METRICS_FILE,
    RUN_FILE,
    SCORES_FILE,
    compare_runs,
    find_runs,
    read_epochs,
    read_run,
)

EPOCH = {
    "epoch": 1,
    "train_loss": 0.9,
    "val_loss": 0.8,
    "val_accuracy": 0.5,
    "learning_rate": 1e-3,
    "seconds": 2.0,
}


def make_run(folder: Path, epochs: int = 3, **settings: Any) -> Path:
    folder.mkdir(parents=True)
    record = {
        "settings": {"architecture": "resnet18", "epochs": 5, "seed": 0, **settings},
        "data": {"simulated": False, "train_digest": "aa"},
        "git": {"commit": "c0ffee", "dirty": False},
    }
    (folder / RUN_FILE).write_text(json.dumps(record))
    lines = [
        json.dumps({**EPOCH, "epoch": n, "val_accuracy": n / 10}) for n in range(1, epochs + 1)
    ]
    (folder / METRICS_FILE).write_text("".join(line + "\n" for line in lines))
    return folder


def test_reads_what_is_there(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path / "a"))
    assert [epoch.epoch for epoch in run.epochs] == [1, 2, 3]
    assert run.best == run.epochs[2]
    assert run.settings["architecture"] == "resnet18"
    assert (run.commit, run.simulated, run.scores, dict(run.figures)) == ("c0ffee", False, None, {})


def test_figures_of_a_finished_run(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "a")
    scores = {"overall": {"accuracy": 0.9, "auc": None}, "train": {"right": 19, "photos": 20}}
    (folder / SCORES_FILE).write_text(json.dumps(scores))
    assert dict(read_run(folder).figures) == {"accuracy": 0.9, "train_accuracy": 0.95}


def test_a_tie_goes_to_the_lower_loss(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "a", epochs=0)
    lines = [{**EPOCH, "epoch": n, "val_loss": loss} for n, loss in ((1, 0.5), (2, 0.3), (3, 0.4))]
    (folder / METRICS_FILE).write_text("".join(json.dumps(line) + "\n" for line in lines))
    best = read_run(folder).best
    assert best is not None
    assert best.epoch == 2


class TestMetrics:
    def test_a_torn_last_line_does_not_count(self, tmp_path: Path) -> None:
        path = make_run(tmp_path / "a") / METRICS_FILE
        path.write_text(path.read_text() + '{"epoch": 4, "train_lo')
        assert len(read_epochs(path)) == 3

    def test_an_epoch_done_again_counts_once(self, tmp_path: Path) -> None:
        path = make_run(tmp_path / "a") / METRICS_FILE
        path.write_text(path.read_text() + json.dumps({**EPOCH, "epoch": 3, "seconds": 9.0}) + "\n")
        assert [(e.epoch, e.seconds) for e in read_epochs(path)] == [(1, 2.0), (2, 2.0), (3, 9.0)]

    @pytest.mark.parametrize(
        "line",
        [
            "no json",
            "[]",
            '{"epoch": 1}',
            json.dumps({**EPOCH, "val_loss": "low"}),
            json.dumps({**EPOCH, "val_loss": None}),
            "3",
        ],
    )
    def test_another_line_is_named(self, tmp_path: Path, line: str) -> None:
        path = tmp_path / METRICS_FILE
        path.write_text(json.dumps(EPOCH) + f"\n{line}\n")
        with pytest.raises(InputError, match=r"metrics\.jsonl, line 2 is no epoch of a run"):
            read_epochs(path)

    def test_none_yet(self, tmp_path: Path) -> None:
        assert read_epochs(tmp_path / METRICS_FILE) == ()


class TestRefusals:
    def test_no_run(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no run record at"):
            read_run(tmp_path)

    def test_record_that_is_no_table(self, tmp_path: Path) -> None:
        (tmp_path / RUN_FILE).write_text("[1]")
        with pytest.raises(InputError, match="is no run record: it holds no table"):
            read_run(tmp_path)

    def test_record_that_is_too_large(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("edgetlc.training.runs._LARGEST", 100)
        with pytest.raises(InputError, match="a record has at most 100"):
            read_run(make_run(tmp_path / "a"))

    def test_one_run_is_no_comparison(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="1 run given; comparing needs at least 2"):
            compare_runs([make_run(tmp_path / "a")])

    def test_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no folder at"):
            list(find_runs(tmp_path / "none"))


def test_finds_runs_by_name_three_levels_deep(tmp_path: Path) -> None:
    for name in ("b", "a/fold-2", "a/fold-1", "x/y/z", "x/y/z2/deep", ".hidden"):
        make_run(tmp_path / name)
    found = [place.relative_to(tmp_path).as_posix() for place in find_runs(tmp_path)]
    assert found == ["a/fold-1", "a/fold-2", "b", "x/y/z"]
    assert list(find_runs(tmp_path / "b")) == [tmp_path / "b"]


def test_only_what_differs_is_told(tmp_path: Path) -> None:
    first = make_run(tmp_path / "a", seed=1, contract={"size": 64})
    second = make_run(tmp_path / "b", seed=2, contract={"size": 64}, dropout=0.5)
    found = compare_runs([first, second])
    assert found.differences == {"settings.seed": (1, 2), "settings.dropout": (None, 0.5)}


def test_reading_runs_needs_no_toolchain() -> None:
    code = (
        "import sys, edgetlc.training.runs, edgetlc.cli.runs\n"
        "sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=False)
    assert ran.returncode == 0
