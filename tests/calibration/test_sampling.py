from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.calibration.sampling import MINIMUM_COUNT, choose, in_turn
from edgetlc.data.photos import Part, Photo, PhotoSet, digest_of
from edgetlc.errors import InputError

CAMERAS = ("iphone-11", "redmi-k50", None)


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


def test_unknown_cameras_are_counted(photo_set: PhotoSet) -> None:
    some = tuple(
        Photo(p.path, p.label, p.camera if i % 2 else None, part=p.part)
        for i, p in enumerate(photo_set.photos)
    )
    found = choose(PhotoSet(some, photo_set.classes), 12)
    assert found.per_camera["unknown"] == 6


@pytest.mark.parametrize("count", [MINIMUM_COUNT - 1, 0, -1])
def test_too_few_wanted_are_refused(count: int, photo_set: PhotoSet) -> None:
    with pytest.raises(InputError, match="at least 8 are needed"):
        choose(photo_set, count)


def test_without_a_training_part_it_is_refused(photo_set: PhotoSet) -> None:
    parts: tuple[Part, ...] = ("val", "test")
    with pytest.raises(InputError, match="no photo is in part train"):
        choose(photo_set.part(*parts), 16)
