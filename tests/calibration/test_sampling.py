from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.calibration.config import CalibrationConfig
from edgetlc.calibration.coverage import MINIMUM_PHOTOS
from edgetlc.calibration.sampling import CalibrationSet, calibration_set
from edgetlc.data.photos import Part, Photo, PhotoSet, digest_of, in_turn
from edgetlc.errors import InputError

CAMERAS = ("iphone-11", "redmi-k50", None)


def choose(photos: PhotoSet, count: int = 300, seed: int = 0, **allow: bool) -> CalibrationSet:
    return calibration_set(photos, CalibrationConfig(count, seed, **allow))


def chosen_by_user(photos: PhotoSet, own: PhotoSet, **allow: bool) -> CalibrationSet:
    return calibration_set(photos, CalibrationConfig(own=own, **allow))


def photos_of(*strata: tuple[str, str | None, int]) -> list[Photo]:
    """Return photos of (class, camera, how many)."""
    return [
        Photo(Path(f"/{label}/{camera}/{number:03}.jpg"), label, camera)
        for label, camera, count in strata
        for number in range(count)
    ]


STRATA = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(CAMERAS), st.integers(1, 12)),
    min_size=1,
    max_size=9,
    unique_by=lambda stratum: stratum[:2],
)


@given(STRATA, st.integers(0, 5), st.randoms(use_true_random=False))
def test_every_photo_comes_once_whatever_the_order_given(strata, seed: int, random) -> None:
    photos = photos_of(*strata)
    found = list(in_turn(photos, seed))
    assert Counter(found) == Counter(photos)
    random.shuffle(photos)
    assert list(in_turn(photos, seed)) == found


@given(STRATA, st.integers(0, 5), st.integers(1, 60))
def test_any_beginning_is_balanced_over_class_and_camera(strata, seed: int, count: int) -> None:
    """A stratum has fewer than another only if it has no more."""
    photos = photos_of(*strata)
    sizes = Counter((photo.label, photo.camera) for photo in photos)
    taken = Counter((p.label, p.camera) for p in list(in_turn(photos, seed))[:count])
    most = max(taken[stratum] for stratum in sizes)
    for stratum, size in sizes.items():
        assert taken[stratum] >= min(size, most - 1)


def test_the_seed_chooses_other_photos() -> None:
    photos = photos_of(("a", None, 30), ("b", None, 30))
    assert list(in_turn(photos, 0)) != list(in_turn(photos, 1))


def test_only_the_training_part_is_touched(photo_set: PhotoSet) -> None:
    found = choose(photo_set, 40, seed=3)
    assert len(found.photos) == 40
    assert {photo.part for photo in found.photos} == {"train"}
    assert len(set(found.photos)) == 40
    assert found.per_camera == {"iphone-11": 20, "realme-gt-neo": 20}
    assert found.digest == digest_of(found.photos)
    assert choose(photo_set, 40, seed=3) == found
    assert choose(photo_set, 40, seed=4).digest != found.digest


def test_of_too_few_all_are_taken(photo_set: PhotoSet) -> None:
    found = choose(photo_set, 1000)
    assert Counter(found.photos) == Counter(photo_set.part("train").photos)
    assert sum(found.per_camera.values()) == 42
    assert found.reserve == ()
    assert found.coverage.warnings == (
        "1000 calibration photos asked for, 42 taken: the training part holds no more",
    )


def test_unknown_cameras_are_counted(photo_set: PhotoSet) -> None:
    some = tuple(
        Photo(p.path, p.label, p.camera if i % 2 else None, part=p.part)
        for i, p in enumerate(photo_set.photos)
    )
    found = choose(PhotoSet(some, photo_set.classes), 12)
    assert found.per_camera["unknown"] == 6


@given(STRATA, STRATA, st.integers(0, 5), st.integers(8, 60))
def test_every_stratum_gets_its_share(training, held_out, seed: int, count: int) -> None:
    """Rare ones are taken whole before another gets two photos more."""
    photos = PhotoSet(
        (
            *(replace(photo, part="train") for photo in photos_of(*training)),
            *(
                replace(photo, path=Path("/held") / photo.path.name, part="test")
                for photo in photos_of(*held_out)
            ),
        ),
        (),
    )
    sizes = Counter((photo.label, photo.camera) for photo in photos.part("train").photos)
    few = min(count, sum(sizes.values())) < 8
    classes = {label for label, _ in sizes}
    if few or len(classes) < 2:
        with pytest.raises(InputError):
            choose(photos, count, seed, allow_missing_cameras=True)
        return
    try:
        found = choose(photos, count, seed, allow_missing_cameras=True)
    except InputError as error:
        assert "are of class" in str(error)  # noqa: PT017 - more strata of one class than photos
        assert count < len(sizes)
        return
    assert len(found.photos) == min(count, sum(sizes.values()))
    assert {photo.part for photo in (*found.photos, *found.reserve)} == {"train"}
    assert Counter((*found.photos, *found.reserve)) == Counter(photos.part("train").photos)
    taken = Counter((photo.label, photo.camera) for photo in found.photos)
    for stratum, size in sizes.items():
        assert taken[stratum] >= min(size, max(taken.values()) - 1)
    counted = {(s.label, s.camera): s.photos for s in found.coverage.strata if s.photos}
    assert counted == taken
    if found.coverage.missing_cameras:
        with pytest.raises(InputError, match="no calibration photo of a camera"):
            choose(photos, count, seed)
    else:
        assert choose(photos, count, seed) == found


