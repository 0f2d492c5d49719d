from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.data import leaks as module
from edgetlc.data.leaks import (
    Leak,
    by_content,
    by_group,
    leaks_between_parts,
    refuse_leaks,
    same_content,
)
from edgetlc.data.photos import PARTS, Part, Photo, PhotoSet
from edgetlc.errors import InputError


def written(folder: Path, name: str, content: bytes, part: Part = "train") -> Photo:
    path = folder / name
    path.write_bytes(content)
    return Photo(path, "bark", part=part)


def test_copies_are_found_under_any_name(tmp_path: Path) -> None:
    one, two = written(tmp_path, "1.jpg", b"one"), written(tmp_path, "2.jpg", b"two")
    copy = Photo(Path(shutil.copy(one.path, tmp_path / "copy.png")), "root", part="test")
    other = written(tmp_path, "other.jpg", b"other", "val")
    assert by_content([one, two], [other, copy]) == [Leak(one, copy)]
    assert list(same_content([one], [one, copy])) == [(one, one), (one, copy)]


@given(contents=st.lists(st.sampled_from([b"aa", b"ab", b"b", b""]), max_size=8), cut=st.integers())
def test_every_pair_of_equal_bytes_and_no_other(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("photos")
    photos = [written(folder, f"{n}.jpg", content) for n, content in enumerate(contents)]
    cut %= len(photos) + 1
    some, others = photos[:cut], photos[cut:]
    expected = {
        (a, b) for a in some for b in others if a.path.read_bytes() == b.path.read_bytes() != b""
    }
    found = list(same_content(some, others))
    assert set(found) == expected
    assert len(found) == len(expected)


def test_only_files_of_equal_size_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    digest = module.sha256_file
    monkeypatch.setattr(module, "sha256_file", lambda p: (read.append(p.name), digest(p))[1])
    training = [written(tmp_path, f"{n}.jpg", b"x" * n) for n in range(1, 20)]
    held_out = [written(tmp_path, f"v{n}.jpg", b"y" * n, "val") for n in (7, 40)]
    assert by_content(training, held_out) == []
    assert sorted(read) == ["7.jpg", "v7.jpg"]


def test_files_that_cannot_be_read_are_no_copies(tmp_path: Path) -> None:
    gone = Photo(tmp_path / "gone.jpg", "bark")
    empty, other = written(tmp_path, "1.jpg", b""), written(tmp_path, "2.jpg", b"", "val")
    assert by_content([gone, empty], [gone, other]) == []


def test_groups_tie_photos_together() -> None:
    one, two, three = (Photo(Path(f"/{n}.jpg"), "bark", group=n) for n in ("a", "b", None))
    held = Photo(Path("/held.jpg"), "bark", group="b", part="val")
    alone = Photo(Path("/alone.jpg"), "bark", part="test")
    assert by_group([one, two, three], [held, alone]) == [Leak(two, held, "b")]


def test_a_piece_of_one_class_in_two_parts_is_found() -> None:
    def photo(name: str, label: str, piece: str | None, part: Part) -> Photo:
        return Photo(Path(f"/{name}.jpg"), label, part=part, piece=piece)

    one, other = photo("1", "bark", "7", "train"), photo("2", "root", "7", "train")
    alone, held = photo("3", "bark", None, "train"), photo("4", "bark", "7", "test")
    (leak,) = by_group([one, other, alone], [held, photo("5", "bark", None, "test")])
    assert leak == Leak(one, held, piece="7")
    assert leak.text == "/1.jpg (train) shows piece '7', as does /4.jpg (test)"


@pytest.mark.parametrize("one", PARTS)
@pytest.mark.parametrize("other", PARTS)
@pytest.mark.parametrize("how", ["a copy", "listed twice", "a group"])
def test_a_photo_in_two_parts_is_refused_with_both(
    tmp_path: Path, one: Part, other: Part, how: str
) -> None:
    first = written(tmp_path, "1.jpg", b"one", one)
    second = written(tmp_path, "2.jpg", b"one" if how == "a copy" else b"two", other)
    if how == "listed twice":
        second = replace(first, part=other)
    if how == "a group":
        first, second = replace(first, group="g"), replace(second, group="g")
    alone = [written(tmp_path, f"{part}.jpg", part.encode(), part) for part in PARTS]
    photos = PhotoSet((second, *alone, first), ())
    if one == other:
        assert leaks_between_parts(photos) == []
        refuse_leaks(photos)
        return
    with pytest.raises(InputError) as raised:
        refuse_leaks(photos)
    text = str(raised.value)
    assert text.startswith("1 photo is in two parts: ")
    assert f"{first.path} ({one})" in text
    assert f"{second.path} ({other})" in text


def test_photos_without_a_part_are_in_none(tmp_path: Path) -> None:
    first = replace(written(tmp_path, "1.jpg", b"one"), part=None)
    assert leaks_between_parts(PhotoSet((first, replace(first, part="test")), ())) == []
