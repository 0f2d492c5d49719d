from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, JpegImagePlugin
from PIL.ExifTags import Base
from typer.testing import CliRunner, Result

from edgetlc.cli.data import app
from edgetlc.data.class_folders import MANIFEST_FILE
from edgetlc.data.manifest import load_photos
from edgetlc.data.photos import Part, Photo, PhotoSet
from edgetlc.data.rendering import DESCRIPTION, SOFTWARE, render
from edgetlc.data.simulate import simulate_photos
from edgetlc.devices.camera import CameraProfile, ExifPattern, Model
from edgetlc.devices.identify import identify
from edgetlc.devices.naming import parse_name
from edgetlc.devices.profiles import Cameras
from edgetlc.devices.simulation import Simulation
from edgetlc.errors import ImageError, InputError
from edgetlc.progress import Silent, reporting
from edgetlc.runtime.classes import ClassInfo

CAMERAS = Cameras.load()
LISTED = [camera for camera in CAMERAS if camera.number is not None]
CODE = "0617440100299008"


def camera(**look: Any) -> CameraProfile:
    model = Model("Test", (ExifPattern("Maker", "Model 1", "plausible"),))
    simulation = Simulation(**{"jpeg_quality": 97, "chroma_subsampling": "4:4:4"} | look)
    return CameraProfile(
        "test", "测试", "Test", None, "phone", "Maker", "sure", (model,), simulation
    )


