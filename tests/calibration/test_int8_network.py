"""The int8 network that learns is the one that is shipped: same numbers, same form."""

from __future__ import annotations

from functools import cache

import numpy as np
import onnx
import onnxruntime
import openvino
import pytest
import torch
from numpy.typing import NDArray
from onnx import numpy_helper, parser
from torchvision.models import DenseNet

from edgetlc.calibration.config import QuantizationConfig
from edgetlc.calibration.int8_network import HIGHEST, LOWEST, Int8Layer, Int8Network
from edgetlc.calibration.layers import float_layers, quantized_layers
from edgetlc.calibration.qdq import with_float_layers
from edgetlc.calibration.quantizer import quantize
from edgetlc.errors import InputError
from edgetlc.export.network import network_graph
from edgetlc.models.networks import Classifier

SIZE = 64

Made = tuple[onnx.ModelProto, onnx.ModelProto]


def images(count: int, seed: int = 0) -> list[NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(1, 3, SIZE, SIZE)).astype(np.float32) for _ in range(count)]


@cache
def made(architecture: str, config: QuantizationConfig) -> Made:
    """Return a network of random weights, quantized and as it was."""
    torch.manual_seed(0)
    if architecture == "small densenet":  # every operator of the large ones
        classifier = Classifier("densenet121", 5)
        classifier.backbone = DenseNet(8, (2, 2, 1), 16, num_classes=5)
    else:
        classifier = Classifier(architecture, 5)
    with torch.no_grad():
        classifier.train()(torch.randn(8, 3, SIZE, SIZE))  # statistics for the normalisation
        classifier.head.weight.mul_(3)
    network = network_graph(classifier.eval(), SIZE)
    return quantize(network, images(8), config).model, network


@pytest.fixture(scope="module")
def resnet() -> Made:
    return made("slim-resnet18", QuantizationConfig())


