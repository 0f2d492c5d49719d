"""The answers folder: written in order, resumed after a cut at any byte, merged from shards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgetlc.errors import InputError
from edgetlc.parity.matrix import read_matrix
from edgetlc.parity.store import (
    CandidateInfo,
    Header,
    PhotoRow,
    photos_at,
    read_photos,
    read_table,
    writer,
)
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.policy import DecisionPolicy

CLASSES = (ClassInfo("a", "甲", "a"), ClassInfo("b,\n", "乙", "b"))
HEADER = Header(
    "d" * 64,
    "pytorch 2",
    DecisionPolicy(0.5),
    CLASSES,
    (CandidateInfo("onnx-int8@onnxruntime", "onnx-int8", "onnxruntime 1", DecisionPolicy(0.6)),),
    photos=6,
    photos_digest="e" * 64,
)
HOSTILE = 'photo "2",\nx\udcff.jpg'


def fill(folder: Path, header: Header = HEADER, *, resume: bool = False, stop: int = 99) -> int:
    """Answer the shard's photos, photo 4 being unreadable; return how many were there already."""
    first, step = header.shard
    places = list(range(first - 1, header.photos, step))
    with writer(folder, header, resume=resume) as (made, done):
        for place in places[done:stop]:
            camera, group = ("iphone-11", "piece") if place % 2 else ("", "")
            path = HOSTILE if place == 2 else f"/p/{place}.jpg"
            bad = "damaged JPEG file" if place == 4 else ""
            if not bad:
                made.answer("reference", place, place % 2, (0.9, 0.9, 0.1))
                made.answer(
                    "onnx-int8@onnxruntime", place, 1, (0.8, 0.1, 0.02, 1e-5, place % 3, 0.2, 0.8)
                )
            made.photo(PhotoRow(place, path, "f" * 64, "a", camera, group, place == 5, bad))
    return done


def test_what_is_written_is_read(tmp_path: Path) -> None:
    fill(tmp_path / "answers")
    assert Header.read(tmp_path / "answers") == HEADER
    photos = read_photos(tmp_path / "answers")
    assert photos.photo.tolist() == [0, 1, 2, 3, 5]
    cameras = [photos.cameras[code] for code in photos.camera]
    assert cameras == [None, "iphone-11", None, "iphone-11", "iphone-11"]
    assert photos.group[1] == photos.group[3] == photos.group[4]
    assert len(set(photos.group.tolist())) == 3
    assert photos.simulated
    assert [(row.photo, row.unreadable) for row in photos.unreadable] == [(4, "damaged JPEG file")]
    table = read_table(tmp_path / "answers", "onnx-int8@onnxruntime")
    assert table.top.tolist() == [1] * 5
    assert table.cause.tolist() == [0, 1, 2, 0, 2]
    np.testing.assert_allclose(table.pixels, 1e-5)
    assert read_table(tmp_path / "answers", "reference").confidence.tolist() == [0.9] * 5


def test_names_that_are_not_text_come_back(tmp_path: Path) -> None:
    fill(tmp_path / "answers")
    assert photos_at(tmp_path / "answers", {2})[2].path == HOSTILE


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_run_cut_anywhere_is_completed_as_if_never_cut(tmp_path: Path) -> None:
    fill(tmp_path / "whole")
    expected = contents(tmp_path / "whole")
    rng = np.random.default_rng(0)
    for trial in range(60):
        folder = tmp_path / str(trial)
        fill(folder, stop=int(rng.integers(0, 7)))
        torn = folder / sorted(expected)[int(rng.integers(1, len(expected)))]
        head = len(torn.read_bytes().split(b"\n", 1)[0]) + 1
        size = torn.stat().st_size
        with torn.open("r+b") as stream:
            stream.truncate(int(rng.integers(head, size + 1)))
        fill(folder, resume=True)
        assert contents(folder) == expected, (trial, torn.name)


def test_another_question_is_not_gone_on_with(tmp_path: Path) -> None:
    fill(tmp_path / "answers", stop=2)
    other = replace(HEADER, bundle_digest="0" * 64)
    with pytest.raises(InputError, match="answers another config"):
        fill(tmp_path / "answers", other, resume=True)
    with pytest.raises(InputError, match="exists already; choose another folder or pass --resume"):
        fill(tmp_path / "answers")
    assert fill(tmp_path / "answers", resume=True) == 2


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


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("answers.json", "{}", r"answers\.json is not valid"),
        ("answers.json", "x", "not a readable answers folder"),
        ("photos.csv", "a,b\n", "other columns"),
        ("reference.csv", "photo,top,confidence,p0,p1\n1,x,0.9\n", r"reference\.csv is not valid"),
        ("reference.csv", "photo,top,confidence,p0,p1\n", "do not fit the photos"),
        ("onnx-int8@onnxruntime.csv", "top\n", "other columns"),
    ],
)
def test_damaged_folders_are_one_line(file: str, content: str, reason: str, tmp_path: Path) -> None:
    fill(tmp_path / "answers")
    (tmp_path / "answers" / file).write_text(content)
    with pytest.raises(InputError, match=reason):
        read_matrix([tmp_path / "answers"])
