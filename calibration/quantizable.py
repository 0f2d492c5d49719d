"""What can be quantized: refusals in the user's words, before NNCF or an engine meets the network.

NNCF itself answers some of these networks with an error about its own insides, and makes of others
a file that only one engine reads, or that has nothing in int8.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import defs, numpy_helper

from edgetlc.calibration.layers import convolutions, producers
from edgetlc.errors import InputError
from edgetlc.locale import Message, _

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
        raise InputError("the network cannot be quantized: {problem}", problem=problem)


def _problems(network: onnx.ModelProto) -> Iterator[Message]:
    """Yield what stands in the way, the plainest first."""
    graph = network.graph
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [value.name for value in graph.input if value.name not in constants]
    outputs = {value.name for value in graph.output}
    if inputs != [INPUT] or not {LOGITS, EVIDENCE} <= outputs:
        yield _(
            "it turns {inputs} into {outputs}; it must turn images into logits and evidence, as "
            "what 'edgetlc train' made does",
            inputs=", ".join(inputs),
            outputs=", ".join(sorted(outputs)),
        )
    version = next((entry.version for entry in network.opset_import if not entry.domain), 0)
    if version < OLDEST_OPSET:
        yield _(
            "it uses operator set {version}; weights with a scale per channel need {oldest} or "
            "later, so export it anew",
            version=version,
            oldest=OLDEST_OPSET,
        )
    for node in graph.node:
        yield from _problems_of_node(node, version)
    layers = convolutions(network)
    if all(EVIDENCE in layer.output for layer in layers):
        yield _(
            "it has no convolution but the head, which stays float; nothing of {operators} gains "
            "from int8, so keep float",
            operators=", ".join(sorted({node.op_type for node in graph.node})),
        )
    values, makers = {tensor.name: tensor for tensor in graph.initializer}, producers(graph)
    for layer in layers:
        name = layer.input[1]
        yield from _problems_of_weights(layer.name, values.get(name), makers.get(name))


def _problems_of_node(node: onnx.NodeProto, version: int) -> Iterator[Message]:
    about = {"operator": node.op_type, "node": node.name}
    if node.domain not in ("", "ai.onnx"):
        yield _(
            "operator {domain}.{operator} (node {node!r}) is not of the standard set, and no "
            "engine but its maker's has it; write it with standard operators",
            domain=node.domain,
            **about,
        )
    elif not _known(node.op_type, version):
        yield _(
            "operator {operator} (node {node!r}) is unknown in operator set {version}; write it "
            "with standard operators",
            version=version,
            **about,
        )
    elif node.op_type in _QUANTIZED:
        yield _("operator {operator} (node {node!r}): it is quantized already; pass float", **about)
    elif any(attribute.type == onnx.AttributeProto.GRAPH for attribute in node.attribute):
        yield _(
            "operator {operator} (node {node!r}) holds networks of its own, which would stay "
            "float; export it without control flow",
            **about,
        )


def _known(operator: str, version: int) -> bool:
    try:
        defs.get_schema(operator, version)
    except defs.SchemaError:
        return False
    return True


def _problems_of_weights(
    layer: str, tensor: onnx.TensorProto | None, maker: onnx.NodeProto | None
) -> Iterator[Message]:
    """Yield what is wrong with weights, a constant, or what a node makes, or else an input."""
    if tensor is not None:
        weights = numpy_helper.to_array(tensor)
        if weights.dtype != np.float32:
            yield _(
                "operator Conv (node {node!r}) has {type} weights, not float32",
                node=layer,
                type=weights.dtype,
            )
        elif not np.isfinite(weights).all():
            yield _(
                "weights of operator Conv (node {node!r}) are not finite, so training diverged; "
                "train again at a lower rate",
                node=layer,
            )
    elif maker is not None:
        yield _(
            "the weights of operator Conv (node {node!r}) come from {operator} (node {maker!r}); "
            "they must be initializers",
            node=layer,
            operator=maker.op_type,
            maker=maker.name,
        )
    else:
        yield _(
            "the weights of operator Conv (node {node!r}) are an input; they must be initializers",
            node=layer,
        )
