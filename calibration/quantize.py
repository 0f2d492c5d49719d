"""Post-training int8: the network's ONNX graph in, the same graph with Q/DQ pairs out (NNCF).

Only the network is quantized; the pixel step and the softmax are added later and stay float. The
head that makes the class-activation map stays float too: it is a thousandth of the work, and with
it quantized OpenVINO 2026.4 drops the mean over positions that follows it (the logits are the bias
alone, found by comparing the same file on ONNX Runtime).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from contextlib import redirect_stdout
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from edgetlc.runtime.telemetry import forbid_telemetry

HEAD_OUTPUT = "evidence"
INPUT = "images"

Images = NDArray[np.float32]
"""The network's input for one photo: float32[1, 3, size, size], normalised."""


@dataclass(frozen=True)
class Quantized:
    """The int8 network and what was done to it.

    Attributes:
        model: `images` to `logits` and `evidence`, with QuantizeLinear/DequantizeLinear pairs.
        quantized_layers: convolutions with int8 weights.
        float_layers: convolutions left in float.
        settings: what NNCF was told, for the record.
    """

    model: onnx.ModelProto
    quantized_layers: int
    float_layers: int
    settings: dict[str, str | int | bool]


def quantize(network: onnx.ModelProto, images: Iterable[Images], count: int) -> Quantized:
    """Quantize a float network with ranges from calibration images.

    Args:
        network: `images` float32[N, 3, size, size] to `logits` and `evidence`.
        images: one array per calibration photo, in order; iterated more than once, one image
            in memory at a time.
        count: how many there are.
    """
    forbid_telemetry()
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)  # "no CUDA found"
    import nncf
    from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters, OverflowFix

    nncf.set_log_level(logging.ERROR)
    head = _head(network)
    with redirect_stdout(sys.stderr):  # NNCF's own progress belongs beside the answer
        model = nncf.quantize(
            network,
            nncf.Dataset(images, lambda image: {INPUT: image}),
            subset_size=count,
            preset=nncf.QuantizationPreset.PERFORMANCE,
            fast_bias_correction=True,
            ignored_scope=nncf.IgnoredScope(names=head),
            # Without it, AVX2 processors saturate when they add pairs of products.
            advanced_parameters=AdvancedQuantizationParameters(overflow_fix=OverflowFix.ENABLE),
        )
    _make_activations_unsigned(model)
    quantized, left = count_layers(model)
    settings: dict[str, str | int | bool] = {
        "tool": f"nncf {nncf.__version__}",
        "preset": "performance",
        "fast_bias_correction": True,
        "overflow_fix": "enable",
        "left_in_float": ", ".join(head),
        "photos": count,
    }
    return Quantized(model, quantized, left, settings)


def _head(model: onnx.ModelProto) -> list[str]:
    """Return the names of the node that makes the evidence and of all that follow from it."""
    reached = {HEAD_OUTPUT}
    names = []
    for node in model.graph.node:
        if HEAD_OUTPUT in node.output or reached.intersection(node.input):
            reached.update(node.output)
            names.append(str(node.name))
    return names


def _make_activations_unsigned(model: onnx.ModelProto) -> None:
    """Write activations in int8 around 0 as uint8 around 128, which are the same numbers.

    ONNX Runtime computes a convolution in whole numbers only where its input and its output are of
    one type. NNCF makes the inputs unsigned (they follow a ReLU) and DenseNet's outputs signed: 54
    of densenet121's 120 convolutions were computed in float, at half the speed and with answers
    that depended on the number of threads.
    """
    zeros = {node.input[2] for node in model.graph.node if node.op_type == "QuantizeLinear"}
    for tensor in model.graph.initializer:
        if tensor.name in zeros and tensor.data_type == onnx.TensorProto.INT8:
            shifted = numpy_helper.to_array(tensor).astype(np.int16) + 128
            tensor.CopyFrom(numpy_helper.from_array(shifted.astype(np.uint8), tensor.name))
    del model.graph.value_info[:]  # it told the old types


def count_layers(model: onnx.ModelProto) -> tuple[int, int]:
    """Return how many convolutions have int8 weights, and how many have not."""
    dequantized = {
        output
        for node in model.graph.node
        if node.op_type == "DequantizeLinear"
        for output in node.output
    }
    layers = [node for node in model.graph.node if node.op_type == "Conv"]
    quantized = sum(node.input[1] in dequantized for node in layers)
    return quantized, len(layers) - quantized