def answers(model: onnx.ModelProto, seen: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Return logits and evidence of ONNX Runtime, for all images together."""
    content = model.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    found = [session.run(["logits", "evidence"], {"images": image}) for image in seen]
    return [np.concatenate(each) for each in zip(*found, strict=True)]


def values(model: onnx.ModelProto) -> dict[str, NDArray[np.float32]]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def moved(network: Int8Network, by: float, seed: int = 0) -> Int8Network:
    """Move the layers' weights and biases at random, by some rounding steps."""
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += by * torch.randn(parameter.shape, generator=draw)
    return network


@pytest.mark.parametrize(
    ("architecture", "config"),
    [
        pytest.param("resnet18", QuantizationConfig(), marks=pytest.mark.slow),
        (
            "slim-resnet18",
            QuantizationConfig("mixed", "fast", ("layer1.0.conv2", "layer4.0.downsample.0")),
        ),
        ("small densenet", QuantizationConfig()),
        pytest.param("resnet50", QuantizationConfig("mixed"), marks=pytest.mark.slow),
        pytest.param("densenet121", QuantizationConfig(), marks=pytest.mark.slow),
        pytest.param("densenet161", QuantizationConfig(), marks=pytest.mark.slow),
    ],
)
def test_answers_as_onnx_runtime_does(architecture: str, config: QuantizationConfig) -> None:
    quantized, original = made(architecture, config)
    network = moved(Int8Network(quantized, original), by=1.0)
    seen = images(6, seed=1)
    logits, evidence = answers(network.model(), seen)
    with torch.inference_mode():
        found = network(torch.from_numpy(np.concatenate(seen)))
    spread = float(logits.std())
    assert spread > 0.1
    # A value on the edge of a rounding step may fall on either side of it.
    assert np.abs(found[0].numpy() - logits).mean() < 0.05 * spread
    assert np.abs(found[1].numpy() - evidence).mean() < 0.05 * evidence.std()


def test_without_training_nothing_changes(resnet: Made) -> None:
    quantized, original = resnet
    before, after = values(quantized), values(Int8Network(quantized, original).model())
    assert before.keys() == after.keys()
    for name, value in before.items():
        assert after[name].dtype == value.dtype
        if value.dtype == np.float32:  # a bias: divided by its step and multiplied again
            assert after[name] == pytest.approx(value, rel=1e-6, abs=1e-12)
        else:
            assert (after[name] == value).all()


def test_learning_changes_weights_and_biases_of_int8_layers_only(resnet: Made) -> None:
    quantized, original = resnet
    learnt = moved(Int8Network(quantized, original), by=30.0).model()
    onnx.checker.check_model(learnt)
    assert list(learnt.graph.node) == list(quantized.graph.node)
    assert quantized_layers(learnt) == quantized_layers(quantized)
    before, after = values(quantized), values(learnt)
    changed = {name for name, value in before.items() if not np.array_equal(after[name], value)}
    layers = {n.name: n for n in quantized.graph.node if n.name in quantized_layers(quantized)}
    sources = {output: node for node in quantized.graph.node for output in node.output}
    weights = {sources[node.input[1]].input[0] for node in layers.values()}
    assert changed == weights | {node.input[2] for node in layers.values()}
    for name in weights:
        assert after[name].dtype == np.int8
        assert (after[name].min(), after[name].max()) == (-64, 64)


def test_both_engines_take_it(resnet: Made) -> None:
    learnt = moved(Int8Network(*resnet), by=1.0).model()
    seen = images(4, seed=2)
    logits, _ = answers(learnt, seen)
    core = openvino.Core()
    content = learnt.SerializeToString()
    compiled = core.compile_model(
        core.read_model(content, b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    found = np.concatenate([compiled({"images": image})["logits"] for image in seen])
    assert np.abs(found - logits).max() < 0.25 * np.abs(logits - logits.mean(0)).max()


def test_its_layers_can_go_back_to_float(resnet: Made) -> None:
    """As accuracy control does: with all of them back, it is the float network."""
    _, original = resnet
    learnt = moved(Int8Network(*resnet), by=1.0).model()
    back = with_float_layers(learnt, original, quantized_layers(learnt))
    assert len(float_layers(back)) == 21
    seen = images(2, seed=3)
    assert np.array_equal(answers(back, seen)[0], answers(original, seen)[0])


class TestLayer:
    @pytest.fixture
    def layer(self) -> Int8Layer:
        """One channel of step 0.5 and one of step 2; a weight of each lies outside the range."""
        weight = torch.tensor([[0.6, 50.0], [0.6, -300.0]])[:, :, None, None]
        return Int8Layer(weight, torch.tensor([0.5, 2.0]), torch.tensor([1.0, 3.0]))

    def test_rounds_to_the_channels_steps(self, layer: Int8Layer) -> None:
        weight, bias = layer()
        assert weight.flatten().tolist() == [0.5, HIGHEST * 0.5, 0.0, LOWEST * 2.0]
        assert bias is not None
        assert bias.tolist() == [1.0, 3.0]
        assert layer.int8_weight().flatten().tolist() == [1, HIGHEST, 0, LOWEST]
        assert layer.float_bias().tolist() == [1.0, 3.0]

    def test_gradient_looks_through_the_rounding_but_not_beyond_the_range(
        self, layer: Int8Layer
    ) -> None:
        weight, _ = layer()
        weight.sum().backward()  # type: ignore[no-untyped-call]
        assert layer.weight.grad is not None
        assert layer.weight.grad.flatten().tolist() == [0.5, 0.0, 2.0, 0.0]


def test_unknown_operator(resnet: Made) -> None:
    quantized, original = resnet
    strange = onnx.ModelProto()
    strange.CopyFrom(quantized)
    next(node for node in strange.graph.node if node.op_type == "Relu").op_type = "Gelu"
    with pytest.raises(InputError, match="knows no operator Gelu; quantize without it"):
        Int8Network(strange, original)


SHAPES = """
    <ir_version: 10, opset_import: ["" : 20]>
    network (float[batch, 3, 21, 21] images)
    => (float[batch, 4] logits, float[batch, 4, hh, ww] evidence) {
        [n0] a = Conv <strides = [2, 2], pads = [0, 1, 2, 1]> (images, wa, ba)
        [n1] ra = Relu (a)
        [n2] b = Conv <group = 8, dilations = [2, 2], pads = [2, 1, 2, 3]> (ra, wb, bb)
        [n3] rb = Relu (b)
        [n4] pool = MaxPool <kernel_shape = [3, 3], strides = [2, 2], pads = [0, 1, 2, 0]> (rb)
        [n5] c = Conv <pads = [1, 1, 1, 1]> (pool, wc, bc)
        [n6] rc = Relu (c)
        [n7] small = AveragePool <kernel_shape = [2, 2], ceil_mode = 0> (rc)
        [n8] evidence = Conv (small, wh)
        [n10] logits = ReduceMean <keepdims = 0> (evidence, axes)
    }"""


@pytest.fixture(scope="module")
def odd() -> Made:
    """Depthwise, dilated, padded more on one side than on the other, pooled at stride one."""
    rng = np.random.default_rng(0)
    shapes = {"wa": (8, 3, 3, 3), "wb": (8, 1, 3, 3), "wc": (8, 8, 3, 3), "wh": (4, 8, 1, 1)}
    shapes |= {"ba": (8,), "bb": (8,), "bc": (8,)}
    model = parser.parse_model(SHAPES)
    for name, shape in shapes.items():
        value = rng.normal(size=shape).astype(np.float32) / 3
        model.graph.initializer.append(numpy_helper.from_array(value, name))
    model.graph.initializer.append(numpy_helper.from_array(np.array([2, 3]), "axes"))
    seen = [rng.normal(size=(1, 3, 21, 21)).astype(np.float32) for _ in range(8)]
    return quantize(model, seen).model, model


def test_groups_dilations_and_one_sided_pads(odd: Made) -> None:
    quantized, original = odd
    network = Int8Network(quantized, original)
    assert len(network.layers) == 3
    seen = np.random.default_rng(1).normal(size=(4, 3, 21, 21)).astype(np.float32)
    logits, evidence = answers(network.model(), [seen])
    with torch.inference_mode():
        found = network(torch.from_numpy(seen))
    assert found[1].shape == evidence.shape
    assert np.abs(found[0].numpy() - logits).max() < 0.02 * np.ptp(logits)
    assert np.abs(found[1].numpy() - evidence).max() < 0.1 * np.ptp(evidence)


@pytest.mark.parametrize(
    ("operator", "attributes", "told"),
    [
        ("AveragePool", {"pads": [1, 0, 0, 0]}, r"pads \[1, 0, 0, 0\] of operator AveragePool"),
        ("MaxPool", {"ceil_mode": 1}, "ceil_mode 1 of operator MaxPool"),
        ("Conv", {"auto_pad": "SAME_UPPER"}, "SAME_UPPER.* of operator Conv"),
    ],
)
def test_what_would_not_be_heeded_is_refused(
    odd: Made, operator: str, attributes: dict[str, object], told: str
) -> None:
    quantized, original = odd
    strange = onnx.ModelProto()
    strange.CopyFrom(quantized)
    node = next(node for node in strange.graph.node if node.op_type == operator)
    for name, value in attributes.items():
        node.attribute.append(onnx.helper.make_attribute(name, value))
    with pytest.raises(InputError, match=f"does not know .*{told}.*; quantize without it"):
        Int8Network(strange, original)
