"""`.ort` models hold no layout of one processor; the reduced build holds just what they need."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnxruntime.tools.reduced_build_config_parser import parse_config

from edgetlc.data.photos import PhotoSet
from edgetlc.export.formats import CONFIGURATION_FILE, model_files, reduced_build_files
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.pixels import decode

# ONNX's numbers of element types, as ONNX Runtime's configuration writes them.
_CPP = {1: "float", 2: "uint8_t", 3: "int8_t", 6: "int32_t", 7: "int64_t", 9: "bool", 11: "double"}
_OF_X86_ONLY = "com.microsoft.nchwc"

Operator = tuple[str, int, str]


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> Bundle:
    return Bundle.open(tiny_bundle)


def ort_models(bundle: Bundle) -> dict[str, bytes]:
    return {n: bundle.read(n) for m in bundle.manifest.models for n in m.files if n[-4:] == ".ort"}


def graph_of(model: bytes) -> Any:
    """Return the flatbuffer's graph, read without ONNX Runtime's tools for configurations."""
    from ort_flatbuffers_py.fbs.InferenceSession import InferenceSession

    assert InferenceSession.InferenceSessionBufferHasIdentifier(model, 0)
    return InferenceSession.GetRootAs(model, 0).Model().Graph()


def nodes(model: bytes) -> Iterator[tuple[Operator, list[str], list[str]]]:
    """Yield each node's operator with the types of its inputs and outputs."""
    from ort_flatbuffers_py.fbs.AttributeType import AttributeType
    from ort_flatbuffers_py.fbs.TensorTypeAndShape import TensorTypeAndShape

    graph = graph_of(model)
    types = {}
    for i in range(graph.NodeArgsLength()):
        value = graph.NodeArgs(i)
        if value.Type() is not None:
            tensor = TensorTypeAndShape()
            tensor.Init(value.Type().Value().Bytes, value.Type().Value().Pos)
            types[value.Name()] = _CPP[tensor.ElemType()]
    for i in range(graph.NodesLength()):
        node = graph.Nodes(i)
        kinds = {node.Attributes(j).Type() for j in range(node.AttributesLength())}
        assert not kinds & {AttributeType.GRAPH, AttributeType.GRAPHS}  # no graph within the graph
        operator = (
            node.Domain().decode() or "ai.onnx",
            node.SinceVersion(),
            node.OpType().decode(),
        )
        inputs = [types.get(node.Inputs(j), "") for j in range(node.InputsLength())]
        outputs = [types.get(node.Outputs(j), "") for j in range(node.OutputsLength())]
        yield operator, inputs, outputs


def configured(text: str) -> dict[Operator, dict[str, Any]]:
    """Return the configuration's operators, each with its types."""
    found: dict[Operator, dict[str, Any]] = {}
    decoder = json.JSONDecoder()
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        domain, opset, rest = line.split(";")
        while rest:
            end = min(place for place in (*map(rest.find, ",{"), len(rest)) if place >= 0)
            name, rest, types = rest[:end], rest[end:], {}
            if rest.startswith("{"):
                types, end = decoder.raw_decode(rest)
                rest = rest[end:]
            found[domain, int(opset), name] = types
            rest = rest.removeprefix(",")
    return found


def test_the_bundle_carries_the_configuration(bundle: Bundle) -> None:
    models = ort_models(bundle)
    assert set(models) == {"model.fp32.ort", "model.int8.ort"}
    assert CONFIGURATION_FILE in bundle.manifest.files  # so its size and digest are checked
    assert bundle.read(CONFIGURATION_FILE) == reduced_build_files(models)[CONFIGURATION_FILE]


def test_operators_are_those_of_the_models(bundle: Bundle) -> None:
    models = ort_models(bundle)
    expected = {operator for model in models.values() for operator, _, _ in nodes(model)}
    assert expected >= {("ai.onnx", 10, "QLinearConv"), ("com.microsoft", 1, "FusedConv")}
    text = reduced_build_files(models)[CONFIGURATION_FILE].decode()
    assert set(configured(text)) == expected
    for name, model in models.items():
        alone = reduced_build_files({name: model})[CONFIGURATION_FILE].decode()
        assert set(configured(alone)) == {operator for operator, _, _ in nodes(model)}


