"""`edgetlc train --teacher`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgetlc.training.runs import RUN_FILE

Run = Callable[..., Any]
WORDS = ("--arch", "slim-resnet18", "--size", 64, "--epochs", 1, "--batch-size", 21)


def test_the_teacher_and_its_settings_arrive(
    edgetlc: Run, manifest: Path, tiny_run: Path, tmp_path: Path
) -> None:
    words = (*WORDS, "--teacher", tiny_run, "--distill-weight", 0.8, "--distill-temperature", 2)
    ran = edgetlc("train", "--data", manifest, "-o", tmp_path / "student", *words)
    assert ran.status == 0, ran.err
    record = json.loads((tmp_path / "student" / RUN_FILE).read_text(encoding="utf-8"))
    told = {"teacher": tiny_run.name, "weight": 0.8, "temperature": 2.0}
    assert record["settings"]["distillation"] == told
    assert record["teacher"]["architecture"] == "slim-resnet18"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--teacher", "gone"), "no checkpoint at gone"),
        (("--size", 32), "trained with size 64, the student would be with size 32"),
        (("--distill-weight", 0), "the teacher's weight is 0.0; it is above 0, at most 1"),
    ],
)
def test_bad_teachers(
    edgetlc: Run,
    manifest: Path,
    tiny_run: Path,
    tmp_path: Path,
    words: tuple[object, ...],
    told: str,
) -> None:
    words = (*WORDS, "--teacher", tiny_run, *words)
    ran = edgetlc("train", "--data", manifest, "-o", tmp_path / "student", *words)
    assert ran.status == 2
    assert told in ran.err
    assert not (tmp_path / "student").exists()


def test_settings_without_a_teacher(edgetlc: Run, manifest: Path, tmp_path: Path) -> None:
    words = (*WORDS, "--distill-temperature", 2)
    ran = edgetlc("train", "--data", manifest, "-o", tmp_path / "student", *words)
    assert ran.status == 2
    assert "--distill-temperature needs --teacher" in ran.err
