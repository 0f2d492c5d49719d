"""The answers folder: whole whenever a program is killed, merged from shards, never trusted."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgetlc import database
from edgetlc.errors import InputError
from edgetlc.parity.answer_tables import write_tables
from edgetlc.parity.matrix import read_matrix
from edgetlc.parity.store import (
    Answer,
    CandidateInfo,
    Header,
    PhotoRow,
    count_photos,
    photos_at,
    read_header,
    reference_answers,
    writer,
)
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.policy import DecisionPolicy

NAME = "onnx-int8@onnxruntime"
CLASSES = (ClassInfo("a", "甲", "a"), ClassInfo("b,\n", "乙", "b"))
HEADER = Header(
    "d" * 64,
    "pytorch 2",
    DecisionPolicy(0.5),
    CLASSES,
    (CandidateInfo(NAME, "onnx-int8", "onnxruntime 1", DecisionPolicy(0.6)),),
    photos=6,
    photos_digest="e" * 64,
)
HOSTILE = 'photo "2",\nx\udcff.jpg'


def row(place: int) -> PhotoRow:
    """Photo 2 has a hostile name, 4 is unreadable, 5 is simulated; odd ones show one piece."""
    camera, group = ("iphone-11", "piece") if place % 2 else (None, None)
    path = HOSTILE if place == 2 else f"/p/{place}.jpg"
    bad = "damaged JPEG file" if place == 4 else ""
    return PhotoRow(place, path, "" if bad else "f" * 64, "a", camera, group, place == 5, bad)


def answers(place: int) -> list[Answer]:
    if place == 4:
        return []
    p, q = np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)
    return [
        Answer(p[:: 1 - 2 * (place % 2)], place % 2, float(p.max())),
        Answer(q, 1, float(q.max()), 0.1, 0.02, 1e-5, place % 3),
    ]


def fill(folder: Path, header: Header = HEADER, *, resume: bool = False, stop: int = 99) -> int:
    """Answer the shard's photos; return how many were there already."""
    first, step = header.shard
    with writer(folder, header, resume=resume) as store:
        done = set(store.done)
        for place in range(first - 1, header.photos, step)[:stop]:
            if place not in done:
                store.add(row(place), answers(place))
    return len(done)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    fill(tmp_path / "answers")
    assert [file.name for file in (tmp_path / "answers").iterdir()] == ["answers.sqlite"]
    assert read_header(tmp_path / "answers") == HEADER
    matrix = read_matrix([tmp_path / "answers"])
    photos = matrix.photos
    assert photos.photo.tolist() == [0, 1, 2, 3, 5]
    cameras = [photos.cameras[code] for code in photos.camera]
    assert cameras == [None, "iphone-11", None, "iphone-11", "iphone-11"]
    assert photos.group[1] == photos.group[3] == photos.group[4]
    assert len(set(photos.group.tolist())) == 3
    assert photos.simulated
    assert photos.unreadable == (row(4),)
    assert matrix.reference.top.tolist() == [0, 1, 0, 1, 1]
    np.testing.assert_array_equal(matrix.reference.confidence, np.float32(0.9))
    (candidate,) = matrix.candidates
    assert candidate.table.cause.tolist() == [0, 1, 2, 0, 2]
    np.testing.assert_array_equal(candidate.table.pixels, 1e-5)


def test_a_few_photos_are_found_by_place_and_by_digest(tmp_path: Path) -> None:
    fill(tmp_path / "answers")
    assert photos_at([tmp_path / "answers"], [2, 5]) == {2: row(2), 5: row(5)}
    found = reference_answers([tmp_path / "answers"], {"f" * 64, ""})
    assert found.keys() == {0, 1, 2, 3, 5}
    np.testing.assert_array_equal(found[1][1], answers(1)[0].probabilities)


def tables(folder: Path) -> dict[str, bytes]:
    write_tables(folder)
    files = [file for file in folder.iterdir() if file.name != "answers.sqlite"]
    return {file.name: file.read_bytes() for file in files}


