from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import numpy_helper

from edgetlc.calibration.layers import float_layers, quantized_layers
from edgetlc.calibration.qdq import with_float_layers

Optimised = Callable[[onnx.ModelProto], Counter[str]]
Images = Callable[..., list[NDArray[np.float32]]]


def logits(model: onnx.ModelProto, images: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return np.concatenate([session.run(["logits"], {"images": image})[0] for image in images])


def test_nothing_in_float_is_the_quantized_network(
    network: onnx.ModelProto, quantized: onnx.ModelProto
) -> None:
    assert with_float_layers(quantized, network, ()) == quantized


def test_everything_in_float_answers_exactly_as_float(
    network: onnx.ModelProto, quantized: onnx.ModelProto, random_images: Images
) -> None:
    before = quantized.SerializeToString()
    model = with_float_layers(quantized, network, quantized_layers(quantized))
    assert quantized.SerializeToString() == before
    kinds = Counter(node.op_type for node in model.graph.node)
    assert kinds == Counter(node.op_type for node in network.graph.node)
    images = random_images(8, seed=2)
    assert logits(model, images).tobytes() == logits(network, images).tobytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=31)
@given(names=st.sets(st.sampled_from("abcde")))
def test_the_other_layers_stay_in_whole_numbers(
    network: onnx.ModelProto, quantized: onnx.ModelProto, optimised: Optimised, names: set[str]
) -> None:
    model = with_float_layers(quantized, network, names)
    onnx.checker.check_model(model, full_check=True)
    assert set(quantized_layers(model)) == set("abcde") - names
    assert set(float_layers(model)) == names | {"head"}
    kinds = optimised(model)
    assert kinds["QLinearConv"] == 5 - len(names)  # none in float, none quantized by the engine
    assert kinds["QLinearAdd"] == 0
    assert_nothing_is_unused(model)
    assert_original_weights(model, network, names)


def assert_nothing_is_unused(model: onnx.ModelProto) -> None:
    read = {name for node in model.graph.node for name in node.input}
    read |= {output.name for output in model.graph.output}
    made = {name for node in model.graph.node for name in node.output}
    assert made | {tensor.name for tensor in model.graph.initializer} <= read


def assert_original_weights(
    model: onnx.ModelProto, network: onnx.ModelProto, names: set[str]
) -> None:
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    originals = {t.name: numpy_helper.to_array(t) for t in network.graph.initializer}
    for node in model.graph.node:
        if node.name in names:
            for name, role in zip(node.input[1:], ("weight", "bias"), strict=True):
                assert values[name].tobytes() == originals[f"backbone.{node.name}.{role}"].tobytes()


def test_neighbours_in_float_have_a_float_activation_between_them(
    network: onnx.ModelProto, quantized: onnx.ModelProto
) -> None:
    """One alone does not: the other's side of it is int8."""

    def pairs(*names: str) -> int:
        nodes = with_float_layers(quantized, network, names).graph.node
        return sum(node.op_type == "QuantizeLinear" for node in nodes)

    assert pairs("b") == pairs()
    assert pairs("c") == pairs() - 1  # that of its own result, which a sum in float takes
    assert pairs("b", "c") == pairs() - 2


@pytest.mark.parametrize("layer", list("abcde"))
def test_a_layer_in_float_does_no_harm(
    network: onnx.ModelProto, quantized: onnx.ModelProto, random_images: Images, layer: str
) -> None:
    images = random_images(16, seed=3)
    exact = logits(network, images)
    before = np.abs(logits(quantized, images) - exact).mean()
    after = np.abs(logits(with_float_layers(quantized, network, [layer]), images) - exact).mean()
    assert 0 < after < 1.3 * before  # errors of layers cancel in part, so not always less
