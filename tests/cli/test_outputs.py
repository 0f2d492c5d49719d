"""Outputs are checked before any work: every command that writes, every way it could go wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from edgetlc.data.manifest import write_manifest
from edgetlc.data.photos import PhotoSet

PROFILES = Path(__file__).parents[2] / "devices" / "profiles"
Words = Callable[[SimpleNamespace, Path], list[object]]


class Case(NamedTuple):
    """A command and one of its outputs."""

    words: Words
    reads: str = "data"  # what it reads, by its name in `place`
    suffix: str = ".html"
    marker: bool = True  # a folder that holds something else is refused although --overwrite


def option(command: str, flag: str, reads: str = "data") -> Words:
    """Return the words of a command that has its output in an option."""
    given: dict[str, Callable[[SimpleNamespace], list[object]]] = {
        "evaluate": lambda p: [p.run, "--data", p.data],
        "benchmark": lambda p: [p.bundle, "--photo", p.photo],
        "selftest": lambda p: [p.bundle],
        "verify": lambda p: [p.bundle, "--data", p.data],
        "judge": lambda p: [p.bundle, p.tmp / "answers"],
        "collect": lambda p: [p.bundle, "--data", p.data],
        "predict": lambda p: [p.bundle, p.photo],
        "search": lambda p: [p.run, "--data", p.data],
        "export": lambda p: [p.run, "--data", p.data],
        "pack": lambda p: [p.bundle],
        "web": lambda p: [p.bundle],
        "wheelhouse": lambda p: [p.bundle, "--platform", "x86_64", "--python", "3.11"],
        "split": lambda p: [p.data],
        "simulate": lambda p: [p.data],
        "train": lambda p: ["--data", p.data],
        "folds": lambda p: ["--data", p.data],
        "compare": lambda p: ["resnet18", "resnet34", "--data", p.data],
        "leave-camera-out": lambda p: ["--data", p.data],
        "demo": lambda p: [],
    }
    return lambda p, output: [*command.split(), *given[command.split()[-1]](p), flag, output]


FILES = {
    "evaluate --report": Case(option("evaluate", "--report")),
    "evaluate --results-file": Case(option("evaluate", "--results-file")),
    "benchmark": Case(option("benchmark", "--results-file"), "photo"),
    "selftest": Case(option("selftest", "--results-file"), "listed"),
    "verify --report": Case(option("verify", "--report")),
    "verify --junit": Case(option("verify", "--junit")),
    "verify --results-file": Case(option("verify", "--results-file")),
    "answers judge --report": Case(option("answers judge", "--report"), "listed"),
    "answers judge --junit": Case(option("answers judge", "--junit"), "listed"),
    "predict --report": Case(option("predict", "--report"), "photo"),
    "predict --results-file": Case(option("predict", "--results-file"), "photo", ".csv"),
    "search --report": Case(option("search", "--report")),
    "bundle pack": Case(option("bundle pack", "-o"), "listed", ".etlc"),
    "data split": Case(option("data split", "-o"), "data", ".csv"),
}
FOLDERS = {
    "train": Case(option("train", "-o"), marker=False),
    "experiment folds": Case(option("experiment folds", "-o"), marker=False),
    "experiment compare": Case(option("experiment compare", "-o"), marker=False),
    "experiment leave-camera-out": Case(option("experiment leave-camera-out", "-o"), marker=False),
    "export": Case(option("export", "-o")),
    "verify --answers": Case(option("verify", "--answers"), marker=False),
    "answers collect": Case(option("answers collect", "-o"), marker=False),
    "bundle web": Case(option("bundle web", "-o")),
    "bundle wheelhouse": Case(option("bundle wheelhouse", "-o")),
    "data simulate": Case(option("data simulate", "-o")),
}
WORK = (
    *("edgetlc.experiments.run.train", "edgetlc.experiments.folds.run_trials"),
    *("edgetlc.experiments.compare.run_trials", "edgetlc.experiments.leave_camera_out.run_trials"),
    *("edgetlc.training.evaluate.evaluate", "edgetlc.runtime.benchmark.benchmark"),
    *("edgetlc.runtime.selftest.selftest", "edgetlc.parity.verify.verify"),
    *("edgetlc.parity.verify.judge_folders", "edgetlc.parity.verify.collect_answers"),
    *("edgetlc.runtime.classifier.Classifier.open", "edgetlc.calibration.search.run.search_run"),
    *("edgetlc.calibration.quantize_run.quantize_run", "edgetlc.export.export_run.export_run"),
    *("edgetlc.runtime.archive.pack", "edgetlc.export.web_app.write_web_app"),
    *("edgetlc.export.wheelhouse.make_wheelhouse", "edgetlc.data.split.split"),
    *("edgetlc.data.simulate.simulate_photos", "edgetlc.demo.run.run_demo"),
)


@pytest.fixture
def place(
    tmp_path: Path,
    photo_set: PhotoSet,
    tiny_run: Path,
    tiny_bundle: Path,
    photo: Path,
    linked_copy: Callable[[Path, Path], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> SimpleNamespace:
    """All inputs in one folder, `root`; and no work that could begin."""

    def begun(*_args: object, **_how: object) -> None:
        pytest.fail("the work began")

    for name in WORK:
        monkeypatch.setattr(name, begun)
    root = tmp_path / "in"
    root.mkdir()
    write_manifest(root / "split.csv", photo_set)
    shutil.copy(photo, root / photo.name)
    bundle = linked_copy(tiny_bundle, root / "b.bundle")
    return SimpleNamespace(
        tmp=tmp_path, root=root, data=root / "split.csv", run=linked_copy(tiny_run, root / "run"),
        bundle=bundle, listed=bundle / "bundle.json", photo=root / photo.name,
    )  # fmt: skip


def refused(ran: Any, *words: str) -> None:
    """Assert that a command ended with one line that holds these words."""
    last = ran.err.strip().splitlines()[-1]
    assert ran.status == 2, ran.err
    assert last.startswith("edgetlc: ")
    for word in words:
        assert word in last


@pytest.mark.parametrize("name", FILES)
def test_files(name: str, place: SimpleNamespace, edgetlc: Callable[..., Any]) -> None:
    words, reads, suffix, _marker = FILES[name]
    there, folder = place.tmp / f"there{suffix}", place.tmp / f"folder{suffix}"
    there.write_bytes(b"mine")
    folder.mkdir()
    refused(edgetlc(*words(place, there / f"x{suffix}")), "cannot write to", "another place")
    refused(edgetlc(*words(place, folder)), "is a folder, not a file")
    refused(edgetlc(*words(place, there)), "exists already", "--overwrite")
    source: Path = getattr(place, reads)
    content = source.read_bytes()
    hard, soft = place.tmp / f"hard{suffix}", place.tmp / f"soft{suffix}"
    # The bundle's own file lies in an input folder; a link to it elsewhere is another story.
    if reads != "listed":
        os.link(source, hard)
        soft.symlink_to(source)
        for link in (hard, soft):
            refused(edgetlc(*words(place, link), "--overwrite"), "what the command reads", "hoose")
    elif not suffix.startswith(".e"):
        refused(edgetlc(*words(place, source), "--overwrite"), "what the command reads", "hoose")
    if reads == "data":
        told = edgetlc(*words(place, place.root / "classes.toml"), "--overwrite")
        refused(told, "what the command reads", "hoose")
    if not name.startswith(("benchmark", "selftest", "bundle pack")):  # these know no cameras
        own = place.tmp / "own"
        own.mkdir()
        shutil.copy(PROFILES / "iphone-11.toml", own)
        (own / f"mine{suffix}").touch()
        told = edgetlc(*words(place, own / f"mine{suffix}"), "--overwrite", "--devices", own)
        refused(told, "what the command reads", "hoose")
    assert source.read_bytes() == content
    assert there.read_bytes() == b"mine"


@pytest.mark.parametrize("described", ["manifest.csv", "classes.toml"])
def test_a_split_never_replaces_what_describes_its_folder(
    described: str, place: SimpleNamespace, edgetlc: Callable[..., Any]
) -> None:
    place.data.rename(place.root / "manifest.csv")
    content = (place.root / described).read_bytes()
    ran = edgetlc("data", "split", place.root, "-o", place.root / described, "--overwrite")
    refused(ran, "what the command reads", described)
    assert (place.root / described).read_bytes() == content


@pytest.mark.parametrize("name", FOLDERS)
def test_folders(name: str, place: SimpleNamespace, edgetlc: Callable[..., Any]) -> None:
    words, _reads, _suffix, marker = FOLDERS[name]
    there, other = place.tmp / "there", place.tmp / "other"
    there.write_bytes(b"mine")
    other.mkdir()
    (other / "photo.jpg").write_bytes(b"mine")
    more = [] if name.startswith(("answers", "verify")) else ["--overwrite"]
    refused(edgetlc(*words(place, there / "x")), "cannot write to", "another place")
    refused(edgetlc(*words(place, there)), "is a file, not a folder")
    before = sorted(place.root.rglob("*"))
    alias = place.tmp / "alias"
    alias.symlink_to(place.root)
    for output in (place.root, alias):
        refused(edgetlc(*words(place, output), *more), "what the command reads", "hoose")
    if marker:
        refused(edgetlc(*words(place, other)), "exists already", "--overwrite")
        refused(edgetlc(*words(place, other), "--overwrite"), "holds something else")
    assert sorted(place.root.rglob("*")) == before
    assert (other / "photo.jpg").read_bytes() == there.read_bytes() == b"mine"


def test_demo(place: SimpleNamespace, edgetlc: Callable[..., Any]) -> None:
    file = place.tmp / "file"
    file.touch()
    refused(edgetlc("demo", "-o", file), "is a file, not a folder")
    refused(edgetlc("demo", "-o", file / "x"), "cannot write to")
    refused(edgetlc("demo", "-o", place.root), "exists already", "--overwrite")


def test_two_outputs_in_one_file(place: SimpleNamespace, edgetlc: Callable[..., Any]) -> None:
    words = ["verify", place.bundle, "--data", place.data, "--report", place.tmp / "r"]
    refused(edgetlc(*words, "--junit", place.tmp / "x" / ".." / "r"), "named for two outputs")


def test_an_int8_network_is_replaced_only_when_asked(
    place: SimpleNamespace, edgetlc: Callable[..., Any]
) -> None:
    (place.run / "network.int8.onnx").write_bytes(b"of an hour's work")
    for command in ("quantize", "search"):
        ran = edgetlc(command, place.run, "--data", place.data)
        refused(ran, "network.int8.onnx exists already", "--overwrite")


def test_pictures_are_replaced_only_when_asked(
    small_bundle: Path, photo: Path, tmp_path: Path, edgetlc: Callable[..., Any]
) -> None:
    words = ["predict", small_bundle, photo, "--overlay", tmp_path / "o"]
    assert edgetlc(*words).status == 0
    refused(edgetlc(*words), "exists already", "--overwrite")
    assert edgetlc(*words, "--overwrite").status == 0


def full(*_args: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("as_json", [False, True])
def test_a_verdict_is_told_although_its_report_cannot_be_written(
    as_json: bool,
    small_bundle: Path,
    tmp_path: Path,
    edgetlc: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The disk fills up while it works."""
    monkeypatch.setattr("edgetlc.files.write_text", full)
    words = ["selftest", small_bundle, "--results-file", tmp_path / "r.json"]
    ran = edgetlc(*words, *["--json"] * as_json)
    assert ran.status == 2
    assert (ran.json()["passed"] if as_json else "self-test PASS" in ran.out) is True
    assert "the answer stands, but a file was not written: [Errno 28]" in ran.err


def test_a_verdict_of_verify_is_told_although_its_page_cannot_be_written(
    tiny_bundle: Path,
    manifest: Path,
    tmp_path: Path,
    edgetlc: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edgetlc.pages.verification.write_page", full)
    words = ["verify", tiny_bundle, "--data", manifest, "--model", "onnx-int8"]
    ran = edgetlc(*words, "--engine", "onnxruntime", "--report", tmp_path / "r.html")
    assert ran.status == 2
    assert "overall: INSUFFICIENT" in ran.out
    assert "the answer stands, but a file was not written: [Errno 28]" in ran.err
