from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from google.protobuf.internal.encoder import _VarintBytes
from onnx import TensorProto, helper, parser

from edgetlc.errors import BundleError, InputError, MissingExtraError
from edgetlc.files import write_json
from edgetlc.runtime.benchmark import benchmark
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.classifier import Classifier
from edgetlc.runtime.engine import Engine, EngineEntry, Output
from edgetlc.runtime.engines import (
    ENGINES,
    available_engines,
    engines_for,
    open_engine,
)
from edgetlc.runtime.openvino_engine import OpenVinoEngine
from edgetlc.runtime.pixels import Pixels

GREY = np.full((1, 40, 50, 3), 128, np.uint8)
here = pytest.mark.parametrize("engine", available_engines())


@pytest.fixture
def model(small_bundle: Path) -> bytes:
    return Bundle.open(small_bundle).read("model.fp32.onnx")


def field(number: int, payload: bytes, pad: int = 0) -> bytes:
    """Return a protobuf field of bytes; `pad` idle bytes make both its numbers longer."""

    def varint(value: int) -> bytes:
        plain = bytearray(_VarintBytes(value))
        if pad:
            plain[-1] |= 0x80
            plain += b"\x80" * (pad - 1) + b"\0"
        return bytes(plain)

    return varint(number << 3 | 2) + varint(len(payload)) + payload


def with_external_data(model: bytes, location: bytes, pad: int) -> bytes:
    """Return the model with its weights in another file, its key written with idle bytes."""
    parsed = onnx.load_from_string(model)
    (weights,) = (t for t in parsed.graph.initializer if len(t.dims) == 4)
    tensor = TensorProto(
        name=weights.name, dims=weights.dims, data_type=1, data_location=TensorProto.EXTERNAL
    )
    parsed.graph.initializer.remove(weights)
    graph = parsed.graph.SerializeToString()
    parsed.ClearField("graph")
    entry = field(13, field(1, b"location", pad) + field(2, location))
    tensor_bytes = tensor.SerializeToString() + entry
    return parsed.SerializeToString() + field(7, graph + field(5, tensor_bytes))


@here
@pytest.mark.parametrize("pad", [0, 1, 3])
def test_external_data_is_refused(
    engine: str, pad: int, model: bytes, tmp_path: Path, monkeypatch
) -> None:
    np.ones((3, 3, 16, 16), np.float32).tofile(tmp_path / "weights.bin")
    monkeypatch.chdir(tmp_path)
    hostile = with_external_data(model, b"weights.bin", pad)
    assert onnx.load_from_string(hostile).graph.initializer[-1].external_data[0].key == "location"
    with pytest.raises(BundleError, match="data outside itself, which is refused"):
        open_engine(engine, [hostile])


def test_the_word_location_alone_is_no_external_data(model: bytes) -> None:
    parsed = onnx.load_from_string(model)
    parsed.graph.doc_string = "location"
    entry = parsed.metadata_props.add()
    entry.key, entry.value = "a", "location of the piece"
    found = open_engine("onnxruntime", [parsed.SerializeToString()]).run(GREY)
    assert found.probabilities.shape == (1, 3)


@here
@pytest.mark.parametrize(
    "damage", [lambda m: b"", lambda m: b"no model", lambda m: m[: len(m) // 2]]
)
def test_what_is_no_model_is_refused(engine: str, damage: Callable, model: bytes) -> None:
    with pytest.raises(BundleError, match=f"{engine} cannot load the model"):
        open_engine(engine, [damage(model)])


@here
def test_a_model_of_another_kind_is_refused_when_it_runs(engine: str) -> None:
    other = parser.parse_model("""
        <ir_version: 10, opset_import: ["" : 20]>
        other (float[3] x) => (float[3] y) { y = Relu (x) }""")
    loaded = open_engine(engine, [other.SerializeToString()])
    with pytest.raises(BundleError, match=f"{engine} cannot run the model"):
        loaded.run(GREY)


@here
def test_outputs_of_other_names_are_refused(engine: str, model: bytes) -> None:
    parsed = onnx.load_from_string(model)
    del parsed.graph.output[:]
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 3])
    parsed.graph.output.append(logits)
    loaded = open_engine(engine, [parsed.SerializeToString()])
    with pytest.raises(BundleError, match=f"{engine} cannot run the model"):
        loaded.run(GREY)


