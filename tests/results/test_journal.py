from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgetlc.errors import InputError
from edgetlc.results.journal import Journal, journal_path, stamp

HEADER = {"bundle": "b" * 64, "model": "onnx-int8", "engine": "onnxruntime 1.32.0"}
FILES = [f"photos/{number}.jpg" for number in range(5)]


def answer(file: str) -> dict[str, Any]:
    return {"file": file, "decision": "answer", "label": "陈皮", "confidence": 0.1 + 0.2}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of five photos, the third of which is unreadable."""
    file = journal_path(tmp_path / "answers.csv")
    assert file.name == "answers.csv.journal"
    with Journal.begin(file, HEADER) as journal:
        for number, name in enumerate(FILES):
            bad = {"file": name, "decision": "unreadable", "reason": "gone"}
            journal.append((number, 10**18 + number), bad if number == 2 else answer(name))
    return file


def test_answers_are_found_again(path: Path) -> None:
    journal, answered = Journal.resume(path, HEADER)
    with journal:
        names = [FILES[i] for i in (0, 1, 3, 4)]
        assert [file for file, _ in answered] == names, "unreadable photos are tried again"
        assert answered.keys() == {(FILES[i], (i, 10**18 + i)) for i in (0, 1, 3, 4)}
        assert list(journal.records(answered.values())) == [answer(name) for name in names]


def test_it_goes_on_after_what_it_holds(path: Path) -> None:
    before = path.read_bytes()
    journal, answered = Journal.resume(path, HEADER)
    with journal:
        (first, *_) = answered.values()
        list(journal.records([first]))  # reading in between must not move the end
        offset = journal.append((9, 9), answer("new.jpg"))
        assert list(journal.records([offset, first])) == [answer("new.jpg"), answer(FILES[0])]
    assert path.read_bytes().startswith(before)
    assert len(path.read_bytes().splitlines()) == 7


def test_cut_anywhere_by_a_power_cut(path: Path) -> None:
    """Whatever was torn is dropped, and the next answer begins on a line of its own."""
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    for length in range(len(content)):
        path.write_bytes(content[:length])
        journal, answered = Journal.resume(path, HEADER)
        with journal:
            journal.append((9, 9), answer("new.jpg"))
        whole = sum(length >= len(b"".join(lines[: n + 1])) for n in range(len(lines)))
        expected = [FILES[i] for i in (0, 1, 3, 4) if i + 1 < whole]
        assert [file for file, _ in answered] == expected
        kept = [json.loads(line) for line in path.read_bytes().splitlines()]
        assert kept[0] == HEADER
        assert len(kept) == max(whole, 1) + 1


@pytest.mark.parametrize(
    "damage",
    [
        b"\0" * 40 + b"\n",
        b"[1]\n",
        b'{"photo": [1, 2]}\n',
        b'{"photo": 1, "record": {}}\n',
        b"{}\n",
    ],
    ids=["zeros", "list", "no record", "empty record", "empty"],
)
def test_damage_ends_it(path: Path, damage: bytes) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], damage, *lines[2:]]))
    journal, answered = Journal.resume(path, HEADER)
    with journal:
        assert [file for file, _ in answered] == FILES[:1]
    assert path.read_bytes() == b"".join(lines[:2])


@pytest.mark.parametrize("name", HEADER)
def test_of_something_else(path: Path, name: str) -> None:
    before = path.read_bytes()
    with pytest.raises(InputError, match=f"was begun with {name} .*begin anew with --overwrite"):
        Journal.resume(path, {**HEADER, name: "another"})
    with pytest.raises(InputError, match="begun with overlay None"):
        Journal.resume(path, {**HEADER, "overlay": "seen"})
    assert path.read_bytes() == before


def test_begin_anew(path: Path) -> None:
    with Journal.begin(path, {"bundle": "another"}):
        pass
    assert path.read_bytes() == b'{"bundle": "another"}\n'


def test_two_programs_do_not_write_one_journal(path: Path) -> None:
    """The lock belongs to the open file, so a second opening here stands for another program."""
    pytest.importorskip("fcntl")
    journal, _ = Journal.resume(path, HEADER)
    with journal:
        with pytest.raises(InputError, match="another program is writing"):
            Journal.resume(path, HEADER)
        with pytest.raises(InputError, match="another program is writing"):
            Journal.begin(path, HEADER)
    again, answered = Journal.resume(path, HEADER)
    with again:
        assert len(answered) == 4


def test_without_a_name() -> None:
    with Journal.temporary() as journal:
        offsets = [journal.append((0, 0), answer(name)) for name in FILES]
        assert list(journal.records(reversed(offsets))) == [answer(n) for n in reversed(FILES)]
        assert journal.path is None
        journal.remove()


def test_remove(path: Path) -> None:
    journal, _ = Journal.resume(path, HEADER)
    journal.remove()
    assert not path.exists()


def test_stamp(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    assert stamp(photo) == (-1, -1)
    photo.write_bytes(b"12345")
    size, changed = stamp(photo)
    assert (size, changed) == (5, photo.stat().st_mtime_ns)
