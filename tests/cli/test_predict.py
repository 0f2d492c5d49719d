"""`edgetlc predict`: every output, in order, past bad files, and on from an interruption."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from edgetlc.results import fonts
from edgetlc.results.journal import Journal
from edgetlc.results.outputs import Outputs
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.classifier import Classifier
from edgetlc.runtime.prediction import Prediction

Run = Callable[..., Any]
COLOURS = {"red": (200, 60, 50), "green": (60, 180, 70), "blue": (50, 60, 210)}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of 9 photos, in order red, green, blue, three times, by iphone-11; and a bad one."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(9):
        name = f"9999000000000001-2024001-2-{number:03}.jpg"
        colour = list(COLOURS.values())[number % 3]
        Image.new("RGB", (80, 60), colour).save(folder / name, quality=95)
    (folder / "9999000000000001-2024001-2-004-bad.jpg").write_bytes(b"this is no photo")
    return folder


@pytest.fixture
def good(photos: Path) -> Path:
    """The same folder without the bad photo."""
    (photos / "9999000000000001-2024001-2-004-bad.jpg").unlink()
    return photos


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The photos that were classified, by name."""
    names: list[str] = []
    classify = Classifier.classify

    def listen(self: Classifier, photo: Any, name: str | None = None) -> Prediction:
        names.append(str(name))
        return classify(self, photo, name)

    monkeypatch.setattr(Classifier, "classify", listen)
    return names


def with_manifest(bundle: Path, folder: Path, **changes: object) -> Path:
    """Return a copy of a bundle with other entries in `bundle.json`."""
    copy = folder / "copy.bundle"
    shutil.copytree(bundle, copy)
    document = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
    (copy / "bundle.json").write_text(json.dumps(document | changes), encoding="utf-8")
    return copy


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