@here
def test_answers_and_name(engine: str, model: bytes) -> None:
    loaded = open_engine(engine, [model], threads=1)
    assert loaded.name.split(" ")[0] == engine
    assert loaded.name.split(" ")[1][0].isdigit()
    found = loaded.run(GREY)
    assert found.probabilities.dtype == found.evidence.dtype == np.float32
    assert found.evidence.shape == (1, 3, 2, 2)
    np.testing.assert_allclose(found.probabilities, 1 / 3, atol=1e-6)


@here
def test_answers_stay_when_the_engine_runs_again(engine: str, model: bytes) -> None:
    loaded = open_engine(engine, [model])
    first = loaded.run(GREY)
    kept = first.probabilities.copy(), first.evidence.copy()
    red = GREY.copy()
    red[..., 0] = 255
    assert loaded.run(red).probabilities[0, 0] > 0.5
    np.testing.assert_array_equal(first.probabilities, kept[0])
    np.testing.assert_array_equal(first.evidence, kept[1])


def test_unknown_and_missing_engines(model: bytes, monkeypatch) -> None:
    with pytest.raises(InputError, match="engine 'tflite'; use one of onnxruntime, openvino"):
        open_engine("tflite", [model])
    assert set(available_engines()) <= set(ENGINES)
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'edgetlc\[openvino\]'"):
        open_engine("openvino", [model])


def test_precision_and_optimisation_are_pinned(model: bytes) -> None:
    """OpenVINO's default arithmetic is bf16 on new processors."""
    pytest.importorskip("openvino")
    loaded = OpenVinoEngine([model])
    assert str(loaded._compiled.get_property("INFERENCE_PRECISION_HINT")) == "<Type: 'float32'>"


class Stub:
    """An engine that answers with three equal classes, whatever it is asked."""

    name = "stub 1.0"

    def run(self, pixels: Pixels, images: bool = False) -> Output:
        count = len(pixels)
        return Output(
            np.full((count, 3), 1 / 3, np.float32), np.zeros((count, 3, 2, 2), np.float32)
        )


def test_an_engine_is_added_by_an_entry_of_the_table(
    small_bundle: Path, model: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Listed, offered for its format, opened, timed and verified, under a name of its own."""
    entry = EngineEntry("json", "", ("onnx",), lambda files, threads: Stub())
    monkeypatch.setitem(ENGINES, "stub", entry)
    assert available_engines()[-1] == "stub"
    assert engines_for("onnx") == ("onnxruntime", "openvino", "stub")
    assert engines_for("ort") == ("onnxruntime",)
    with pytest.raises(InputError, match=r"use one of onnxruntime, openvino, stub$"):
        open_engine("tflite", [model])
    folder = Path(shutil.copytree(small_bundle, tmp_path / "stub.bundle"))
    document = json.loads((folder / "bundle.json").read_text())
    document["models"][0]["engines"] = engines_for("onnx")
    write_json(folder / "bundle.json", document)
    bundle = Bundle.open(folder)
    assert Classifier.open(folder, engine="stub").engine.name == "stub 1.0"
    assert "stub 1.0" in [timing.engine for timing in benchmark(bundle, rounds=3).timings]


def test_an_engine_that_is_not_installed(model: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(files: object, threads: object) -> Engine:
        raise ImportError("no such module")

    entry = EngineEntry("no_such_module", "", ("onnx",), absent)
    monkeypatch.setitem(ENGINES, "stub", entry)
    assert "stub" not in available_engines()
    with pytest.raises(MissingExtraError, match=r"the engine stub needs .* pip install 'edgetlc'"):
        open_engine("stub", [model])