def pixels_of(jpeg: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB")).astype(float)


def flat(value: int, side: int = 64) -> np.ndarray:
    return np.full((side, side, 3), value, np.uint8)


def encode(light: float) -> float:
    """The sRGB formula, above its linear part."""
    return float(255 * (1.055 * light ** (1 / 2.4) - 0.055))


def decode(value: float) -> float:
    return float(((value / 255 + 0.055) / 1.055) ** 2.4)


# --- rendering


@pytest.mark.parametrize("value", [0, 1, 2, 13, 77, 128, 200, 254, 255])
def test_a_neutral_camera_keeps_every_grey(value: int) -> None:
    assert np.abs(pixels_of(render(flat(value), camera(), 0)) - value).max() <= 1


def test_white_balance_and_matrix_act_on_linear_light() -> None:
    gains = (1.1, 1.0, 0.9)
    matrix = ((1.2, -0.2, 0.0), (0.0, 1.0, 0.0), (0.1, 0.0, 0.9))
    made = pixels_of(render(flat(128), camera(white_balance=gains, colour_matrix=matrix), 0))
    light = decode(128)
    balanced = [light * gain for gain in gains]
    expected = [encode(sum(m * v for m, v in zip(row, balanced, strict=True))) for row in matrix]
    assert made.mean((0, 1)) == pytest.approx(expected, abs=1.5)


def test_tone_is_an_exponent_on_encoded_values() -> None:
    made = pixels_of(render(flat(128), camera(tone=1.25), 0))
    assert made.mean() == pytest.approx(255 * (128 / 255) ** 1.25, abs=1)


def test_contrast_keeps_black_middle_and_white_and_spreads_between() -> None:
    steep = camera(contrast=0.3)
    found = [pixels_of(render(flat(v), steep, 0)).mean() for v in (0, 64, 128, 191, 255)]
    assert found[0] == 0
    assert found[2] == pytest.approx(128, abs=1)
    assert found[4] == 255
    # v - 0.3 sin(2 pi v) / (2 pi) at v = 64/255 is 0.2032
    assert found[1] == pytest.approx(51.8, abs=1)
    assert found[3] == pytest.approx(255 - 51.8, abs=1.5)


@settings(deadline=None, max_examples=30)
@given(tone=st.floats(0.8, 1.25), contrast=st.floats(-0.2, 0.3))
def test_brighter_stays_brighter(tone: float, contrast: float) -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    ramp = np.repeat(np.repeat(ramp, 8, axis=1), 8, axis=0)
    made = pixels_of(render(ramp, camera(tone=tone, contrast=contrast), 0))
    steps = made.mean((0, 2)).reshape(256, 8).mean(1)
    assert np.diff(steps).min() > -0.8  # JPEG's own rounding


def test_noise_has_the_profile_s_deviation_on_dark_and_light() -> None:
    for value in (60, 190):
        made = pixels_of(render(flat(value, 256), camera(noise=5.0), 3))
        weights = np.array([0.299, 0.587, 0.114])  # luma: JPEG's coarser chroma steps stay out
        luma = made @ weights
        assert luma.std() == pytest.approx(5.0 * np.hypot.reduce(weights), rel=0.1)
        assert luma.mean() == pytest.approx(value, abs=0.5)


def test_sharpening_overshoots_at_an_edge() -> None:
    edge = flat(80)
    edge[:, 32:] = 160
    plain, sharp = (pixels_of(render(edge, camera(sharpening=s), 0)) for s in (0.0, 1.5))
    assert np.abs(plain.max() - 160) <= 2
    assert sharp.max() > 175
    assert sharp.min() < 65


def test_scale_is_relative_to_the_source() -> None:
    tall = np.zeros((300, 200, 3), np.uint8)
    assert pixels_of(render(tall, camera(scale=0.5), 0)).shape == (150, 100, 3)
    assert pixels_of(render(tall[:1, :1], camera(scale=0.5), 0)).shape == (1, 1, 3)


@pytest.mark.parametrize(("subsampling", "code"), [("4:4:4", 0), ("4:2:0", 2)])
def test_jpeg_quality_and_subsampling_are_the_profile_s(subsampling: str, code: int) -> None:
    rng = np.random.default_rng(0)
    busy = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    made = render(busy, camera(jpeg_quality=80, chroma_subsampling=subsampling), 0)
    reference = io.BytesIO()
    Image.fromarray(busy).save(reference, "JPEG", quality=80)
    opened = Image.open(io.BytesIO(made))
    assert isinstance(opened, JpegImagePlugin.JpegImageFile)
    assert JpegImagePlugin.get_sampling(opened) == code
    assert opened.quantization == Image.open(reference).quantization  # type: ignore[attr-defined]


@pytest.mark.parametrize("profile", list(CAMERAS), ids=lambda profile: profile.id)
def test_a_render_says_what_it_is(profile: CameraProfile, tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(render(flat(90), profile, 1))
    with Image.open(file) as image:
        exif = image.getexif()
    assert exif[Base.ImageDescription] == DESCRIPTION
    assert "simulated" in DESCRIPTION
    assert exif[Base.Software] == SOFTWARE
    expected = None if profile.written_exif is None else profile.id
    assert identify(file, CAMERAS).camera == expected


def test_a_seed_fixes_every_byte() -> None:
    profile = camera(noise=4.0)
    assert render(flat(90), profile, 1) == render(flat(90), profile, 1)
    assert render(flat(90), profile, 1) != render(flat(90), profile, 2)


# --- photo sets


def source_set(root: Path, names: dict[str, list[str]], parts: tuple[Part | None, ...]) -> PhotoSet:
    """Small distinct photos `<root>/<class>/<name>.png`, their parts in rotation."""
    rng, photos = np.random.default_rng(0), []
    for label, stems in names.items():
        (root / label).mkdir(parents=True)
        for i, stem in enumerate(stems):
            path = root / label / f"{stem}.png"
            Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)).save(path)
            photos.append(Photo(path, label, None, f"batch-{i % 3}", None, parts[i % len(parts)]))
    return PhotoSet(tuple(photos), tuple(ClassInfo(name, f"类{name}", name) for name in names))


