"""What each command answers: one JSON document with --json, tables without, progress beside."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from edgetlc.calibration import quantize_run as quantize_module
from edgetlc.calibration.quantizer import Quantized
from edgetlc.data.manifest import write_manifest
from edgetlc.data.photos import PhotoSet
from edgetlc.export import export_run as export_module
from edgetlc.files import sha256_file
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.engines import Engine, Output
from edgetlc.runtime.pixels import Pixels
from edgetlc.runtime.schema import ModelRecord

Run = Callable[..., Any]


class TestDevices:
    def test_list(self, edgetlc: Run) -> None:
        ran = edgetlc("devices", "list", "--json")
        assert (ran.status, ran.err) == (0, "")
        assert {"iphone-11", "olympus-bx53"} <= {camera["id"] for camera in ran.json()}

    def test_show(self, edgetlc: Run) -> None:
        assert edgetlc("devices", "show", "iphone-11", "--json").json()["en"] == "iPhone 11"

    def test_identify(self, edgetlc: Run, photo: Path) -> None:
        (found,) = edgetlc("devices", "identify", photo, "--json").json()
        assert found["file"] == str(photo)
        assert (found["camera"], found["by"], found["conflict"]) == ("iphone-11", "name", None)


class TestBundle:
    def test_inspect(self, edgetlc: Run, tiny_bundle: Path) -> None:
        document = edgetlc("bundle", "inspect", tiny_bundle, "--json").json()
        assert document["digest"] == Bundle.open(tiny_bundle).digest
        assert len(document["manifest"]["models"]) == 6
        shown = edgetlc("bundle", "inspect", tiny_bundle).out
        assert all(word in shown for word in ("onnx-int8", "圆片", "64 x 64", document["digest"]))

    def test_check(self, edgetlc: Run, tiny_bundle: Path) -> None:
        ran = edgetlc("bundle", "check", tiny_bundle, "--json")
        assert ran.status == 0
        assert ran.json()["unlisted"] == []

    def test_pack_makes_a_file_that_answers_the_same(
        self, edgetlc: Run, tiny_bundle: Path, photo: Path, tmp_path: Path
    ) -> None:
        packed = tmp_path / "shapes.etlc"
        ran = edgetlc("bundle", "pack", tiny_bundle, "-o", packed, "--json")
        assert ran.json()["bytes"] == packed.stat().st_size
        answers = [edgetlc("predict", b, photo, "--json").json() for b in (tiny_bundle, packed)]
        assert answers[0] == answers[1]


class TestOnSite:
    def test_selftest(self, edgetlc: Run, tiny_bundle: Path, tmp_path: Path) -> None:
        report = tmp_path / "selftest.json"
        ran = edgetlc("selftest", tiny_bundle, "--json", "--results-file", report)
        assert ran.status == 0
        assert ran.json()["passed"] is True
        assert json.loads(report.read_text(encoding="utf-8")) == ran.json()

    def test_selftest_says_no(
        self, edgetlc: Run, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Bundle, "load", _turned(Bundle.load, "int8"))
        ran = edgetlc("selftest", tiny_bundle)
        assert ran.status == 1
        assert "self-test FAIL" in ran.out

    def test_benchmark(self, edgetlc: Run, tiny_bundle: Path, photo: Path) -> None:
        words = ("--rounds", 3, "--threads", 1, "--photo", photo, "--json")
        ran = edgetlc("benchmark", tiny_bundle, *words)
        assert ran.status == 0
        document = ran.json()
        assert (document["rounds"], document["threads"]) == (3, 1)
        assert document["timings"][0]["ratio"] == 1
        assert "timing: 3 of 3" in ran.err


class Turned:
    """An engine whose answers are moved by one class: always wrong where it was right."""

    def __init__(self, engine: Engine) -> None:
        self.name = engine.name
        self._engine = engine

    def run(self, pixels: Pixels, images: bool = False) -> Output:
        output = self._engine.run(pixels, images)
        return replace(output, probabilities=np.roll(output.probabilities, 1, axis=1))


def _turned(load: Callable[..., Engine], precision: str) -> Callable[..., Engine]:
    def turned(bundle: Bundle, model: ModelRecord, *rest: Any, **more: Any) -> Engine:
        engine = load(bundle, model, *rest, **more)
        return Turned(engine) if model.precision == precision else engine

    return turned


class TestVerify:
    """12 test photos, 6 of each of two cameras."""

    def test_pass_is_0(
        self, edgetlc: Run, tiny_bundle: Path, photo_set: PhotoSet, tmp_path: Path
    ) -> None:
        held_out = tuple(replace(photo, part="test") for photo in photo_set.photos)
        write_manifest(tmp_path / "test.csv", replace(photo_set, photos=held_out))
        words = ("--margin", 0.3, "--model", "onnx-fp32")
        ran = edgetlc("verify", tiny_bundle, "--data", tmp_path / "test.csv", *words)
        assert ran.status == 0
        assert "overall: PASS" in ran.out
        assert "untested, no photos: redmi-k30s" in ran.out
        assert "olympus-bx53" not in ran.out  # no row of the standard's table

    def test_fail_is_1(
        self, edgetlc: Run, tiny_bundle: Path, manifest: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Bundle, "load", _turned(Bundle.load, "int8"))
        words = ("--part", "all", "--model", "onnx-int8", "--engine", "onnxruntime")
        ran = edgetlc("verify", tiny_bundle, "--data", manifest, *words)
        assert ran.status == 1
        assert "overall: FAIL" in ran.out
        assert "went from right to wrong" in ran.out
        assert "by network" in ran.out

    def test_insufficient_is_3(
        self, edgetlc: Run, tiny_bundle: Path, manifest: Path, tmp_path: Path
    ) -> None:
        report, table = tmp_path / "verify.json", tmp_path / "verify.csv"
        words = ("verify", tiny_bundle, "--data", manifest, "--model", "onnx-fp32")
        ran = edgetlc(*words, "--json", "--results-file", report)
        assert ran.status == 3
        document = ran.json()
        assert document["verdict"] == "INSUFFICIENT"
        assert json.loads(report.read_text(encoding="utf-8")) == document
        assert {c["model"] for c in document["candidates"]} == {"onnx-fp32"}
        assert edgetlc(*words, "--results-file", table, "--results-format", "csv").status == 3
        with table.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert {row["camera"] for row in rows} == {"iphone-11", "realme-gt-neo"}
        assert {row["photos"] for row in rows} == {"6"}

    def test_shards_are_judged_together_with_every_report(
        self, edgetlc: Run, tiny_bundle: Path, manifest: Path, tmp_path: Path
    ) -> None:
        words = ("answers", "collect", tiny_bundle, "--data", manifest, "--model", "onnx-int8")
        for shard in ("1/2", "2/2"):
            folder = tmp_path / shard[0]
            ran = edgetlc(*words, "--engine", "onnxruntime", "--shard", shard, "-o", folder)
            assert ran.status == 0
            assert f"shard {shard[0]} of 2" in ran.out
        both = (tmp_path / "1", tmp_path / "2")
        page, junit = tmp_path / "verdict.html", tmp_path / "verdict.xml"
        board = tmp_path / "board.json"
        board.write_text(edgetlc("selftest", tiny_bundle, "--json").out, encoding="utf-8")
        words = (*both, "--merge", board, "--report", page, "--junit", junit, "--json")
        ran = edgetlc("answers", "judge", tiny_bundle, *words)
        assert ran.status == 3
        assert ran.json()["photos"] == 12
        assert "INSUFFICIENT" in page.read_text(encoding="utf-8")
        assert "testsuite" in junit.read_text(encoding="utf-8")
        assert len(ran.json()["machines"]) == 1
        alone = edgetlc("answers", "judge", tiny_bundle, tmp_path / "1")
        assert alone.status == 2
        assert "answers on 6 of 12 photos" in alone.err

    def test_only_changed_photos_are_labelled(
        self,
        edgetlc: Run,
        tiny_bundle: Path,
        manifest: Path,
        photo_set: PhotoSet,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        words = ("--data", manifest, "--model", "onnx-int8", "--engine", "onnxruntime")
        monkeypatch.setattr(Bundle, "load", _turned(Bundle.load, "int8"))
        answers, shown = tmp_path / "answers", tmp_path / "to-label"
        edgetlc("answers", "collect", tiny_bundle, *words, "-o", answers)
        changed = ("answers", "changed", tiny_bundle, answers, "-o", shown)
        ran = edgetlc(*changed, "--json")
        count = ran.json()["changed"]
        assert (ran.status, ran.json()["photos"]) == (0, 12)
        assert 0 < count < 12
        assert edgetlc(*changed).status == 2  # a file that somebody fills in is not written over
        judge = ("answers", "judge", tiny_bundle, answers, "--json")
        labels = shown / "classes.csv"
        unfilled = edgetlc(*judge, "--labels", labels)
        assert unfilled.status == 2
        assert f"{count} of {count} changed photos have no class" in unfilled.err
        header, *rows = labels.read_text(encoding="utf-8-sig").splitlines()
        shown_by = {sha256_file(photo.path): photo.label for photo in photo_set.photos}
        classes = [shown_by[row.split(",")[1]] for row in rows]
        filled = [row + name for row, name in zip(rows, classes, strict=True)]
        labels.write_text("\n".join([header, *filled]), encoding="utf-16")
        partly, fully = edgetlc(*judge, "--labels", labels), edgetlc(*judge)
        assert partly.status == fully.status
        for known in ("verdict", "p_within", "p_beyond", "drop_upper", "reason"):
            both = [ran.json()["candidates"][0]["cameras"] for ran in (partly, fully)]
            assert [c[known] for c in both[0]] == [c[known] for c in both[1]]
        assert partly.json()["partly_labelled"]
        assert "changed photos alone" in edgetlc(*judge[:-1], "--labels", labels).out
        both_ways = edgetlc(*judge, "--labels", labels, "--label-free")
        assert both_ways.status == 2
        assert "exclude each other" in both_ways.err

    @pytest.mark.parametrize(
        ("words", "reason"),
        [
            (("verify",), "Missing option '--data'"),
            (("verify", "--data", "x.csv", "--shard", "1/2"), "No such option: --shard"),
            (("answers", "judge"), "Missing argument"),
            (("answers", "collect", "--data", "x.csv", "-o", "a", "--shard", "5"), "such as 2/4"),
            (("answers", "collect", "--data", "x.csv", "-o", "a", "--shard", "3/2"), "I <= N"),
            (("answers", "collect", "--data", "x.csv"), "Missing option"),
        ],
    )
    def test_what_is_missing_or_wrong(
        self, words: tuple[str, ...], reason: str, edgetlc: Run, tiny_bundle: Path
    ) -> None:
        command = 1 if words[0] == "verify" else 2
        ran = edgetlc(*words[:command], tiny_bundle, *words[command:])
        assert ran.status == 2
        assert reason in ran.err

    def test_against_the_run(
        self, edgetlc: Run, tiny_bundle: Path, quantized_run: Path, manifest: Path
    ) -> None:
        words = ("--data", manifest, "--reference", quantized_run, "--model", "onnx-fp32", "--json")
        document = edgetlc("verify", tiny_bundle, *words).json()
        assert document["reference"].startswith("pytorch ")
        assert all(c["pooled"]["largest_change"] < 1e-3 for c in document["candidates"])


class TestToolchain:
    def test_evaluate(self, edgetlc: Run, tiny_run: Path, manifest: Path, tmp_path: Path) -> None:
        table = tmp_path / "scores.csv"
        words = ("--results-file", table, "--results-format", "csv", "--json")
        ran = edgetlc("evaluate", tiny_run, "--data", manifest, *words)
        assert ran.status == 0
        document = ran.json()
        assert document["part"] == "test"
        assert document["overall"]["count"] == 12
        assert set(document["cameras"]) == {"iphone-11", "realme-gt-neo"}
        assert len(document["overall"]["confusion"]) == 3
        assert table.read_text(encoding="utf-8").splitlines()[0].startswith("camera,count,accu")
        shown = edgetlc("evaluate", tiny_run, "--data", manifest, "--part", "val").out
        assert "Part val by camera" in shown
        assert "Confusion" in shown

    def test_train(self, edgetlc: Run, manifest: Path, tmp_path: Path) -> None:
        words = (
            "--arch",
            "slim-resnet18",
            "--size",
            32,
            "--epochs",
            1,
            "--batch-size",
            21,
            "--json",
        )
        ran = edgetlc("train", "--data", manifest, "-o", tmp_path / "run", *words)
        assert ran.status == 0
        document = ran.json()
        assert document["best"] == document["epochs"][0]
        assert (document["weights"], document["unreadable"]) == (None, [])
        assert "starting from random weights" in ran.err
        assert "epoch 1: train loss" in ran.err
        # Weights from that run into another: everything fits.
        start = tmp_path / "run" / "model.safetensors"
        words = (*words[:-1], "--weights", start, "--seed", 1)
        again = edgetlc("train", "--data", manifest, "-o", tmp_path / "again", *words)
        assert again.status == 0
        assert "tensors loaded" in again.err
        assert "not found" not in again.err
        assert "kept" in again.out

    def test_quantize(
        self, edgetlc: Run, quantized_run: Path, manifest: Path, monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path, linked_copy: Callable[[Path, Path], Path],
    ) -> None:  # fmt: skip
        made = onnx.load(quantized_run / "network.int8.onnx")

        def at_once(*_: object) -> Quantized:
            return Quantized(made, 20, 1, {"left_in_float": "head"})

        monkeypatch.setattr(quantize_module, "quantize", at_once)
        run = linked_copy(quantized_run, tmp_path / "run")
        words = ("quantize", run, "--data", manifest, "--photos", 8, "--overwrite")
        document = edgetlc(*words, "--json").json()
        assert document["calibration_photos"] == sum(document["per_camera"].values()) == 8
        assert document["network"] == str(run / "network.int8.onnx")
        assert document["validation"]["photos"] == 6
        shown = edgetlc(*words, "--max-drop", 0.9).out
        assert "20 layers in int8, 1 left in float" in shown
        assert "worst" in shown
        assert "temperature 1.50 of the float network" in shown
        assert not (run / "quantize.work").exists()

    def test_export(
        self, edgetlc: Run, tiny_run: Path, manifest: Path, monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:  # fmt: skip
        monkeypatch.setattr(export_module, "model_files", lambda *names: {f"m.{names[1]}": b"abc"})
        monkeypatch.setattr(export_module, "golden_files", lambda *_: {})
        monkeypatch.setattr(export_module, "reduced_build_files", lambda _: {})
        words = ("export", tiny_run, "--data", manifest, "-o", tmp_path / "b", "--format", "onnx")
        document = edgetlc(*words, "--json").json()
        assert [m["id"] for m in document["manifest"]["models"]] == ["onnx-fp32"]
        assert Path(document["path"]) == tmp_path / "b"
        again = edgetlc(*words, "--format", "ort", "--format", "onnx", "--overwrite")
        assert again.status == 0
        assert "ort-fp32" in again.out


class TestData:
    def test_check(self, edgetlc: Run, photos_folder: Path) -> None:
        ran = edgetlc("data", "check", photos_folder, "--json")
        assert ran.status == 0
        assert ran.json()["passed"] is True
        assert ran.json()["warnings"] > 0  # fewer photos than the standard asks for
        strict = edgetlc("data", "check", photos_folder, "--strict", "--json")
        assert strict.status == 1
        assert strict.json()["passed"] is False

    def test_split(self, edgetlc: Run, photos_folder: Path, tmp_path: Path) -> None:
        output = tmp_path / "split.csv"
        ran = edgetlc(
            "data", "split", photos_folder, "--duplicates", "keep", "-o", output, "--json"
        )
        assert ran.status == 0
        assert ran.json()["photos"] == 60
        with output.open(encoding="utf-8", newline="") as stream:
            assert {row["part"] for row in csv.DictReader(stream)} == {"train", "val", "test"}

    def test_simulate(self, edgetlc: Run, manifest: Path, tmp_path: Path) -> None:
        words = ("--camera", "iphone-12", "--part", "val", "--json")
        ran = edgetlc("data", "simulate", manifest, "-o", tmp_path / "made", *words)
        assert ran.status == 0
        assert (ran.json()["photos"], ran.json()["simulated"]) == (6, True)
