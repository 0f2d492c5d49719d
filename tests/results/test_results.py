"""Each format is read back and compared with the predictions."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import tracemalloc
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.errors import InputError
from edgetlc.results.records import Record, RunInfo, record
from edgetlc.results.results import FORMATS, WRITERS, Format, format_by_name, write_records
from edgetlc.results.safe_text import storable
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.prediction import Prediction, Unreadable

Predict = Callable[..., Prediction]

NO_TEXT = os.fsdecode(b"\xb3\xb3.jpg")
HOSTILE = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.sampled_from(["]]>", "<script>", "a\r\nb", "\0\x1b", "&amp;", '"', "=1+1", " \t ", NO_TEXT]),
)


@pytest.fixture
def records(predicted: Predict) -> Sequence[Record]:
    """An answer, an unreadable photo, "not sure", and an answer from an unknown camera."""
    unknown = replace(predicted("c.jpg").camera, camera=None, by=None, conflict="two, or none")
    return (
        record(predicted("a.jpg")),
        record(Unreadable("b.jpg", "not a photo, or damaged")),
        record(predicted("z.jpg", decision="not_sure", confidence=0.1, notes=("one", "two"))),
        record(predicted("c.jpg", camera=unknown, cautions=(), notes=())),
    )


def written(format_: Format, run_info: RunInfo, records: Sequence[Record], folder: Path) -> bytes:
    path = folder / "results"
    write_records(path, format_, run_info, records)
    return path.read_bytes()


def parse(content: bytes) -> ET.Element:
    return ET.fromstring(content)  # noqa: S314 - written here


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


class TestJson:
    def test_is_the_document(
        self, run_info: RunInfo, records: Sequence[Record], tmp_path: Path
    ) -> None:
        document = {
            "kind": "edgetlc-classification",
            "schema": 1,
            **run_info.to_json(),
            "predictions": [one for one in records if one["decision"] != "unreadable"],
            "unreadable": [{"file": "b.jpg", "reason": "not a photo, or damaged"}],
        }
        expected = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        assert written("json", run_info, records, tmp_path).decode("utf-8") == expected

    @pytest.mark.parametrize("which", [[], [0], [1]], ids=str)
    def test_few(
        self, which: list[int], run_info: RunInfo, records: Sequence[Record], tmp_path: Path
    ) -> None:
        content = written("json", run_info, [records[i] for i in which], tmp_path)
        document = json.loads(content)
        assert len(document["predictions"]) + len(document["unreadable"]) == len(which)
        expected = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        assert content.decode("utf-8") == expected

    def test_what_is_no_number_is_refused(
        self, run_info: RunInfo, predicted: Predict, tmp_path: Path
    ) -> None:
        with pytest.raises(ValueError, match="not JSON compliant"):
            written("json", run_info, [record(predicted(confidence=float("nan")))], tmp_path)


def test_jsonl(run_info: RunInfo, records: Sequence[Record], tmp_path: Path) -> None:
    content = written("jsonl", run_info, records, tmp_path).decode("utf-8")
    lines = content.splitlines()
    assert [json.loads(line) for line in lines] == [{**r, **run_info.to_json()} for r in records]
    assert "陈皮" in lines[0]


class TestCsv:
    def test_one_row_per_photo(
        self, run_info: RunInfo, records: Sequence[Record], tmp_path: Path
    ) -> None:
        rows = rows_of(written("csv", run_info, records, tmp_path))
        for row, one in zip(rows, records, strict=True):
            for name in ("file", "decision", "label", "zh", "en", "role", "camera", "verified"):
                assert row[name] == (one.get(name) or "")
            for name in ("confidence", "needed", "runner_up_confidence"):
                assert row[name] == ("" if name not in one else repr(one[name]))
            for name, probability in one.get("probabilities", {}).items():
                assert float(row[f"p({name})"]) == probability
            assert {name: row[name] for name in run_info.to_json()} == run_info.to_json()
        assert rows[0]["cautions"] == "camera-untested"
        assert rows[1]["reason"] == "not a photo, or damaged"
        assert rows[2]["notes"] == "one; two"
        assert rows[3]["camera_conflict"] == "two, or none"

    def test_excel_knows_it_is_utf_8(self, run_info: RunInfo, tmp_path: Path) -> None:
        assert written("csv", run_info, [], tmp_path).startswith(b"\xef\xbb\xbffile,decision,")


class TestXml:
    def test_one_photo_per_photo(
        self, run_info: RunInfo, records: Sequence[Record], tmp_path: Path
    ) -> None:
        root = parse(written("xml", run_info, records, tmp_path))
        assert root.tag == "predictions"
        assert root.attrib == run_info.to_json()
        assert [photo.tag for photo in root] == ["photo"] * 4
        for photo, one in zip(root, records, strict=True):
            assert from_xml(photo) == {k: v for k, v in one.items() if v not in (None, [])}

    def test_no_photos(self, run_info: RunInfo, tmp_path: Path) -> None:
        assert len(parse(written("xml", run_info, [], tmp_path))) == 0


def from_xml(photo: ET.Element) -> dict[str, Any]:
    """Return a photo's record; lists and numbers by the elements' names."""
    found: dict[str, Any] = {}
    for child in photo:
        if child.tag == "probabilities":
            found[child.tag] = {p.attrib["class"]: float(p.text or "") for p in child}
        elif child.tag == "cautions":
            found[child.tag] = [{c.tag: c.text or "" for c in caution} for caution in child]
        elif child.tag == "notes":
            found[child.tag] = [note.text for note in child]
        elif child.tag in ("confidence", "needed", "runner_up_confidence"):
            found[child.tag] = float(child.text or "")
        else:
            found[child.tag] = child.text or ""
    return {name: value for name, value in found.items() if value not in ("", [])}


def test_text_is_in_both_languages(
    run_info: RunInfo, records: Sequence[Record], tmp_path: Path
) -> None:
    content = written("text", run_info, records, tmp_path).decode("utf-8")
    for line in (
        "a.jpg: 陈皮 aged tangerine peel - GENUINE",
        "a.jpg: 陈皮 aged tangerine peel - 正品",
        "b.jpg: UNREADABLE",
        "b.jpg: 无法读取",
        "z.jpg: NOT SURE: send the piece to the laboratory",
        "z.jpg: 不确定：请送实验室检验",
        "  caution: camera was not verified",
        "  注意：设备未验证",
    ):
        assert f"{line}\n" in content
    assert run_info.bundle in content


@pytest.mark.parametrize("format_", FORMATS)
def test_order_is_kept(
    format_: Format, run_info: RunInfo, records: Sequence[Record], tmp_path: Path
) -> None:
    content = written(format_, run_info, records, tmp_path).decode("utf-8")
    files = [one["file"] for one in records if format_ != "json" or "label" in one]
    places = [content.index(file) for file in files]
    assert places == sorted(places)


@given(file=HOSTILE, name=HOSTILE, zh=HOSTILE, en=HOSTILE, reason=HOSTILE)
def test_any_text_is_read_back(file: str, name: str, zh: str, en: str, reason: str) -> None:
    """JSON holds everything; CSV and XML hold it with escapes; none is broken by it."""
    label = ClassInfo(name, zh, en, "genuine")
    run_info = RunInfo("00", "m", reason, name, (label, ClassInfo(name + "x", "", "")))
    one = {
        "file": file, "decision": "answer", "label": name, "zh": zh, "en": en, "role": "genuine",
        "confidence": 0.5, "needed": 0.0, "runner_up": name, "runner_up_zh": zh,
        "runner_up_en": en, "runner_up_confidence": 0.25, "probabilities": {name: 0.5},
        "camera": None, "camera_by": None, "camera_conflict": reason, "verified": "UNTESTED",
        "cautions": [{"code": "c", "en": en, "zh": zh}], "notes": [reason],
    }  # fmt: skip
    bad = {"file": file, "decision": "unreadable", "reason": reason}
    content: dict[str, bytes] = {}
    for format_ in FORMATS:
        pieces = WRITERS[format_](run_info, [one, bad])
        content[format_] = "".join(pieces).encode("utf-8", "backslashreplace")
    document = json.loads(content["json"])
    assert document["predictions"] == [one]
    assert document["unreadable"] == [{"file": file, "reason": reason}]
    lines = content["jsonl"].decode("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [r | run_info.to_json() for r in (one, bad)]
    first, second = rows_of(content["csv"])
    for row, key, text in ((first, "file", file), (first, "zh", zh), (second, "reason", reason)):
        assert row[key].removeprefix("'") == storable(text).removeprefix("'")
    root = parse(content["xml"])
    assert root.attrib["engine"] == storable(reason)
    read, other = root
    assert (read.findtext("file"), read.findtext("zh")) == (storable(file), storable(zh))
    probability = read.find("probabilities/probability")
    assert probability is not None
    assert probability.attrib["class"] == storable(name)
    assert other.findtext("reason") == storable(reason)
    assert len(content["text"].splitlines()) >= 10


class TestFormatByName:
    @pytest.mark.parametrize(
        ("name", "format_"),
        [
            ("a.json", "json"),
            ("a.jsonl", "jsonl"),
            ("A.CSV", "csv"),
            ("a.xml", "xml"),
            ("a.txt", "text"),
        ],
    )
    def test_suffix(self, name: str, format_: Format) -> None:
        assert format_by_name(Path(name)) == format_

    @pytest.mark.parametrize("name", ["a", "a.xlsx", "csv"])
    def test_no_format(self, name: str) -> None:
        with pytest.raises(InputError, match=r"--results-format json\|jsonl\|csv\|xml\|text"):
            format_by_name(Path(name))


def test_a_full_disk_leaves_what_was_there(
    run_info: RunInfo, records: Sequence[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results"
    path.write_text("before", encoding="utf-8")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        write_records(path, "csv", run_info, records)
    assert [p.name for p in tmp_path.iterdir()] == ["results"]
    assert path.read_text(encoding="utf-8") == "before"


@pytest.mark.slow
@pytest.mark.parametrize("format_", FORMATS)
def test_memory_does_not_grow_with_the_photos(
    format_: Format, run_info: RunInfo, predicted: Predict, tmp_path: Path
) -> None:
    one = record(predicted())
    write_records(tmp_path / "first", format_, run_info, [one])  # what is loaded once is loaded
    tracemalloc.start()
    write_records(
        tmp_path / "r", format_, run_info, ({**one, "file": f"{i}.jpg"} for i in range(2000))
    )
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "r").stat().st_size > 500_000
    assert most < 250_000
