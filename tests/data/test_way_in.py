"""A photo is read alike whatever the way in, and where its sources disagree, that is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import Base
from typer.testing import CliRunner

from edgetlc.cli import data as data_commands
from edgetlc.cli import devices as device_commands
from edgetlc.data.manifest import load_photos, read_source
from edgetlc.data.photos import Photo
from edgetlc.devices.profiles import Cameras
from edgetlc.errors import InputError
from edgetlc.progress import Silent, reporting

CAMERAS = Cameras.load()
CODE = "0617440100299008"
IPHONE = {"make": "Apple", "model": "iPhone 11"}
RENDERED = {"software": "edgetlc 1.0, simulated"}


def take(path: Path, seed: int = 0, **tags: str) -> Path:
    """Save a small photo that only its seed decides, with EXIF tags."""
    exif = Image.Exif()
    for name, value in tags.items():
        exif[Base[name.capitalize()]] = value
    noise = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(noise).resize((64, 48), Image.Resampling.BICUBIC)
    picture.save(path, "JPEG", exif=exif)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two classes; the first photo of each tells all that EXIF and a name can tell."""
    root = tmp_path / "photos"
    for number, label in enumerate("ab"):
        for batch in (1, 2, 3):
            take(root / label / f"{CODE}-202400{batch}-7-00{batch}.jpg", 10 * number + batch)
        take(root / label / "IMG_1.jpg", 10 * number + 4, **IPHONE)
        take(root / label / "IMG_2.jpg", 10 * number + 5)
        take(root / label / f"{CODE}-2024004-2-004.jpg", 10 * number + 6, **IPHONE, **RENDERED)
    return root


def listing(root: Path, columns: str = "", values: str = "") -> Path:
    """Write a manifest of a folder, with the same further values for every photo."""
    files = sorted(root.rglob("*.jpg"))
    rows = [f"{f.relative_to(root).as_posix()},{f.parent.name}{values}" for f in files]
    path = root / "list.csv"
    path.write_text("\n".join([f"path,class{columns}", *rows]), encoding="utf-8")
    return path


def test_a_list_of_path_and_class_says_what_the_folder_says(photos: Path) -> None:
    folder = load_photos(photos, CAMERAS)
    assert load_photos(listing(photos), CAMERAS) == folder
    assert {(p.camera, p.batch, p.simulated) for p in folder.photos} == {
        ("realme-gt-neo", f"{CODE}-2024001", False),
        ("realme-gt-neo", f"{CODE}-2024002", False),
        ("realme-gt-neo", f"{CODE}-2024003", False),
        ("iphone-11", None, False),
        (None, None, False),
        ("iphone-11", f"{CODE}-2024004", True),
    }


def test_identify_says_the_same(photos: Path) -> None:
    ran = CliRunner().invoke(device_commands.app, ["identify", str(photos), "--json"])
    told = {
        one["file"]: (one["camera"], one["batch"], one["simulated"])
        for one in json.loads(ran.stdout)
    }
    assert told == {
        str(p.path): (p.camera, p.batch, p.simulated) for p in load_photos(photos, CAMERAS).photos
    }


def test_columns_count_where_the_photo_is_silent(photos: Path) -> None:
    path = listing(photos, ",camera,batch,simulated", ",iphone-12,B1,1")
    listed = {(p.label, p.path.name): p for p in load_photos(path, CAMERAS).photos}
    assert (listed["a", "IMG_2.jpg"].camera, listed["a", "IMG_2.jpg"].batch) == ("iphone-12", "B1")
    assert (listed["a", "IMG_1.jpg"].camera, listed["a", "IMG_1.jpg"].batch) == ("iphone-11", "B1")
    named = listed["a", f"{CODE}-2024001-7-001.jpg"]
    assert (named.camera, named.batch) == ("realme-gt-neo", f"{CODE}-2024001")
    assert all(photo.simulated for photo in listed.values())


