"""Which networks are trained, and that none of them sees what it is later asked about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import InputError
from edgetlc.experiments.leave_camera_out import Key, plan_trials
from edgetlc.experiments.run import Trial
from edgetlc.training.camera_augment import CameraAugmentation
from edgetlc.training.config import TrainingConfig

PHONES = ("iphone-11", "realme-gt-neo")
CONFIG = TrainingConfig()
LOOKS = CameraAugmentation()


def plan_of(photos: PhotoSet, cameras: Sequence[str] | None = None) -> dict[Key, Trial]:
    return plan_trials(photos, CONFIG, LOOKS, cameras)


def learnt(trial: Trial) -> int:
    return len(trial.photos.part("train").photos)


def changed(photos: PhotoSet, change: Callable[[Photo], Photo]) -> PhotoSet:
    return replace(photos, photos=tuple(change(photo) for photo in photos.photos))


def without(photos: PhotoSet, unwanted: Callable[[Photo], bool]) -> PhotoSet:
    return replace(photos, photos=tuple(p for p in photos.photos if not unwanted(p)))


def test_two_networks_see_all_cameras_and_two_miss_each(photo_set: PhotoSet) -> None:
    plan = plan_of(photo_set)
    assert [(trial.name, *key) for key, trial in plan.items()] == [
        ("all-cameras", None, False),
        ("all-cameras-augmented", None, True),
        ("without-iphone-11", "iphone-11", False),
        ("without-iphone-11-augmented", "iphone-11", True),
        ("without-realme-gt-neo", "realme-gt-neo", False),
        ("without-realme-gt-neo-augmented", "realme-gt-neo", True),
    ]
    assert [learnt(trial) for trial in plan.values()] == [42, 42, 21, 21, 21, 21]


def test_only_the_augmented_are_and_none_knows_the_camera_it_misses(photo_set: PhotoSet) -> None:
    for (camera, augmented), trial in plan_of(photo_set).items():
        own = trial.config.camera_augmentation
        assert own == (LOOKS.without(camera) if augmented else None)


def test_a_held_out_camera_is_in_neither_training_nor_validation(photo_set: PhotoSet) -> None:
    for (camera, _augmented), training in plan_of(photo_set).items():
        seen = {photo.camera for photo in training.photos.photos}
        assert seen == set(PHONES) - {camera}
        assert {photo.part for photo in training.photos.photos} == {"train", "val"}
        assert {photo.part for photo in training.asked.photos} == {"test"}
        asked = {photo.camera for photo in training.asked.photos}
        assert asked == (set(PHONES) if camera is None else {camera})


def test_both_of_a_pair_get_the_same_photos(photo_set: PhotoSet) -> None:
    plan = list(plan_of(photo_set).values())
    for plain, augmented in zip(plan[::2], plan[1::2], strict=True):
        assert (plain.photos, plain.asked) == (augmented.photos, augmented.asked)


def test_some_cameras_may_be_chosen(photo_set: PhotoSet) -> None:
    plan = plan_of(photo_set, ["realme-gt-neo", "realme-gt-neo"])
    assert [camera for camera, _augmented in plan] == [None, None, *["realme-gt-neo"] * 2]
    everything = plan[None, False]
    assert {photo.camera for photo in everything.asked.photos} == {"realme-gt-neo"}
    assert {photo.camera for photo in everything.photos.photos} == set(PHONES)


def test_photos_of_no_known_camera_are_in_no_training(photo_set: PhotoSet) -> None:
    """They might be of the camera that is held out."""
    nameless = changed(
        photo_set, lambda p: replace(p, camera=None) if p.batch and p.batch.endswith("3") else p
    )
    assert any(photo.camera is None for photo in nameless.photos)
    for training in plan_of(nameless).values():
        assert all(photo.camera for photo in training.photos.photos + training.asked.photos)


class TestRefusals:
    def test_one_camera_only(self, photo_set: PhotoSet) -> None:
        with pytest.raises(InputError, match=r"names 1 camera; .*takes two"):
            plan_of(without(photo_set, lambda p: p.camera == "iphone-11"))

    def test_a_camera_without_test_photos(self, photo_set: PhotoSet) -> None:
        with pytest.raises(InputError, match="no test photo is of camera 'canon'; the test part"):
            plan_of(photo_set, ["canon"])

    def test_no_test_part(self, photo_set: PhotoSet) -> None:
        with pytest.raises(InputError, match="part test"):
            plan_of(without(photo_set, lambda p: p.part == "test"))

    def test_a_class_that_only_one_camera_shows(self, photo_set: PhotoSet) -> None:
        lonely = without(photo_set, lambda p: (p.label, p.camera) == ("ring", "iphone-11"))
        with pytest.raises(
            InputError, match=r"without camera realme-gt-neo no .*shows ring; choose"
        ):
            plan_of(lonely)
        assert plan_of(lonely, ["iphone-11"])

    def test_an_empty_validation_part(self, photo_set: PhotoSet) -> None:
        lonely = without(photo_set, lambda p: (p.part, p.camera) == ("val", "iphone-11"))
        with pytest.raises(InputError, match="without camera realme-gt-neo the validation part"):
            plan_of(lonely)
