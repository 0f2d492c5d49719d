from __future__ import annotations

import csv
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgetlc.data.class_file import CLASSES_FILE, read_classes, write_classes
from edgetlc.data.class_names import skeleton
from edgetlc.data.manifest import check_writable, load_photos, read_source, write_manifest
from edgetlc.data.photos import PARTS, Part, Photo, PhotoSet, digest_of
from edgetlc.devices.profiles import Cameras
from edgetlc.errors import InputError
from edgetlc.runtime.classes import ClassInfo, Role

CAMERAS = Cameras.load()
IDS = [profile.id for profile in CAMERAS]
STANDARD = "0617440100299008-2024001-7-001.jpg"

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
odd = st.sampled_from(
    [
        '"',
        '""',
        "'",
        "\n",
        "\r",
        "\r\n",
        " ",
        " a",
        "a ",
        ",",
        "陈皮",
        "a\tb",
        "#",
        "[x]",
        "\\",
        "=1",
    ]
)
names = text | odd


def touch(path: Path, content: bytes = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def two_classes(root: Path) -> Path:
    touch(root / "a" / "1.jpg")
    touch(root / "b" / "2.jpg")
    return root


def manifest(root: Path, lines: str, *, bom: bool = False) -> Path:
    path = two_classes(root) / "set.csv"
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + lines.encode())
    return path