def plain_set(root: Path, count: int = 6, parts: tuple[Part | None, ...] = (None,)) -> PhotoSet:
    stems = [f"p{i}" for i in range(count)]
    return source_set(root, {"one": stems, "two": stems}, parts)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_every_photo_is_rendered_for_every_camera(tmp_path: Path) -> None:
    photos = plain_set(tmp_path / "in", 3, ("train", "val", "test"))
    made = simulate_photos(photos, LISTED[:4], tmp_path / "out")
    assert len(made.photos) == 6 * 4
    assert made.simulated
    assert all(photo.simulated and photo.path.is_file() for photo in made.photos)
    assert {p.path.name for p in made.photos} >= {f"p0__{LISTED[0].id}.jpg"}
    for source, renders in zip(photos.photos, np.array(made.photos).reshape(6, 4), strict=True):
        kept = {(p.label, p.batch, p.part) for p in renders}
        assert kept == {(source.label, source.batch, source.part)}
        assert len({p.group for p in renders}) == 1
        assert [p.camera for p in renders] == [c.id for c in LISTED[:4]] or len(renders) == 4
    assert len({p.group for p in made.photos}) == 6


def test_the_manifest_gives_the_same_set_back_wherever_the_folder_goes(tmp_path: Path) -> None:
    photos = plain_set(tmp_path / "in", 4, ("train", "test"))
    made = simulate_photos(photos, LISTED[:2], tmp_path / "out")
    assert load_photos(tmp_path / "out" / MANIFEST_FILE, CAMERAS) == made
    (tmp_path / "out").rename(tmp_path / "moved")
    moved = load_photos(tmp_path / "moved" / MANIFEST_FILE, CAMERAS)
    assert [replace(p, path=tmp_path / "out" / p.path.relative_to(tmp_path / "moved"))
            for p in moved.photos] == list(made.photos)  # fmt: skip


def test_a_group_of_the_source_is_kept(tmp_path: Path) -> None:
    photos = plain_set(tmp_path / "in", 2)
    grouped = replace(photos, photos=tuple(replace(p, group="g7") for p in photos.photos))
    made = simulate_photos(grouped, LISTED[:2], tmp_path / "out")
    assert {p.group for p in made.photos} == {"g7"}


def test_renderings_of_one_photo_are_one_specimen(tmp_path: Path) -> None:
    photos = plain_set(tmp_path / "in", 3)
    made = simulate_photos(photos, LISTED[:4], tmp_path / "out")
    named = replace(photos, photos=tuple(replace(p, piece="7", group="g") for p in photos.photos))
    again = simulate_photos(named, LISTED[:4], tmp_path / "named")
    assert Counter(Counter(p.specimen for p in made.photos).values()) == {4: len(photos.photos)}
    assert {p.piece for p in again.photos} == {"7"}
    assert {p.specimen for p in again.photos} == {f"{p.label}/7" for p in photos.photos}


