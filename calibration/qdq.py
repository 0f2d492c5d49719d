"""The QDQ form that every engine computes alike, in whole numbers where it can.

Both changes keep the network's meaning and change how ONNX Runtime's kernels are chosen.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper


def settle(model: onnx.ModelProto) -> None:
    """Bring a quantized network into the form, in place."""
    _make_activations_unsigned(model)
    _keep_additions_float(model)
    del model.graph.value_info[:]  # of the old types


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


def _keep_additions_float(model: onnx.ModelProto) -> None:
    """Write the sum of two int8 branches as `Sum`, the same operator under another name.

    ONNX Runtime makes of an `Add` between pairs a QLinearAdd, which rounds differently on other
    processors and in WebAssembly. It leaves `Sum` in float, where all of them agree.
    """
    dequantized = {
        output
        for node in model.graph.node
        if node.op_type == "DequantizeLinear"
        for output in node.output
    }
    for node in model.graph.node:
        if node.op_type == "Add" and dequantized.intersection(node.input):
            node.op_type = "Sum"