@settings(max_examples=60)
@given(
    labels=st.lists(names, min_size=2, max_size=4, unique_by=skeleton),
    optional=names.filter(lambda text: text == text.strip() != "") | st.none(),
    part=st.sampled_from([None, *PARTS]),
    roles=st.lists(st.sampled_from(["genuine", "counterfeit", "unspecified"]), min_size=4),
    simulated=st.booleans(),
    word=names,
)
def test_a_set_survives_being_written_and_read(
    labels: list[str],
    optional: str | None,
    part: Part | None,
    roles: list[Role],
    simulated: bool,
    word: str,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        photos = tuple(
            Photo(
                touch(root / "photos" / f"{number}.jpg"),
                label,
                IDS[number] if optional else None,
                optional,
                optional,
                part,
                simulated,
                optional,
            )
            for number, label in enumerate(labels)
        )
        classes = tuple(
            ClassInfo(label, word, label * 2, role)
            for label, role in sorted(zip(labels, roles, strict=False))
        )
        written = PhotoSet(photos, classes)
        write_manifest(root / "sets" / "set.csv", written)
        read = load_photos(root / "sets" / "set.csv", CAMERAS)
        assert read.classes == written.classes
        assert [replace(p, path=p.path.resolve()) for p in read.photos] == [
            replace(p, path=p.path.resolve()) for p in photos
        ]


@settings(max_examples=60)
@given(st.lists(st.builds(ClassInfo, names, names, names), unique_by=lambda info: info.name))
def test_class_descriptions_survive(classes: list[ClassInfo]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / CLASSES_FILE
        write_classes(path, classes)
        assert read_classes(path, [info.name for info in classes]) == tuple(classes)


@pytest.mark.parametrize("name", [" 1.jpg", "1 .jpg", "a,b.jpg", 'q"q.jpg', "n\nn.jpg", "陈皮.jpg"])
def test_odd_file_names_survive(tmp_path: Path, name: str) -> None:
    photos = (
        Photo(touch(tmp_path / " x" / name), " x"),
        Photo(touch(tmp_path / "y" / name), "y"),
    )
    path = tmp_path / "set.csv"
    write_manifest(path, PhotoSet(photos, read_classes(tmp_path / "none", [" x", "y"])))
    assert load_photos(path, CAMERAS).photos == photos
    assert load_photos(tmp_path, CAMERAS).photos == photos


@pytest.mark.parametrize(("name", "label"), [("\udcff", "a"), ("1", "\udcff")])
def test_a_name_that_is_no_text_is_refused(tmp_path: Path, name: str, label: str) -> None:
    photo = Photo(tmp_path / f"{name}.jpg", label)
    classes = (ClassInfo(label, label, label),)
    with pytest.raises(InputError, match=r"not UTF-8, rename it: .*udcff"):
        write_manifest(tmp_path / "set.csv", PhotoSet((photo,), classes))
    assert list(tmp_path.iterdir()) == []


def test_paths_are_relative_to_the_manifest(tmp_path: Path) -> None:
    photo = Photo(touch(tmp_path / "photos" / "a" / "1.jpg"), "a")
    write_manifest(tmp_path / "sets" / "set.csv", PhotoSet((photo,), ()))
    with (tmp_path / "sets" / "set.csv").open(newline="") as stream:
        assert next(csv.DictReader(stream))["path"] == "../photos/a/1.jpg"


def test_an_absolute_path_is_taken_as_it_is(tmp_path: Path) -> None:
    elsewhere = touch(tmp_path / "elsewhere" / "1.jpg")
    path = manifest(tmp_path / "set", f"path,class\n{elsewhere},a\nb/2.jpg,b\n")
    assert load_photos(path, CAMERAS).photos[0].path == elsewhere


def test_a_hand_made_manifest(tmp_path: Path) -> None:
    lines = (
        "class, path, camera, simulated, part\r\na, a/1.jpg, iphone-11, 1, val\r\nb, b/2.jpg,,,\r\n"
    )
    read = load_photos(manifest(tmp_path, lines, bom=True), CAMERAS)
    assert read.photos == (
        Photo(tmp_path / "a" / "1.jpg", "a", "iphone-11", part="val", simulated=True),
        Photo(tmp_path / "b" / "2.jpg", "b"),
    )
    assert read.simulated
    assert read.part("val").photos == read.photos[:1]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", r"missing \['path', 'class'\]"),
        ("path,class,camra\n", "unknown column 'camra'; did you mean 'camera'"),
        ("path,class,kind\n", r"unknown \['kind'\]"),
        ("path,class,class\n", r"repeated \['class'\]"),
        ("path,class\n", "lists no photos"),
        ("path,class\na/1.jpg,a\n", r"one class only \(a\)"),
        ("path,class\na/1.jpg\n", "line 2: needs a path and a class"),
        ("path,class\na/1.jpg,a,b\n", "line 2: needs a path and a class, and one field"),
        ("path,class\n,a\n", "line 2: needs a path"),
        ("path,class\na/9.jpg,a\nb/2.jpg,b\n", r"lists 1 photo that is not there: .*a/9\.jpg$"),
        ("path,class\na,a\nb/2.jpg,b\n", "lists 1 photo that is not there"),
        ("path,class,part\na/1.jpg,a,dev\n", "line 2: part is 'dev'; use train, val, test"),
        ("path,class,simulated\na/1.jpg,a,yes\n", "line 2: simulated is 'yes'; use 0 or 1"),
        ("path,class,camera\na/1.jpg,a,nokia\n", "line 2: unknown camera 'nokia'; 'edgetlc dev"),
        ("path,class,camera\na/1.jpg,a,iPhone11\n", "did you mean 'iphone-11'?"),
        ('path,class\n"a/1.jpg"x,a\n', "not a CSV file"),
        ("path,class\na/1.jpg\0,a\n", "is no text in UTF-8"),
    ],
)
def test_a_bad_manifest_is_explained(tmp_path: Path, lines: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_photos(manifest(tmp_path, lines), CAMERAS)


def test_a_folder(tmp_path: Path) -> None:
    for place in (
        "b/deep/2.WEBP",
        f"a/{STANDARD}",
        "a/._1.jpg",
        "a/.thumbnails/1.jpg",
        ".hidden/1.jpg",
        "a/notes.txt",
        "a/raw",
        "a/old.bmp",
        "loose.jpg",
        "README.md",
    ):
        touch(tmp_path / place)
    read = load_photos(tmp_path, CAMERAS)
    batch = "0617440100299008-2024001"
    assert read.photos == (
        Photo(tmp_path / "a" / STANDARD, "a", "realme-gt-neo", batch),
        Photo(tmp_path / "b" / "deep" / "2.WEBP", "b"),
    )
    assert read.labels == ("a", "b")
    assert [read.index(photo) for photo in read.photos] == [0, 1]
    aside = read_source(tmp_path, CAMERAS).aside
    assert {one.path.name: (one.severity, one.reason.split(";")[0]) for one in aside} == {
        ".hidden": ("note", "hidden or of the system"),
        "._1.jpg": ("note", "hidden or of the system"),
        ".thumbnails": ("note", "hidden or of the system"),
        "loose.jpg": ("warning", "a photo in no class folder"),
        "notes.txt": ("warning", "not a photo this tool reads"),
        "old.bmp": ("warning", "not a photo this tool reads"),
        "raw": ("warning", "not a photo this tool reads"),
    }


def test_a_manifest_leaves_no_file_aside(tmp_path: Path) -> None:
    path = manifest(tmp_path, "path,class\na/1.jpg,a\nb/2.jpg,b\n")
    touch(tmp_path / "a" / "notes.txt")
    assert read_source(path, CAMERAS).aside == ()


def test_a_folder_is_what_its_own_manifest_says(tmp_path: Path) -> None:
    for place in ("a/1.jpg", "b/2.jpg", "b/new.jpg"):
        touch(tmp_path / place)
    text = "path,class,simulated\na/1.jpg,a,1\nb/2.jpg,b,1\n"
    (tmp_path / "manifest.csv").write_text(text)
    read = load_photos(tmp_path, CAMERAS)
    assert [(photo.path.name, photo.simulated) for photo in read.photos] == [
        ("1.jpg", True),
        ("2.jpg", True),
    ]
    (aside,) = read_source(tmp_path, CAMERAS).aside
    assert (aside.path, aside.reason, aside.severity) == (
        tmp_path / "b" / "new.jpg",
        "not listed in the folder's manifest.csv",
        "warning",
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "holds no photos in class folders, <class>/<photo>"),
        (["1.jpg", "2.jpg"], "holds no photos"),
        (["a/1.txt"], "holds no photos"),
        (["a/1.jpg", "a/2.jpg"], r"one class only \(a\)"),
    ],
)
def test_a_folder_without_a_set(tmp_path: Path, files: list[str], message: str) -> None:
    for file in files:
        touch(tmp_path / file)
    with pytest.raises(InputError, match=message):
        load_photos(tmp_path, CAMERAS)


