"""The program speaks its user's language; what programs read never changes with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHINESE = {"LANG": "zh_CN.UTF-8"}


def program(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    unset = ("LANG", "LC_ALL", "LC_MESSAGES", "EDGETLC_LANG", "LANGUAGE")
    inherited = {key: value for key, value in os.environ.items() if key not in unset}
    return subprocess.run(
        [sys.executable, "-m", "edgetlc", *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**inherited, "PYTHONIOENCODING": "utf-8", **environment},
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "environment", "chinese"),
    [
        (("devices", "list"), {}, False),
        (("devices", "list"), CHINESE, True),
        (("devices", "list", "--lang", "en"), CHINESE, False),
        (("devices", "list"), {"EDGETLC_LANG": "zh"}, True),
        (("devices", "list"), {**CHINESE, "EDGETLC_LANG": "en"}, False),
        (("--lang", "zh", "devices", "list"), {}, True),
        (("devices", "--lang=zh", "list"), {}, True),
        (("devices", "list", "--lang", "zh"), {}, True),
    ],
)
def test_who_asks_for_a_language(
    words: tuple[str, ...], environment: dict[str, str], chinese: bool
) -> None:
    ran = program(*words, **environment)
    assert ran.returncode == 0
    assert ran.stdout.startswith("相机" if chinese else "Cameras")
    assert ("种类" in ran.stdout) is chinese


def test_help_and_errors() -> None:
    shown = program("answers", "judge", "--help", **CHINESE)
    assert "示例：edgetlc answers judge herbs.bundle" in shown.stdout
    assert "允许的准确率降幅" in shown.stdout
    told = program("predict", "gone.etlc", "gone.jpg", **CHINESE)
    assert told.returncode == 2
    assert told.stderr == "edgetlc: gone.jpg：没有这样的照片或文件夹\n"


def test_an_unknown_language() -> None:
    ran = program("devices", "list", "--lang", "fr")
    assert ran.returncode == 2
    assert "'fr'" in ran.stderr


@pytest.mark.parametrize("place", ["selftest", "verify"])
def test_documents_and_exit_codes_are_the_same(
    place: str, tiny_bundle: Path, manifest: Path, tmp_path: Path
) -> None:
    words: tuple[object, ...] = (place, tiny_bundle)
    if place == "verify":
        words += ("--data", manifest, "--model", "onnx-fp32", "--engine", "onnxruntime")
    documents, tables, codes = [], [], []
    for number, environment in enumerate(({}, CHINESE)):
        table = tmp_path / f"{number}.csv"
        ran = program(*words, "--json", "--results-file", table, **environment)
        documents.append([line for line in ran.stdout.splitlines() if '"created"' not in line])
        tables.append(table.read_bytes())
        codes.append(program(*words, "--results-file", table, **environment).returncode)
        tables.append(table.read_bytes())
    assert documents[0] == documents[1]
    assert len(set(tables)) == 1
    assert codes[0] == codes[1]


def test_json_errors_stay_english() -> None:
    ran = program("predict", "gone.etlc", "gone.jpg", "--json", **CHINESE)
    assert '"error": "gone.jpg: no such photo or folder"' in ran.stdout


def test_version() -> None:
    ran = program("--version")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("edgetlc ")


def test_completion_names_the_commands() -> None:
    asked = {"_EDGETLC_COMPLETE": "complete_bash", "COMP_WORDS": "edgetlc ex", "COMP_CWORD": "1"}
    script = "import sys; sys.argv = ['edgetlc']; from edgetlc.cli.app import main; main()"
    shown = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, **asked},
        check=False,
    )
    assert shown.stdout.split() == ["export", "experiment"]
