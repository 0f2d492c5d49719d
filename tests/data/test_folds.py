from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgetlc.data.folds import make_folds, with_inner_validation
from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import InputError
from edgetlc.runtime.classes import ClassInfo

CLASSES = (ClassInfo("a", "甲", "a"), ClassInfo("b", "乙", "b"))


@pytest.fixture
def photos(tmp_path: Path) -> PhotoSet:
    """Two classes of 10 batches of 4 photos, two of each of two cameras; the last 2 are tested."""
    made = []
    for label in "ab":
        for batch in range(10):
            for shot in range(4):
                path = tmp_path / f"{label}-{batch}-{shot}.jpg"
                path.write_bytes(path.name.encode())  # folds never look at pixels
                part = "test" if batch >= 8 else "val" if batch == 7 else "train"
                made.append(Photo(path, label, "xy"[shot % 2], f"{batch}", None, part))
    return PhotoSet(tuple(made), CLASSES)


def by_part(parted: PhotoSet, part: str) -> set[Path]:
    return {photo.path for photo in parted.photos if photo.part == part}


def with_groups(photos: PhotoSet, group_of: dict[str, str]) -> PhotoSet:
    """Return the set with groups by batch number."""
    chosen = (replace(p, group=group_of.get(p.batch or "")) for p in photos.photos)
    return replace(photos, photos=tuple(chosen))


def test_every_photo_outside_the_test_part_is_held_out_once(photos: PhotoSet) -> None:
    folds = make_folds(photos, 4)
    held = Counter(path for parted in folds.sets for path in by_part(parted, "test"))
    assert set(held) == by_part(photos, "train") | by_part(photos, "val")
    assert set(held.values()) == {1}
    assert folds.warnings == ()


def test_the_test_part_is_in_no_fold(photos: PhotoSet) -> None:
    for parted in make_folds(photos, 4).sets:
        assert not {p.path for p in parted.photos} & by_part(photos, "test")


def test_folds_are_alike_in_classes_and_cameras(photos: PhotoSet) -> None:
    for parted in make_folds(photos, 4).sets:
        counts = Counter((p.label, p.camera) for p in parted.photos if p.part == "test")
        assert set(counts.values()) == {4}
        assert len(counts) == 4


def test_batches_and_groups_stay_whole(photos: PhotoSet) -> None:
    grouped = with_groups(photos, {"0": "twin", "5": "twin"})
    for parted in make_folds(grouped, 3).sets:
        parts: dict[tuple[str, str], set[str]] = {}
        for photo in parted.photos:
            parts.setdefault((photo.label, photo.batch or ""), set()).add(photo.part or "")
        assert all(len(found) == 1 for found in parts.values())
        assert parts["a", "0"] == parts["a", "5"] == parts["b", "0"] == parts["b", "5"]


def test_copies_of_one_file_stay_together(photos: PhotoSet) -> None:
    first, other = (f"a-{batch}-0.jpg" for batch in (0, 6))
    folder = photos.photos[0].path.parent
    (folder / other).write_bytes((folder / first).read_bytes())
    for parted in make_folds(photos, 5).sets:
        part = {p.path.name: p.part for p in parted.photos}
        assert part[first] == part[other]


def test_five_folds_are_the_standard_s_split(photos: PhotoSet) -> None:
    """7 : 1 : 2, as far as batches of 4 photos go."""
    many = replace(
        photos, photos=tuple(replace(p, batch=p.path.stem, part="train") for p in photos.photos)
    )
    for parted in make_folds(many, 5).sets:
        counts = Counter(photo.part for photo in parted.photos)
        assert counts == {"train": 56, "val": 8, "test": 16}


def test_order_of_the_photos_does_not_matter(photos: PhotoSet) -> None:
    turned = replace(photos, photos=photos.photos[::-1])
    for one, other in zip(make_folds(photos, 3).sets, make_folds(turned, 3).sets, strict=True):
        for part in ("train", "val", "test"):
            assert by_part(one, part) == by_part(other, part)


def test_a_seed_decides(photos: PhotoSet) -> None:
    drawn = {frozenset(by_part(make_folds(photos, 4, seed).sets[0], "test")) for seed in range(6)}
    assert len(drawn) > 1


def test_a_class_with_few_clusters_is_told_of(photos: PhotoSet) -> None:
    grouped = with_groups(photos, {"2": "one", "3": "one", "4": "one", "5": "one", "6": "one"})
    few = tuple(p if p.label == "a" else replace(p, group=None) for p in grouped.photos)
    folds = make_folds(replace(photos, photos=few), 5)
    assert folds.warnings == (
        "class 'a' has 4 clusters of photos that stay together, so it is held out in 4 of 5 folds "
        "at most",
    )