def test_types_are_those_of_the_models(bundle: Bundle) -> None:
    models = ort_models(bundle)
    seen: dict[tuple[Operator, str, int], set[str]] = defaultdict(set)
    for model in models.values():
        for operator, inputs, outputs in nodes(model):
            for side, types in (("inputs", inputs), ("outputs", outputs)):
                for place, kind in enumerate(types):
                    seen[operator, side, place].add(kind)
    compared = 0
    text = reduced_build_files(models)[CONFIGURATION_FILE].decode()
    for operator, types in configured(text).items():
        assert set(types) <= {"inputs", "outputs"}
        for side, places in types.items():
            for place, kinds in places.items():
                assert set(kinds) == seen[operator, side, int(place)], (operator, side, place)
                compared += 1
    assert compared > 15


def test_the_builds_own_parser_reads_it(bundle: Bundle, tmp_path: Path) -> None:
    models = ort_models(bundle)
    path = tmp_path / CONFIGURATION_FILE
    path.write_bytes(reduced_build_files(models)[CONFIGURATION_FILE])
    expected: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for model in models.values():
        for (domain, opset, name), _, _ in nodes(model):
            expected[domain][opset].add(name)
    for types in (False, True):
        operators, kinds = parse_config(str(path), types)
        assert operators == expected
        assert (kinds is not None) == types


def test_without_ort_models_there_is_none(bundle: Bundle) -> None:
    assert reduced_build_files({"model.fp32.onnx": bundle.read("model.fp32.onnx")}) == {}


def test_no_operator_is_of_one_kind_of_processor(bundle: Bundle, tmp_path: Path) -> None:
    for model in ort_models(bundle).values():
        domains = {domain for (domain, _, _), _, _ in nodes(model)}
        assert domains <= {"ai.onnx", "com.microsoft"}
        # Rounds differently in other engines' kernels; see "Sum" in the int8 network.
        assert not [name for (_, _, name), _, _ in nodes(model) if name == "QLinearAdd"]
    # The level above is not fit for phones: this shows that the test would notice.
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.optimized_model_filepath = str(tmp_path / "all.ort")
    options.add_session_config_entry("session.save_model_format", "ORT")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(bundle.read("model.fp32.onnx"), options)
    content = (tmp_path / "all.ort").read_bytes()
    if _OF_X86_ONLY not in {domain for (domain, _, _), _, _ in nodes(content)}:
        pytest.skip("this processor's engine has no layouts of its own")


def test_activations_are_unsigned_whatever_wrote_the_file(bundle: Bundle) -> None:
    found = [
        types
        for (_, _, name), *types in nodes(bundle.read("model.int8.ort"))
        if name == "QLinearConv"
    ]
    assert len(found) > 10
    for inputs, outputs in found:
        assert (inputs[0], outputs[0]) == ("uint8_t", "uint8_t")


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_answers_are_those_of_the_onnx_model(
    bundle: Bundle, photo_set: PhotoSet, precision
) -> None:
    engines = [bundle.load(bundle.model(f"{f}-{precision}"), threads=1) for f in ("onnx", "ort")]
    decoded = [decode(photo.path, 64).pixels for photo in photo_set.part("test").photos[::2]]
    # Other sizes too: cut, one pixel, and a strip.
    for pixels in (*decoded, decoded[0][7:104, 3:70], decoded[1][:1, :1], decoded[2][:33]):
        one, other = (engine.run(pixels[None]) for engine in engines)
        assert one.probabilities.argmax() == other.probabilities.argmax()
        np.testing.assert_allclose(other.probabilities, one.probabilities, atol=2e-5)
        scale = np.abs(one.evidence).max()
        np.testing.assert_allclose(other.evidence, one.evidence, atol=1e-4 * scale)
    assert len({pixels.shape for pixels in decoded}) > 1


def test_a_model_alone_gives_a_configuration_too() -> None:
    model = onnx.parser.parse_model("""
        <ir_version: 10, opset_import: ["" : 20]>
        small (float[N] x) => (float[N] y) { y = Abs (x) }""")
    files = model_files(model, "ort", "fp32")
    text = reduced_build_files(files)[CONFIGURATION_FILE].decode()
    assert text.splitlines()[-1] == 'ai.onnx;13;Abs{"inputs": {"0": ["float"]}}'