@pytest.mark.parametrize("count", [MINIMUM_PHOTOS - 1, 0, -1])
def test_too_few_wanted_are_refused(count: int, photo_set: PhotoSet) -> None:
    with pytest.raises(InputError, match="at least 8 are needed"):
        choose(photo_set, count)


def test_without_a_training_part_it_is_refused(photo_set: PhotoSet) -> None:
    parts: tuple[Part, ...] = ("val", "test")
    with pytest.raises(InputError, match="no photo is in part train"):
        choose(photo_set.part(*parts), 16)


def with_photos(photo_set: PhotoSet, *more: Photo) -> PhotoSet:
    return replace(photo_set, photos=(*photo_set.photos, *more))


class TestRefusals:
    def test_too_few_there(self, photo_set: PhotoSet) -> None:
        few = replace(photo_set, photos=photo_set.part("train").photos[-7:])
        with pytest.raises(InputError, match=r"^7 calibration photos; at least 8 are needed"):
            choose(few)

    def test_one_class(self, photo_set: PhotoSet) -> None:
        of_one = tuple(photo for photo in photo_set.photos if photo.label == "ring")
        with pytest.raises(InputError, match="all 14 calibration photos are of class 'ring'"):
            choose(replace(photo_set, photos=of_one))

    def test_a_training_photo_that_is_a_test_photo_too(
        self, photo_set: PhotoSet, tmp_path: Path
    ) -> None:
        """Wherever it is: the seed must not decide whether it is found."""
        training, test = photo_set.part("train").photos[-1], photo_set.part("test").photos[0]
        copy = Path(shutil.copy(test.path, tmp_path / "copy.jpg"))
        photos = with_photos(photo_set, replace(training, path=copy))
        for seed in range(3):
            with pytest.raises(InputError) as raised:
                choose(photos, 8, seed)
            assert f"{copy} (train) is the same file as {test.path} (test)" in str(raised.value)
            assert "1 photo to calibrate on" in str(raised.value)

    def test_a_group_on_both_sides(self, photo_set: PhotoSet) -> None:
        grouped = tuple(
            replace(photo, group="burst") if number in (0, 45) else photo
            for number, photo in enumerate(sorted(photo_set.photos, key=lambda p: p.part or ""))
        )
        held, photo = grouped[0], grouped[45]
        assert (held.part, photo.part) == ("test", "train")
        with pytest.raises(InputError) as raised:
            choose(replace(photo_set, photos=grouped))
        told = f"{photo.path} (train) is in group 'burst' with {held.path} (test)"
        assert told in str(raised.value)

    def test_a_camera_that_will_be_verified(self, photo_set: PhotoSet) -> None:
        new = Photo(Path("/new.jpg"), "disc", "iphone-12", part="val")
        photos = with_photos(photo_set, new)
        with pytest.raises(InputError, match=r"iphone-12 \(0 training photos\)"):
            choose(photos)
        found = choose(photos, 16, allow_missing_cameras=True)
        assert found.coverage.missing_cameras == ("iphone-12",)
        assert "no calibration photo of iphone-12" in found.coverage.warnings
        assert found.photos == choose(photo_set, 16).photos

    def test_an_unknown_camera_that_will_be_verified(self, photo_set: PhotoSet) -> None:
        photos = with_photos(photo_set, Photo(Path("/new.jpg"), "disc", part="test"))
        with pytest.raises(InputError, match=r"unknown \(0 training photos\)"):
            choose(photos)


class TestAsRead:
    def test_without_replacements_nothing_changes(self, photo_set: PhotoSet) -> None:
        found = choose(photo_set, 12)
        assert found.as_read(found.photos) is found

    def test_coverage_and_digest_are_those_of_what_was_read(self, photo_set: PhotoSet) -> None:
        found = choose(photo_set, 12)
        read = (*found.photos[1:], found.reserve[0])
        again = found.as_read(read)
        assert again.photos == read
        assert again.digest == digest_of(read) != found.digest
        assert again.coverage.photos == 12
        fewer = found.as_read(found.photos[2:])
        assert "12 calibration photos asked for, 10 taken" in fewer.coverage.warnings[0]

    def test_a_camera_that_nobody_can_read(self, photo_set: PhotoSet) -> None:
        found = choose(photo_set, 24)
        read = [photo for photo in found.photos if photo.camera == "iphone-11"]
        with pytest.raises(InputError, match=r"realme-gt-neo \(21 training photos\)"):
            found.as_read(read)
        assert found.as_read(read, allow_missing_cameras=True).per_camera == {"iphone-11": 12}


