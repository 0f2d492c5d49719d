from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import onnx
import onnxruntime
import openvino
import pytest
import torch
from onnx import numpy_helper

from edgetlc.calibration.config import (
    BiasCorrection,
    CalibrationConfig,
    Preset,
    QuantizationConfig,
)
from edgetlc.calibration.inputs import network_inputs
from edgetlc.calibration.layers import float_layers, quantized_layers
from edgetlc.calibration.quantize_run import INT8_FILE, RECORD_FILE, quantize_run
from edgetlc.calibration.quantizer import quantize
from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.export.export_run import export_run
from edgetlc.export.network import EVIDENCE, network_graph
from edgetlc.models.architectures import ARCHITECTURES
from edgetlc.models.checkpoint import load_checkpoint
from edgetlc.models.networks import Classifier
from edgetlc.runtime.contract import PixelContract


@pytest.fixture(scope="module")
def int8(quantized_run: Path) -> onnx.ModelProto:
    return onnx.load_model_from_string((quantized_run / INT8_FILE).read_bytes())


def constants(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def quantized_weights(model: onnx.ModelProto) -> list[tuple[np.ndarray, np.ndarray, int]]:
    """Return weight, scale and axis of every convolution with int8 weights."""
    values = constants(model)
    dequantize = {n.output[0]: n for n in model.graph.node if n.op_type == "DequantizeLinear"}
    found = []
    for node in model.graph.node:
        source = dequantize.get(node.input[1]) if node.op_type == "Conv" else None
        if source is not None:
            axis = {a.name: a.i for a in source.attribute}.get("axis", 1)
            found.append((values[source.input[0]], values[source.input[1]], axis))
    return found


def test_every_convolution_but_the_head_is_int8(int8: onnx.ModelProto) -> None:
    """resnet18 has 20 convolutions; the head that makes the evidence is one more."""
    assert (len(quantized_layers(int8)), len(float_layers(int8))) == (20, 1)
    head = next(node for node in int8.graph.node if EVIDENCE in node.output)
    assert head.op_type == "Conv"
    assert constants(int8)[head.input[1]].dtype == np.float32


def test_weights_have_a_scale_per_channel_and_stay_within_7_bits(int8: onnx.ModelProto) -> None:
    """AVX2 adds two products in 16 bits: with 8-bit weights such sums can overflow."""
    weights = quantized_weights(int8)
    assert len(weights) == 20
    for weight, scale, axis in weights:
        assert weight.dtype == np.int8
        assert axis == 0
        assert scale.shape == (weight.shape[0],)
        assert np.abs(weight.astype(int)).max() <= 64
    # And they use that range: another bit less would cost accuracy for nothing.
    assert np.mean([np.abs(weight.astype(int)).max() for weight, _, _ in weights]) > 60


def test_activations_are_8_bit_with_one_scale(int8: onnx.ModelProto) -> None:
    values = constants(int8)
    nodes = [node for node in int8.graph.node if node.op_type == "QuantizeLinear"]
    assert len(nodes) >= 20
    for node in nodes:
        scale, zero = values[node.input[1]], values[node.input[2]]
        assert scale.size == 1
        assert 0 < float(scale) < 10
        assert zero.dtype in (np.int8, np.uint8)


def test_the_float_network_comes_out_of_it_unchanged(quantized_run: Path) -> None:
    checkpoint = load_checkpoint(quantized_run)
    graph = network_graph(checkpoint.classifier, 64)
    assert (len(quantized_layers(graph)), len(float_layers(graph))) == (0, 21)
    names = [output.name for output in graph.graph.output]
    assert names == ["logits", "evidence"]


@pytest.mark.parametrize(
    "name",
    ["slim-resnet18", *(pytest.param(n, marks=pytest.mark.slow) for n in ARCHITECTURES)],
)
def test_onnx_runtime_and_openvino_agree_on_the_int8_network(name: str) -> None:
    """The head stays float for this: else OpenVINO answers the bias whatever the photo shows.

    Twenty classes: the exporter leaves a head of more than 8192 weights for NNCF to stumble over.
    """
    torch.manual_seed(0)
    bias = torch.linspace(-1, 1, 20)
    classifier = Classifier(name, len(bias))
    with torch.no_grad():
        classifier.train()(torch.randn(8, 3, 64, 64))
        classifier.head.weight.mul_(3)
        classifier.head.bias.copy_(bias)
    classifier.eval()
    rng = np.random.default_rng(0)
    images = [rng.normal(size=(1, 3, 32, 32)).astype(np.float32) for _ in range(8)]
    made = quantize(network_graph(classifier, 32), images)
    layers = sum(isinstance(module, torch.nn.Conv2d) for module in classifier.modules())
    assert (made.quantized_layers, made.float_layers) == (layers, 1)
    content = made.model.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    core = openvino.Core()
    hint = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(content, b""), "CPU", hint)
    for image in images[:4]:
        logits, evidence = session.run(["logits", "evidence"], {"images": image})
        answer = compiled({"images": image})
        with torch.inference_mode():
            expected = classifier(torch.tensor(image))[0].numpy()
        moved = np.abs(expected - bias.numpy()).max()  # what the photo adds to the bias
        assert moved > 0.5
        # A value on the edge of a rounding step may fall on either side of it.
        assert np.abs(answer["logits"] - logits).max() < 0.25 * moved
        assert np.abs(answer["evidence"] - evidence).max() < 0.25 * np.abs(evidence).max()
        assert np.abs(logits - expected).max() < 0.5 * moved


