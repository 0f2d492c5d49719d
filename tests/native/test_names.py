"""The snippets name what edgetlc names: tensors, fields, versions, limits, tolerances."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from edgetlc.export.assemble import PROBABILITIES
from edgetlc.export.pixel_graph import PIXELS
from edgetlc.runtime.bundle import BUNDLE_FILE
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.contract import DCT_SCALES, VERSION
from edgetlc.runtime.golden import GOLDEN_FILE
from edgetlc.runtime.limits import MAX_ASPECT, MAX_PIXELS
from edgetlc.runtime.machine import Machine
from edgetlc.runtime.schema import SCHEMA, FileRecord
from edgetlc.runtime.selftest import (
    KIND,
    PIXEL_TOLERANCE,
    PROBABILITY_TOLERANCE,
    ModelResult,
    PhotoAnswer,
    PhotoPixels,
    SelfTest,
)
from edgetlc.runtime.selftest import SCHEMA as REPORT_SCHEMA

NATIVE = Path(__file__).resolve().parents[2] / "runtime" / "native"
FOLDERS = {"kotlin": ".kt", "swift": ".swift"}


@pytest.fixture(params=FOLDERS)
def code(request: pytest.FixtureRequest) -> str:
    files = sorted((NATIVE / request.param).iterdir())
    assert len(files) == 6
    assert {file.suffix for file in files} == {FOLDERS[request.param]}
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def numbers(code: str, name: str) -> list[float]:
    """Return the numbers in the line that sets a constant, written `A_B` or `aB`."""
    camel = re.sub("_(.)", lambda m: m[1].upper(), name.lower())
    (value,) = re.findall(rf"\b(?:{name}|{camel}) = (.*)", code)
    plain = value.replace("_", "").replace("L", "")
    return [float(found) for found in re.findall(r"(?<![a-z\d])\d+(?:e-\d+)?", plain)]


def test_tensors_and_files(code: str) -> None:
    for name in (PIXELS, PROBABILITIES, BUNDLE_FILE, GOLDEN_FILE, KIND, "onnxruntime", "genuine"):
        assert f'"{name}' in code


def test_fields(code: str) -> None:
    known = {"reject_below", "genuine_below", "precision", "classes", "decision", "models", "files"}
    for kind in (ClassInfo, FileRecord, Machine, PhotoPixels, PhotoAnswer, ModelResult, SelfTest):
        known |= {field.name for field in fields(kind)}
    for name in known:
        assert re.search(rf"\b{name}\b", code), name


def test_versions(code: str) -> None:
    assert re.search(rf"schema\W.*== {SCHEMA}\b", code)
    assert re.search(rf"version\W.*== {VERSION}\b", code)
    assert re.search(rf"schema\W+(= )?{REPORT_SCHEMA}\b", code)


def test_constants(code: str) -> None:
    assert numbers(code, "PIXEL_TOLERANCE") == [PIXEL_TOLERANCE]
    assert numbers(code, "PROBABILITY_TOLERANCE") == list(PROBABILITY_TOLERANCE.values())
    assert '"fp32"' in code.split('"int8"')[0]
    assert numbers(code, "MAX_ASPECT") == [MAX_ASPECT]
    (largest,) = numbers(code, "MAX_PIXELS")
    assert largest <= MAX_PIXELS
    assert ", ".join(map(str, DCT_SCALES[:-1])) in code