class TestChosenByUser:
    def test_training_photos_are_taken_in_their_order(self, photo_set: PhotoSet) -> None:
        own = photo_set.part("train").photos[::-3]
        found = chosen_by_user(photo_set, replace(photo_set, photos=own))
        assert found.photos == own
        assert found.reserve == ()
        assert (found.coverage.asked, found.coverage.photos) == (14, 14)
        assert found.coverage.available == 42
        assert found.digest == digest_of(own)

    def test_copies_elsewhere_are_known_by_content(
        self, photo_set: PhotoSet, tmp_path: Path
    ) -> None:
        """Class, camera and group are the training part's, whatever the copies' folder says."""
        training = photo_set.part("train").photos[::3]
        own = [
            Photo(Path(shutil.copy(photo.path, tmp_path / f"{number}.jpg")), "mine")
            for number, photo in enumerate(training)
        ]
        again = Photo(Path(shutil.copy(own[0].path, tmp_path / "again.jpg")), "mine")
        found = chosen_by_user(photo_set, PhotoSet((*own, again, *training[:2]), ()))
        assert found.photos == training
        assert found.coverage.warnings == (
            "17 calibration photos asked for, 14 taken: others are unreadable or copies",
        )

    def test_photos_that_will_judge(self, photo_set: PhotoSet, tmp_path: Path) -> None:
        training, test = photo_set.part("train").photos, photo_set.part("test").photos[3]
        val = photo_set.part("val").photos[0]
        copy = Photo(Path(shutil.copy(test.path, tmp_path / "copy.jpg")), "disc")
        own = PhotoSet((*training[:20], copy, val), ())
        with pytest.raises(InputError) as raised:
            chosen_by_user(photo_set, own)
        for told in (
            "2 photos to calibrate on",
            f"{copy.path} is the same file as {test.path} (test)",
            f"{val.path} (val) is the same file as {val.path} (val)",
            "take them out of your calibration photos",
        ):
            assert told in str(raised.value)

    def test_groups_are_the_training_part_s(self, photo_set: PhotoSet) -> None:
        photos = tuple(
            replace(photo, group="burst" if photo.batch == "9999000000000000-2024001" else None)
            for photo in photo_set.photos
        )
        held = replace(photo_set.part("test").photos[0], path=Path("/held.jpg"), group="burst")
        own = photo_set.part("train")
        with pytest.raises(InputError, match=r"is in group 'burst' with /held\.jpg \(test\)"):
            chosen_by_user(PhotoSet((*photos, held), photo_set.classes), own)
        without = tuple(p for p in own.photos if not (p.batch or "").endswith("0-2024001"))
        found = chosen_by_user(
            PhotoSet((*photos, held), photo_set.classes), replace(own, photos=without)
        )
        assert len(found.photos) == len(without)

    def test_strangers(self, photo_set: PhotoSet, tmp_path: Path) -> None:
        strange = tmp_path / "strange.jpg"
        strange.write_bytes(b"of another herb")
        nowhere = replace(photo_set.photos[0], part=None)
        photos = replace(photo_set, photos=(nowhere, *photo_set.photos[1:]))
        own = PhotoSet((*photos.part("train").photos, Photo(strange, "disc"), nowhere), ())
        with pytest.raises(InputError) as raised:
            chosen_by_user(photos, own)
        told = str(raised.value)
        assert told.startswith("2 calibration photos are not among the 41 training photos: ")
        assert f"{strange}, {nowhere.path}" in told

    def test_gaps(self, photo_set: PhotoSet) -> None:
        training = photo_set.part("train").photos
        of_one = [photo for photo in training if photo.camera == "iphone-11"]
        own = PhotoSet(tuple(of_one), ())
        with pytest.raises(InputError, match=r"neo \(21 training photos\); .*take at least"):
            chosen_by_user(photo_set, own)
        found = chosen_by_user(photo_set, own, allow_missing_cameras=True)
        assert found.coverage.missing_cameras == ("realme-gt-neo",)
        with pytest.raises(InputError, match=r"^7 calibration photos"):
            chosen_by_user(photo_set, PhotoSet(training[:7], ()))

    def test_no_training_part(self, photo_set: PhotoSet) -> None:
        with pytest.raises(InputError, match="no photo is in part train"):
            chosen_by_user(photo_set.part("val"), photo_set)
