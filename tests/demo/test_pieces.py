from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import Base

from edgetlc.data.class_folders import MANIFEST_FILE
from edgetlc.data.manifest import load_photos
from edgetlc.data.photos import PhotoSet
from edgetlc.data.rendering import DESCRIPTION, render
from edgetlc.data.split import split
from edgetlc.demo.photos import BATCHES, generate
from edgetlc.demo.pieces import KINDS, Kind, outline
from edgetlc.demo.scene import Look, Scene, draw, plan
from edgetlc.devices.identify import identify
from edgetlc.devices.naming import parse_name
from edgetlc.devices.profiles import Cameras
from edgetlc.errors import InputError
from edgetlc.runtime.pixels import decode

CAMERAS = Cameras.load()
LISTED = [camera for camera in CAMERAS if camera.number is not None]
FEW = {kind.info.name: 28 for kind in KINDS}


# --- the set


@pytest.fixture(scope="module")
def few(made_once: Callable[[str, Callable[[Path], object]], Path]) -> PhotoSet:
    place = made_once("demo", lambda folder: generate(folder / "photos", CAMERAS, counts=FEW))
    return load_photos(place / "photos", CAMERAS)


def test_counts_and_roles_are_those_of_annex_a() -> None:
    assert sorted(kind.photos for kind in KINDS) == [100, 150, 201, 250]
    counterfeit = [kind.photos for kind in KINDS if kind.info.role == "counterfeit"]
    assert counterfeit == [201]
    assert sum(kind.photos for kind in KINDS if kind.info.role == "genuine") == 500


def test_labels_and_codes_say_that_the_kinds_are_invented() -> None:
    for kind in KINDS:
        assert kind.info.zh.startswith("演示")
        assert kind.info.en.startswith("demo")
        assert kind.code.startswith("9999")


def test_every_photo_follows_the_standard_s_naming_and_says_it_is_simulated(few: PhotoSet) -> None:
    kinds = {kind.info.name: kind for kind in KINDS}
    assert len({photo.path.name for photo in few.photos}) == len(few.photos) == 4 * 28
    assert len({photo.specimen for photo in few.photos}) == len(few.photos)
    for photo in few.photos:
        name = parse_name(photo.path.stem)
        assert name is not None
        assert name.code == kinds[photo.label].code
        assert photo.batch == f"{name.code}-{name.batch}"
        assert photo.simulated
        assert photo.piece is not None
        found = identify(photo.path, CAMERAS)
        assert (found.camera, found.conflict) == (photo.camera, None)
        with Image.open(photo.path) as image:
            assert image.getexif()[Base.ImageDescription] == DESCRIPTION


def test_cameras_are_balanced_and_batches_mixed(few: PhotoSet) -> None:
    assert {photo.camera for photo in few.photos} == {camera.id for camera in LISTED}
    for kind in KINDS:
        own = [photo for photo in few.photos if photo.label == kind.info.name]
        per_camera = Counter(photo.camera for photo in own)
        assert max(per_camera.values()) - min(per_camera.values()) <= 1
        per_batch = Counter(photo.batch for photo in own)
        assert len(per_batch) == BATCHES
        assert max(per_batch.values()) - min(per_batch.values()) <= 1
        for batch in per_batch:
            cameras = [photo.camera for photo in own if photo.batch == batch]
            assert len(set(cameras)) == len(cameras)


def test_manifest_and_labels_come_back(few: PhotoSet) -> None:
    folder = few.photos[0].path.parents[1]
    assert load_photos(folder / MANIFEST_FILE, CAMERAS) == few
    assert load_photos(folder, CAMERAS).simulated


def test_whole_batches_split_seven_one_two(few: PhotoSet) -> None:
    parts = Counter(photo.part for photo in split(few, seed=0).photos.photos)
    total = len(few.photos)
    assert parts["train"] / total == pytest.approx(0.7, abs=0.06)
    assert parts["val"] / total == pytest.approx(0.1, abs=0.05)
    assert parts["test"] / total == pytest.approx(0.2, abs=0.06)


