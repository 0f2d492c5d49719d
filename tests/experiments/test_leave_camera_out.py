"""Real trainings of a second each: six networks on two cameras."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.experiments.leave_camera_out import (
    LEAVE_CAMERA_OUT_FILE,
    LeaveCameraOut,
    leave_camera_out,
)
from edgetlc.models.checkpoint import CHECKPOINT_FILE, load_checkpoint
from edgetlc.runtime.contract import PixelContract
from edgetlc.training.camera_augment import CameraAugmentation
from edgetlc.training.config import TrainingConfig
from edgetlc.training.evaluate import evaluate

pytestmark = pytest.mark.usefixtures("stateless")

CONFIG = TrainingConfig("slim-resnet18", 1, 8, precision="fp32", contract=PixelContract(size=32))
NAMES = ("all-cameras", "without-iphone-11", "without-realme-gt-neo")


@pytest.fixture(scope="module")
def augmentation() -> CameraAugmentation:
    return CameraAugmentation()


@pytest.fixture(scope="module")
def done(
    photo_set: PhotoSet, augmentation: CameraAugmentation, tmp_path_factory: pytest.TempPathFactory
) -> LeaveCameraOut:
    return leave_camera_out(photo_set, CONFIG, augmentation, tmp_path_factory.mktemp("unseen"))


def settings_of(folder: Path) -> Any:
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))["settings"]


def test_run_folders_are_kept_and_nothing_else(done: LeaveCameraOut) -> None:
    runs = {f"{name}{suffix}" for name in NAMES for suffix in ("", "-augmented")}
    assert {path.name for path in done.folder.iterdir()} == {*runs, LEAVE_CAMERA_OUT_FILE}
    assert all((done.folder / run / CHECKPOINT_FILE).is_file() for run in runs)


def test_figures_are_those_of_the_run_folders(done: LeaveCameraOut, photo_set: PhotoSet) -> None:
    iphone = done.cameras[0]
    assert (iphone.camera, iphone.photos, iphone.training_photos) == ("iphone-11", 6, 21)
    shares = {
        "all-cameras": iphone.seen,
        "all-cameras-augmented": iphone.seen_augmented,
        "without-iphone-11": iphone.unseen,
        "without-iphone-11-augmented": iphone.unseen_augmented,
    }
    for run, share in shares.items():
        found = evaluate(load_checkpoint(done.folder / run), photo_set.part("test"))
        assert found.cameras["iphone-11"].accuracy == pytest.approx(share.accuracy)


def test_together_is_every_camera_once(done: LeaveCameraOut) -> None:
    rows, together = done.cameras, done.together
    assert together.photos == sum(row.photos for row in rows) == 12
    assert together.unseen.right == sum(row.unseen.right for row in rows)
    assert together.unseen_augmented.right == sum(row.unseen_augmented.right for row in rows)
    assert together.seen.right == sum(row.seen.right for row in rows)
    assert together.training_photos is None


def test_camera_augmentation_is_recorded_and_knows_no_held_out_camera(done: LeaveCameraOut) -> None:
    for name in NAMES:
        assert settings_of(done.folder / name)["camera_augmentation"] is None
        record = settings_of(done.folder / f"{name}-augmented")["camera_augmentation"]
        assert record["simulated"] is True
        assert name.removeprefix("without-") not in record["looks"]
    whole = settings_of(done.folder / "all-cameras-augmented")["camera_augmentation"]
    assert {"iphone-11", "realme-gt-neo"} <= set(whole["looks"])


def test_file_holds_the_figures(done: LeaveCameraOut) -> None:
    document = json.loads((done.folder / LEAVE_CAMERA_OUT_FILE).read_text(encoding="utf-8"))
    assert document["simulated"] is False
    assert [row["camera"] for row in document["cameras"]] == ["iphone-11", "realme-gt-neo"]
    first, row = document["cameras"][0], done.cameras[0]
    assert first["unseen"]["right"] == row.unseen.right
    assert first["unseen_effect"]["right_to_wrong"] == row.unseen_effect.right_to_wrong
    assert first["augmentation_effect"]["wrong_to_right"] == row.augmentation_effect.wrong_to_right
    assert document["together"]["photos"] == 12


def test_resume_trains_only_what_is_missing(
    done: LeaveCameraOut,
    photo_set: PhotoSet,
    augmentation: CameraAugmentation,
    tmp_path: Path,
    linked_copy: Any,
    notes: list[str],
) -> None:
    folder = linked_copy(done.folder, tmp_path / "copy")
    lost = folder / "without-iphone-11-augmented"
    for file in lost.rglob("*"):
        if file.is_file():
            file.unlink()
    stamps = {path: path.stat().st_mtime_ns for path in folder.rglob(CHECKPOINT_FILE)}
    again = leave_camera_out(photo_set, CONFIG, augmentation, folder, resume=True)
    assert sum(note.startswith("epoch ") for note in notes) == 1
    begun = [note for note in notes if note.startswith("training ")]
    assert len(begun) == 6
    assert begun[3].startswith("training 4 of 6: without-iphone-11-augmented, 21 photos")
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    assert again.cameras == done.cameras  # the same training gives the same network


def test_other_settings_are_not_taken_for_the_same(
    done: LeaveCameraOut, photo_set: PhotoSet, augmentation: CameraAugmentation
) -> None:
    other = replace(CONFIG, learning_rate=0.5)
    with pytest.raises(InputError, match="learning_rate"):
        leave_camera_out(photo_set, other, augmentation, done.folder, resume=True)


def test_existing_runs_are_refused(
    done: LeaveCameraOut, photo_set: PhotoSet, augmentation: CameraAugmentation
) -> None:
    with pytest.raises(InputError, match="overwrite"):
        leave_camera_out(photo_set, CONFIG, augmentation, done.folder)
