from __future__ import annotations

import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner, Result

from edgetlc.cli.data import app
from edgetlc.data.assignment import MOST_NEEDED, Cluster, assign
from edgetlc.data.manifest import load_photos
from edgetlc.data.photos import PARTS, Part, Photo, PhotoSet
from edgetlc.data.split import DEFAULT_RATIOS, Split, parse_ratios, split
from edgetlc.devices.profiles import Cameras
from edgetlc.errors import InputError
from edgetlc.runtime.classes import ClassInfo

CAMERAS = Cameras.load()


def take(path: Path, seed: int, quality: int = 75) -> Path:
    """Save a picture that only its seed decides."""
    noise = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(noise).resize((64, 48), Image.Resampling.BICUBIC)
    picture.save(path, quality=quality)
    return path


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Eighty different pictures."""
    folder = tmp_path_factory.mktemp("pool")
    return [take(folder / f"{seed:02}.jpg", seed) for seed in range(80)]


def photo_set(photos: Iterable[Photo]) -> PhotoSet:
    photos = tuple(photos)
    labels = sorted({photo.label for photo in photos})
    return PhotoSet(photos, tuple(ClassInfo(label, label, label) for label in labels))


def parts_by(result: Split, key: str) -> dict[object, set[Part | None]]:
    parts = defaultdict(set)
    for photo in result.photos.photos:
        parts[getattr(photo, key)].add(photo.part)
    return parts


def test_parts_are_stratified_by_class_and_camera(pool: list[Path]) -> None:
    photos = photo_set(
        Photo(path, "ab"[index // 60], ("iphone-11", "iphone-12", None)[index % 3])
        for index, path in enumerate(pool)
    )
    result = split(photos)
    assert result.counts == {
        "train": {"a": 42, "b": 14},
        "val": {"a": 6, "b": 2},
        "test": {"a": 12, "b": 4},
    }
    strata = Counter((p.part, p.label, p.camera) for p in result.photos.photos)
    assert {strata["train", "a", camera] for camera in ("iphone-11", "iphone-12", None)} == {14}
    assert {strata["val", "a", camera] for camera in ("iphone-11", "iphone-12", None)} == {2}
    assert (result.clusters, result.warnings, result.unreadable) == (80, (), ())


def test_batches_stay_whole_and_belong_to_a_class(pool: list[Path]) -> None:
    photos = photo_set(
        Photo(path, "ab"[index % 2], batch=str(index // 8)) for index, path in enumerate(pool)
    )
    result = split(photos)
    parts = defaultdict(set)
    for photo in result.photos.photos:
        parts[photo.label, photo.batch].add(photo.part)
    assert (result.clusters, {len(found) for found in parts.values()}) == (20, {1})
    assert result.counts["train"] == {"a": 28, "b": 28}
    assert result.counts["val"] == {"a": 4, "b": 4}


def test_groups_and_near_duplicates_stay_whole(pool: list[Path], tmp_path: Path) -> None:
    photos = [Photo(path, "ab"[index % 2]) for index, path in enumerate(pool[:40])]
    photos[0:4] = [replace(photo, group="burst") for photo in photos[0:4]]
    for seed in range(4, 24):
        again = take(tmp_path / f"again{seed}.jpg", seed, quality=40)
        photos.append(Photo(again, "ab"[seed % 2]))
    result = split(photo_set(photos))
    assert result.clusters == 1 + 36
    parts = {photo.path.name: photo.part for photo in result.photos.photos}
    groups = {photo.path.name: photo.group for photo in result.photos.photos}
    for seed in range(4, 24):
        names = (f"{seed:02}.jpg", f"again{seed}.jpg")
        assert len({parts[name] for name in names}) == 1
        assert len({groups[name] for name in names}) == 1
    assert len({parts[f"{seed:02}.jpg"] for seed in range(4)}) == 1
    assert any("1 cluster holds photos of several classes" in text for text in result.warnings)
    told = [text for text in result.warnings if "20 sets of near-duplicates" in text]
    assert len(told) == 1
    assert "again4.jpg" in told[0]
    assert "--duplicates keep" in told[0]
    kept = split(photo_set(photos), duplicates="keep")
    assert (kept.clusters, len(kept.photos.photos)) == (1 + 56, 60)
    assert not any("near-duplicates" in text for text in kept.warnings)
    with pytest.raises(InputError, match="20 sets of near-duplicates"):
        split(photo_set(photos), duplicates="refuse")


def test_a_sound_set_passes_whatever_near_duplicates_would_be(pool: list[Path]) -> None:
    photos = photo_set(Photo(path, "ab"[index % 2]) for index, path in enumerate(pool[:20]))
    parts = {split(photos, duplicates=choice).photos for choice in ("keep", "group", "refuse")}
    assert len(parts) == 1


def test_order_and_place_of_the_files_change_nothing(pool: list[Path], tmp_path: Path) -> None:
    photos = [
        Photo(path, "abc"[index % 3], ("iphone-11", None)[index % 2], batch=str(index // 5))
        for index, path in enumerate(pool)
    ]
    expected = split(photo_set(photos), seed=3)
    Random(0).shuffle(photos)
    assert split(photo_set(photos), seed=3).photos == expected.photos
    moved = [replace(p, path=Path(shutil.copy(p.path, tmp_path / p.path.name))) for p in photos]
    assert [p.part for p in split(photo_set(moved), seed=3).photos.photos] == [
        p.part for p in expected.photos.photos
    ]


def test_the_seed_decides(pool: list[Path]) -> None:
    photos = photo_set(Photo(path, "ab"[index % 2]) for index, path in enumerate(pool))
    assert split(photos, seed=1).photos != split(photos, seed=2).photos


def test_splitting_again_keeps_the_clusters(pool: list[Path]) -> None:
    photos = photo_set(
        Photo(path, "ab"[index % 2], batch=str(index // 6)) for index, path in enumerate(pool)
    )
    once = split(photos)
    assert split(once.photos).photos == once.photos
    unbatched = tuple(replace(photo, batch=None) for photo in once.photos.photos)
    parts = parts_by(split(replace(once.photos, photos=unbatched), seed=9), "group")
    assert {len(found) for found in parts.values()} == {1}


def test_unreadable_photos_are_left_out_and_listed(pool: list[Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff")
    photos = [Photo(path, "ab"[index % 2]) for index, path in enumerate(pool[:20])]
    result = split(photo_set([*photos, Photo(broken, "a")]))
    assert [one.file for one in result.unreadable] == [broken]
    assert len(result.photos.photos) == 20
    assert result.warnings[0] == "1 photo cannot be read and was left out"


@pytest.mark.parametrize(("batches", "parts"), [(2, {"train", "test"}), (3, set(PARTS))])
def test_a_class_comes_into_every_part_that_its_batches_allow(
    pool: list[Path], batches: int, parts: set[Part]
) -> None:
    photos = [Photo(path, "a", batch=str(index)) for index, path in enumerate(pool[:40])]
    photos += [Photo(path, "b", batch=str(index % batches)) for index, path in enumerate(pool[40:])]
    result = split(photo_set(photos))
    assert {photo.part for photo in result.photos.photos if photo.label == "b"} == parts
    [warning] = result.warnings
    assert ("class 'b' is missing from part val" in warning) == (batches == 2)
    assert f"its 40 photos form {batches} clusters that stay whole" in warning


def test_a_class_of_one_batch_is_refused(pool: list[Path]) -> None:
    photos = [Photo(path, "a", batch=str(index)) for index, path in enumerate(pool[:9])]
    photos += [Photo(path, "b", batch="1") for path in pool[9:12]]
    with pytest.raises(InputError, match=r"all 3 readable photos of class 'b' belong together"):
        split(photo_set(photos))


def test_a_class_without_a_readable_photo_is_refused(pool: list[Path], tmp_path: Path) -> None:
    (tmp_path / "no.jpg").write_bytes(b"")
    photos = [*(Photo(path, "a") for path in pool[:9]), Photo(tmp_path / "no.jpg", "b")]
    with pytest.raises(InputError, match="class 'b' has no readable photo"):
        split(photo_set(photos))


def test_classes_that_share_their_clusters_are_refused(pool: list[Path]) -> None:
    """Every class has two clusters, yet no assignment of them brings each into train and test."""
    groups = ("ab", "bc", "ca")
    photos = [
        Photo(pool[3 * index + number], label, group=group)
        for index, group in enumerate(groups)
        for number, label in enumerate(group)
    ]
    with pytest.raises(InputError, match="would be missing from part"):
        split(photo_set(photos))


def test_a_camera_without_test_photos_is_named(pool: list[Path]) -> None:
    photos = [Photo(path, "ab"[index % 2], "iphone-11") for index, path in enumerate(pool)]
    photos[0] = replace(photos[0], camera="iphone-12")
    assert split(photo_set(photos)).warnings == (
        "camera iphone-12 has no photo in part test, so nothing can be verified for it",
    )


@pytest.mark.parametrize("text", ["7:1:2", "6:2:2", "8:1:1", "70:10:20", "0.75:0.125:0.125"])
def test_ratios_within_the_standard(text: str) -> None:
    ratios = parse_ratios(text)
    assert list(ratios) == list(PARTS)
    assert sum(ratios.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5:2:3", r"train 50\.0% \(standard: 60% to 80%\), test 30\.0% \(standard: 10% to 20%\)"),
        ("9:0.5:0.5", r"train 90\.0%"),
        ("7:1", "use three positive numbers for train:val:test"),
        ("7:0:3", "three positive"),
        ("7:-1:2", "three positive"),
        ("nan:1:2", "three positive"),
        ("inf:1:2", "three positive"),
        ("a:b:c", "three positive"),
        ("", "three positive"),
    ],
)
def test_ratios_that_are_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_ratios(text)


def test_any_ratio_when_asked_for(pool: list[Path]) -> None:
    ratios = parse_ratios("2:1:1", allow_any=True)
    assert ratios == {"train": 0.5, "val": 0.25, "test": 0.25}
    photos = photo_set(Photo(path, "ab"[index % 2]) for index, path in enumerate(pool))
    result = split(photos, ratios)
    assert [sum(row.values()) for row in result.counts.values()] == [40, 20, 20]
    assert result.warnings == ()


clusters = st.lists(
    st.dictionaries(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "y", None])),
        st.integers(1, 9),
        min_size=1,
        max_size=2,
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=60)
@given(counts=clusters, seed=st.integers(0, 3), data=st.data())
def test_assignment(
    counts: list[dict[tuple[str, str | None], int]], seed: int, data: st.DataObject
) -> None:
    made = [
        Cluster(str(number), tuple(range(sum(count.values()))), count)
        for number, count in enumerate(counts)
    ]
    parts = assign(made, DEFAULT_RATIOS, seed, MOST_NEEDED)
    order = data.draw(st.permutations(range(len(made))))
    assert assign([made[i] for i in order], DEFAULT_RATIOS, seed, MOST_NEEDED) == [
        parts[i] for i in order
    ]
    if all(len(cluster.labels) == 1 for cluster in made):
        for label in "abc":
            found = {p for p, c in zip(parts, made, strict=True) if label in c.labels}
            holding = sum(label in cluster.labels for cluster in made)
            assert found >= set(("train", "test", "val")[:holding])


def test_many_single_photos_come_within_one_of_the_wanted_counts() -> None:
    made = [Cluster(str(n), (n,), {("abcd"[n % 4], "xyz"[n % 3]): 1}) for n in range(1200)]
    parts = assign(made, DEFAULT_RATIOS, 0, MOST_NEEDED)
    counts = Counter(zip(parts, (n % 4 for n in range(1200)), strict=True))
    for number in range(4):
        assert abs(counts["train", number] - 210) <= 1
        assert abs(counts["val", number] - 30) <= 1
        assert abs(counts["test", number] - 60) <= 1


@pytest.fixture
def photos_folder(pool: list[Path], tmp_path: Path) -> Path:
    """Two classes of ten batches of four photos, two of each of two cameras."""
    for index, path in enumerate(pool):
        batch, shot = divmod(index % 40, 4)
        name = f"999900000000000{index // 40}-2024{batch:03}-{2 + 5 * (shot % 2)}-{shot:03}.jpg"
        place = tmp_path / "photos" / "ab"[index // 40] / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    (tmp_path / "photos" / "classes.toml").write_text('[a]\nzh = "甲"\nrole = "genuine"\n')
    return tmp_path / "photos"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["split", *map(str, arguments)])


def test_the_command_writes_a_manifest(photos_folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "split.csv"
    result = run(photos_folder, "-o", output)
    assert result.exit_code == 0
    assert "80 photos in 20 clusters that stay whole" in result.stdout
    photos = load_photos(output, CAMERAS)
    assert Counter(photo.part for photo in photos.photos) == {"train": 56, "val": 8, "test": 16}
    assert photos.classes == load_photos(photos_folder, CAMERAS).classes
    assert {photo.camera for photo in photos.photos} == {"iphone-11", "realme-gt-neo"}
    assert len({photo.group for photo in photos.photos}) == 20
    first = output.read_bytes()
    again = run(photos_folder, "-o", output)
    assert isinstance(again.exception, InputError)
    assert "--overwrite" in str(again.exception)
    assert run(photos_folder, "-o", output, "--overwrite").exit_code == 0
    assert output.read_bytes() == first


def test_the_command_prints_one_document(photos_folder: Path, tmp_path: Path) -> None:
    result = run(photos_folder, "-o", tmp_path / "split.csv", "--json", "--ratios", "6:2:2")
    document = json.loads(result.stdout)
    assert document["counts"]["train"] == {"a": 24, "b": 24}
    assert (document["photos"], document["clusters"], document["simulated"]) == (80, 20, False)
    assert document["ratios"] == {"train": 0.6, "val": 0.2, "test": 0.2}
    assert (document["unreadable"], document["warnings"]) == ([], [])


def test_the_command_refuses_ratios_outside_the_standard(
    photos_folder: Path, tmp_path: Path
) -> None:
    output = tmp_path / "split.csv"
    refused = run(photos_folder, "-o", output, "--ratios", "4:3:3")
    assert isinstance(refused.exception, InputError)
    assert not output.exists()
    allowed = run(photos_folder, "-o", output, "--ratios", "4:3:3", "--allow-any-ratio")
    assert allowed.exit_code == 0


def test_the_command_names_what_it_left_out(photos_folder: Path, tmp_path: Path) -> None:
    (photos_folder / "a" / "broken.jpg").write_bytes(b"")
    result = run(photos_folder, "-o", tmp_path / "split.csv")
    assert result.exit_code == 0
    assert "broken.jpg: 0 bytes long" in result.stdout
    assert "warning: 1 photo cannot be read and was left out" in result.stdout
