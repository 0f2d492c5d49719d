from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edgetlc import database
from edgetlc.errors import InputError
from edgetlc.results.journal import Journal, journal_path, stamp

HEADER = {"bundle": "b" * 64, "model": "onnx-int8", "engine": "onnxruntime 1.32.0"}
FILES = [f"photos/{number}.jpg" for number in range(4)] + ["photos/\udcff.jpg"]


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
    journal, answered = Journal.resume(path, HEADER)
    with journal:
        (first, *_) = answered.values()
        row = journal.append((9, 9), answer("new.jpg"))
        assert list(journal.records([row, first])) == [answer("new.jpg"), answer(FILES[0])]
    again, answered = Journal.resume(path, HEADER)
    with again:
        assert len(answered) == 5
    assert [file.name for file in path.parent.iterdir()] == [path.name], "nothing lies beside it"


def test_a_photo_that_was_changed_has_the_last_answer(path: Path) -> None:
    journal, _ = Journal.resume(path, HEADER)
    with journal:
        row = journal.append((0, 10**18), {**answer(FILES[0]), "label": "橙皮"})
    again, answered = Journal.resume(path, HEADER)
    with again:
        assert answered[FILES[0], (0, 10**18)] == row


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX processes")
def test_a_killed_program_keeps_every_answer(tmp_path: Path) -> None:
    program = (
        "import os, sys, pathlib\n"
        "from edgetlc.results.journal import Journal\n"
        "with Journal.begin(pathlib.Path(sys.argv[1]), {'bundle': 'b'}) as journal:\n"
        "    for number in range(1000):\n"
        "        record = {'file': f'{number}.jpg', 'decision': 'answer'}\n"
        "        journal.append((1, number), record)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "j")]
    assert subprocess.run(command, check=False, timeout=60).returncode == -9
    journal, answered = Journal.resume(tmp_path / "j", {"bundle": "b"})
    with journal:
        assert [file for file, _ in answered] == [f"{number}.jpg" for number in range(1000)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE answer SET record = '[1]'",
        "UPDATE answer SET record = '{'",
        "UPDATE answer SET record = '{}'",
        "UPDATE answer SET record = x'ff'",
        "UPDATE answer SET size = 'large'",
        "DROP TABLE answer",
        "PRAGMA user_version = 9",
        "PRAGMA application_id = 9",
    ],
)
def test_damage_is_one_line(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()
    with pytest.raises(InputError, match=r"answers\.csv\.journal"):
        Journal.resume(path, HEADER)
    with Journal.begin(path, HEADER):
        pass
    journal, answered = Journal.resume(path, HEADER)
    with journal:
        assert answered == {}


@pytest.mark.parametrize("content", [b'{"bundle": "of an older version"}\n', b"x" * 9000])
def test_a_file_of_something_else(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"cannot use .*: file is not a database"):
        Journal.resume(path, HEADER)
    assert path.read_bytes() == content
    with Journal.begin(path, HEADER) as journal:
        assert journal.append((1, 1), answer("a")) == 1


@pytest.mark.parametrize("name", HEADER)
def test_of_something_else(path: Path, name: str) -> None:
    before = path.read_bytes()
    with pytest.raises(InputError, match=rf"was begun with {name} .*begin anew with --overwrite"):
        Journal.resume(path, {**HEADER, name: "another"})
    with pytest.raises(InputError, match="begun with overlay None"):
        Journal.resume(path, {**HEADER, "overlay": "seen"})
    assert path.read_bytes() == before


def test_begin_anew(path: Path) -> None:
    with Journal.begin(path, {"bundle": "another"}):
        pass
    journal, answered = Journal.resume(path, {"bundle": "another"})
    with journal:
        assert answered == {}


def test_two_programs_do_not_write_one_journal(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock belongs to the open file, so a second opening here stands for another program."""
    monkeypatch.setattr(database, "_WAIT", 0.01)
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
        rows = [journal.append((0, 0), answer(name)) for name in FILES]
        assert list(journal.records(reversed(rows))) == [answer(n) for n in reversed(FILES)]
        assert journal.path is None
        journal.remove()


def test_remove(path: Path) -> None:
    journal, _ = Journal.resume(path, HEADER)
    journal.remove()
    assert list(path.parent.iterdir()) == []


def test_stamp(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    assert stamp(photo) == (-1, -1)
    photo.write_bytes(b"12345")
    size, changed = stamp(photo)
    assert (size, changed) == (5, photo.stat().st_mtime_ns)
