"""Commands without standard streams, and with a reader that goes away."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HUNG_UP = 141

# What a service or pythonw has: the numbers 0 to 2 closed. The status comes back by exit code.
CLOSED = "exec <&- >&- 2>&-; exec {command}"


def run(words: list[object], **how: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "edgetlc", *map(str, words)]
    return subprocess.run(command, timeout=300, **how)


def reader_gone() -> int:
    """Return the writing end of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.fixture
def commands(small_bundle: Path, photo: Path, tmp_path: Path) -> Callable[[str], list[object]]:
    """`commands("predict")` returns the words of a command that prints."""
    words: dict[str, list[object]] = {
        "help": ["--help"],
        "version": ["--version"],
        "help of a command": ["predict", "--help"],
        "devices list": ["devices", "list"],
        "devices list, JSON": ["devices", "list", "--json"],
        "devices show": ["devices", "show", "iphone-11"],
        "devices identify": ["devices", "identify", photo],
        "predict": ["predict", small_bundle, photo],
        "predict, JSON": ["predict", small_bundle, photo, photo, "--json"],
        "selftest": ["selftest", small_bundle],
        "bundle inspect": ["bundle", "inspect", small_bundle],
        "bundle check": ["bundle", "check", small_bundle],
        "bundle pack": ["bundle", "pack", small_bundle, "-o", tmp_path / "b.etlc"],
        "data check": ["data", "check", photo.parents[1]],
        "bad input": ["predict", tmp_path / "none.etlc", photo],
        "bad input, JSON": ["predict", tmp_path / "none.etlc", photo, "--json"],
        "usage": ["predict", "--fast"],
    }
    return words.__getitem__


NAMES = ("devices list", "predict, JSON", "usage")
MORE = (
    *("data check", "bad input, JSON", "help"),
    *("version", "help of a command", "devices list, JSON", "devices show", "devices identify"),
    *("predict", "selftest", "bundle inspect", "bundle check", "bundle pack", "bad input"),
)
ALL = (*NAMES, *(pytest.param(name, marks=pytest.mark.slow) for name in MORE))


@pytest.mark.parametrize("name", ALL)
def test_a_reader_that_goes_away_is_no_failed_check(name: str, commands) -> None:
    for streams in ("stdout", "both"):
        writing = reader_gone()
        how: dict[str, Any] = {"stdout": writing, "stderr": subprocess.PIPE}
        if streams == "both":
            how["stderr"] = subprocess.STDOUT
        ended = run(commands(name), **how)
        os.close(writing)
        allowed = {0, HUNG_UP} if "bad" not in name and name != "usage" else {2, HUNG_UP}
        assert ended.returncode in allowed, ended.stderr
        assert b"Traceback" not in (ended.stderr or b"")


@pytest.mark.skipif(os.name != "posix", reason="closes streams with a shell")
@pytest.mark.parametrize("name", ALL)
def test_no_standard_streams_change_no_exit_code(name: str, commands) -> None:
    words = commands(name)
    expected = run(words, capture_output=True).returncode
    for place in words:  # what the first run wrote
        if isinstance(place, Path) and place.name == "b.etlc":
            place.unlink()
    command = " ".join([sys.executable, "-m", "edgetlc", *map(str, words)])
    ended = subprocess.run(["sh", "-c", CLOSED.format(command=command)], timeout=300)
    assert ended.returncode == expected


@pytest.mark.skipif(os.name != "posix", reason="closes streams with a shell")
def test_files_are_written_without_standard_streams(
    small_bundle: Path, photo: Path, tmp_path: Path
) -> None:
    """Nothing that is printed gets into a file that took a stream's number."""
    found, expected = tmp_path / "found.csv", tmp_path / "expected.csv"
    assert run(["predict", small_bundle, photo, "--results-file", expected]).returncode == 0
    words = ["predict", small_bundle, photo, "--results-file", found]
    command = " ".join([sys.executable, "-m", "edgetlc", *map(str, words)])
    subprocess.run(["sh", "-c", CLOSED.format(command=command)], timeout=300, check=True)
    assert found.read_bytes() == expected.read_bytes()


def test_streams_that_python_made_none_are_replaced(
    edgetlc, monkeypatch: pytest.MonkeyPatch, small_bundle: Path, tmp_path: Path
) -> None:
    """As under pythonw: `sys.stdout` is None, and the numbers may be open."""
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    output = tmp_path / "b.etlc"
    assert edgetlc("bundle", "pack", small_bundle, "-o", output).status == 0
    for name in ("stdin", "stdout", "stderr"):
        getattr(sys, name).close()
    assert output.is_file()


def test_the_report_is_written_although_nobody_reads_the_answer(
    small_bundle: Path, tmp_path: Path
) -> None:
    file, writing = tmp_path / "selftest.json", reader_gone()
    ended = run(["selftest", small_bundle, "--results-file", file, "--json"], stdout=writing)
    os.close(writing)
    assert ended.returncode in (0, HUNG_UP)
    assert file.is_file()