@pytest.mark.parametrize("declared", ["2024001", f"{CODE}-2024001", ""])
def test_both_ways_to_write_a_batch_agree(photos: Path, declared: str) -> None:
    for file in photos.rglob("*-202400[234]-*"):
        file.unlink()
    assert read_source(listing(photos, ",batch", f",{declared}"), CAMERAS).conflicts == ()


CONFLICTS = {
    "camera": (
        ",camera",
        ",iphone-12",
        "EXIF says Apple / iPhone 11 (iphone-11), but the manifest",
    ),
    "batch": (
        ",batch",
        ",B1",
        f"the file name says batch {CODE}-2024001, but the manifest says B1",
    ),
    "origin": (",simulated", ",0", "EXIF says that edgetlc rendered it, but the manifest says"),
}


class Told(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(str(text))


@pytest.mark.parametrize("kind", CONFLICTS)
def test_sources_that_disagree_are_told_and_fail_the_check(photos: Path, kind: str) -> None:
    columns, values, reason = CONFLICTS[kind]
    path = listing(photos, columns, values)
    reporter = Told()
    with reporting(reporter):
        loaded = load_photos(path, CAMERAS)
    (line,) = reporter.lines
    assert "contradict" in line
    assert any(
        (one.conflict or "").startswith(reason) for one in read_source(path, CAMERAS).conflicts
    )
    ran = CliRunner().invoke(data_commands.app, ["check", str(path), "--json"])
    assert ran.exit_code == 1
    assert any(
        one["reason"].startswith(reason) for one in json.loads(ran.stdout)["camera_conflicts"]
    )
    # The stronger source decides all the same.
    assert [replace(p, batch=None) for p in loaded.photos if p.path.name != "IMG_2.jpg"] == [
        replace(p, batch=None)
        for p in load_photos(photos, CAMERAS).photos
        if p.path.name != "IMG_2.jpg"
    ]


def test_the_mark_of_simulation_survives_a_copy_without_its_manifest(
    photos: Path, tmp_path: Path
) -> None:
    ran = CliRunner().invoke(
        data_commands.app,
        ["simulate", str(photos), "-o", str(tmp_path / "out"), "--camera", "iphone-12", "--json"],
    )
    assert ran.exit_code == 0
    made = load_photos(tmp_path / "out", CAMERAS)
    (tmp_path / "out" / "manifest.csv").unlink()
    bare = load_photos(tmp_path / "out", CAMERAS)
    assert all(photo.simulated for photo in bare.photos)
    assert [replace(p, group=None) for p in sorted(made.photos, key=lambda p: p.path)] == list(
        bare.photos
    )


Write = Callable[[str], bytes]
FORMS: dict[str, tuple[str, str]] = {
    "as it is": ("path,class\na/1.jpg,a\nb/2.jpg,b\n", "utf-8"),
    "Windows line ends": ("path,class\r\na/1.jpg,a\r\nb/2.jpg,b\r\n", "utf-8-sig"),
    "Unicode text of a spreadsheet": ("path\tclass\r\na/1.jpg\ta\r\nb/2.jpg\tb\r\n", "utf-16"),
    "semicolons": ("path;class\r\na/1.jpg;a\r\nb/2.jpg;b\r\n", "gb18030"),
    "backslashes": ("path,class\r\na\\1.jpg,a\r\nb\\2.jpg,b\r\n", "utf-8"),
    "blanks behind": ("path ,class \r\na/1.jpg ,a\r\nb\\2.jpg ,b\r\n", "utf-8"),
    "an unnamed column": ("path,class,\r\na/1.jpg,a,\r\nb/2.jpg,b,\r\n", "utf-8"),
    "rows of commas": ("path,class\r\na/1.jpg,a\r\n,\r\nb/2.jpg,b,,\r\n,,,\r\n\r\n", "utf-8"),
    "rows of commas first": (",,\r\n \r\npath,class,\r\na/1.jpg,a,\r\nb/2.jpg,b,\r\n", "utf-8"),
    "blanks in other fields": (
        "path,class,camera,part,simulated\r\na/1.jpg,a, ,,\r\nb/2.jpg,b,,  ,\r\n",
        "utf-8",
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_manifest_is_read_as_spreadsheets_write_it(tmp_path: Path, form: str) -> None:
    for place in ("a/1.jpg", "b/2.jpg"):
        take(tmp_path / place)
    text, encoding = FORMS[form]
    (tmp_path / "list.csv").write_bytes(text.encode(encoding))
    assert load_photos(tmp_path / "list.csv", CAMERAS).photos == (
        Photo(tmp_path / "a" / "1.jpg", "a"),
        Photo(tmp_path / "b" / "2.jpg", "b"),
    )


def test_a_name_as_it_is_comes_before_one_corrected(tmp_path: Path) -> None:
    for name in ("1.jpg ", "1.jpg", "c\\1.jpg", "c/1.jpg"):
        take(tmp_path / "a" / name)
    lines = ["path,class", *(f'"a/{name}",{name[0]}' for name in ("1.jpg ", "c\\1.jpg"))]
    (tmp_path / "list.csv").write_text("\n".join(lines), encoding="utf-8")
    read = load_photos(tmp_path / "list.csv", CAMERAS).photos
    assert [photo.path.name for photo in read] == ["1.jpg ", "c\\1.jpg"]


def test_all_missing_photos_are_listed(tmp_path: Path) -> None:
    take(tmp_path / "a" / "1.jpg"), take(tmp_path / "b" / "2.jpg")
    rows = [f"a/gone{number:02}.jpg,a" for number in range(22)]
    path = tmp_path / "list.csv"
    path.write_text("\n".join(["path,class", "a/1.jpg,a", "b/2.jpg,b", *rows]), encoding="utf-8")
    with pytest.raises(
        InputError, match=r"22 photos.*gone00.*gone19\.jpg and 2 more; .*data check"
    ):
        load_photos(path, CAMERAS)
    ran = CliRunner().invoke(data_commands.app, ["check", str(path), "--json"])
    found: dict[str, Any] = json.loads(ran.stdout)
    assert [Path(one["file"]).name for one in found["unreadable"]] == [
        f"gone{number:02}.jpg" for number in range(22)
    ]
    assert ran.exit_code == 1


@pytest.mark.parametrize(
    "place", [b"\xb3\xc2\xc6\xa4/1.jpg", b"a/\xb3\xc2.jpg", b"a/\xb3\xc2/1.jpg"]
)
def test_names_in_other_bytes_are_one_line(tmp_path: Path, place: bytes) -> None:
    take(tmp_path / "a" / "1.jpg"), take(tmp_path / "b" / "2.jpg")
    source = take(tmp_path / "c" / "3.jpg")
    target = bytes(tmp_path) + b"/" + place
    Path(target.rpartition(b"/")[0].decode("utf-8", "surrogateescape")).mkdir(exist_ok=True)
    source.rename(target.decode("utf-8", "surrogateescape"))
    for words in (
        ["check", str(tmp_path)],
        ["split", str(tmp_path), "-o", str(tmp_path / "s.csv")],
    ):
        ran = CliRunner().invoke(data_commands.app, words)
        assert isinstance(ran.exception, InputError)
        assert "not UTF-8, rename" in str(ran.exception)


@pytest.mark.parametrize("classes", [("a",), ("a", "b")], ids=["refused", "taken"])
def test_an_empty_class_is_told_whether_the_rest_is_a_set(
    tmp_path: Path, classes: tuple[str, ...]
) -> None:
    for label in classes:
        take(tmp_path / label / "1.jpg")
    (tmp_path / "fake").mkdir()
    (tmp_path / "classes.toml").write_text('[fake]\nrole = "counterfeit"\n')
    reporter = Told()
    with reporting(reporter):
        try:
            labels = load_photos(tmp_path, CAMERAS).labels
        except InputError:
            labels = ("a",)
    assert labels == classes
    assert reporter.lines == ["1 class folder without a photo: fake"]
