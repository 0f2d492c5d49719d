from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import Base
from typer.testing import CliRunner, Result

from edgetlc.cli.data import app
from edgetlc.data.check import FewImages, Findings, SamePicture, check
from edgetlc.data.duplicates import Duplicates
from edgetlc.data.manifest import load_photos, write_manifest
from edgetlc.data.photos import Part, Photo, PhotoSet
from edgetlc.data.split import split
from edgetlc.devices.profiles import Cameras
from edgetlc.errors import InputError
from edgetlc.runtime.classes import ClassInfo

CAMERAS = Cameras.load()
CODE = "0617440100299008"


def take(path: Path, seed: int, *, format: str = "JPEG", **options: Any) -> Path:
    """Save a picture that only its seed decides."""
    noise = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(noise).resize((160, 120), Image.Resampling.BICUBIC)
    picture.save(path, format, **options)
    return path


def exif(make: str, model: str) -> Image.Exif:
    data = Image.Exif()
    data[Base.Make], data[Base.Model] = make, model
    return data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of three photos each, all as the standard asks but for their number."""
    root = tmp_path / "photos"
    for number, label in enumerate("ab"):
        for serial in range(3):
            name = f"{CODE}-202400{serial + 1}-{7 - number}-{serial:03}.jpg"
            take(root / label / name, 10 * number + serial)
    return root


def found(folder: Path, **options: Any) -> Findings:
    return check(folder, CAMERAS, min_images=options.pop("min_images", 0), **options)


def test_a_sound_set(folder: Path) -> None:
    findings = found(folder)
    assert (findings.photos, findings.errors, findings.warnings) == (6, 0, 0)
    assert findings.counts == {
        "a": {"iqoo-neo5-neo8": 0, "realme-gt-neo": 3},
        "b": {"iqoo-neo5-neo8": 3, "realme-gt-neo": 0},
    }


def test_what_reading_noted_is_a_warning(folder: Path) -> None:
    photo = folder / "a" / f"{CODE}-2024001-7-000.jpg"
    photo.write_bytes(photo.read_bytes()[:-2])  # without its end marker
    findings = found(folder)
    assert [one.file for one in findings.notes] == [photo]
    assert findings.notes[0].reason.startswith("the file lacks its end")
    assert (findings.errors, findings.warnings) == (0, 1)


def test_unreadable_photos(folder: Path) -> None:
    photo = folder / "a" / f"{CODE}-2024001-7-000.jpg"
    photo.write_bytes(photo.read_bytes()[:900])
    empty = folder / "a" / f"{CODE}-2024001-7-009.jpg"
    empty.write_bytes(b"")
    findings = found(folder)
    assert [one.file for one in findings.unreadable] == [photo, empty]
    assert "ends before its photo does" in findings.unreadable[0].reason
    assert findings.unreadable[1].reason.startswith("0 bytes long")
    assert findings.errors == 2
    assert findings.counts["a"]["realme-gt-neo"] == 2
    assert findings.empty_classes == ()


def test_a_class_without_a_readable_photo(folder: Path) -> None:
    for photo in (folder / "b").iterdir():
        photo.write_bytes(b"not a photo")
    findings = found(folder)
    assert findings.empty_classes == ("b",)
    assert findings.errors == 4


def test_a_suffix_that_belies_the_content(folder: Path) -> None:
    webp = take(folder / "a" / f"{CODE}-2024001-7-900.jpg", 90, format="WEBP")
    png = take(folder / "a" / f"{CODE}-2024001-7-901.webp", 91, format="PNG")
    take(folder / "a" / f"{CODE}-2024001-7-902.JPEG", 92)
    findings = found(folder)
    assert [(one.file, one.reason) for one in findings.wrong_suffixes] == [
        (webp, "holds WebP; the name should end in .webp"),
        (png, "holds PNG; the name should end in .png"),
    ]
    assert (findings.errors, findings.warnings) == (0, 2)


def test_duplicates_in_a_class(folder: Path) -> None:
    first, second, third = sorted((folder / "a").iterdir())
    copy = folder / "a" / f"{CODE}-2024001-7-900.jpg"
    copy.write_bytes(first.read_bytes())
    again = take(folder / "a" / f"{CODE}-2024001-7-901.jpg", 1, quality=40)
    findings = found(folder)
    assert findings.exact_duplicates == (SamePicture((first, copy), ("a", "a")),)
    assert findings.near_duplicates == (SamePicture((again, second), ("a", "a")),)
    assert (findings.errors, findings.warnings) == (1, 1)
    assert third not in findings.near_duplicates[0].files


def test_one_picture_under_two_classes(folder: Path) -> None:
    twin = take(folder / "b" / f"{CODE}-2024001-6-900.jpg", 2)
    findings = found(folder)
    original = folder / "a" / f"{CODE}-2024003-7-002.jpg"
    assert findings.label_conflicts == (SamePicture((original, twin), ("a", "b")),)
    assert (findings.errors, findings.warnings) == (1, 0)


@pytest.mark.parametrize(
    ("duplicates", "errors", "warnings", "told"),
    [
        ("keep", 0, 0, "Near-duplicates were not looked for."),
        ("group", 0, 1, "000.jpg = b"),
        ("refuse", 1, 0, "000.jpg = b"),
    ],
)
def test_what_near_duplicates_are_is_the_users_to_say(
    folder: Path, duplicates: Duplicates, errors: int, warnings: int, told: str
) -> None:
    original = folder / "a" / f"{CODE}-2024001-7-000.jpg"
    twin = take(folder / "b" / f"{CODE}-2024001-6-900.jpg", 0, quality=40)
    findings = found(folder, duplicates=duplicates)
    assert (findings.errors, findings.warnings) == (errors, warnings)
    pair = SamePicture((original, twin), ("a", "b"))
    assert findings.near_duplicates == (() if duplicates == "keep" else (pair,))
    result = run(folder, "--min-images", 0, "--duplicates", duplicates)
    assert result.exit_code == min(errors, 1)
    assert told in result.stdout


def lossless(source: Path, target: Path) -> Path:
    with Image.open(source) as picture:
        picture.save(target, "PNG")
    return target


def renamed(source: Path, target: Path) -> Path:
    """Copy a JPEG with a comment: the same pixels, another file."""
    data = source.read_bytes()
    target.write_bytes(data[:2] + b"\xff\xfe\x00\x06copy" + data[2:])
    return target


@pytest.mark.parametrize("copy", [shutil.copy, lossless, renamed])
def test_the_same_pixels_are_an_exact_copy(
    folder: Path, copy: Callable[[Path, Path], Path]
) -> None:
    original = folder / "a" / f"{CODE}-2024002-7-001.jpg"
    twin = copy(original, folder / "a" / f"{CODE}-2024002-7-900.jpg")
    findings = found(folder, duplicates="keep")
    assert findings.exact_duplicates == (SamePicture((original, twin), ("a", "a")),)
    photos = load_photos(folder, CAMERAS)
    with pytest.raises(InputError, match=r"there more than once.*900"):
        split(photos, duplicates="keep")


def test_flat_photos_of_one_colour_but_two_sizes_are_no_copies(folder: Path) -> None:
    for number, size in ((900, (200, 100)), (901, (100, 200))):
        path = folder / "a" / f"{CODE}-2024001-7-{number}.jpg"
        Image.new("RGB", size, "white").save(path)
    findings = found(folder)
    assert (findings.exact_duplicates, findings.near_duplicates) == ((), ())


def test_near_duplicates_of_one_group_are_known(folder: Path) -> None:
    for number, quality in ((900, 60), (901, 40)):
        take(folder / "a" / f"{CODE}-2024001-7-{number}.jpg", 90, quality=quality)
    photos = load_photos(folder, CAMERAS)
    listed = tuple(replace(p, group="one" if "-90" in p.path.name else None) for p in photos.photos)
    write_manifest(folder / "set.csv", replace(photos, photos=listed))
    assert len(found(folder).near_duplicates) == 1
    assert found(folder / "set.csv").near_duplicates == ()


def test_a_camera_that_exif_contradicts(folder: Path) -> None:
    other = exif("Apple", "iPhone 11")
    photo = take(folder / "a" / f"{CODE}-2024001-7-900.jpg", 90, exif=other)
    take(folder / "a" / f"{CODE}-2024001-2-901.jpg", 91, exif=other)
    findings = found(folder)
    assert [one.file for one in findings.camera_conflicts] == [photo]
    assert "iphone-11" in findings.camera_conflicts[0].reason
    assert "device 7" in findings.camera_conflicts[0].reason
    assert findings.errors == 1
    assert findings.counts["a"]["iphone-11"] == 2


def test_names_that_break_the_rule(folder: Path) -> None:
    photo = take(folder / "a" / "IMG_0001.jpg", 90)
    findings = found(folder)
    assert [one.file for one in findings.bad_names] == [photo]
    assert "code-batch-device-serial" in findings.bad_names[0].reason
    assert findings.counts["a"]["unknown"] == 1


def test_files_left_aside(folder: Path) -> None:
    (folder / "a" / "old.bmp").write_bytes(b"BM")
    findings = found(folder)
    assert [one.file for one in findings.unlisted] == [folder / "a" / "old.bmp"]
    assert findings.warnings == 1


def test_places_that_cannot_be_reached_are_errors(folder: Path) -> None:
    (folder / "a" / "linked").symlink_to(folder / "b")
    (folder / "b" / "gone.jpg").symlink_to("nothing")
    (folder / "empty").mkdir()
    (folder / "text" / "deep").mkdir(parents=True)
    (folder / "text" / "deep" / "notes.txt").write_text("text")
    take(folder / "b" / "@eaDir" / "thumb.jpg", 80)
    findings = found(folder)
    assert [one.file.name for one in findings.unreachable] == ["linked", "gone.jpg"]
    assert findings.empty_classes == ("empty", "text")
    assert [one.file.name for one in findings.unlisted] == ["notes.txt"]
    assert [one.file.name for one in findings.passed_over] == ["@eaDir"]
    assert (findings.photos, findings.errors, findings.warnings) == (6, 4, 1)


def test_one_photo_in_two_parts(folder: Path) -> None:
    photos = load_photos(folder, CAMERAS)
    parts: tuple[Part, ...] = ("train", "train", "test") * 2
    parted = [replace(p, part=x) for p, x in zip(photos.photos, parts, strict=True)]
    twice = replace(parted[0], part="test")
    write_manifest(folder / "set.csv", replace(photos, photos=(*parted, twice)))
    findings = found(folder / "set.csv")
    (leak,) = findings.in_two_parts
    assert leak.reason == f"{leak.file} (train) is the same file as {leak.file} (test)"
    assert (findings.errors, findings.not_splittable) == (2, ())  # it is a copy, too


@pytest.mark.parametrize(("parts", "faults"), [(("train", "test"), 2), (("val", "test"), 0)])
def test_a_split_by_hand_is_held_to_what_split_takes(
    tmp_path: Path, parts: tuple[Part, Part], faults: int
) -> None:
    """One batch in each class: no split, but a list of held-out photos may be so."""
    photos = [
        Photo(take(tmp_path / f"{label}{n}.jpg", 10 * n + ord(label)), label, batch="7", part=part)
        for label in "ab"
        for n, part in enumerate(parts)
    ]
    write_manifest(
        tmp_path / "set.csv", PhotoSet(tuple(photos), tuple(ClassInfo(x, x, x) for x in "ab"))
    )
    findings = found(tmp_path / "set.csv")
    assert len(findings.not_splittable) == faults
    where = ", ".join(sorted(parts))
    assert findings.torn_batches == tuple(f"batch 7 of {x} is in {where}" for x in "ab")


@pytest.mark.parametrize("seed", range(12))
def test_check_passes_what_split_takes_and_nothing_else(tmp_path: Path, seed: int) -> None:
    """Sets of few batches, some across classes, some of one photo; some can be split."""
    draw = Random(seed)
    photos = [
        Photo(
            take(tmp_path / "pool" / f"{index}.jpg", 100 * seed + index),
            "ab"[index % 2],
            batch=str(draw.randrange(1 + seed % 4)),
            group=draw.choice([None, None, None, None, None, "g"]),
        )
        for index in range(draw.randrange(3, 9))
    ]
    whole = PhotoSet(tuple(photos), tuple(ClassInfo(x, x, x) for x in "ab"))
    write_manifest(tmp_path / "set.csv", whole)
    faults = check(tmp_path / "set.csv", CAMERAS, min_images=0).not_splittable
    if faults:
        with pytest.raises(InputError, match=re.escape(faults[0])):
            split(whole)
    else:
        assert all(split(whole).counts["test"].values())


@pytest.mark.parametrize("kept", [1, 3], ids=["one photo", "one batch"])
def test_a_class_that_cannot_be_split_is_an_error_and_refused(folder: Path, kept: int) -> None:
    for serial, photo in enumerate(sorted((folder / "a").iterdir())):
        photo.rename(folder / "a" / f"{CODE}-2024001-7-00{serial}.jpg")
        if serial >= kept:
            (folder / "a" / f"{CODE}-2024001-7-00{serial}.jpg").unlink()
    result = run(folder, "--json", "--min-images", 0)
    document = json.loads(result.stdout)
    assert (result.exit_code, document["errors"], document["warnings"]) == (1, 1, 0)
    refused = CliRunner().invoke(app, ["split", str(folder), "-o", str(folder / "s.csv")])
    assert str(refused.exception) == document["not_splittable"][0]


@pytest.mark.parametrize(
    ("roles", "minimum", "expected"),
    [
        ({}, 3, []),
        ({}, 4, [FewImages(("a",), 3, 4), FewImages(("b",), 3, 4)]),
        ({"a": "genuine", "b": "genuine"}, 6, []),
        ({"a": "genuine", "b": "genuine"}, 7, [FewImages(("a", "b"), 6, 7)]),
        ({"a": "genuine", "b": "counterfeit"}, 4, [FewImages(("a",), 3, 4)]),
        ({"a": "genuine"}, 4, [FewImages(("a",), 3, 4), FewImages(("b",), 3, 4)]),
    ],
)
def test_too_few_images(
    folder: Path, roles: dict[str, str], minimum: int, expected: list[FewImages]
) -> None:
    described = "".join(f'[{name}]\nrole = "{role}"\n' for name, role in roles.items())
    (folder / "classes.toml").write_text(described)
    assert list(found(folder, min_images=minimum).few_images) == expected


def test_simulated_photos_are_marked(folder: Path) -> None:
    photos = load_photos(folder, CAMERAS)
    made = tuple(replace(photo, simulated=True) for photo in photos.photos)
    write_manifest(folder / "set.csv", replace(photos, photos=made))
    assert found(folder / "set.csv").simulated
    assert "SIMULATED" in run(folder / "set.csv").stdout


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["check", *map(str, arguments)])


def test_the_command_passes_a_set_with_warnings_unless_strict(folder: Path) -> None:
    assert run(folder, "--min-images", 3, "--strict").exit_code == 0
    assert run(folder).exit_code == 0  # fewer than 500 images
    strict = run(folder, "--strict")
    assert strict.exit_code == 1
    assert "6 photos, 0 errors, 2 warnings" in strict.stdout
    assert "too few images" in strict.stdout


def test_the_command_fails_an_unfit_set(folder: Path) -> None:
    for number in range(5):
        (folder / "a" / f"{CODE}-2024001-7-90{number}.jpg").write_bytes(b"")
    result = run(folder, "--min-images", 0, "--examples", 2)
    assert result.exit_code == 1
    assert result.stdout.count("0 bytes long") == 2
    assert "and 3 more" in result.stdout
    assert "11 photos, 5 errors, 0 warnings" in result.stdout
    assert "900.jpg" not in run(folder, "--examples", 0).stdout


def test_the_document_is_complete(folder: Path) -> None:
    photo = folder / "a" / f"{CODE}-2024001-7-900.jpg"
    photo.write_bytes(b"")
    result = run(folder, "--json", "--min-images", 0)
    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (document["passed"], document["errors"], document["warnings"]) == (False, 1, 0)
    assert document["unreadable"][0]["file"] == str(photo)
    assert document["counts"]["a"]["realme-gt-neo"] == 3
    assert set(document) == {"passed", "errors", "warnings", *Findings.__dataclass_fields__}


@pytest.mark.parametrize("keep", [[], ["a"]])
def test_what_is_no_set_is_bad_input(folder: Path, keep: list[str]) -> None:
    for label in {"a", "b"} - set(keep):
        for photo in (folder / label).iterdir():
            photo.unlink()
    result = run(folder)
    assert isinstance(result.exception, InputError)
    assert result.exception.exit_code == 2


@pytest.mark.real
def test_real_bad_files_do_not_end_the_check(shared_data: Path, tmp_path: Path) -> None:
    bad = sorted((shared_data / "bad_images" / "truncated_corrupt").glob("*truncated*"))
    for label in "ab":
        take(tmp_path / label / "good.jpg", ord(label))
    for file in bad:
        (tmp_path / "a" / f"{file.name}.jpg").write_bytes(file.read_bytes())
    findings = found(tmp_path)
    assert len(bad) > 3
    assert len(findings.unreadable) >= len(bad) - 3  # one lacks nothing but its end marker
    assert len(findings.notes) == 1
    assert all(one.reason and "\n" not in one.reason for one in findings.unreadable)
    assert findings.empty_classes == ()
