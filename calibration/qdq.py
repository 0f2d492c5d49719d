"""Int8 in QDQ form, computed in whole numbers where it can be, and layers that go back to float.

ONNX Runtime computes a layer in whole numbers only where its input comes out of a pair and its
output goes into one. So a pair stays for as long as one int8 layer needs it, on either side of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import onnx
from onnx import helper, numpy_helper

from edgetlc.calibration.layers import (
    PAIR,
    PASSED,
    consumers,
    convolutions,
    is_int8,
    producers,
    remove_unused,
    source,
    with_layer_names,
)


def settle(model: onnx.ModelProto) -> None:
    """Bring a quantized network into the form that every engine computes alike, in place.

    It keeps its meaning; what changes is how ONNX Runtime's kernels are chosen.
    """
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
    makers = producers(model.graph)
    for node in model.graph.node:
        if node.op_type == "Add" and "DequantizeLinear" in _feeding(node, makers):
            node.op_type = "Sum"


def with_float_layers(
    quantized: onnx.ModelProto, original: onnx.ModelProto, names: Iterable[str]
) -> onnx.ModelProto:
    """Return a copy of a quantized network with some layers back in float.

    They get their original weights and bias. They read float activations too, unless an int8 layer
    computes these: its output has to be int8. Pairs that no int8 layer needs any more are gone, so
    that all layers in float give the float network.

    `names` are layers' in both networks.
    """
    model = onnx.ModelProto()
    model.CopyFrom(quantized)
    wanted = set(names)
    originals = {node.name: node for node in with_layer_names(original).graph.node}
    values = {tensor.name: tensor for tensor in original.graph.initializer}
    for layer in convolutions(model):
        if layer.name in wanted:
            del layer.input[1:]
            for role, name in zip("wb", originals[layer.name].input[1:], strict=False):
                layer.input.append(f"{layer.name}/{role}")
                tensor = model.graph.initializer.add()
                tensor.CopyFrom(values[name])
                tensor.name = f"{layer.name}/{role}"
    _pass_pairs_by(model.graph, wanted)
    _name_float_sums(model.graph, originals)
    _part_from_pairs(model.graph, wanted)
    remove_unused(model.graph)
    return model


def _pass_pairs_by(graph: onnx.GraphProto, wanted: set[str]) -> None:
    """Let nodes read what lies before a pair, where no int8 layer needs the pair."""
    makers, readers = producers(graph), consumers(graph)
    for pair in [node for node in graph.node if node.op_type == "QuantizeLinear"]:
        computed_by = source(pair.input[0], makers, (*PASSED, *PAIR))
        if computed_by is not None and is_int8(computed_by, makers):
            continue
        ends = [name for node in readers[pair.output[0]] for name in node.output]
        ways = [(x, name, list(_next_layers(x, readers))) for name in ends for x in readers[name]]
        needed = any(is_int8(layer, makers) for *_, layers in ways for layer in layers)
        for node, name, layers in ways:
            freed = any(layer.name in wanted for layer in layers) or not needed
            if freed and not any(is_int8(layer, makers) for layer in layers):
                node.input[list(node.input).index(name)] = pair.input[0]


def _next_layers(
    node: onnx.NodeProto, readers: Mapping[str, list[onnx.NodeProto]]
) -> Iterator[onnx.NodeProto]:
    """Yield the layers at and after a node, as far as the next pairs."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if node.op_type == "Conv":
            yield node
        elif node.op_type != "QuantizeLinear":
            waiting.extend(after for output in node.output for after in readers[output])


def _name_float_sums(graph: onnx.GraphProto, originals: Mapping[str, onnx.NodeProto]) -> None:
    """Undo `_keep_additions_float` for sums that no pair feeds any more."""
    makers = producers(graph)
    for node in graph.node:
        if node.op_type == "Sum" and "DequantizeLinear" not in _feeding(node, makers):
            node.op_type = originals[node.name].op_type


def _feeding(node: onnx.NodeProto, makers: Mapping[str, onnx.NodeProto]) -> set[str]:
    """Return the operators that a node's inputs come from."""
    return {makers[name].op_type for name in node.input if name in makers}


def _part_from_pairs(graph: onnx.GraphProto, wanted: set[str]) -> None:
    """Put a sum of one, which changes nothing, between a pair and a layer that is float again.

    ONNX Runtime quantizes the weights of a convolution that stands between pairs by itself, and
    with one scale for all channels.
    """
    makers = producers(graph)
    for index in reversed(range(len(graph.node))):
        layer = graph.node[index]
        if layer.name not in wanted:
            continue
        before = source(layer.input[0], makers)
        if before is not None and before.op_type == "DequantizeLinear":
            name = f"{layer.name}/input"
            graph.node.insert(index, helper.make_node("Sum", [layer.input[0]], [name], name))
            graph.node[index + 1].input[0] = name