def test_the_tables_for_auditors(tmp_path: Path) -> None:
    fill(tmp_path / "answers")
    written = tables(tmp_path / "answers")
    digest = b"f" * 64
    assert written.pop("answers.json").startswith(b'{\n  "kind": "edgetlc-answers"')
    assert written == {
        "photos.csv": b"photo,path,sha256,label,camera,group,simulated,unreadable\n"
        b"0,/p/0.jpg," + digest + b",a,,,0,\n"
        b"1,/p/1.jpg," + digest + b",a,iphone-11,piece,0,\n"
        b'2,"photo ""2"",\nx\xff.jpg",' + digest + b",a,,,0,\n"
        b"3,/p/3.jpg," + digest + b",a,iphone-11,piece,0,\n"
        b"4,/p/4.jpg,,a,,,0,damaged JPEG file\n"
        b"5,/p/5.jpg," + digest + b",a,iphone-11,piece,1,\n",
        "reference.csv": b"photo,top,confidence,p0,p1\n"
        b"0,0,0.899999976,0.899999976,0.100000001\n"
        b"1,1,0.899999976,0.100000001,0.899999976\n"
        b"2,0,0.899999976,0.899999976,0.100000001\n"
        b"3,1,0.899999976,0.100000001,0.899999976\n"
        b"5,1,0.899999976,0.100000001,0.899999976\n",
        f"{NAME}.csv": b"photo,top,confidence,change,kl,pixels,cause,p0,p1\n"
        b"0,1,0.800000012,0.1,0.02,1e-05,0,0.200000003,0.800000012\n"
        b"1,1,0.800000012,0.1,0.02,1e-05,1,0.200000003,0.800000012\n"
        b"2,1,0.800000012,0.1,0.02,1e-05,2,0.200000003,0.800000012\n"
        b"3,1,0.800000012,0.1,0.02,1e-05,0,0.200000003,0.800000012\n"
        b"5,1,0.800000012,0.1,0.02,1e-05,2,0.200000003,0.800000012\n",
    }


def test_another_collection_is_not_gone_on_with(tmp_path: Path) -> None:
    fill(tmp_path / "answers", stop=2)
    before = (tmp_path / "answers/answers.sqlite").read_bytes()
    other = replace(HEADER, bundle_digest="0" * 64)
    with pytest.raises(InputError, match="answers another verification"):
        fill(tmp_path / "answers", other, resume=True)
    with pytest.raises(InputError, match="exists already; choose another folder or pass --resume"):
        fill(tmp_path / "answers")
    assert (tmp_path / "answers/answers.sqlite").read_bytes() == before
    assert fill(tmp_path / "answers", resume=True) == 2
    assert len(read_matrix([tmp_path / "answers"]).photos.photo) == 5


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        fill(tmp_path, resume=True)
    with pytest.raises(InputError, match=r"exists already"):
        fill(tmp_path / "notes.txt", resume=True)
    with pytest.raises(InputError, match=r"no answers at .*answers\.sqlite"):
        read_matrix([tmp_path])
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_shards_merge_to_the_whole(tmp_path: Path) -> None:
    fill(tmp_path / "whole")
    shards = [tmp_path / f"shard{i}" for i in (1, 2, 3)]
    for number, folder in enumerate(shards, start=1):
        fill(folder, replace(HEADER, shard=(number, 3)))
    whole, merged = read_matrix([tmp_path / "whole"]), read_matrix(shards[::-1])
    assert merged.header == whole.header
    np.testing.assert_array_equal(merged.photos.photo, whole.photos.photo)
    names = [[m.photos.groups[g] for g in m.photos.group] for m in (whole, merged)]
    assert names[0] == names[1]
    for one, other in zip(whole.candidates, merged.candidates, strict=True):
        np.testing.assert_array_equal(one.rows, other.rows)
        np.testing.assert_array_equal(one.table.cause, other.table.cause)


def test_shards_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    fill(first, replace(HEADER, shard=(1, 2)))
    with pytest.raises(InputError, match="answers on 3 of 6 photos; merge every shard once"):
        read_matrix([first])
    with pytest.raises(InputError, match="answers on 6 of 6 photos; merge every shard once"):
        read_matrix([first, first])
    fill(second, replace(HEADER, shard=(2, 2), photos_digest="0" * 64))
    with pytest.raises(InputError, match="answer different questions"):
        read_matrix([first, second])


# Killed, at once, on a full disk.

