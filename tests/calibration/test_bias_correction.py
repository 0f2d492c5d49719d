from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from edgetlc.calibration.bias_correction import with_corrected_biases
from edgetlc.calibration.layers import convolutions, quantized_layers
from edgetlc.calibration.measurement import Validation, logits_of
from edgetlc.calibration.qdq import with_float_layers

Images = list[NDArray[np.float32]]

NEAR = 0.005  # a value on the edge of a rounding step falls on either side of it in two engines


@pytest.fixture(scope="module")
def images(random_images: Callable[..., Images]) -> Images:
    return random_images(16)


@pytest.fixture(scope="module")
def corrected(
    quantized: onnx.ModelProto, network: onnx.ModelProto, images: Images
) -> onnx.ModelProto:
    return with_corrected_biases(quantized, network, images)


def mean_results(model: onnx.ModelProto, images: Images) -> list[NDArray[np.float32]]:
    """Return every layer's mean result as the reference evaluator of ONNX computes it."""
    asked = onnx.ModelProto()
    asked.CopyFrom(model)
    layers = [node.output[0] for node in convolutions(model)]
    del asked.graph.output[:]
    asked.graph.output.extend(onnx.ValueInfoProto(name=name) for name in layers)
    evaluator = ReferenceEvaluator(asked)
    rows = [evaluator.run(None, {"images": image}) for image in images]
    return [np.mean([row[i].mean(axis=(0, 2, 3)) for row in rows], axis=0) for i in range(5)]


def test_each_layers_mean_result_is_the_float_networks(
    quantized: onnx.ModelProto, network: onnx.ModelProto, corrected: onnx.ModelProto, images: Images
) -> None:
    exact = mean_results(network, images)
    before, after = mean_results(quantized, images), mean_results(corrected, images)
    for one, bad, good in zip(exact, before, after, strict=True):
        assert np.abs(good - one).max() < NEAR
        assert np.abs(good - one).max() < 0.3 * np.abs(bad - one).max()


def test_only_biases_change(quantized: onnx.ModelProto, corrected: onnx.ModelProto) -> None:
    assert quantized_layers(corrected) == quantized_layers(quantized)
    assert [n.op_type for n in corrected.graph.node] == [n.op_type for n in quantized.graph.node]
    onnx.checker.check_model(corrected, full_check=True)
    values = {t.name: t for t in quantized.graph.initializer}
    others = [t for t in corrected.graph.initializer if not t.name.endswith("/corrected")]
    assert len(others) == len(values) - 5
    assert all(values[tensor.name] == tensor for tensor in others)


def test_a_layer_without_a_bias_gets_one(
    quantized: onnx.ModelProto, network: onnx.ModelProto, images: Images
) -> None:
    """As those in DenseNet's blocks, which a normalisation follows only after the next one."""
    bare, floating = onnx.ModelProto(), onnx.ModelProto()
    for copy, model in ((bare, quantized), (floating, network)):
        copy.CopyFrom(model)
        del convolutions(copy)[2].input[2:]
    model = with_corrected_biases(bare, floating, images)
    after = mean_results(model, images)[2]
    assert np.abs(after - mean_results(floating, images)[2]).max() < NEAR
    back = with_float_layers(model, floating, quantized_layers(model))
    assert [len(node.input) for node in convolutions(back)] == [3, 3, 2, 3, 3, 2]


def test_answers_come_nearer_to_floats(
    quantized: onnx.ModelProto,
    network: onnx.ModelProto,
    corrected: onnx.ModelProto,
    images: Images,
) -> None:
    photos = Validation(images, np.zeros(len(images), np.int64), ("x",) * len(images), ())
    exact = logits_of(network, photos)
    before = np.square(logits_of(quantized, photos) - exact).mean()
    assert np.square(logits_of(corrected, photos) - exact).mean() < before


def test_layers_with_one_bias_in_common_get_their_own(
    quantized: onnx.ModelProto, network: onnx.ModelProto, images: Images
) -> None:
    """Exporters write equal constants once."""
    shared = onnx.ModelProto()
    shared.CopyFrom(quantized)
    layers = convolutions(shared)
    layers[2].input[2] = layers[1].input[2]
    model = with_corrected_biases(shared, network, images)
    values = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    one, other = (values[node.input[2]] for node in convolutions(model)[1:3])
    assert not np.array_equal(one, other)
    exact, after = mean_results(network, images), mean_results(model, images)
    assert max(np.abs(a - b).max() for a, b in zip(exact, after, strict=True)) < NEAR