@pytest.mark.parametrize(
    ("count", "told"),
    [(1, "cross-validation needs at least 2"), (17, r"17 folds asked for; .* there are 16 clust")],
)
def test_counts_that_cannot_be(photos: PhotoSet, count: int, told: str) -> None:
    with pytest.raises(InputError, match=told):
        make_folds(photos, count)


def test_a_class_of_one_cluster_is_refused(photos: PhotoSet) -> None:
    whole = tuple(replace(p, group="all") if p.label == "b" else p for p in photos.photos)
    with pytest.raises(InputError, match=r"class 'b' has 1 cluster of photos outside the tes"):
        make_folds(replace(photos, photos=whole), 3)


def test_no_validation_photo_is_left(photos: PhotoSet) -> None:
    halves = tuple(replace(p, group=f"{p.label}{int(p.batch or 0) % 2}") for p in photos.photos)
    with pytest.raises(InputError, match="fold 1 would have no val photo"):
        make_folds(replace(photos, photos=halves), 2)


def test_a_set_that_was_never_split(photos: PhotoSet) -> None:
    bare = tuple(replace(p, part=None) for p in photos.photos)
    with pytest.raises(InputError, match="run 'edgetlc data split' first"):
        make_folds(replace(photos, photos=bare), 3)


def test_an_eighth_of_the_training_part_for_inner_validation(photos: PhotoSet) -> None:
    many = replace(photos, photos=tuple(replace(p, batch=p.path.stem) for p in photos.photos))
    learnt = with_inner_validation(many, seed=1)
    assert {p.path for p in learnt.photos} == by_part(many, "train")
    assert Counter((p.part, p.label, p.camera) for p in learnt.part("val").photos) == {
        ("val", label, camera): 2 for label in "ab" for camera in "xy"
    }  # an eighth of 14 each is 1.75


def test_inner_validation_keeps_batches_whole_and_needs_two(photos: PhotoSet) -> None:
    learnt = with_inner_validation(photos)
    halves = [{(p.label, p.batch) for p in learnt.part(part).photos} for part in ("train", "val")]
    assert not halves[0] & halves[1]
    one = replace(photos, photos=tuple(replace(p, group="one") for p in photos.photos))
    with pytest.raises(InputError, match="all 56 training photos belong together"):
        with_inner_validation(one)


@pytest.fixture
def retaken(tmp_path: Path) -> PhotoSet:
    """A hand-made manifest's photos: 12 pictures of each class, each saved again, in no group."""
    made = []
    for seed in range(24):
        noise = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), dtype=np.uint8)
        picture = Image.fromarray(noise).resize((64, 48), Image.Resampling.BICUBIC)
        for quality in (95, 40):
            path = tmp_path / f"{seed}-{quality}.jpg"
            picture.save(path, quality=quality)
            made.append(Photo(path, "ab"[seed % 2], part="train"))
    return PhotoSet(tuple(made), CLASSES)


def torn(parted: PhotoSet) -> int:
    """Return how many pictures are in more than one part."""
    parts: dict[str, set[str | None]] = {}
    for photo in parted.photos:
        parts.setdefault(photo.path.stem.split("-")[0], set()).add(photo.part)
    return sum(len(found) > 1 for found in parts.values())


def test_near_duplicates_of_a_hand_made_manifest_stay_together(retaken: PhotoSet) -> None:
    assert [torn(parted) for parted in make_folds(retaken, 4).sets] == [0] * 4
    assert torn(with_inner_validation(retaken)) == 0


def test_the_groups_of_a_split_are_taken_as_they_are(retaken: PhotoSet) -> None:
    """Whoever split the photos and let near-duplicates be has decided."""
    own = (replace(photo, group=photo.path.name) for photo in retaken.photos)
    grouped = replace(retaken, photos=tuple(own))
    assert sum(torn(parted) for parted in make_folds(grouped, 4).sets) > 0


def test_photos_of_one_piece_stay_together(photos: PhotoSet) -> None:
    """Pieces are numbered by class: piece 1 of another class is another."""
    pieces = (replace(p, batch=None, piece=p.batch) for p in photos.photos)
    for parted in make_folds(replace(photos, photos=tuple(pieces)), 4).sets:
        parts: dict[tuple[str, str | None], set[str | None]] = {}
        for photo in parted.photos:
            parts.setdefault((photo.label, photo.piece), set()).add(photo.part)
        assert len(parts) == 16
        assert all(len(found) == 1 for found in parts.values())