def test_no_source(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder or manifest"):
        load_photos(tmp_path / "nowhere", CAMERAS)


def test_classes_are_called_by_their_folders_unless_described(tmp_path: Path) -> None:
    (two_classes(tmp_path) / CLASSES_FILE).write_text('[a]\nzh = "陈皮"\nrole = "counterfeit"\n')
    assert load_photos(tmp_path, CAMERAS).classes == (
        ClassInfo("a", "陈皮", "a", "counterfeit"),
        ClassInfo("b", "b", "b"),
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[a", "not a readable TOML file"),
        (b"\xff", "no text in UTF-8"),
        (b'a = "x"', r"\[a\]: 'x' is no table of settings"),
        (b'[a]\nrol = "genuine"', r"\[a\]: unknown setting 'rol'; did you mean 'role'"),
        (b"[a]\nzh = 5", r"\[a\]: zh is 5; it takes a text"),
        (b'[a]\nrole = "fake"', r"\[a\]: role is 'fake'; use genuine, counterfeit, unspecified"),
        (b"[b]", "describes class 'b', which no photo shows; there are a"),
    ],
)
def test_bad_class_descriptions_are_explained(tmp_path: Path, content: bytes, message: str) -> None:
    path = touch(tmp_path / CLASSES_FILE, content)
    with pytest.raises(InputError, match=message):
        read_classes(path, ["a"])
    with pytest.raises(InputError, match=message):
        write_classes(path, [ClassInfo("a", "a", "a")])
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("there", "right"),
    [
        *((name, "classes.toml") for name in ("Classes.toml", "CLASSES.TOML", "classes.toml.txt")),
        *((name, "manifest.csv") for name in ("Manifest.csv", "manifest.csv.csv", "MANIFEST.CSV")),
    ],
)
def test_a_file_whose_name_was_nearly_right_is_not_passed_over(
    tmp_path: Path, there: str, right: str
) -> None:
    two_classes(tmp_path)
    touch(tmp_path / there, b"")
    if (tmp_path / right).exists():
        pytest.skip("this file system does not tell capitals apart")
    with pytest.raises(InputError, match=f"{there} is not read; name it {right}, or move it away"):
        load_photos(tmp_path, CAMERAS)
    listed = b"path,class\na/1.jpg,a\nb/2.jpg,b\n"
    touch(tmp_path / right, listed if right == "manifest.csv" else b"")
    assert load_photos(tmp_path, CAMERAS).labels == ("a", "b")


