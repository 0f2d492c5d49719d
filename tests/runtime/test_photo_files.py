"""A folder's photos are known by content; all else is set aside with a reason, and told."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from edgetlc.errors import InputError
from edgetlc.progress import Silent, reporting
from edgetlc.runtime.photo_files import Aside, photos_at, photos_in, tell

Put = Callable[..., Path]


def picture(format: str = "JPEG") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (16, 12), (90, 60, 30)).save(stream, format)
    return stream.getvalue()


JPEG = picture()


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Write a file below the test's folder: a JPEG unless told."""

    def write(place: str, content: bytes = JPEG) -> Path:
        path = tmp_path / "photos" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return write


def seen(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in photos_in(folder).photos]


def only(folder: Path) -> Aside:
    (aside,) = photos_in(folder).aside
    return aside


@pytest.mark.parametrize(
    "name", ["a.jpg", "a.JFIF", "a.pjpeg", "a.pjp", "a", "a.jpg_large", "a.bak", "a.txt", "照片"]
)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_photo_is_one_whatever_its_name(put: Put, name: str, format: str) -> None:
    photo = put(name, picture(format))
    assert seen(photo.parent) == [name]


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"GIF89a", b"text"])
def test_a_name_that_promises_a_photo_counts(put: Put, content: bytes) -> None:
    """Its damage is told of when it is read."""
    assert seen(put("a.jpg", content).parent) == ["a.jpg"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.bmp", b"BM", "not a photo this tool reads"),
        ("a.gif", b"GIF89a", "not a photo this tool reads"),
        ("a.mov", b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "not a photo this tool reads"),
        ("notes", b"", "not a photo this tool reads"),
        ("a.cr2", b"II*\0\x10\0\0\0CR\2\0" + bytes(20), "a camera raw file"),
        ("a.raf", b"FUJIFILMCCD-RAW", "a camera raw file"),
    ],
)
def test_what_is_no_photo_is_a_warning(put: Put, name: str, content: bytes, reason: str) -> None:
    aside = only(put(name, content).parent)
    assert (aside.path.name, aside.severity) == (name, "warning")
    assert aside.reason.startswith(reason)


HIDDEN = [
    ".thumbnails",
    ".Trash-1000",
    "@eaDir",
    "#recycle",
    "$RECYCLE.BIN",
    "System Volume Information",
    "__MACOSX",
    "lost+found",
    "LOST.DIR",
]


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("above", ["", "deep/er/"])
def test_hidden_and_system_folders_are_counted_not_read(put: Put, name: str, above: str) -> None:
    root = put("1.jpg").parent
    put(f"{above}{name}/1.jpg")
    put(f"{above}{name}/b/2.jpg")
    assert seen(root) == ["1.jpg"]
    assert (only(root).path, only(root).severity, only(root).files) == (
        root / above / name,
        "note",
        2,
    )
    assert seen(root / above / name) == ["1.jpg", "b/2.jpg"], "asked for by name, it is read"


@pytest.mark.parametrize("name", ["._1.jpg", ".1.jpg", "Thumbs.db", "desktop.ini", ".DS_Store"])
def test_hidden_files_are_passed_over(put: Put, name: str) -> None:
    aside = only(put(name).parent)
    assert (aside.path.name, aside.severity) == (name, "note")


@pytest.mark.parametrize("name", ["a.overlay.png", "a-12.annotated.jpg"])
def test_pictures_made_here_are_no_photos(put: Put, name: str) -> None:
    aside = only(put(name).parent)
    assert (aside.reason, aside.severity) == ("a picture that 'predict' made", "note")


def test_links_to_folders_are_told_and_not_followed(put: Put) -> None:
    root = put("a/1.jpg").parent.parent
    (root / "a" / "round").symlink_to(root)
    (root / "b").symlink_to(root / "a")
    assert seen(root) == ["a/1.jpg"]
    found = photos_in(root).aside
    assert [(one.path.name, one.severity) for one in found] == [("round", "error"), ("b", "error")]
    assert seen(root / "b") == ["1.jpg"], "a link that is named itself is looked into"


def test_links_to_photos_are_photos_and_to_nothing_an_error(put: Put) -> None:
    photo = put("a/1.jpg")
    (photo.parent / "2.jpg").symlink_to(photo)
    (photo.parent / "3.jpg").symlink_to("nothing")
    os.mkfifo(photo.parent / "4.jpg")
    assert seen(photo.parent) == ["1.jpg", "2.jpg"]
    assert [(one.path.name, one.severity) for one in photos_in(photo.parent).aside] == [
        ("3.jpg", "error"),
        ("4.jpg", "error"),
    ]


@pytest.mark.parametrize("closed", ["b", "notes"], ids=["a folder", "a file"])
def test_what_is_closed_is_an_error(put: Put, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root = put("a/1.jpg").parent.parent
    put("b/2.jpg")
    put("notes", b"text")

    def refusing(original: Callable[..., object]) -> Callable[..., object]:
        def ask(path: Path, *words: object, **more: object) -> object:
            if path == root / closed:
                raise PermissionError(13, "Permission denied", str(path))
            return original(path, *words, **more)

        return ask

    for method in ("iterdir", "open"):
        monkeypatch.setattr(Path, method, refusing(getattr(Path, method)))
    errors = [one for one in photos_in(root).aside if one.severity == "error"]
    assert [(one.path, one.reason) for one in errors] == [
        (root / closed, "cannot be opened: Permission denied")
    ]
    assert "a/1.jpg" in seen(root)


def test_the_order_is_that_of_the_names(put: Put) -> None:
    for place in ("b.jpg", "a/2.jpg", "a/1.jpg", "a.jpg", "c/d/e.jpg"):
        root = put(place)
    root = root.parents[2]
    assert seen(root) == [str(path) for path in sorted(map(Path, seen(root)))]
    assert len(seen(root)) == 5


def test_every_missing_place_is_named(put: Put) -> None:
    photo = put("1.jpg")
    with pytest.raises(InputError, match=r"/x, .*/y: no such photo or folder"):
        photos_at([photo, photo.parent / "x", photo.parent / "y"])


def test_a_photo_named_itself_is_taken_as_it_is(put: Put) -> None:
    places = [put("._1.jpg"), put("notes.txt", b"text"), put("a.overlay.png")]
    assert photos_at(places).photos == tuple(places)


class Told(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(str(text))


def test_a_line_is_told_for_each_reason(put: Put) -> None:
    for number in range(5):
        root = put(f"notes{number}.txt", b"text").parent
    put("@eaDir/1.jpg"), put("@eaDir/2.jpg")
    reporter = Told()
    with reporting(reporter):
        tell(photos_in(root).aside)
    system, notes = reporter.lines
    assert system == f"passed over 2 files or folders (hidden or of the system): {root}/@eaDir"
    assert notes.startswith("passed over 5 files or folders (not a photo this tool reads; ")
    assert notes.endswith("notes2.txt and 2 more")