KILLED = """
import os, random, signal, sys, time
from pathlib import Path
from tests_store import HEADER, answers, row, writer

folder, how, trials = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def collect(trial):
    with writer(folder, HEADER, resume=True) as store:
        connection = store._database._connection
        if how == "statement":  # between any two, and again where the next is over
            left = iter(range(trial % 3))
            connection.set_trace_callback(lambda _: next(left, None) is None and kill())
        if how == "instruction":  # within one
            left = iter(range(5 * trial + 1))
            connection.set_progress_handler(lambda: next(left, None) is None and kill(), 1)
        for place in range(HEADER.photos):
            if place not in store.done:
                store.add(row(place), answers(place))
                if how == "statement" or trial % 2:
                    break

for trial in range(trials):
    child = os.fork()
    if not child:
        collect(trial)
        os._exit(0)
    if how == "moment":
        time.sleep(random.Random(trial).uniform(0, 0.01))
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


def script(text: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a program that may import this file."""
    start = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('tests_store', {__file__!r})\n"
        "module = sys.modules['tests_store'] = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
    )
    command = [sys.executable, "-c", start + text, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX processes")
@pytest.mark.parametrize("how", ["statement", "instruction", "moment"])
def test_a_killed_run_is_completed_as_if_never_killed(how: str, tmp_path: Path) -> None:
    fill(tmp_path / "whole")
    folder = tmp_path / "answers"
    script(KILLED, folder, how, 40)
    if (folder / "answers.sqlite").is_file():
        fill(folder, resume=True)
    else:
        fill(folder)
    assert tables(folder) == tables(tmp_path / "whole")


def test_what_was_added_before_the_kill_is_there(tmp_path: Path) -> None:
    script(
        "import os, pathlib\n"
        "from tests_store import *\n"
        "if not os.fork():\n"
        "    with writer(pathlib.Path(sys.argv[1]), HEADER) as store:\n"
        "        for place in range(4): store.add(row(place), answers(place))\n"
        "        os.kill(os.getpid(), 9)\n"
        "os.wait()\n",
        tmp_path / "answers",
    )
    assert count_photos(tmp_path / "answers") == 4
    assert fill(tmp_path / "answers", resume=True) == 4


def test_one_of_several_programs_writes(tmp_path: Path) -> None:
    """The others wait a second and then end in one line."""
    ran = script(
        "import os, pathlib, time\n"
        "from tests_store import *\n"
        "start = time.time() + 0.5\n"
        "for _ in range(3): os.fork()\n"
        "time.sleep(max(0, start - time.time()))\n"
        "try:\n"
        "    with writer(pathlib.Path(sys.argv[1]), HEADER, resume=True):\n"
        "        time.sleep(3)\n"
        "        os.write(1, b'wrote\\n')\n"
        "except InputError as error:\n"
        "    os.write(1, f'{error}\\n'.encode())\n"
        "while True:\n"
        "    try: os.wait()\n"
        "    except ChildProcessError: break\n",
        tmp_path / "answers",
    )
    lines = sorted(ran.stdout.splitlines())
    assert lines.count("wrote") == 1
    assert {line.partition(" /")[0] for line in lines} == {"another program is writing", "wrote"}
    assert len(lines) == 8


def test_who_reads_while_another_writes_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_WAIT", 0.01)
    with writer(tmp_path / "answers", HEADER) as store:
        store.add(row(0), answers(0))
        with pytest.raises(InputError, match="another program is writing"):
            read_matrix([tmp_path / "answers"])


def test_a_full_disk_keeps_what_is_there(tmp_path: Path) -> None:
    header = replace(HEADER, photos=2000)
    with writer(tmp_path / "answers", header) as store:
        store._database.execute("PRAGMA max_page_count = 30")
        places = iter(range(2000))
        with pytest.raises(InputError, match=r"no room to write .* go on with --resume"):
            deque((store.add(row(place), answers(place)) for place in places), maxlen=0)
    kept = count_photos(tmp_path / "answers")
    assert 100 < kept < 2000
    assert fill(tmp_path / "answers", header, resume=True) == kept


# Nothing in a folder is trusted.

Damage = Callable[[sqlite3.Connection], object]


def sql(statement: str, *values: object) -> Damage:
    return lambda connection: connection.execute(statement, values)


def numbers(**changed: float) -> bytes:
    """Return both models' columns on one photo, those of the candidate changed."""
    columns = {"top": 1.0, "confidence": 0.8, "change": 0, "kl": 0, "pixels": 0, "cause": 0}
    table = [(*columns.values(),), (*(columns | changed).values(),)]
    return np.array(table, "<f8").tobytes()


SET = "UPDATE photo SET answers = ? WHERE photo = 3"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (sql("PRAGMA application_id = 7"), "holds no answers of this tool"),
        (sql("PRAGMA user_version = 2"), "has format 2, this edgetlc reads 1"),
        (sql("CREATE VIEW more AS SELECT 1"), "damaged"),
        (sql("CREATE TRIGGER t AFTER INSERT ON photo BEGIN SELECT 1; END"), "damaged"),
        (sql("DROP TABLE photo"), "damaged"),
        (sql("DELETE FROM about"), "damaged"),
        (sql("UPDATE about SET document = '{'"), "damaged"),
        (sql("UPDATE about SET document = ?", "[" * 10**6), "damaged"),
        (sql("UPDATE about SET document = '[]'"), "damaged"),
        (sql("UPDATE about SET document = replace(document, '6,', '\"6\",')"), "damaged"),
        (sql("UPDATE about SET document = replace(document, ?, '../x')", NAME), "damaged"),
        (sql("UPDATE about SET document = replace(document, ?, 'reference')", NAME), "damaged"),
        (sql("UPDATE about SET document = replace(document, '[1, 1]', '[2, 1]')"), "damaged"),
        (sql("UPDATE photo SET photo = 7 WHERE photo = 5"), "photo 7"),
        (sql("UPDATE photo SET photo = -1 WHERE photo = 0"), "photo -1"),
        (sql("UPDATE photo SET camera = x'00'"), "values of another type"),
        (sql("UPDATE photo SET simulated = 'no'"), "values of another type"),
        (sql(SET, None), "the answers on photo 3"),
        (sql(SET, "text"), "the answers on photo 3"),
        (sql(SET, numbers()[:-1]), "the answers on photo 3"),
        (sql("UPDATE photo SET answers = x'00' WHERE photo = 4"), "the answers on photo 4"),
        (sql(SET, numbers(top=2)), "top 2"),
        (sql(SET, numbers(top=0.5)), r"top 0\.5"),
        (sql(SET, numbers(top=np.nan)), "top nan"),
        (sql(SET, numbers(confidence=1.1)), r"confidence 1\.1"),
        (sql(SET, numbers(change=-0.1)), r"change -0\.1"),
        (sql(SET, numbers(kl=np.inf)), "kl inf"),
        (sql(SET, numbers(pixels=np.inf)), "pixels inf"),
        (sql(SET, numbers(cause=4)), "cause 4"),
    ],
)
def test_damage_is_one_line(damage: Damage, reason: str, tmp_path: Path) -> None:
    fill(tmp_path / "answers")
    connection = sqlite3.connect(tmp_path / "answers/answers.sqlite", isolation_level=None)
    damage(connection)
    connection.close()
    with pytest.raises(InputError, match=reason) as caught:
        read_matrix([tmp_path / "answers"])
    assert "\n" not in str(caught.value)