OWN_WORDS = '# my own words\n[a]\nzh = "甲"\nrole = "genuine"\n'


@pytest.mark.parametrize(
    "classes",
    [
        [ClassInfo("a", "甲", "a", "genuine"), ClassInfo("b", "b", "b")],
        [ClassInfo("a", "a", "a"), ClassInfo("b", "b", "b")],
    ],
    ids=["said alike", "said there only"],
)
def test_descriptions_that_are_there_stay(tmp_path: Path, classes: list[ClassInfo]) -> None:
    path = touch(tmp_path / CLASSES_FILE, OWN_WORDS.encode())
    write_classes(path, classes)
    assert path.read_text(encoding="utf-8") == OWN_WORDS
    assert read_classes(path, ["a", "b"])[0].role == "genuine"


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (
            [ClassInfo("a", "甲", "a", "counterfeit")],
            "describes class 'a' as 甲 / a / genuine, the photo set as 甲 / a / counterfeit",
        ),
        ([ClassInfo("a", "a", "a"), ClassInfo("b", "乙", "b")], "describes class 'b' as b / b"),
        ([ClassInfo("b", "b", "b")], "describes class 'a', which no photo shows"),
    ],
    ids=["another role", "left out there", "another set"],
)
def test_descriptions_that_contradict_are_refused_before_the_work(
    tmp_path: Path, classes: list[ClassInfo], message: str
) -> None:
    path = touch(tmp_path / CLASSES_FILE, OWN_WORDS.encode())
    photos = PhotoSet((), tuple(classes))
    for refuse in (check_writable, write_manifest):
        with pytest.raises(InputError, match=message):
            refuse(tmp_path / "set.csv", photos)
    assert [file.name for file in tmp_path.iterdir()] == [CLASSES_FILE]
    assert path.read_text(encoding="utf-8") == OWN_WORDS


def test_a_part_without_photos_is_refused(tmp_path: Path) -> None:
    photos = load_photos(two_classes(tmp_path), CAMERAS)
    with pytest.raises(InputError, match=r"no photo is in part train, val; run 'edgetlc data"):
        photos.part("train", "val")


def test_the_digest_tells_content_and_class_only(tmp_path: Path) -> None:
    one, two = touch(tmp_path / "1.jpg", b"1"), touch(tmp_path / "2.jpg", b"2")
    copy = touch(tmp_path / "copy" / "1.jpg", b"1")
    digest = digest_of([Photo(one, "a"), Photo(two, "b")])
    assert digest == digest_of([Photo(two, "b", batch="x"), Photo(copy, "a")])
    assert digest != digest_of([Photo(one, "b"), Photo(two, "a")])
    assert digest != digest_of([Photo(one, "a")])
