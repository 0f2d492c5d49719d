"""Bad input ends in one line that says what to do, and exit code 2; never in a traceback."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgetlc.data.manifest import load_photos, write_manifest
from edgetlc.devices.profiles import Cameras
from edgetlc.runtime.classifier import Classifier

Run = Callable[..., Any]
LinkedCopy = Callable[[Path, Path], Path]


@pytest.fixture
def place(
    tmp_path: Path,
    manifest: Path,
    tiny_run: Path,
    tiny_bundle: Path,
    photo: Path,
    linked_copy: LinkedCopy,
) -> SimpleNamespace:
    """Good things to combine with bad ones, by name."""
    empty, one = tmp_path / "empty", tmp_path / "one"
    empty.mkdir()
    (one / "disc").mkdir(parents=True)
    shutil.copy(photo, one / "disc")
    unsplit = tmp_path / "unsplit"
    for label in ("disc", "ring"):
        (unsplit / label).mkdir(parents=True)
        shutil.copy(photo, unsplit / label)
    junk = tmp_path / "junk.jpg"
    junk.write_bytes(b"this is no photo")
    return SimpleNamespace(
        tmp=tmp_path, manifest=manifest, run=tiny_run, bundle=tiny_bundle, photo=photo,
        empty=empty, one=one, unsplit=unsplit, junk=junk, gone=tmp_path / "gone", copy=linked_copy,
    )  # fmt: skip


def damaged_bundle(place: SimpleNamespace) -> Path:
    """Return a copy of the bundle with one byte of its int8 ONNX model changed."""
    copy: Path = place.copy(place.bundle, place.tmp / "damaged.bundle")
    file = copy / "model.int8.onnx"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.unlink()
    file.write_bytes(content)
    return copy


def damaged_archive(place: SimpleNamespace) -> Path:
    """Return a `.etlc` file that was cut short."""
    from edgetlc.runtime.archive import pack
    from edgetlc.runtime.bundle import Bundle

    file = place.tmp / "cut.etlc"
    pack(Bundle.open(place.bundle), file)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    return file


def text(place: SimpleNamespace, name: str, content: str) -> Path:
    file: Path = place.tmp / name
    file.write_text(content, encoding="utf-8")
    return file


def listed(place: SimpleNamespace, *labels: str) -> Path:
    """Return a manifest of one photo under several classes."""
    rows = (f"{place.photo},{label}\n" for label in labels)
    return text(place, "listed.csv", "path,class\n" + "".join(rows))


def described(place: SimpleNamespace, tables: str) -> Path:
    """Return a photo folder with a `classes.toml`."""
    (place.unsplit / "classes.toml").write_text(tables, encoding="utf-8")
    folder: Path = place.unsplit
    return folder


def in_two_parts(place: SimpleNamespace) -> Path:
    """Return the manifest with a training photo listed in the test part, too."""
    photos = load_photos(place.manifest, Cameras.load())
    twice = replace(photos.part("train").photos[0], part="test")
    file: Path = place.tmp / "twice.csv"
    write_manifest(file, replace(photos, photos=(*photos.photos, twice)))
    return file


def train(place: SimpleNamespace, *words: object) -> list[object]:
    return ["train", "--data", place.manifest, "-o", place.gone, *words]


# What is tried, the command line, and words that the message must hold.
TABLE: dict[str, tuple[Callable[[SimpleNamespace], list[object]], tuple[str, ...]]] = {
    # photos
    "empty folder": (
        lambda p: ["train", "--data", p.empty, "-o", p.gone],
        ("holds no photos", "<class>/<photo>"),
    ),
    "one class": (
        lambda p: ["train", "--data", p.one, "-o", p.gone],
        ("one class only (disc)",),
    ),
    "no such data": (
        lambda p: ["evaluate", p.run, "--data", p.gone],
        ("gone: no such folder or manifest",),
    ),
    "set that is not split": (
        lambda p: ["train", "--arch", "slim-resnet18", "--data", p.unsplit, "-o", p.gone],
        ("no photo is in part train", "run 'edgetlc data split' first"),
    ),
    "manifest that is no CSV": (
        lambda p: ["train", "--data", p.junk, "-o", p.gone],
        ("missing ['path', 'class']",),
    ),
    "manifest with an unknown column": (
        lambda p: ["train", "--data", text(p, "m.csv", "path,class,kamera\n"), "-o", p.gone],
        ("unknown column 'kamera'", "did you mean 'camera'"),
    ),
    "manifest with a photo that is gone": (
        lambda p: ["train", "--data", text(p, "m.csv", "path,class\nx,a\ny,b\n"), "-o", p.gone],
        ("lists 2 photos that are not there", "/x, ", "/y"),
    ),
    "photo in two parts, train": (
        lambda p: ["train", "--data", in_two_parts(p), "-o", p.gone],
        ("1 photo is in two parts", "(train) is the same file as", "(test)", "data split"),
    ),
    "photo in two parts, evaluate": (
        lambda p: ["evaluate", p.run, "--data", in_two_parts(p)],
        ("1 photo is in two parts",),
    ),
    "photo in two parts, quantize": (
        lambda p: ["quantize", p.run, "--data", in_two_parts(p)],
        ("1 photo is in two parts",),
    ),
    "photo in two parts, verify": (
        lambda p: ["verify", p.bundle, "--data", in_two_parts(p)],
        ("1 photo is in two parts",),
    ),
    "classes that look alike": (
        lambda p: ["verify", p.bundle, "--data", listed(p, "disc", "disc\u200b")],
        ("'disc' and 'disc\\u200b' differ only in", "U+200B"),
    ),
    "classes.toml of another class": (
        lambda p: ["evaluate", p.run, "--data", described(p, "[disk]")],
        ("describes class 'disk'", "did you mean 'disc'?"),
    ),
    "several photos that are gone": (
        lambda p: ["predict", p.bundle, p.photo, p.gone, p.tmp / "g2.jpg"],
        ("gone, ", "g2.jpg: no such photo or folder"),
    ),
    "folder of profiles that is not there": (
        lambda p: ["predict", p.bundle, p.photo, "--devices", p.gone],
        ("gone",),
    ),
    # training
    "unknown network": (
        lambda p: train(p, "--arch", "resnet99"),
        ("unknown network 'resnet99'", "slim-resnet18"),
    ),
    "no epochs": (lambda p: train(p, "--epochs", 0), ("epochs 0", "at least 1")),
    "negative learning rate": (lambda p: train(p, "--lr", -1), ("learning rate must be above 0",)),
    "tiny input": (lambda p: train(p, "--size", 7), ("input size is 7", "32 to 1024")),
    "unknown geometry": (lambda p: train(p, "--geometry", "stretch"), ("'stretch'",)),
    "unknown device": (lambda p: train(p, "--device", "tpu"), ("unknown device 'tpu'",)),
    "seed that is no number": (lambda p: train(p, "--seed", "x"), ("--seed",)),
    "negative seed": (lambda p: train(p, "--seed", -1), ("--seed",)),
    "missing weights": (
        lambda p: train(p, "--arch", "slim-resnet18", "--weights", p.tmp / "w.safetensors"),
        ("no weights at",),
    ),
    "weights that are none": (
        lambda p: train(p, "--arch", "slim-resnet18", "--weights", p.junk),
        ("not a readable weights file",),
    ),
    "run that is there": (
        lambda p: ["train", "--data", p.manifest, "-o", p.run],
        ("holds a trained run", "--overwrite"),
    ),
    # run folders
    "missing checkpoint": (
        lambda p: ["evaluate", p.empty, "--data", p.manifest],
        ("no checkpoint at", "'edgetlc train' writes one"),
    ),
    "missing checkpoint, quantize": (
        lambda p: ["quantize", p.gone, "--data", p.manifest],
        ("no checkpoint at",),
    ),
    "missing checkpoint, export": (
        lambda p: ["export", p.gone, "--data", p.manifest, "-o", p.tmp / "b"],
        ("no checkpoint at",),
    ),
    "checkpoint that is none": (
        lambda p: ["evaluate", p.junk, "--data", p.manifest],
        ("is not an edgetlc checkpoint",),
    ),
    "int8 without quantize": (
        lambda p: ["export", p.run, "--data", p.manifest, "-o", p.gone, "--precision", "int8"],
        ("no int8 network", "edgetlc quantize"),
    ),
    "unknown format": (
        lambda p: ["export", p.run, "--data", p.manifest, "-o", p.gone, "--format", "tflite"],
        ("--format is 'tflite'", "onnx, ort, openvino"),
    ),
    "unknown precision": (
        lambda p: ["export", p.run, "--data", p.manifest, "-o", p.gone, "--precision", "int4"],
        ("--precision is 'int4'", "fp32, int8"),
    ),
    "too few calibration photos": (
        lambda p: ["quantize", p.run, "--data", p.manifest, "--photos", 3],
        ("3 calibration photos", "at least 8"),
    ),
    "own calibration photos that will judge": (
        lambda p: ["quantize", p.run, "--data", p.manifest, "--calibration", p.manifest],
        ("calibration", "test", "and 12 more"),
    ),
    "accepted drop that is no share": (
        lambda p: ["quantize", p.run, "--data", p.manifest, "--max-drop", 2],
        ("the accepted drop is 2", "0.01 for 1 %"),
    ),
    "layer that is not there": (
        lambda p: ["quantize", p.run, "--data", p.manifest, "--float-layer", "layer9.conv1"],
        ("layer9.conv1",),
    ),
    "search told how to quantize": (
        lambda p: ["search", p.run, "--data", p.manifest, "--preset", "mixed"],
        ("No such option: --preset",),
    ),
    "student without a search": (
        lambda p: ["quantize", p.run, "--data", p.manifest, "--student", p.run],
        ("No such option: --student",),
    ),
    "set of another run": (
        lambda p: ["quantize", p.run, "--data", _other_split(p)],
        ("not the one this network was trained on",),
    ),
    # bundles
    "missing bundle": (
        lambda p: ["predict", p.gone, p.photo],
        ("no bundle at", "'edgetlc export' writes one"),
    ),
    "folder that is no bundle": (
        lambda p: ["predict", p.empty, p.photo],
        ("bundle.json is missing",),
    ),
    "file that is no bundle": (
        lambda p: ["bundle", "inspect", p.junk],
        ("not a readable bundle",),
    ),
    "bundle with one byte changed": (
        lambda p: ["predict", damaged_bundle(p), p.photo],
        ("model.int8.onnx was changed after the bundle", "get the bundle again"),
    ),
    "bundle with one byte changed, check": (
        lambda p: ["bundle", "check", damaged_bundle(p)],
        ("model.int8.onnx was changed",),
    ),
    "bundle with one byte changed, selftest": (
        lambda p: ["selftest", damaged_bundle(p)],
        ("model.int8.onnx was changed",),
    ),
    "bundle with one byte changed, pack": (
        lambda p: ["bundle", "pack", damaged_bundle(p), "-o", p.tmp / "b.etlc"],
        ("model.int8.onnx was changed",),
    ),
    "archive that was cut short": (
        lambda p: ["predict", damaged_archive(p), p.photo],
        ("cut.etlc",),
    ),
    "archive that is there": (
        lambda p: ["bundle", "pack", p.bundle, "-o", text(p, "b.etlc", "something")],
        ("exists already", "--overwrite"),
    ),
    "unknown model": (
        lambda p: ["predict", p.bundle, p.photo, "--model", "onnx-int4"],
        ("no model 'onnx-int4'", "onnx-int8"),
    ),
    "unknown engine": (
        lambda p: ["predict", p.bundle, p.photo, "--engine", "tensorrt"],
        ("tensorrt",),
    ),
    "engine that does not run the model": (
        lambda p: ["predict", p.bundle, p.photo, "--model", "ort-fp32", "--engine", "openvino"],
        ("ort-fp32 runs on onnxruntime, not on openvino",),
    ),
    "no threads": (lambda p: ["predict", p.bundle, p.photo, "--threads", 0], ("--threads",)),
    # predict and benchmark
    "missing photo": (
        lambda p: ["predict", p.bundle, p.gone],
        ("gone: no such photo or folder",),
    ),
    "folder without photos": (lambda p: ["predict", p.bundle, p.empty], ("no photos in",)),
    "benchmark of a missing photo": (
        lambda p: ["benchmark", p.bundle, "--photo", p.gone],
        ("gone: cannot be read",),
    ),
    "benchmark of what is no photo": (
        lambda p: ["benchmark", p.bundle, "--photo", p.junk],
        ("junk.jpg: ",),
    ),
    "one round": (lambda p: ["benchmark", p.bundle, "--rounds", 1], ("1 rounds", "at least 3")),
    "results file below a file": (
        lambda p: ["predict", p.bundle, p.photo, "--results-file", p.junk / "r.json"],
        ("junk.jpg",),
    ),
    # verify
    "margin of nothing": (
        lambda p: ["verify", p.bundle, "--data", p.manifest, "--margin", 0],
        ("the margin is 0.0", "0.02 for 2 %"),
    ),
    "margin in percent": (
        lambda p: ["verify", p.bundle, "--data", p.manifest, "--margin", 2],
        ("the margin is 2.0", "0.0001 to 0.5"),
    ),
    "margin that is no number": (
        lambda p: ["verify", p.bundle, "--data", p.manifest, "--margin", "nan"],
        ("the margin is nan",),
    ),
    "certainty": (
        lambda p: ["verify", p.bundle, "--data", p.manifest, "--confidence", 1],
        ("the confidence is 1.0",),
    ),
    "reference of another input size": (
        lambda p: ["verify", _other_size(p), "--data", p.manifest, "--reference", p.run],
        ("at 64 pixels", "at 96", "pass the bundle's own run"),
    ),
    "verify an unknown model": (
        lambda p: ["verify", p.bundle, "--data", p.manifest, "--model", "x"],
        ("no model 'x'",),
    ),
    # usage
    "unknown command": (lambda p: ["predikt"], ("predikt",)),
    "unknown option": (lambda p: ["predict", p.bundle, p.photo, "--fast"], ("--fast",)),
    "missing argument": (lambda p: ["predict", p.bundle], ("Missing argument",)),
    "unknown camera": (lambda p: ["devices", "show", "nokia-3310"], ("nokia-3310",)),
}  # fmt: skip


def _other_split(place: SimpleNamespace) -> Path:
    """Return the manifest without one of its training photos."""
    photos = load_photos(place.manifest, Cameras.load())
    first = next(photo for photo in photos.photos if photo.part == "train")
    kept = tuple(photo for photo in photos.photos if photo != first)
    file: Path = place.tmp / "other.csv"
    write_manifest(file, replace(photos, photos=kept))
    return file


def _other_size(place: SimpleNamespace) -> Path:
    copy: Path = place.copy(place.bundle, place.tmp / "other.bundle")
    document = (copy / "bundle.json").read_text(encoding="utf-8")
    (copy / "bundle.json").unlink()
    changed = document.replace('"size": 64', '"size": 96')
    (copy / "bundle.json").write_text(changed, encoding="utf-8")
    return copy


@pytest.mark.parametrize("name", TABLE)
def test_one_line_and_exit_code_2(name: str, place: SimpleNamespace, edgetlc: Run) -> None:
    command, told = TABLE[name]
    ran = edgetlc(*command(place), "--json")
    last = ran.err.splitlines()[-1]
    assert ran.status == 2
    assert last.startswith(("edgetlc: ", "Error: "))
    for words in told:
        assert words in last
    assert "Traceback" not in ran.err
    document = ran.json()
    assert document["exit_code"] == 2
    assert document["error"] in last


def test_no_gpu(place: SimpleNamespace, edgetlc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    ran = edgetlc(*train(place, "--device", "cuda"))
    assert ran.status == 2
    assert ran.err == ("edgetlc: no usable GPU here (CUDA is not available); use --device cpu\n")


class TestTraceback:
    def test_hidden(self, place: SimpleNamespace, edgetlc: Run) -> None:
        ran = edgetlc("predict", place.gone, place.photo)
        assert (ran.status, ran.out) == (2, "")
        assert ran.err == f"edgetlc: no bundle at {place.gone}; 'edgetlc export' writes one\n"

    @pytest.mark.parametrize("flag", ["-v", "--verbose"])
    def test_shown_when_asked_for(self, place: SimpleNamespace, edgetlc: Run, flag: str) -> None:
        ran = edgetlc("predict", place.gone, place.photo, flag)
        assert ran.status == 2
        assert ran.err.startswith("Traceback (most recent call last):")
        assert "BundleError" in ran.err
        assert ran.err.splitlines()[-1].startswith("edgetlc: no bundle at")

    def test_defect_is_told_in_one_line(
        self, place: SimpleNamespace, edgetlc: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def break_(*_: object, **__: object) -> None:
            raise ZeroDivisionError("a defect")

        monkeypatch.setattr(Classifier, "open", break_)
        ran = edgetlc("predict", place.bundle, place.photo)
        assert ran.status == 70
        assert ran.err == (
            "edgetlc: internal error, please report it (ZeroDivisionError: a defect); "
            "-v shows the traceback\n"
        )


class TestFullDisk:
    """`os.fsync` fails as it does on a full disk, after the file's first bytes were written."""

    @pytest.fixture
    def full(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
        def fill_up(after: int = 0) -> None:
            left = iter(range(after))

            def fsync(handle: int) -> None:
                if next(left, None) is None:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

            monkeypatch.setattr(os, "fsync", fsync)

        return fill_up

    def check(self, ran: Any, folder: Path) -> None:
        assert ran.status == 2
        last = ran.err.splitlines()[-1]
        assert last.startswith("edgetlc: the disk is full")
        assert last.endswith("free space and run again")
        assert "Traceback" not in ran.err
        assert not [p for p in folder.rglob(".*") if p.is_file()], "temporary files were left"

    def test_results(
        self, place: SimpleNamespace, edgetlc: Run, full: Callable[..., None], tmp_path: Path
    ) -> None:
        results = tmp_path / "answers.json"
        results.write_text("the last answers", encoding="utf-8")
        full()
        words = ("--results-file", results, "--overwrite")
        ran = edgetlc("predict", place.bundle, place.photo, *words)
        self.check(ran, tmp_path)
        assert results.read_text(encoding="utf-8") == "the last answers"

    def test_packing(
        self, place: SimpleNamespace, edgetlc: Run, full: Callable[..., None], tmp_path: Path
    ) -> None:
        full()
        self.check(edgetlc("bundle", "pack", place.bundle, "-o", tmp_path / "b.etlc"), tmp_path)
        assert not (tmp_path / "b.etlc").exists()

    def test_training(
        self, place: SimpleNamespace, edgetlc: Run, full: Callable[..., None], tmp_path: Path
    ) -> None:
        full(1)  # run.json is written, the first checkpoint is not
        small = ("--arch", "slim-resnet18", "--size", 32, "--epochs", 1, "--batch-size", 42)
        ran = edgetlc("train", "--data", place.manifest, "-o", tmp_path / "run", *small)
        self.check(ran, tmp_path)
        assert not (tmp_path / "run" / "model.safetensors").exists()

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
    @pytest.mark.parametrize("words", [("inspect", "--json"), ("check",)], ids=" ".join)
    def test_standard_output(self, place: SimpleNamespace, words: tuple[str, ...]) -> None:
        """`edgetlc ... > answers.json` on a full disk; exit code 1 would say that a gate failed."""
        name, *flags = words
        command = [sys.executable, "-m", "edgetlc", "bundle", name, str(place.bundle), *flags]
        with Path("/dev/full").open("w") as full:
            ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
        assert ran.returncode == 2
        assert ran.stderr == "edgetlc: the disk is full (while writing); free space and run again\n"
