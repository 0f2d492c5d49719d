"""Layers of a network: what they are called, which are int8, what feeds them, what they cost.

Vocabulary:
    layer  a convolution, called after its weights: `layer1.0.conv2`
    int8   of a layer: its weights come out of a DequantizeLinear
    pair   QuantizeLinear and the DequantizeLinear after it: an activation's way through int8
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import prod

import onnx

PASSED = ("Relu", "Clip", "MaxPool", "AveragePool")
"""What ONNX Runtime computes in whole numbers too, between a layer and a pair."""

PAIR = ("QuantizeLinear", "DequantizeLinear")


def with_layer_names(network: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy of a float network whose convolutions are called after their weights.

    Every other node gets a name of its own too, which NNCF requires. Exporters number the nodes
    anew each time; the weights' names are those of the trained network.
    """
    model = onnx.ModelProto()
    model.CopyFrom(network)
    taken: set[str] = set()
    for index, node in enumerate(model.graph.node):
        name = node.name
        if node.op_type == "Conv":
            name = node.input[1].removeprefix("backbone.").removesuffix(".weight")
        node.name = name if name and name not in taken else f"{name or node.op_type}#{index}"
        taken.add(node.name)
    return model


def convolutions(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Return the layers, in the graph's order."""
    return [node for node in model.graph.node if node.op_type == "Conv"]


def quantized_layers(model: onnx.ModelProto) -> tuple[str, ...]:
    """Return the names of the int8 layers, in the graph's order."""
    makers = producers(model.graph)
    return tuple(node.name for node in convolutions(model) if is_int8(node, makers))


def float_layers(model: onnx.ModelProto) -> tuple[str, ...]:
    """Return the names of the other layers, in the graph's order."""
    int8 = quantized_layers(model)
    return tuple(node.name for node in convolutions(model) if node.name not in int8)


def neighbours(model: onnx.ModelProto) -> tuple[tuple[str, str], ...]:
    """Return every two int8 layers of which one's result is the other's input, by a pair only.

    Their common activation is int8 for as long as one of them is.
    """
    makers, int8 = producers(model.graph), quantized_layers(model)
    befores = [(source(x.input[0], makers, (*PASSED, *PAIR)), x) for x in convolutions(model)]
    pairs = [(before.name, layer.name) for before, layer in befores if before is not None]
    return tuple(pair for pair in pairs if set(pair) <= set(int8))


def macs(network: onnx.ModelProto) -> dict[str, int]:
    """Return the multiply-accumulates of every layer of a float network for one photo, by name.

    Sizes that the network leaves open, such as the number of photos, count as 1.
    """
    inferred = onnx.shape_inference.infer_shapes(with_layer_names(network), data_prop=True).graph
    values = (*inferred.value_info, *inferred.output)
    sizes = {v.name: [max(d.dim_value, 1) for d in v.type.tensor_type.shape.dim] for v in values}
    weights = {tensor.name: tensor.dims for tensor in inferred.initializer}
    return {
        node.name: prod(sizes.get(node.output[0], [])[2:]) * prod(weights.get(node.input[1], []))
        for node in inferred.node
        if node.op_type == "Conv"
    }


def is_int8(node: onnx.NodeProto, makers: Mapping[str, onnx.NodeProto]) -> bool:
    """Return whether a node is an int8 layer; `makers` is what `producers` returned."""
    maker = makers.get(node.input[1]) if node.op_type == "Conv" else None
    return maker is not None and bool(maker.op_type == "DequantizeLinear")


def source(
    name: str, makers: Mapping[str, onnx.NodeProto], passed: Sequence[str] = PASSED
) -> onnx.NodeProto | None:
    """Return the node whose result a tensor holds; operators that are `passed` do not count.

    None for the network's input.
    """
    node = makers.get(name)
    while node is not None and node.op_type in passed:
        node = makers.get(node.input[0])
    return node


def producers(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    """Return the node that computes each tensor."""
    return {output: node for node in graph.node for output in node.output}


def consumers(graph: onnx.GraphProto) -> Mapping[str, list[onnx.NodeProto]]:
    """Return the nodes that read each tensor."""
    readers: dict[str, list[onnx.NodeProto]] = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            readers[name].append(node)
    return readers


def remove_unused(graph: onnx.GraphProto) -> None:
    """Remove nodes and constants that nothing reads, and the types noted of tensors.

    The nodes stand in the order of computation.
    """
    needed = {output.name for output in graph.output}
    for index in reversed(range(len(graph.node))):
        if needed.intersection(graph.node[index].output):
            needed.update(graph.node[index].input)
        else:
            del graph.node[index]
    for index in reversed(range(len(graph.initializer))):
        if graph.initializer[index].name not in needed:
            del graph.initializer[index]
    del graph.value_info[:]
