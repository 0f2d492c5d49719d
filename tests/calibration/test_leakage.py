from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.calibration import sampling as module
from edgetlc.calibration.sampling import Leak, by_content, by_group, refuse, same_content
from edgetlc.data.photos import Part, Photo
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


def test_the_refusal_names_the_files(tmp_path: Path) -> None:
    held = Photo(Path("/held.jpg"), "bark", group="g", part="test")
    one, two = Photo(Path("/1.jpg"), "bark"), Photo(Path("/2.jpg"), "bark", group="g")
    with pytest.raises(InputError) as raised:
        refuse([Leak(two, held, "g"), Leak(one, held), Leak(two, held)], "do this")
    assert str(raised.value) == (
        "2 photos to calibrate on would judge the result too: /1.jpg is the same file as "
        "/held.jpg (test), /2.jpg is in group 'g' with /held.jpg (test); do this"
    )
    many = [Leak(Photo(Path(f"/{n:02}.jpg"), "bark"), held) for n in range(18)]
    with pytest.raises(InputError, match=r"/05\.jpg is the same file as \S+ \(test\) and 12 more;"):
        refuse(many, "do this")
    refuse([], "do this")