@pytest.fixture(scope="module")
def trained(tiny_run: Path) -> tuple[onnx.ModelProto, PixelContract]:
    checkpoint = load_checkpoint(tiny_run)
    return network_graph(checkpoint.classifier, checkpoint.contract.size), checkpoint.contract


NEAR = 0.2  # a logit's change where values on the edge of a rounding step fall on its other side
RECIPES = [QuantizationConfig(p, b) for p in get_args(Preset) for b in get_args(BiasCorrection)]


@pytest.mark.parametrize(
    "config",
    [
        *(pytest.param(recipe, marks=pytest.mark.slow) for recipe in RECIPES[:-1]),
        RECIPES[-1],
        QuantizationConfig(float_layers=("conv1", "layer2.0.conv2")),
    ],
    ids=lambda r: f"{r.preset} {r.bias_correction} {' '.join(r.float_layers)}",
)
def test_every_setting_gives_one_file_for_both_engines(
    trained: tuple[onnx.ModelProto, PixelContract],
    photo_set: PhotoSet,
    optimised: Callable[[onnx.ModelProto], Counter[str]],
    config: QuantizationConfig,
) -> None:
    network, contract = trained
    with network_inputs(photo_set.part("train").photos[:16], contract) as images:
        made = quantize(network, images, config)
    onnx.checker.check_model(made.model, full_check=True)
    left = len(config.float_layers)
    assert (made.quantized_layers, made.float_layers) == (20 - left, 1 + left)
    kinds = optimised(made.model)
    assert kinds["QLinearConv"] == 20 - left
    assert kinds["QLinearAdd"] == 0  # it rounds differently on other processors
    content = made.model.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    core = openvino.Core()
    compiled = core.compile_model(
        core.read_model(content, b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    with network_inputs(photo_set.part("val", "test").photos, contract) as images:
        rows = [session.run(["logits"], {"images": image})[0][0] for image in images]
        others = [compiled({"images": image})["logits"][0] for image in images]
    logits, other = np.stack(rows), np.stack(others)
    assert np.abs(logits - other).max() < NEAR
    runner_up, best = np.sort(logits, axis=1)[:, -2:].T
    clear = best - runner_up > NEAR
    assert clear.sum() >= 12  # of 18
    assert (logits.argmax(axis=1) == other.argmax(axis=1))[clear].all()


def test_the_record_tells_the_settings(
    network: onnx.ModelProto, random_images: Callable[..., list[np.ndarray]]
) -> None:
    config = QuantizationConfig("mixed", "accurate", ("b", "d"))
    made = quantize(network, random_images(8), config)
    assert made.settings["preset"] == "mixed"
    assert made.settings["bias_correction"] == "accurate"
    assert made.settings["overflow_fix"] == "enable"
    assert made.settings["activation_ranges"] == "minmax"
    assert made.settings["photos"] == 8
    left = str(made.settings["left_in_float"])
    assert left.startswith("head, ")
    assert left.endswith(", b, d")
    assert quantized_layers(made.model) == ("a", "c", "e")


def test_the_same_images_give_the_same_network(
    network: onnx.ModelProto, random_images: Callable[..., list[np.ndarray]]
) -> None:
    one, other = (quantize(network, random_images(8)).model for _ in range(2))
    assert one.SerializeToString(deterministic=True) == other.SerializeToString(deterministic=True)


def test_the_record_tells_what_was_done(quantized_run: Path, photo_set: PhotoSet) -> None:
    record = json.loads((quantized_run / RECORD_FILE).read_text(encoding="utf-8"))
    assert record["calibration"]["photos"] == 16
    assert sum(record["calibration"]["per_camera"].values()) == 16
    assert record["calibration"]["simulated"] is False
    assert len(record["calibration"]["digest"]) == 64
    assert record["settings"]["overflow_fix"] == "enable"
    assert (record["quantized_layers"], record["float_layers"]) == (20, 1)


def test_another_training_part_is_refused(
    tiny_run: Path, photo_set: PhotoSet, linked_copy: Callable[[Path, Path], Path], tmp_path: Path
) -> None:
    """It may hold photos that this run is tested on."""
    run = linked_copy(tiny_run, tmp_path / "run")
    swap = {"train": "test", "test": "train", "val": "val"}
    swapped = tuple(replace(p, part=swap[p.part]) for p in photo_set.photos)
    one_less = photo_set.photos[1:]
    relabelled = (replace(photo_set.photos[0], label="ring"), *photo_set.photos[1:])
    for photos in (swapped, one_less, relabelled):
        with pytest.raises(InputError, match="not the one this network was trained on"):
            quantize_run(run, PhotoSet(photos, photo_set.classes), CalibrationConfig(8))
    assert not (run / INT8_FILE).exists()


def test_an_int8_network_of_another_checkpoint_is_not_exported(
    quantized_run: Path, photo_set: PhotoSet, linked_copy: Callable[[Path, Path], Path], tmp_path
) -> None:
    run = linked_copy(quantized_run, tmp_path / "run")
    record = json.loads((run / RECORD_FILE).read_text(encoding="utf-8"))
    (run / RECORD_FILE).unlink()
    (run / RECORD_FILE).write_text(json.dumps({**record, "checkpoint": "0" * 64}))
    with pytest.raises(InputError, match="quantize"):
        export_run(run, photo_set, tmp_path / "x.bundle")
    assert not (tmp_path / "x.bundle").exists()