@settings(deadline=None, max_examples=12)
@given(count=st.integers(1, 12), cameras=st.integers(1, 6), data=st.data())
def test_cameras_rotate_evenly_over_class_and_part(
    count: int, cameras: int, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    usual, test = (data.draw(st.integers(1, cameras)) for _ in range(2))
    root = tmp_path_factory.mktemp("rotation")
    photos = plain_set(root / "in", count, ("train", "test"))
    made = simulate_photos(
        photos,
        LISTED[:cameras],
        root / "out",
        per_photo=usual,
        per_test_photo=test,
        seed=data.draw(st.integers(0, 99)),
    )
    for label in made.labels:
        for part, number in (("train", usual), ("test", test)):
            chosen = [p for p in made.photos if (p.label, p.part) == (label, part)]
            sources = sum((p.label, p.part) == (label, part) for p in photos.photos)
            assert len(chosen) == sources * number
            per_camera = Counter(p.camera for p in chosen)
            balance = [per_camera[c.id] for c in LISTED[:cameras]]
            assert max(balance) - min(balance) <= 1


def test_the_result_depends_on_the_seed_and_not_on_the_threads(tmp_path: Path) -> None:
    photos = plain_set(tmp_path / "in", 5)
    for name, seed, workers in (("a", 1, 1), ("b", 1, 4), ("c", 2, 1)):
        simulate_photos(photos, LISTED, tmp_path / name, per_photo=3, seed=seed, workers=workers)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert contents(tmp_path / "a") != contents(tmp_path / "c")


def test_standard_names_stay_standard_and_distinct(tmp_path: Path) -> None:
    stems = [f"{CODE}-2024001-7-001", f"{CODE}-2024001-D-001", f"{CODE}-2024002-D-001"]
    photos = source_set(tmp_path / "in", {"one": stems, "two": ["x"]}, (None,))
    made = simulate_photos(photos, LISTED[:2], tmp_path / "out")
    names = sorted(p.path.stem for p in made.photos if p.label == "one")
    first, second = (c.number for c in LISTED[:2])
    assert names == sorted(
        f"{CODE}-{batch}-{number}-{serial}"
        for number in (first, second)
        for batch, serial in (("2024001", "001"), ("2024001", "002"), ("2024002", "001"))
    )
    for photo in made.photos:
        name = parse_name(photo.path.stem)
        assert name is None or CAMERAS.get(photo.camera or "").number == name.device


def test_names_outside_the_rule_or_for_unlisted_cameras_carry_the_camera(tmp_path: Path) -> None:
    stems = [f"{CODE}-2024001-XM-001", f"{CODE}-2024001-7-002"]
    photos = source_set(tmp_path / "in", {"one": stems, "two": ["x"]}, (None,))
    (tmp_path / "in" / "one" / "deep").mkdir()
    twin = tmp_path / "in" / "one" / "deep" / f"{stems[0]}.png"
    twin.write_bytes(photos.photos[0].path.read_bytes())
    photos = replace(photos, photos=(*photos.photos, Photo(twin, "one")))
    listed, unlisted = LISTED[0], next(c for c in CAMERAS if c.number is None)
    made = simulate_photos(photos, [listed, unlisted], tmp_path / "out")
    names = {p.path.stem for p in made.photos if p.label == "one"}
    assert names == {
        f"{stems[0]}__{listed.id}",
        f"{stems[0]}__{unlisted.id}",
        f"{stems[0]}__{listed.id}-2",
        f"{stems[0]}__{unlisted.id}-2",
        f"{CODE}-2024001-{listed.number}-002",
        f"{stems[1]}__{unlisted.id}",
    }


def test_an_unreadable_photo_is_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    photos = plain_set(tmp_path / "in", 3)
    photos.photos[1].path.write_bytes(b"\xff\xd8\xff broken")
    photos.photos[2].path.unlink()
    reported: list[tuple[Photo, ImageError]] = []
    made = simulate_photos(
        photos, LISTED[:1], tmp_path / "out", unreadable=lambda *report: reported.append(report)
    )
    assert [photo for photo, _ in reported] == list(photos.photos[1:3])
    assert len(made.photos) == 4
    with pytest.raises(ImageError, match=r"p1\.png"):
        simulate_photos(photos, LISTED[:1], tmp_path / "strict")
    assert not (tmp_path / "strict").exists()


def test_nothing_is_left_when_no_photo_can_be_read(tmp_path: Path) -> None:
    photos = plain_set(tmp_path / "in", 2)
    for photo in photos.photos:
        photo.path.write_bytes(b"no photo")
    with pytest.raises(InputError, match="none of 4 photos"):
        simulate_photos(photos, LISTED[:1], tmp_path / "out", unreadable=lambda *_: None)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError])
