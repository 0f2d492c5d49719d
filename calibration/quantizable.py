"""What can be quantized: refusals in the user's words, before NNCF or an engine meets the network.

NNCF itself answers some of these networks with an error about its own insides, and makes of others
a file that only one engine reads, or that has nothing in int8.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import defs, numpy_helper

from edgetlc.calibration.layers import convolutions
from edgetlc.errors import InputError

INPUT = "images"
LOGITS = "logits"
EVIDENCE = "evidence"
OLDEST_OPSET = 13
"""The first in which DequantizeLinear takes one scale per channel."""

_QUANTIZED = ("QuantizeLinear", "DequantizeLinear", "QLinearConv", "ConvInteger")


def check_quantizable(network: onnx.ModelProto) -> None:
    """Refuse a network that cannot become an int8 one for every engine.

    Raises:
        InputError: it names the operator, or what else stands in the way.
    """
    for problem in _problems(network):
        raise InputError(f"the network cannot be quantized: {problem}")


def _problems(network: onnx.ModelProto) -> Iterator[str]:
    """Yield what stands in the way, the plainest first."""
    graph = network.graph
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [value.name for value in graph.input if value.name not in constants]
    outputs = {value.name for value in graph.output}
    if inputs != [INPUT] or not {LOGITS, EVIDENCE} <= outputs:
        yield (
            f"it turns {', '.join(inputs)} into {', '.join(sorted(outputs))}; it must turn "
            f"{INPUT} into {LOGITS} and {EVIDENCE}, as what 'edgetlc train' made does"
        )
    version = next((entry.version for entry in network.opset_import if not entry.domain), 0)
    if version < OLDEST_OPSET:
        yield (
            f"it uses operator set {version}; weights with a scale per channel need "
            f"{OLDEST_OPSET} or later, so export it anew"
        )
    for node in graph.node:
        yield from _problems_of(node, version)
    yield from _problems_of_layers(network)


def _problems_of(node: onnx.NodeProto, version: int) -> Iterator[str]:
    if node.domain not in ("", "ai.onnx"):
        yield (
            f"operator {node.domain}.{node.op_type} (node {node.name!r}) is not of the standard "
            "set, and no engine but its maker's has it; write it with standard operators"
        )
    elif not _known(node.op_type, version):
        yield (
            f"operator {node.op_type} (node {node.name!r}) is unknown in operator set {version}; "
            "write it with standard operators"
        )
    elif node.op_type in _QUANTIZED:
        yield f"operator {node.op_type} (node {node.name!r}): it is quantized already; pass float"
    elif any(attribute.type == onnx.AttributeProto.GRAPH for attribute in node.attribute):
        yield (
            f"operator {node.op_type} (node {node.name!r}) holds networks of its own, which would "
            "stay float; export it without control flow"
        )


def _known(operator: str, version: int) -> bool:
    try:
        defs.get_schema(operator, version)
    except defs.SchemaError:
        return False
    return True


def _problems_of_layers(network: onnx.ModelProto) -> Iterator[str]:
    graph = network.graph
    makers = {output: node for node in graph.node for output in node.output}
    values = {tensor.name: tensor for tensor in graph.initializer}
    layers = convolutions(network)
    if all(EVIDENCE in layer.output for layer in layers):
        found = sorted({node.op_type for node in graph.node})
        yield (
            "it has no convolution but the head, which stays float; nothing of "
            f"{', '.join(found)} gains from int8, so keep float"
        )
    for layer in layers:
        weights = layer.input[1]
        maker = makers.get(weights)
        if weights in values:
            tensor = numpy_helper.to_array(values[weights])
            if tensor.dtype != np.float32:
                yield f"operator Conv (node {layer.name!r}) has {tensor.dtype} weights, not float32"
            elif not np.isfinite(tensor).all():
                yield (
                    f"weights of operator Conv (node {layer.name!r}) are not finite, so training "
                    "diverged; train again at a lower rate"
                )
        else:
            how = f"come from {maker.op_type} (node {maker.name!r})" if maker else "are an input"
            yield (
                f"the weights of operator Conv (node {layer.name!r}) {how}; they must be "
                "initializers"
            )