def test_probabilities_that_are_none(tmp_path: Path) -> None:
    fill(tmp_path / "answers")
    connection = sqlite3.connect(tmp_path / "answers/answers.sqlite", isolation_level=None)
    row = np.full((2, 2), np.nan, "<f4").tobytes()
    connection.execute("UPDATE photo SET probabilities = ? WHERE photo = 3", (row,))
    connection.close()
    with pytest.raises(InputError, match="photo 3"):
        reference_answers([tmp_path / "answers"], {"f" * 64})


@pytest.mark.parametrize(
    "content", [b"", b"photo,top\n", b"SQLite format 3\0" + bytes(4000), b"x" * 100_000]
)
def test_a_file_of_something_else(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "answers.sqlite").write_bytes(content)
    with pytest.raises(InputError, match=r"answers\.sqlite"):
        read_matrix([tmp_path])


def test_a_file_cut_anywhere(tmp_path: Path) -> None:
    fill(tmp_path / "answers")
    file = tmp_path / "answers/answers.sqlite"
    content = file.read_bytes()
    for length in range(0, len(content), 512):
        file.write_bytes(content[:length])
        with pytest.raises(InputError):
            read_matrix([tmp_path / "answers"])


def test_a_folder_that_cannot_be_written_is_read(tmp_path: Path) -> None:
    fill(tmp_path / "answers")
    (tmp_path / "answers/answers.sqlite").chmod(0o400)
    (tmp_path / "answers").chmod(0o500)
    try:
        assert len(read_matrix([tmp_path / "answers"]).photos.photo) == 5
    finally:
        (tmp_path / "answers").chmod(0o700)
