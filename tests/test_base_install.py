"""The field installation: `pip install edgetlc` without extras, in its own environment.

`make test` makes one from a wheel and gives its Python in EDGETLC_BASE_PYTHON.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from edgetlc.cli.app import app
from edgetlc.cli.commands import PACKAGES

PYTHON = os.environ.get("EDGETLC_BASE_PYTHON")
pytestmark = pytest.mark.skipif(
    PYTHON is None, reason="EDGETLC_BASE_PYTHON names no environment with the base install only"
)

Run = Callable[..., subprocess.CompletedProcess[str]]

MOST_DISTRIBUTIONS = 20
NEEDS_TOOLCHAIN = {
    "demo": "",
    "train": "--data split.csv -o run",
    "evaluate": "run --data split.csv",
    "experiment folds": "--data split.csv -o runs --device cuda",
    "experiment compare": "resnet18 resnet34 --data split.csv -o runs",
    "experiment leave-camera-out": "--data split.csv -o runs",
    "quantize": "run --data split.csv",
    "search": "run --data split.csv --qat 1",
    "export": "run --data split.csv -o bundle",
}


def _commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, child in group.commands.items():
        if hasattr(child, "commands"):
            yield from _commands(child, (*path, name))
        else:
            yield (*path, name)


COMMANDS = list(_commands(typer.main.get_command(app)))


@pytest.fixture
def python(tmp_path: Path) -> Run:
    """Run the base environment's Python in an empty folder, where no source tree is in the way."""

    def run(*words: object, status: int = 0) -> subprocess.CompletedProcess[str]:
        ran = subprocess.run(
            [str(PYTHON), *map(str, words)],
            cwd=tmp_path,
            env={k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == status, ran.stdout + ran.stderr
        return ran

    return run


@pytest.fixture
def edgetlc(python: Run) -> Run:
    def run(*words: object, status: int = 0) -> subprocess.CompletedProcess[str]:
        return python("-m", "edgetlc", *words, status=status)

    return run


def test_it_is_the_base_install(python: Run) -> None:
    code = f"from importlib.util import find_spec as f; print([p for p in {PACKAGES!r} if f(p)])"
    assert python("-c", code).stdout.strip() == "[]"
    place = python("-c", "import edgetlc; print(edgetlc.__file__)").stdout
    assert "site-packages" in place


def test_it_is_small(python: Run) -> None:
    code = (
        "from importlib.metadata import distributions as d\n"
        "print(*sorted({x.name.lower() for x in d()} - {'pip', 'setuptools', 'wheel'}))"
    )
    names = python("-c", code).stdout.split()
    assert len(names) <= MOST_DISTRIBUTIONS, names


def test_help_of_everything(edgetlc: Run, python: Run) -> None:
    assert "Commands:" in edgetlc("--help").stdout
    # One process for all: each would take a third of a second to start.
    code = (
        "import json, sys\n"
        "from edgetlc.cli.app import main\n"
        "for words in json.loads(sys.argv[1]):\n"
        "    sys.argv = ['edgetlc', *words, '--help']\n"
        "    try: main()\n"
        "    except SystemExit as end: assert not end.code, words\n"
    )
    shown = python("-c", code, json.dumps(COMMANDS)).stdout
    for command in COMMANDS:
        assert f"Example: edgetlc {' '.join(command)}" in shown


def test_devices(edgetlc: Run, photos_folder: Path) -> None:
    cameras = json.loads(edgetlc("devices", "list", "--json").stdout)
    assert "iphone-11" in {camera["id"] for camera in cameras}
    found = json.loads(edgetlc("devices", "identify", photos_folder / "disc", "--json").stdout)
    assert {one["camera"] for one in found} == {"iphone-11", "realme-gt-neo"}


def test_predict_as_on_the_workstation(
    edgetlc: Run, tiny_bundle: Path, photos_folder: Path
) -> None:
    from edgetlc.runtime.classifier import Classifier, Prediction

    folder = photos_folder / "stick"
    document = json.loads(edgetlc("predict", tiny_bundle, folder, "--json").stdout)
    assert document["engine"].startswith("onnxruntime ")
    expected = list(Classifier.open(tiny_bundle).classify_all(sorted(folder.glob("*.jpg"))))
    assert len(document["predictions"]) == len(expected) == 20
    for found, one in zip(document["predictions"], expected, strict=True):
        assert isinstance(one, Prediction)
        assert found["file"] == one.file
        assert found["label"] == one.label.name
        assert found["probabilities"] == pytest.approx(dict(one.probabilities), abs=1e-5)


def test_selftest_benchmark_and_bundle(edgetlc: Run, tiny_bundle: Path, tmp_path: Path) -> None:
    packed = tmp_path / "shapes.etlc"
    edgetlc("bundle", "pack", tiny_bundle, "-o", packed)
    report = json.loads(edgetlc("selftest", packed, "--json").stdout)
    assert report["passed"] is True
    assert {one["engine"].split()[0] for one in report["models"]} == {"onnxruntime"}
    timings = json.loads(edgetlc("benchmark", packed, "--rounds", 3, "--json").stdout)["timings"]
    assert {timing["model"] for timing in timings} == {
        f"{format_}-{precision}" for format_ in ("onnx", "ort") for precision in ("fp32", "int8")
    }
    assert edgetlc("bundle", "check", packed).stdout


def test_verify_needs_no_toolchain(edgetlc: Run, tiny_bundle: Path, manifest: Path) -> None:
    ran = edgetlc("verify", tiny_bundle, "--data", manifest, "--json", status=3)
    document = json.loads(ran.stdout)
    assert {one["model"] for one in document["candidates"]} == {
        f"{format_}-{precision}" for format_ in ("onnx", "ort") for precision in ("fp32", "int8")
    }


def test_data_needs_no_toolchain(edgetlc: Run, photos_folder: Path, tmp_path: Path) -> None:
    assert json.loads(edgetlc("data", "check", photos_folder, "--json").stdout)["passed"]
    edgetlc("data", "split", photos_folder, "-o", tmp_path / "split.csv", "--duplicates", "keep")
    assert (tmp_path / "split.csv").is_file()


@pytest.mark.parametrize("command", NEEDS_TOOLCHAIN)
def test_a_command_of_the_workstation_says_what_it_needs(command: str, edgetlc: Run) -> None:
    ran = edgetlc(*command.split(), *shlex.split(NEEDS_TOOLCHAIN[command]), status=2)
    assert ran.stdout == ""
    (line,) = ran.stderr.splitlines()
    assert line == (
        f"edgetlc: edgetlc {command} needs an optional part: pip install 'edgetlc[toolchain]'"
    )


def test_an_engine_that_is_not_installed(
    edgetlc: Run, tiny_bundle: Path, photos_folder: Path, manifest: Path
) -> None:
    photo = next(photos_folder.rglob("*.jpg"))
    ran = edgetlc("predict", tiny_bundle, photo, "--engine", "openvino", status=2)
    assert "pip install 'edgetlc[openvino]'" in ran.stderr
    words = ("--data", manifest, "--model", "openvino-int8")
    ran = edgetlc("verify", tiny_bundle, *words, status=2)
    assert "openvino-int8 cannot run on an engine here; installed: onnxruntime" in ran.stderr
    words = ("--data", manifest, "--reference", "run")
    ran = edgetlc("verify", tiny_bundle, *words, status=2)
    assert "pip install 'edgetlc[toolchain]'" in ran.stderr


def test_heic_without_its_extra_stops_no_other_photo(
    edgetlc: Run, tiny_bundle: Path, photos_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64)
    good = next(photos_folder.rglob("*.jpg"))
    (folder / "b.jpg").write_bytes(good.read_bytes())
    ran = edgetlc("predict", tiny_bundle, folder, "--json", status=2)
    document = json.loads(ran.stdout)
    assert [Path(p["file"]).name for p in document["predictions"]] == ["b.jpg"]
    ((one),) = document["unreadable"]
    assert "edgetlc[heic]" in one["reason"]
