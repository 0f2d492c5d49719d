from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgetlc.errors import BundleError, InputError
from edgetlc.files import write_json
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.engines import available_engines
from edgetlc.runtime.golden import read_golden
from edgetlc.runtime.pixels import decode
from edgetlc.runtime.selftest import PIXEL_TOLERANCE, SelfTest, selftest

GOLDEN = "golden/golden.json"


@pytest.fixture
def copy(small_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_bundle, tmp_path / "copy.bundle"))


def reseal(folder: Path, name: str, content: bytes) -> None:
    """Replace a file and its record, as another writer of bundles might have written it."""
    (folder / name).write_bytes(content)
    document = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    record = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    document["files"][name] = record
    write_json(folder / "bundle.json", document)


def regild(folder: Path, change: Callable[[Any], object]) -> None:
    """Change the golden document."""
    document = json.loads((folder / GOLDEN).read_text(encoding="utf-8"))
    change(document)
    reseal(folder, GOLDEN, json.dumps(document).encode())


def test_where_it_was_written_a_bundle_passes(tiny_bundle: Path) -> None:
    found = selftest(Bundle.open(tiny_bundle))
    assert found.passed
    assert (len(found.pixels.photos), found.pixels.largest) == (6, 0)
    pairs = {(model.model, model.engine.split(" ")[0]) for model in found.models}
    assert len(pairs) == 8
    assert ("ort-int8", "onnxruntime") in pairs
    assert ("openvino-fp32", "openvino") in pairs
    assert all(len(model.answers) == 6 and model.changed == 0 for model in found.models)
    assert found.bundle_digest == Bundle.open(tiny_bundle).digest
    assert json.loads(json.dumps(found.to_json()))["passed"] is True


def test_golden_inputs_are_what_the_host_step_makes(small_bundle: Path) -> None:
    golden = read_golden(Bundle.open(small_bundle))
    assert len(golden.inputs) == 3
    for one in golden.inputs:
        np.testing.assert_array_equal(decode(one.photo, 32).pixels, one.pixels)
    assert {output.engine for output in golden.outputs} == set(available_engines())
    for output in golden.outputs:
        assert output.probabilities.shape == (3, 3)
        assert output.probabilities.argmax(1).tolist() == [
            int(np.argmax(one.pixels.mean(axis=(0, 1)))) for one in golden.inputs
        ]


def png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize("off", [PIXEL_TOLERANCE, PIXEL_TOLERANCE + 1])
def test_another_decoder_may_differ_by_the_tolerance(off: int, copy: Path) -> None:
    pixels = read_golden(Bundle.open(copy)).inputs[0].pixels.copy()
    pixels[3, 5, 1] += off
    reseal(copy, "golden/00.png", png(pixels))
    found = selftest(Bundle.open(copy))
    assert found.pixels.largest == off
    assert [photo.differing for photo in found.pixels.photos] == [1, 0, 0]
    assert found.pixels.passed is found.passed is (off == PIXEL_TOLERANCE)


def test_pixels_of_another_size_fail(copy: Path) -> None:
    pixels = read_golden(Bundle.open(copy)).inputs[0].pixels
    reseal(copy, "golden/00.png", png(np.ascontiguousarray(pixels[:-1])))
    found = selftest(Bundle.open(copy))
    assert (found.pixels.largest, found.pixels.passed, found.passed) == (None, False, False)


def test_a_probability_beyond_the_tolerance_fails(copy: Path) -> None:
    def shift(document: Any) -> None:
        row = document["outputs"][0]["probabilities"][1]
        row[0], row[1] = row[0] + 0.002, row[1] - 0.002

    regild(copy, shift)
    found = selftest(Bundle.open(copy))
    first, *others = found.models
    assert first.largest == pytest.approx(0.002, abs=1e-4)
    assert (first.changed, first.passed, found.passed) == (0, False, False)
    assert all(model.passed for model in others)


def test_a_changed_answer_is_counted_and_fails(copy: Path) -> None:
    regild(copy, lambda d: d["outputs"][0]["probabilities"][0].reverse())
    found = selftest(Bundle.open(copy))
    assert (found.models[0].changed, found.passed) == (1, False)
    first = found.models[0].answers[0]
    assert first.expected != first.found


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d.update(inputs=[]), "names no photo"),
        (lambda d: d.pop("inputs"), "not valid"),
        (lambda d: d["inputs"][0].update(photo=5), "not part of the bundle"),
        (lambda d: d["inputs"][0].update(photo="../x.jpg"), "not part of the bundle"),
        (lambda d: d["inputs"][0].update(pixels=GOLDEN), "not valid"),
        (lambda d: d["outputs"][0]["probabilities"][0].pop(), "not valid"),
        (lambda d: d["outputs"][0].update(probabilities="x"), "not valid"),
        (lambda d: d["outputs"][0]["probabilities"].pop(), "its golden outputs are"),
        (lambda d: d.update(outputs=[]), "no engine here"),
        (lambda d: [o.update(engine="tflite") for o in d["outputs"]], "no engine here"),
    ],
)
def test_damaged_golden_vectors_are_one_line(change, reason: str, copy: Path) -> None:
    regild(copy, change)
    with pytest.raises(BundleError, match=reason):
        selftest(Bundle.open(copy))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_golden_json_that_is_no_json(content: bytes, copy: Path) -> None:
    reseal(copy, GOLDEN, content)
    with pytest.raises(BundleError, match=r"golden\.json is not valid"):
        read_golden(Bundle.open(copy))


def test_a_bundle_without_golden_vectors(copy: Path) -> None:
    document = json.loads((copy / "bundle.json").read_text(encoding="utf-8"))
    del document["files"][GOLDEN]
    write_json(copy / "bundle.json", document)
    with pytest.raises(BundleError, match="holds no golden vectors"):
        selftest(Bundle.open(copy))


def test_a_report_is_read_back(small_bundle: Path) -> None:
    found = selftest(Bundle.open(small_bundle))
    assert SelfTest.from_json(json.loads(json.dumps(found.to_json()))) == found


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(kind="edgetlc-classification"),
        lambda d: d.update(schema=2),
        lambda d: d.pop("machine"),
        lambda d: d.update(mood="good"),
        lambda d: d["models"][0].pop("answers"),
        lambda d: d["pixels"].pop("passed"),
    ],
)
def test_what_is_no_report_is_refused(change, small_bundle: Path) -> None:
    document = selftest(Bundle.open(small_bundle)).to_json()
    change(document)
    with pytest.raises(InputError, match="not a self-test report"):
        SelfTest.from_json(document)


@pytest.mark.parametrize("document", [None, [], "x", 5])
def test_any_json_is_refused(document: object) -> None:
    with pytest.raises(InputError, match="not a self-test report"):
        SelfTest.from_json(document)