class TestAnswer:
    def test_json(self, edgetlc: Run, tiny_bundle: Path, photos_folder: Path) -> None:
        folder = photos_folder / "disc"
        ran = edgetlc("predict", tiny_bundle, folder, "--json")
        assert ran.status == 0
        document = ran.json()
        assert document["bundle"] == Bundle.open(tiny_bundle).digest
        assert document["model"] == "onnx-int8"
        assert document["unreadable"] == []
        assert [p["file"] for p in document["predictions"]] == sorted(
            str(p) for p in folder.iterdir()
        )
        for prediction in document["predictions"]:
            assert sum(prediction["probabilities"].values()) == pytest.approx(1, abs=1e-4)
            assert prediction["confidence"] == max(prediction["probabilities"].values())
        assert "classifying: 20 of 20" in ran.err

    def test_one_photo_for_people(self, edgetlc: Run, tiny_bundle: Path, photo: Path) -> None:
        ran = edgetlc("predict", tiny_bundle, photo)
        assert (ran.status, ran.err) == (0, "")
        assert ran.out.startswith(f"{photo}: ")
        for words in (
            "confidence ",
            "runner-up ",
            "camera iphone-11 (by its file name); verified in this bundle: UNTESTED",
            "caution: this bundle carries no verification",
        ):
            assert words in ran.out
        chinese = edgetlc("predict", tiny_bundle, photo, "--lang", "zh")
        assert "注意：此模型包未附验证结果" in chinese.out

    def test_model_and_engine_of_choice(self, edgetlc: Run, tiny_bundle: Path, photo: Path) -> None:
        words = ("--model", "openvino-fp32", "--engine", "openvino", "--threads", 1, "--json")
        document = edgetlc("predict", tiny_bundle, photo, *words).json()
        assert document["model"] == "openvino-fp32"
        assert document["engine"].startswith("openvino ")

    def test_hidden_files_and_own_pictures_are_no_photos(
        self, edgetlc: Run, small_bundle: Path, good: Path
    ) -> None:
        """macOS leaves hidden files on memory cards; --overlay may write among the photos."""
        (good / "._IMG_1.jpg").write_bytes(b"\0\5\x16\7")
        (good / "@eaDir").mkdir()
        shutil.copy(next(good.glob("9*")), good / "@eaDir" / "thumbnail.jpg")
        for more in ([], ["--overwrite"]):
            words = ("--overlay", good, "--annotate", good, *more)
            ran = edgetlc("predict", small_bundle, good, *words)
            assert ran.status == 0
            assert ran.out.count("9999000000000001") == 9
            assert "passed over 2 files or folders (hidden or of the system)" in ran.err
        assert "passed over 18 files or folders (a picture that 'predict' made)" in ran.err

    def test_what_reading_noted_is_told(
        self, edgetlc: Run, small_bundle: Path, good: Path, tmp_path: Path
    ) -> None:
        cut = tmp_path / "cut.jpg"
        cut.write_bytes(next(good.glob("*.jpg")).read_bytes()[:-2])  # without its end marker
        note = "the file lacks its end, but all rows of the photo are there"
        assert edgetlc("predict", small_bundle, cut, "--json").json()["predictions"][0][
            "notes"
        ] == [note]
        assert f"note: {note}" in edgetlc("predict", small_bundle, cut).out
        assert "文件缺少结尾" in edgetlc("predict", small_bundle, cut, "--lang", "zh").out

    def test_not_sure(self, edgetlc: Run, small_bundle: Path, good: Path, tmp_path: Path) -> None:
        doubtful = with_manifest(
            small_bundle,
            tmp_path,
            decision={"fp32": {"reject_below": 1.0, "genuine_below": 1.0, "temperature": 1.0}},
        )
        first = next(good.iterdir())
        ran = edgetlc("predict", doubtful, first)
        assert ran.status == 0
        assert ran.out.startswith(
            f"{first}: NOT SURE: send the piece to the laboratory\n  most likely"
        )
        assert "an answer with this label needs 100.00%" in ran.out
        assert edgetlc("predict", doubtful, good).out.count("NOT SURE") == 9

    def test_a_camera_that_passed(
        self, edgetlc: Run, small_bundle: Path, good: Path, tmp_path: Path
    ) -> None:
        copy = with_manifest(small_bundle, tmp_path)
        (copy / "reports").mkdir()
        camera = {"verdict": "PASS", "tally": {"camera": "iphone-11"}}
        report = {
            "bundle_digest": Bundle.open(copy).digest,
            "candidates": [
                {
                    "model": "onnx-fp32",
                    "engine": "onnxruntime 1",
                    "cameras": [camera],
                    "decisions": [],
                    "gate": None,
                }
            ],
            "rule": {"margin": 0.02},
            "simulated": False,
        }
        (copy / "reports" / "verification.json").write_text(json.dumps(report), encoding="utf-8")
        out = edgetlc("predict", copy, next(good.iterdir())).out
        assert "camera iphone-11 (by its file name); verified in this bundle: PASS" in out
        assert "caution" not in out

    def test_some_in_a_table(self, edgetlc: Run, small_bundle: Path, photos: Path) -> None:
        ran = edgetlc("predict", small_bundle, photos)
        assert ran.status == 2
        assert "UNREADABLE" in ran.out
        order = ("003.jpg", "004-bad.jpg", "004.jpg", "005.jpg")
        places = [ran.out.index(name) for name in order]
        assert places == sorted(places)
        assert "caution for 9 of 10 photos (not-verified)" in ran.out

    def test_many_in_counts(self, edgetlc: Run, small_bundle: Path, photos: Path) -> None:
        ran = edgetlc("predict", small_bundle, *[photos] * 6)
        assert ran.status == 2
        assert "60 photos: 54 answered, 0 NOT SURE" in ran.out
        assert "6 unreadable" in ran.out
        assert "caution for 54 of 60 photos (not-verified)" in ran.out
        assert "--results-file answers.csv" in ran.out
        assert "9999000000000001" not in ran.out

    def test_one_thread_per_photo_of_many(
        self, edgetlc: Run, small_bundle: Path, good: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        threads: list[int | None] = []
        open_ = Classifier.open

        def listen(*words: Any, **options: Any) -> Classifier:
            threads.append(options["threads"])
            return open_(*words, **options)

        monkeypatch.setattr(Classifier, "open", listen)
        one = next(good.iterdir())
        edgetlc("predict", small_bundle, good)
        edgetlc("predict", small_bundle, one)
        edgetlc("predict", small_bundle, good, "--threads", 3)
        assert threads == [1, None, 3]


class TestBadFiles:
    def test_the_rest_goes_on(
        self, edgetlc: Run, tiny_bundle: Path, photo: Path, tmp_path: Path
    ) -> None:
        broken = tmp_path / "broken.jpg"
        broken.write_bytes(photo.read_bytes()[:500])
        ran = edgetlc("predict", tiny_bundle, photo, broken, photo, "--json")
        assert ran.status == 2
        document = ran.json()
        assert [p["file"] for p in document["predictions"]] == [str(photo)] * 2
        (unreadable,) = document["unreadable"]
        assert unreadable["file"] == str(broken)
        assert unreadable["reason"]
        assert f"cannot classify {broken}: {unreadable['reason']}" in ran.err
        assert "Traceback" not in ran.err

    def test_good_answers_are_those_of_a_clean_run(
        self, edgetlc: Run, small_bundle: Path, photos: Path
    ) -> None:
        mixed = edgetlc("predict", small_bundle, photos, "--json").json()
        (photos / "9999000000000001-2024001-2-004-bad.jpg").unlink()
        clean = edgetlc("predict", small_bundle, photos, "--json").json()
        assert mixed["predictions"] == clean["predictions"]

    def test_a_thousand_photos_and_some_bad_ones(
        self, edgetlc: Run, small_bundle: Path, good: Path, tmp_path: Path
    ) -> None:
        many = tmp_path / "many"
        many.mkdir()
        sources = sorted(good.iterdir())
        for number in range(1000):
            target = many / f"{number:04}.jpg"
            if number % 100 == 50:
                target.write_bytes(b"no photo")
            else:
                target.hardlink_to(sources[number % 9])
        table = tmp_path / "answers.csv"
        ran = edgetlc("predict", small_bundle, many, "--results-file", table)
        assert ran.status == 2
        assert "1000 photos: 990 answered, 0 NOT SURE" in ran.out
        rows = rows_of(table)
        assert [Path(row["file"]).name for row in rows] == [f"{n:04}.jpg" for n in range(1000)]
        names = list(COLOURS)
        for number, row in enumerate(rows):
            bad = number % 100 == 50
            assert row["decision"] == ("unreadable" if bad else "answer")
            assert row["label"] == ("" if bad else names[number % 9 % 3])

    def test_names_that_are_no_text(
        self, edgetlc: Run, small_bundle: Path, good: Path, tmp_path: Path
    ) -> None:
        odd = tmp_path / "odd"
        odd.mkdir()
        content = next(good.iterdir()).read_bytes()
        names = [b"\xb3\xb3.jpg", b"a\nb.jpg", b"'quoted\".jpg", b"=cmd().jpg", b"<script>.jpg"]
        try:
            for name in names:
                (odd / os.fsdecode(name)).write_bytes(content)
        except OSError:
            pytest.skip("this file system takes other names only")
        files = sorted(str(p) for p in odd.iterdir())
        for suffix in ("json", "jsonl", "csv", "xml", "txt"):
            result = tmp_path / f"r.{suffix}"
            words = ("--results-file", result, "--annotate", tmp_path / "seen", "--json")
            ran = edgetlc("predict", small_bundle, odd, *words, "--overwrite")
            assert ran.status == 0
            assert [p["file"] for p in ran.json()["predictions"]] == files
        assert len(list((tmp_path / "seen").iterdir())) == 5
        content_ = (tmp_path / "r.json").read_text(encoding="utf-8")
        assert [p["file"] for p in json.loads(content_)["predictions"]] == files
        assert len(rows_of(tmp_path / "r.csv")) == 5
        assert len(ET.parse(tmp_path / "r.xml").getroot()) == 5  # noqa: S314 - written here


class TestResultsFile:
    def test_every_format_says_the_same(
        self, edgetlc: Run, small_bundle: Path, photos: Path, tmp_path: Path
    ) -> None:
        for suffix in ("json", "jsonl", "csv", "xml", "txt"):
            ran = edgetlc(
                "predict", small_bundle, photos, "--results-file", tmp_path / f"r.{suffix}"
            )
            assert ran.status == 2
            assert f"all answers in {tmp_path / f'r.{suffix}'}" in ran.out
        document = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
        assert document == edgetlc("predict", small_bundle, photos, "--json").json()
        lines = (tmp_path / "r.jsonl").read_text(encoding="utf-8").splitlines()
        records = [json.loads(line) for line in lines]
        files = sorted(str(p) for p in photos.iterdir())
        assert [one["file"] for one in records] == files
        decisions = [one["decision"] for one in records]
        assert decisions.count("unreadable") == len(document["unreadable"]) == 1
        rows = rows_of(tmp_path / "r.csv")
        assert [(row["file"], row["decision"]) for row in rows] == [
            *zip(files, decisions, strict=True)
        ]
        root = ET.parse(tmp_path / "r.xml").getroot()  # noqa: S314 - written here
        assert [(p.findtext("file"), p.findtext("decision")) for p in root] == [
            *zip(files, decisions, strict=True)
        ]
        text = (tmp_path / "r.txt").read_text(encoding="utf-8")
        assert text.count("9999000000000001") == 2 * 10  # in either language
        assert not list(tmp_path.glob("*.journal"))

    def test_format_beats_suffix(
        self, edgetlc: Run, small_bundle: Path, good: Path, tmp_path: Path
    ) -> None:
        words = ("--results-file", tmp_path / "r.dat", "--results-format", "xml")
        assert edgetlc("predict", small_bundle, good, *words).status == 0
        assert ET.parse(tmp_path / "r.dat").getroot().tag == "predictions"  # noqa: S314

    def test_json_on_stdout_and_in_a_file_are_one_document(
        self, edgetlc: Run, small_bundle: Path, photos: Path, tmp_path: Path
    ) -> None:
        ran = edgetlc(
            "predict", small_bundle, photos, "--results-file", tmp_path / "r.json", "--json"
        )
        assert ran.out == (tmp_path / "r.json").read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (("--results-file", "r.dat"), "does not say its format"),
            (("--results-format", "csv"), "--results-format speaks of a results file"),
            (("--resume",), "--resume speaks of a results file"),
            (("--results-file", "r.csv", "--resume", "--overwrite"), "pass one of them"),
            (("--results-file", "there.csv"), "exists already; choose another"),
            (("--results-file", "there.csv", "--resume"), "nothing to resume"),
            (("--report", "there.html"), "exists already"),
            (("--report", "r.docx"), "name it .html or .pdf"),
            (("--results-file", "there.csv/r.csv"), "cannot write to there.csv"),
            (("--overlay", "there.csv"), "cannot write to there.csv"),
            (("--annotate", "there.csv/x"), "cannot write to there.csv/x"),
            (("--report", "there.csv/r.html"), "cannot write to there.csv"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
    )
    def test_refused_before_the_work(
        self, words: tuple[str, ...], told: str, edgetlc: Run, small_bundle: Path, good: Path,
        asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.chdir(tmp_path)
        for name in ("there.csv", "there.html"):
            Path(name).write_text("before", encoding="utf-8")
        ran = edgetlc("predict", small_bundle, good, *words)
        assert ran.status == 2
        (line,) = ran.err.splitlines()
        assert told in line
        assert asked == []
        assert Path("there.csv").read_text(encoding="utf-8") == "before"

    def test_overwrite(self, edgetlc: Run, small_bundle: Path, good: Path, tmp_path: Path) -> None:
        results = tmp_path / "r.jsonl"
        results.write_text("before", encoding="utf-8")
        words = ("--results-file", results, "--overwrite")
        assert edgetlc("predict", small_bundle, good, *words).status == 0
        assert len(results.read_text(encoding="utf-8").splitlines()) == 9


@contextmanager
def stopped_after(count: int, error: BaseException) -> Iterator[None]:
    """Raise `error` once this many answers are in the journal."""
    append, left = Journal.append, iter(range(count))

    def counted(self: Journal, *words: Any) -> int:
        if next(left, None) is None:
            raise error
        return append(self, *words)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "append", counted)
        yield


@contextmanager
def stopped_at_the_end() -> Iterator[None]:
    """Press Ctrl-C when everything is answered and nothing is written."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Outputs, "write", interrupt)
        yield


class TestResume:
    def command(self, bundle: Path, photos: Path, results: Path) -> tuple[object, ...]:
        return ("predict", bundle, photos, "--results-file", results)

    def test_goes_on_and_writes_the_same_file(
        self, edgetlc: Run, small_bundle: Path, photos: Path, tmp_path: Path, asked: list[str],
    ) -> None:  # fmt: skip
        whole, results = tmp_path / "whole.csv", tmp_path / "r.csv"
        assert edgetlc(*self.command(small_bundle, photos, whole)).status == 2
        with stopped_after(6, KeyboardInterrupt()):
            ran = edgetlc(*self.command(small_bundle, photos, results))
        assert ran.status == 130
        journal = tmp_path / "r.csv.journal"
        assert (
            f"6 of 10 answers are kept in {journal}; the same command with --resume goes on"
            in ran.err
        )
        assert not results.exists()
        refused = edgetlc(*self.command(small_bundle, photos, results))
        assert refused.status == 2
        assert "go on with --resume, or begin anew with --overwrite" in refused.err
        asked.clear()
        ran = edgetlc(*self.command(small_bundle, photos, results), "--resume")
        assert ran.status == 2
        # Five of six were answers; the unreadable one is tried again, and is no photo still.
        assert len(asked) == 5
        assert results.read_bytes() == whole.read_bytes()
        assert not journal.exists()
        assert ran.out.count("9999000000000001") == 10, "old answers are shown too"

    def test_a_changed_photo_is_asked_again(
        self, edgetlc: Run, small_bundle: Path, good: Path, tmp_path: Path, asked: list[str],
    ) -> None:  # fmt: skip
        results = tmp_path / "r.jsonl"
        with stopped_at_the_end():
            assert edgetlc(*self.command(small_bundle, good, results)).status == 130
        first = min(good.iterdir())
        Image.new("RGB", (80, 60), COLOURS["blue"]).save(first, quality=95)
        os.utime(first, ns=(0, 10**18))
        Image.new("RGB", (80, 60), COLOURS["green"]).save(good / "0.jpg", quality=95)
        asked.clear()
        assert edgetlc(*self.command(small_bundle, good, results), "--resume").status == 0
        assert sorted(asked) == sorted([str(first), str(good / "0.jpg")])
        records = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
        assert [one["label"] for one in records[:4]] == ["green", "blue", "green", "blue"]

    def test_of_another_bundle(
        self, edgetlc: Run, small_bundle: Path, good: Path, tmp_path: Path,
        asked: list[str],
    ) -> None:  # fmt: skip
        results = tmp_path / "r.csv"
        with stopped_after(4, KeyboardInterrupt()):
            assert edgetlc(*self.command(small_bundle, good, results)).status == 130
        kept = (tmp_path / "r.csv.journal").read_bytes()
        asked.clear()
        other = with_manifest(small_bundle, tmp_path, created="2026-02-02T00:00:00+00:00")
        for words in (
            self.command(other, good, results),
            (*self.command(small_bundle, good, results), "--overlay", tmp_path / "seen"),
            (*self.command(small_bundle, good, results), "--engine", "openvino"),
        ):
            ran = edgetlc(*words, "--resume")
            assert ran.status == 2
            assert "was begun with" in ran.err
            assert "begin anew with --overwrite" in ran.err
        assert asked == []
        assert (tmp_path / "r.csv.journal").read_bytes() == kept

    def test_a_report_needs_every_photo_again(
        self, edgetlc: Run, small_bundle: Path, good: Path, tmp_path: Path, asked: list[str],
    ) -> None:  # fmt: skip
        results, report = tmp_path / "r.csv", tmp_path / "r.html"
        words = (*self.command(small_bundle, good, results), "--report", report)
        with stopped_at_the_end():
            assert edgetlc(*words).status == 130
        asked.clear()
        assert edgetlc(*words, "--resume").status == 0
        assert len(asked) == 9
        assert report.read_text(encoding="utf-8").count("<section") == 10

    def test_a_full_disk_keeps_the_journal(
        self, edgetlc: Run, small_bundle: Path, good: Path, tmp_path: Path, asked: list[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        results = tmp_path / "r.csv"
        results.write_text("the last answers", encoding="utf-8")

        def full(handle: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            ran = edgetlc(*self.command(small_bundle, good, results), "--overwrite")
        assert ran.status == 2
        assert ran.err.splitlines()[-1].startswith("edgetlc: the disk is full")
        assert "9 of 9 answers are kept in" in ran.err
        assert results.read_text(encoding="utf-8") == "the last answers"
        assert sorted(p.name for p in tmp_path.glob("r.*")) == ["r.csv", "r.csv.journal"]
        asked.clear()
        assert edgetlc(*self.command(small_bundle, good, results), "--resume").status == 0
        assert asked == []
        assert len(rows_of(results)) == 9

    def test_a_full_disk_in_the_middle(
        self, edgetlc: Run, small_bundle: Path, good: Path, tmp_path: Path,
    ) -> None:  # fmt: skip
        with stopped_after(4, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))):
            ran = edgetlc(*self.command(small_bundle, good, tmp_path / "r.csv"))
        assert ran.status == 2
        assert "4 of 9 answers are kept in" in ran.err
        assert ran.err.splitlines()[-1].startswith("edgetlc: the disk is full")

    @pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
    def test_killed_in_the_middle(
        self, edgetlc: Run, small_bundle: Path, good: Path, tmp_path: Path, asked: list[str]
    ) -> None:
        many = tmp_path / "many"
        many.mkdir()
        sources = sorted(good.iterdir())
        for number in range(3000):
            (many / f"{number:04}.jpg").hardlink_to(sources[number % 9])
        results = tmp_path / "r.xml"
        words = [*map(str, self.command(small_bundle, many, results))]
        killed = subprocess.Popen(
            [sys.executable, "-m", "edgetlc", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 120
        log = tmp_path / "r.xml.journal-wal"
        while not log.exists() or log.stat().st_size < 200_000:
            assert killed.poll() is None
            assert time.monotonic() < end
            time.sleep(0.002)
        killed.send_signal(signal.SIGKILL)
        assert killed.wait(60) == -signal.SIGKILL
        assert not results.exists()
        with log.open("r+b") as stream:  # what a power cut may leave
            stream.truncate(log.stat().st_size - 7)
        assert edgetlc(*words, "--resume").status == 0
        assert 0 < len(asked) < 2980
        whole = tmp_path / "whole.xml"
        assert edgetlc(*self.command(small_bundle, many, whole)).status == 0
        assert results.read_bytes() == whole.read_bytes()


class TestPictures:
    def test_overlay_and_annotate(
        self, edgetlc: Run, small_bundle: Path, photos: Path, tmp_path: Path
    ) -> None:
        words = ("--overlay", tmp_path / "seen", "--annotate", tmp_path / "told")
        ran = edgetlc("predict", small_bundle, photos, *words)
        assert ran.status == 2
        assert f"overlays in {tmp_path / 'seen'}" in ran.out
        overlays = sorted((tmp_path / "seen").iterdir())
        told = sorted((tmp_path / "told").iterdir())
        assert len(overlays) == len(told) == 9
        assert all(p.name.endswith(".overlay.png") for p in overlays)
        with Image.open(overlays[0]) as image:
            assert image.size == (80, 60)

    def test_large_photos_are_shown_large(
        self, edgetlc: Run, small_bundle: Path, tmp_path: Path
    ) -> None:
        Image.new("RGB", (2000, 1500), COLOURS["red"]).save(tmp_path / "large.jpg")
        words = ("--overlay", tmp_path / "seen")
        assert edgetlc("predict", small_bundle, tmp_path / "large.jpg", *words).status == 0
        (made,) = (tmp_path / "seen").iterdir()
        with Image.open(made) as image:
            assert image.size == (640, 480)

    @pytest.fixture
    def without_chinese(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setattr(fonts, "chinese_font_files", tuple)
        fonts.chinese_font.cache_clear()
        yield
        fonts.chinese_font.cache_clear()

    @pytest.mark.usefixtures("without_chinese")
    def test_no_chinese_font_is_said_once(
        self, edgetlc: Run, small_bundle: Path, good: Path, tmp_path: Path
    ) -> None:
        ran = edgetlc("predict", small_bundle, good, "--annotate", tmp_path / "told")
        assert ran.err.count(fonts.NO_CHINESE_FONT) == 1
        assert fonts.NO_CHINESE_FONT not in edgetlc("predict", small_bundle, good).err


class TestReport:
    def test_html(self, edgetlc: Run, small_bundle: Path, photos: Path, tmp_path: Path) -> None:
        report = tmp_path / "new" / "report.html"
        ran = edgetlc("predict", small_bundle, photos, "--report", report)
        assert ran.status == 2
        text = report.read_text(encoding="utf-8")
        assert text.count("<section") == 10
        assert "9999000000000001-2024001-2-004-bad.jpg" in text
        assert Bundle.open(small_bundle).digest in text
        assert f"report in {report}" in ran.out

    def test_too_many_photos(
        self, edgetlc: Run, small_bundle: Path, good: Path, asked: list[str], tmp_path: Path
    ) -> None:
        ran = edgetlc("predict", small_bundle, *[good] * 23, "--report", tmp_path / "r.html")
        assert ran.status == 2
        assert "a report of 207 photos; 200 are allowed" in ran.err
        assert asked == []

    def test_pdf_without_its_extra(
        self, edgetlc: Run, small_bundle: Path, good: Path, tmp_path: Path, asked: list[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.setitem(sys.modules, "weasyprint", None)
        ran = edgetlc("predict", small_bundle, good, "--report", tmp_path / "r.pdf")
        assert ran.status == 2
        assert "pip install 'edgetlc[pdf]'" in ran.err
        assert asked == []


@pytest.mark.real
@pytest.mark.slow
def test_real_photos(edgetlc: Run, tiny_bundle: Path, shared_data: Path, tmp_path: Path) -> None:
    """Whatever phones write goes through every output; answers mean nothing here."""
    phones = shared_data / "exif_photos" / "phones"
    words = ("--annotate", tmp_path / "told", "--report", tmp_path / "r.html", "--json")
    ran = edgetlc("predict", tiny_bundle, phones, *words)
    document = ran.json()
    assert len(document["predictions"]) > 30
    assert len(list((tmp_path / "told").iterdir())) == len(document["predictions"])
