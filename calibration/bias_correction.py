"""Biases that make up for what rounding adds to each layer's result on average.

Layer by layer, in the order of computation, the network quantized and corrected so far is run on
calibration photos, and each channel's bias takes the difference of its mean result from the float
network's (Nagel et al., 2019, "Data-free quantization through weight equalization and bias
correction", section 4.2, with photos instead of assumed distributions). NNCF's fast correction
estimates the same from mean inputs of the float network, layer by layer apart; its own accurate one
fails on networks with branches that are added (NNCF 3.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edgetlc.calibration.inputs import Image
from edgetlc.calibration.layers import (
    convolutions,
    quantized_layers,
    remove_unused,
    with_layer_names,
)
from edgetlc.calibration.measurement import one_thread_session
from edgetlc.locale import _
from edgetlc.progress import progress
from edgetlc.threads import in_order

PHOTOS = 64
"""Means over all positions of so many photos are steady."""

_AXES = "all but channels"


def with_corrected_biases(
    quantized: onnx.ModelProto, network: onnx.ModelProto, images: Sequence[Image]
) -> onnx.ModelProto:
    """Return a copy of a quantized network with other biases in its int8 layers.

    `network` is the float one. Of the images, calibration inputs float32[1, 3, S, S] each, the
    first `PHOTOS` are used, once for every layer.
    """
    model = onnx.ModelProto()
    model.CopyFrom(quantized)
    layers = {node.name: node for node in convolutions(model)}
    names = quantized_layers(model)
    exact = _mean_results(with_layer_names(network), names, images)
    for name in progress(names, _("bias correction"), len(names)):
        (rounded,) = _mean_results(model, [name], images).values()
        _add_to_bias(model, layers[name], exact[name] - rounded)
    remove_unused(model.graph)
    return model


def _mean_results(
    network: onnx.ModelProto, names: Sequence[str], images: Sequence[Image]
) -> dict[str, NDArray[np.float32]]:
    """Return the mean over photos and positions of layers' results, float32[channels] by name."""
    model = onnx.ModelProto()
    model.CopyFrom(network)
    graph = model.graph
    del graph.output[:]
    graph.initializer.append(numpy_helper.from_array(np.array([0, 2, 3]), _AXES))
    results = {node.name: node.output[0] for node in convolutions(model)}
    for name in names:
        output = f"{name}/mean"
        graph.node.append(
            helper.make_node("ReduceMean", [results[name], _AXES], [output], output, keepdims=0)
        )
        graph.output.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, None))
    remove_unused(graph)
    session = one_thread_session(model)
    means = in_order(lambda image: session.run(None, {"images": image}), islice(images, PHOTOS))
    rows = [row for _image, row in means]
    return {name: np.mean([row[i] for row in rows], axis=0) for i, name in enumerate(names)}


def _add_to_bias(model: onnx.ModelProto, layer: onnx.NodeProto, shift: NDArray[np.float32]) -> None:
    """Add to a layer's bias, float32[channels]; the constant becomes the layer's own."""
    values = {tensor.name: tensor for tensor in model.graph.initializer}
    name = f"{layer.name}/corrected"
    if len(layer.input) > 2:
        shift = shift + numpy_helper.to_array(values[layer.input[2]])
    layer.input[2:] = [name]
    model.graph.initializer.append(numpy_helper.from_array(shift.astype(np.float32), name))
