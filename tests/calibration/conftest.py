"""A network of five layers and a head, small enough to be quantized in a moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper, parser

from edgetlc.calibration.measurement import Validation
from edgetlc.calibration.quantizer import quantize

LAYERS = ("a", "b", "c", "d", "e")
CHANNELS = 8
SIZE = 16

_TEXT = """
    <ir_version: 10, opset_import: ["" : 20]>
    network (float[batch, 3, 16, 16] images)
    => (float[batch, 4] logits, float[batch, 4, 8, 8] evidence) {
        [n0] a = Conv <pads = [1, 1, 1, 1]> (images, "backbone.a.weight", "backbone.a.bias")
        [n1] ra = Relu (a)
        [n2] pool = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (ra)
        [n3] b = Conv <pads = [1, 1, 1, 1]> (pool, "backbone.b.weight", "backbone.b.bias")
        [n4] rb = Relu (b)
        [n5] c = Conv <pads = [1, 1, 1, 1]> (rb, "backbone.c.weight", "backbone.c.bias")
        [n6] sum = Add (c, pool)
        [n7] rs = Relu (sum)
        [n8] d = Conv <pads = [1, 1, 1, 1]> (rs, "backbone.d.weight", "backbone.d.bias")
        [n9] rd = Relu (d)
        [n10] e = Conv <pads = [1, 1, 1, 1]> (rd, "backbone.e.weight", "backbone.e.bias")
        [n11] sum2 = Add (e, rs)
        [n12] rs2 = Relu (sum2)
        [n13] evidence = Conv (rs2, "head.weight")
        [n14] axes = Constant <value = int64[2] {2, 3}> ()
        [n15] logits = ReduceMean <keepdims = 0> (evidence, axes)
    }"""


def make_network(seed: int = 0, outlier: float = 1.0) -> onnx.ModelProto:
    """Return the network with random weights.

    `outlier` multiplies one channel of b's result and divides what c makes of it: in float nothing
    changes, and in int8 all other channels of that activation are crushed.
    """
    rng = np.random.default_rng(seed)
    head = rng.normal(size=(4, CHANNELS, 1, 1))
    values = {"head.weight": head - head.mean(axis=1, keepdims=True)}
    for name in LAYERS:
        entering = 3 if name == "a" else CHANNELS
        weight = rng.normal(size=(CHANNELS, entering, 3, 3)) * np.sqrt(2 / 9 / entering)
        bias = rng.normal(size=CHANNELS) / 10
        if name == "b":
            weight[3] *= outlier
            bias[3] *= outlier
        if name == "c":
            weight[:, 3] /= outlier
        values |= {f"backbone.{name}.weight": weight, f"backbone.{name}.bias": bias}
    model = parser.parse_model(_TEXT)
    for name, value in values.items():
        tensor = numpy_helper.from_array(value.astype(np.float32), name)
        model.graph.initializer.append(tensor)
    return model


def make_images(count: int, seed: int = 0) -> list[NDArray[np.float32]]:
    """Return noise on a ground of one colour each, so that the answers differ."""
    rng = np.random.default_rng(seed)
    shapes = ((1, 3, SIZE, SIZE), (1, 3, 1, 1))
    return [sum(rng.normal(size=s) for s in shapes).astype(np.float32) for _ in range(count)]


@pytest.fixture(scope="session")
def small_network() -> Callable[..., onnx.ModelProto]:
    return make_network


@pytest.fixture(scope="session")
def random_images() -> Callable[..., list[NDArray[np.float32]]]:
    """`random_images(count, seed=)`, float32[1, 3, 16, 16] each."""
    return make_images


@pytest.fixture(scope="session")
def network() -> onnx.ModelProto:
    return make_network()


@pytest.fixture(scope="session")
def quantized(network: onnx.ModelProto) -> onnx.ModelProto:
    return quantize(network, make_images(8)).model


@pytest.fixture(scope="session")
def validation() -> Validation:
    """Sixty images of three cameras; the classes are arbitrary."""
    images = make_images(60, seed=1)
    truth = np.arange(60) % 4
    roles = ("genuine", "genuine", "counterfeit", "unspecified")
    return Validation(images, truth, tuple("xyz"[i % 3] for i in range(60)), roles)


@pytest.fixture
def optimised(tmp_path: Path) -> Callable[[onnx.ModelProto], Counter[str]]:
    """`optimised(model)` counts the operators that ONNX Runtime really runs."""

    def count(model: onnx.ModelProto) -> Counter[str]:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
        onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        graph = onnx.load(options.optimized_model_filepath).graph
        return Counter(node.op_type for node in graph.node)

    return count
