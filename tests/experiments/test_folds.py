"""Cross-validation, with a stand-in for training."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from edgetlc.data.photos import PhotoSet
from edgetlc.experiments.folds import FOLDS_FILE, cross_validate
from edgetlc.models.checkpoint import load_checkpoint
from edgetlc.runtime.contract import PixelContract
from edgetlc.training.config import TrainingConfig
from edgetlc.training.evaluate import evaluate

CONFIG = TrainingConfig("slim-resnet18", 2, 6, contract=PixelContract(size=32))
Calls = list[dict[str, Any]]


def test_every_photo_is_scored_once_by_a_network_that_did_not_see_it(
    photo_set: PhotoSet, calls: Calls, tmp_path: Path
) -> None:
    done = cross_validate(photo_set, CONFIG, tmp_path, 4)
    assert [call["output"] for call in calls] == [tmp_path / f"fold-{n}" for n in range(1, 5)]
    assert done.pooled.overall.count == 48  # 42 train and 6 val photos
    assert sum(fold.evaluation.overall.count for fold in done.folds) == 48
    assert sum(scores.count for scores in done.pooled.cameras.values()) == 48
    for fold, call in zip(done.folds, calls, strict=True):
        held_out = {p.path for p in call["photos"].photos if p.part == "test"}
        learnt = {p.path for p in call["photos"].photos if p.part in ("train", "val")}
        assert not held_out & learnt
        assert fold.evaluation.overall.count == len(held_out)
        again = evaluate(load_checkpoint(fold.run.folder), call["photos"].part("test"))
        assert again.overall == fold.evaluation.overall


def test_mean_and_sample_deviation(photo_set: PhotoSet, calls: Calls, tmp_path: Path) -> None:
    done = cross_validate(photo_set, CONFIG, tmp_path, 3)
    a, b, c = (fold.evaluation.overall.accuracy for fold in done.folds)
    spread, mean = done.spreads["accuracy"], (a + b + c) / 3
    assert spread.mean == pytest.approx(mean)
    squares = (a - mean) ** 2 + (b - mean) ** 2 + (c - mean) ** 2
    assert spread.deviation == pytest.approx((squares / 2) ** 0.5)
    assert (spread.lowest, spread.highest) == (min(a, b, c), max(a, b, c))
    written = json.loads((tmp_path / FOLDS_FILE).read_text(encoding="utf-8"))
    assert written["spreads"]["accuracy"] == asdict(spread)
    assert len(written["folds"]) == len(calls) == 3


def test_options_reach_every_fold(photo_set: PhotoSet, calls: Calls, tmp_path: Path) -> None:
    cross_validate(photo_set, CONFIG, tmp_path, 2, resume=True)
    assert [call["output"].name for call in calls] == ["fold-1", "fold-2"]
    asked = [replace(call["config"], cache=None, cache_limit=0) for call in calls]
    assert asked == [replace(CONFIG, cache_limit=0)] * 2
    assert all(call["resume"] for call in calls)
