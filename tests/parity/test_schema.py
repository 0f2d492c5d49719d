"""The published schema of `Verification.to_json`: real documents fit, changed ones do not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from edgetlc.parity.false_genuine import FalseGenuine, GenuineRate
from edgetlc.parity.lead import LeadBin, LeadCurve
from edgetlc.parity.new_camera import NewCamera
from edgetlc.parity.rule import CameraVerdict, Rule
from edgetlc.parity.tally import Specimens, Tally
from edgetlc.parity.verification import (
    CandidateReport,
    Flip,
    Location,
    Pooled,
    Verification,
)
from edgetlc.runtime.machine import Machine
from edgetlc.runtime.selftest import ModelResult, PhotoAnswer, PhotoPixels, PixelResult, SelfTest
from edgetlc.statistics.reliability import Bin, Reliability

jsonschema = pytest.importorskip("jsonschema")

Judged = Callable[..., Verification]
ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "verification.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
CLEAN, PIXELS, NETWORK = "clean@onnxruntime", "pixels@onnxruntime", "network@openvino"
HEAD = {"kind", "schema"}
SHARES = {"reference_accuracy", "candidate_accuracy", "agreement", "drop"}

DESCRIBED: dict[str, tuple[type, set[str]]] = {
    "rule": (Rule, set()),
    "tally": (Tally, SHARES),
    "specimens": (Specimens, set()),
    "camera_verdict": (CameraVerdict, set()),
    "genuine_rate": (GenuineRate, set()),
    "false_genuine": (FalseGenuine, {"verdict"}),
    "bin": (Bin, set()),
    "reliability": (Reliability, set()),
    "pooled": (Pooled, set()),
    "location": (Location, set()),
    "flip": (Flip, set()),
    "lead_bin": (LeadBin, set()),
    "lead_curve": (LeadCurve, set()),
    "new_camera": (NewCamera, set()),
    "candidate": (CandidateReport, set()),
    "machine": (Machine, set()),
    "photo_pixels": (PhotoPixels, set()),
    "pixel_result": (PixelResult, set()),
    "photo_answer": (PhotoAnswer, set()),
    "model_result": (ModelResult, set()),
    "selftest": (SelfTest, {*HEAD, "passed"}),
}


@pytest.fixture(scope="module")
def documents(judged: Judged) -> list[Any]:
    """Every kind of verification: labelled or not, grouped, sequential, with other machines."""
    found = (
        judged(CLEAN, PIXELS, NETWORK, selftest=True, cameras=("camera-00", "unseen")),
        judged(PIXELS, grouped=True, machine="phone"),
        judged(CLEAN, NETWORK, rule=Rule(0.1, sequential=True)),
        judged(PIXELS, labelled=False, rule=Rule(sequential=True)),
        judged(),
    )
    return [json.loads(json.dumps(one.to_json(), allow_nan=False)) for one in found]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_real_documents_fit(documents: list[Any]) -> None:
    for document in documents:
        assert [error.message for error in VALIDATOR.iter_errors(document)] == []


def tables(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every table within a document, but those whose keys are data."""
    if isinstance(value, dict):
        yield value
        for key, inner in value.items():
            if key != "roles":
                yield from tables(inner)
    if isinstance(value, list):
        for inner in value[:2]:
            yield from tables(inner)


@pytest.fixture
def short(documents: list[Any]) -> Any:
    """A document with every kind of table, and few of each."""
    document = copy.deepcopy(documents[0])
    for candidate in document["candidates"]:
        gate, decisions = candidate["gate"]["cameras"], candidate["decisions"]
        for rows in (candidate["cameras"], decisions, candidate["flips"], gate):
            del rows[2:]
    return document


def test_nothing_may_be_added(short: Any) -> None:
    for table in tables(short):
        table["strange"] = 1
        assert not VALIDATOR.is_valid(short)
        del table["strange"]
    assert VALIDATOR.is_valid(short)


def test_nothing_may_be_missing_or_of_another_type(short: Any) -> None:
    tried = 0
    for table in tables(short):
        for key in sorted(set(table) - SHARES):
            value = table.pop(key)
            assert not VALIDATOR.is_valid(short), key
            table[key] = {"another": "type"}
            assert not VALIDATOR.is_valid(short), key
            table[key] = value
            tried += 1
    assert tried > 200
    assert VALIDATOR.is_valid(short)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict",), "MAYBE"),
        (("schema",), 1),
        (("bundle_digest",), "d" * 63),
        (("rule", "margin"), 2),
        (("candidates", 0, "cameras", 0, "right_to_wrong_upper"), 1.5),
        (("candidates", 0, "cameras", 0, "tally", "n"), -1),
        (("candidates", 1, "flips", 0, "cause"), "luck"),
        (("candidates", 0, "roles"), {"genuine to gold": 1}),
    ],
)
def test_values_out_of_range_do_not_fit(
    short: Any, path: tuple[str | int, ...], value: object
) -> None:
    *way, last = path
    table = short
    for step in way:
        table = table[step]
    assert table[last] != value
    table[last] = value
    assert not VALIDATOR.is_valid(short)


def test_every_field_is_described() -> None:
    described = {"verification": (Verification, HEAD), **DESCRIBED}
    for name, (kind, more) in described.items():
        table = SCHEMA if name == "verification" else SCHEMA["$defs"][name]
        assert set(table["properties"]) == {field.name for field in fields(kind)} | more, name
        assert table["additionalProperties"] is False
        for field in (table, *table["properties"].values()):
            assert field["description"].endswith((".", "?")), (name, field)
    assert set(SCHEMA["$defs"]) == {*DESCRIBED, "verdict", "probability"}