def test_the_seed_fixes_every_file_and_the_threads_none(tmp_path: Path) -> None:
    counts = {kind.info.name: 2 for kind in KINDS}

    def made(name: str, seed: int, workers: int) -> dict[str, bytes]:
        photos = generate(tmp_path / name, CAMERAS, seed=seed, counts=counts, workers=workers)
        return {photo.path.name: photo.path.read_bytes() for photo in photos.photos}

    assert made("a", 1, 1) == made("b", 1, 4)
    assert set(made("c", 2, 1).values()).isdisjoint(made("d", 1, 1).values())


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"demo-a": 5}, "the demo has demo-a"),
        (FEW | {"demo-a": 0}, "draws 1 to 9990"),
        (FEW | {"demo-a": 9991}, "draws 1 to 9990"),
    ],
)
def test_other_classes_and_counts_are_refused(
    tmp_path: Path, counts: dict[str, int], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        generate(tmp_path / "out", CAMERAS, counts=counts)
    assert not (tmp_path / "out").exists()


def test_a_camera_with_a_number_is_needed(tmp_path: Path) -> None:
    unlisted = [camera for camera in CAMERAS if camera.number is None]
    with pytest.raises(InputError, match="no camera with a number"):
        generate(tmp_path / "out", unlisted)


def test_slices_lie_apart_and_inside() -> None:
    for seed in range(200):
        scene = plan(KINDS[0], Look(30, 0.4, 0.6), np.random.default_rng(seed))
        assert 1 <= len(scene.pieces) <= 3
        for i, piece in enumerate(scene.pieces):
            for side, place in zip(scene.size, (piece.x, piece.y), strict=True):
                assert piece.radius < place < side - piece.radius
            for other in scene.pieces[:i]:
                apart = np.hypot(piece.x - other.x, piece.y - other.y)
                assert apart > 0.85 * (piece.radius + other.radius)


def test_nothing_but_the_kind_depends_on_the_kind() -> None:
    for seed in range(20):
        scenes = [plan(kind, Look(30, 0.4, 0.6), np.random.default_rng(seed)) for kind in KINDS]
        assert len({(s.pieces, s.size, s.ground, s.ground_colour, s.light) for s in scenes}) == 1


@pytest.mark.parametrize("shape", ["round", "scalloped", "elongated"])
def test_outlines_have_one_area(shape: str) -> None:
    for seed in range(20):
        radii = outline(shape, np.random.default_rng(seed))  # type: ignore[arg-type]
        assert np.mean(radii**2) == pytest.approx(1, abs=1e-5)
        assert 0.3 < radii.min() < radii.max() < 2


# --- what tells the kinds apart


@dataclass(frozen=True)
class Shots:
    """Camera renders of planned scenes, balanced over the kinds."""

    scenes: list[Scene]
    pixels: list[np.ndarray]
    labels: np.ndarray
    batches: np.ndarray


@pytest.fixture(scope="module")
def shots() -> Shots:
    scenes, pixels, labels, batches = [], [], [], []
    for label, kind in enumerate(KINDS):
        for i in range(70):
            rng = np.random.default_rng([label, i])
            batch = i % 10
            look = Look(16 + 3.4 * batch, 0.18 + 0.05 * (batch * 3 % 10), rng.uniform(0.48, 0.84))
            scene = plan(kind, look, rng, short_side=240)
            scenes.append(scene)
            camera = LISTED[i % len(LISTED)]
            pixels.append(decode(render(draw(scene), camera, i)).pixels)
            labels.append(label)
            batches.append(batch)
    return Shots(scenes, pixels, np.array(labels), np.array(batches))


def mean_recall(features: np.ndarray, shots: Shots) -> float:
    """Logistic regression trained on seven batches, its mean recall on the three others."""
    test = shots.batches % 10 >= 7
    features = (features - features[~test].mean(0)) / (features[~test].std(0) + 1e-6)
    features = np.c_[features, np.ones(len(features))]
    targets = np.eye(len(KINDS))[shots.labels]
    weights, velocity = np.zeros((2, features.shape[1], len(KINDS)))
    for _ in range(600):
        scores = features[~test] @ weights
        odds = np.exp(scores - scores.max(1, keepdims=True))
        slope = odds / odds.sum(1, keepdims=True) - targets[~test]
        velocity = 0.9 * velocity - 0.1 * (features[~test].T @ slope / len(slope) + 0.01 * weights)
        weights = weights + velocity
    answers = (features[test] @ weights).argmax(1)
    truth = shots.labels[test]
    return float(np.mean([np.mean(answers[truth == k] == k) for k in range(len(KINDS))]))


def mean_colour(scene: Scene, pixels: np.ndarray) -> np.ndarray:
    return pixels.mean((0, 1))


def colour_moments(scene: Scene, pixels: np.ndarray) -> np.ndarray:
    colours = pixels.reshape(-1, 3) / 255
    spread = colours - colours.mean(0)
    return np.concatenate([colours.mean(0), colours.std(0), np.cbrt((spread**3).mean(0))])


def colour_histogram(scene: Scene, pixels: np.ndarray) -> np.ndarray:
    bins = np.histogramdd(pixels.reshape(-1, 3), (4, 4, 4), [(0, 256)] * 3)[0]
    return np.sqrt(bins.ravel() / bins.sum())


def shape_and_texture(scene: Scene, pixels: np.ndarray) -> np.ndarray:
    """Strength of the waves around and across the largest slice, in polar coordinates."""
    grey = pixels.mean(2)
    scale = pixels.shape[1] / scene.size[0]
    piece = max(scene.pieces, key=lambda piece: piece.radius)
    angle = np.linspace(0, 2 * np.pi, 128, endpoint=False)[None, :]
    radius = np.linspace(0.1, 1.7, 48)[:, None] * piece.radius
    columns = np.clip((piece.x + radius * np.cos(angle)) * scale, 0, pixels.shape[1] - 1)
    rows = np.clip((piece.y + radius * np.sin(angle)) * scale, 0, pixels.shape[0] - 1)
    polar = grey[rows.astype(int), columns.astype(int)]
    around = np.abs(np.fft.rfft(polar, axis=1))[:, 1:25].reshape(6, 8, 12, 2).mean((1, 3))
    inside = polar[:28]
    across = np.abs(np.fft.rfft(inside - inside.mean(0), axis=0))[1:9].mean(1)
    rings = np.abs(np.fft.rfft(inside.mean(1) - inside.mean()))[1:9]
    return np.log(np.concatenate([around.ravel(), across, rings]) + 1)


CHANCE = 1 / len(KINDS)
Features = Callable[[Scene, np.ndarray], np.ndarray]


@pytest.mark.parametrize("features", [mean_colour, colour_moments, colour_histogram])
@pytest.mark.slow
def test_colour_tells_the_kinds_apart_no_better_than_chance(
    features: Features, shots: Shots
) -> None:
    rows = [features(*shot) for shot in zip(shots.scenes, shots.pixels, strict=True)]
    # 84 photos: the standard deviation of chance is 0.047
    assert mean_recall(np.array(rows), shots) < CHANCE + 0.12


@pytest.mark.slow
def test_shape_and_texture_tell_the_kinds_apart(shots: Shots) -> None:
    rows = [shape_and_texture(*shot) for shot in zip(shots.scenes, shots.pixels, strict=True)]
    assert mean_recall(np.array(rows), shots) > 0.85


def test_the_counterfeit_differs_from_its_model_by_texture_only() -> None:
    model = next(kind for kind in KINDS if kind.info.name == "demo-a")
    fake = next(kind for kind in KINDS if kind.info.role == "counterfeit")
    assert (fake.outline, fake.texture != model.texture) == (model.outline, True)


def brightness_on_the_face(kind: Kind, seed: int) -> float:
    scene = plan(kind, Look(30, 0.4, 0.6), np.random.default_rng(seed), short_side=160)
    piece = scene.pieces[0]
    rows, columns = np.ogrid[: scene.size[1], : scene.size[0]]
    near = np.hypot(columns - piece.x, rows - piece.y) < 0.5 * piece.radius
    return float(draw(scene)[near].mean())


def test_faces_are_equally_bright() -> None:
    means = [np.mean([brightness_on_the_face(kind, s) for s in range(40)]) for kind in KINDS]
    assert max(means) - min(means) < 8  # of 255 grey levels