def test_an_interrupted_run_leaves_nothing(tmp_path: Path, stop: type[BaseException]) -> None:
    class Interrupting(Silent):
        def progress(self, items: Iterable[Any], *_: object) -> Iterator[Any]:
            yield next(iter(items))
            raise stop

    photos = plain_set(tmp_path / "in")
    with reporting(Interrupting()), pytest.raises(stop):
        simulate_photos(photos, LISTED, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_sources_are_never_overwritten(tmp_path: Path) -> None:
    photos = plain_set(tmp_path / "in")
    before = contents(tmp_path)
    for output in (tmp_path / "in", tmp_path):
        with pytest.raises(InputError, match="holds the photos"):
            simulate_photos(photos, LISTED, output, overwrite=True)
    assert contents(tmp_path) == before


def test_an_output_that_exists_needs_overwrite(tmp_path: Path) -> None:
    photos = plain_set(tmp_path / "in", 1)
    simulate_photos(photos, LISTED[:2], tmp_path / "out")
    with pytest.raises(InputError, match="--overwrite"):
        simulate_photos(photos, LISTED[:1], tmp_path / "out")
    made = simulate_photos(photos, LISTED[:1], tmp_path / "out", overwrite=True)
    assert len(list((tmp_path / "out").rglob("*.jpg"))) == len(made.photos) == 2


@pytest.mark.parametrize(
    ("cameras", "options", "message"),
    [
        ([], {}, "one or more"),
        ([LISTED[0], LISTED[0]], {}, "each once"),
        (LISTED[:2], {"per_photo": 3}, "use 1 to 2"),
        (LISTED[:2], {"per_photo": 0}, "use 1 to 2"),
        (LISTED[:2], {"per_test_photo": 3}, "use 1 to 2"),
    ],
)
def test_impossible_numbers_of_cameras_are_refused(
    tmp_path: Path, cameras: list[CameraProfile], options: dict[str, int], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        simulate_photos(plain_set(tmp_path / "in", 1), cameras, tmp_path / "out", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("label", ["..", ".", "a/b", ""])
def test_a_class_never_leads_out_of_the_folder(tmp_path: Path, label: str) -> None:
    photos = plain_set(tmp_path / "in", 1)
    hostile = replace(photos, photos=(replace(photos.photos[0], label=label),))
    with pytest.raises(InputError, match="cannot be a folder's name"):
        simulate_photos(hostile, LISTED[:1], tmp_path / "out")


# --- command


def simulate(*words: str) -> Result:
    return CliRunner().invoke(app, ["simulate", *words])


def test_the_command_answers_with_one_document(tmp_path: Path) -> None:
    photos = plain_set(tmp_path / "in", 2)
    photos.photos[0].path.write_bytes(b"broken")
    ids = [camera.id for camera in LISTED[:2]]
    options = ["--camera", ids[0], "--camera", ids[1], "--json"]
    result = simulate(str(tmp_path / "in"), "-o", str(tmp_path / "out"), *options)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["photos"] == 6
    assert answer["simulated"] is True
    assert answer["cameras"] == {id_: {"one": 1, "two": 2} for id_ in ids}
    assert [entry["file"] for entry in answer["unreadable"]] == [str(photos.photos[0].path)]
    assert len(load_photos(Path(answer["manifest"]), CAMERAS).photos) == 6


def test_the_command_takes_one_part_and_leaves_microscopes_out(tmp_path: Path) -> None:
    photos = plain_set(tmp_path / "in", 4, ("train", "test"))
    manifest = simulate_photos(photos, LISTED[:1], tmp_path / "base").photos[0].path.parents[1]
    arguments = [str(manifest / MANIFEST_FILE), "-o", str(tmp_path / "out"), "--part", "test"]
    result = simulate(*arguments)
    assert result.exit_code == 0, result.output
    assert "simulated photos" in result.stdout
    made = load_photos(tmp_path / "out" / MANIFEST_FILE, CAMERAS)
    assert {p.part for p in made.photos} == {"test"}
    kinds = {CAMERAS.get(p.camera or "").kind for p in made.photos}
    assert kinds == {"phone", "camera"}


@pytest.mark.parametrize("options", [["--part", "tset"], ["--camera", "nokia-3310"]])
def test_the_command_refuses_unknown_words(tmp_path: Path, options: list[str]) -> None:
    plain_set(tmp_path / "in", 1)
    result = simulate(str(tmp_path / "in"), "-o", str(tmp_path / "out"), *options)
    assert result.exit_code
    assert options[1] in f"{result.exception}{result.output}"
    assert not (tmp_path / "out").exists()
