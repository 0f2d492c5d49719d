"""What experiments share: decoded photos, and the order of things."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.experiments.run import Trial, run_trials, shared_cache, write_summary
from edgetlc.runtime.contract import PixelContract
from edgetlc.training.config import TrainingConfig

CONFIG = TrainingConfig("slim-resnet18", 2, 6, contract=PixelContract(size=32))
Calls = list[dict[str, Any]]


def test_decoded_photos_are_shared_and_then_removed(tmp_path: Path) -> None:
    with shared_cache(CONFIG, tmp_path) as shared:
        assert shared["cache"] == tmp_path / "cache"
        shared["cache"].mkdir()
    assert list(tmp_path.iterdir()) == []


def test_a_cache_of_the_user_s_is_kept(tmp_path: Path) -> None:
    own = replace(CONFIG, cache=tmp_path / "own")
    (tmp_path / "own").mkdir()
    with shared_cache(own, tmp_path) as shared:
        assert shared == {}
    assert (tmp_path / "own").is_dir()


def test_each_network_is_asked_about_its_own_photos(
    photo_set: PhotoSet, calls: Calls, notes: list[str], tmp_path: Path
) -> None:
    trials = [
        Trial("one", photo_set, CONFIG, photo_set.part("val")),
        Trial("other", photo_set.part("train", "val"), CONFIG, photo_set.part("test")),
    ]
    outcomes = run_trials(trials, tmp_path, "found.json", overwrite=True)
    assert [done.run.folder for done in outcomes] == [tmp_path / "one", tmp_path / "other"]
    assert [done.evaluation.overall.count for done in outcomes] == [6, 12]
    assert [call["overwrite"] for call in calls] == [True, True]
    assert {call["config"].cache for call in calls} == {tmp_path / "cache"}
    assert notes == [
        "training 1 of 2: one, 42 photos (0 min so far)",
        "training 2 of 2: other, 42 photos (0 min so far)",
    ]
    assert {path.name for path in tmp_path.iterdir()} == {"one", "other"}


def test_of_several_processes_the_first_writes_and_speaks(
    photo_set: PhotoSet,
    calls: Calls,
    notes: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (("RANK", "1"), ("WORLD_SIZE", "2"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    run_trials([Trial("one", photo_set, CONFIG, photo_set.part("val"))], tmp_path, "found.json")
    write_summary(tmp_path / "summary.json", {})
    assert len(calls) == 1
    assert notes == []
    assert not (tmp_path / "summary.json").exists()


@pytest.mark.parametrize("there", ["other/model.safetensors", "found.json"])
def test_what_is_there_is_refused_before_the_first_training(
    there: str, photo_set: PhotoSet, tmp_path: Path, calls: Calls
) -> None:
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).write_bytes(b"of a day's work")
    photos = photo_set.part("val")
    trials = [Trial(name, photo_set, CONFIG, photos) for name in ("one", "other")]
    with pytest.raises(InputError, match="--overwrite"):
        run_trials(trials, tmp_path, "found.json")
    assert not calls
