from __future__ import annotations

from collections.abc import Callable

import onnx

from edgetlc.calibration.layers import (
    float_layers,
    macs,
    neighbours,
    quantized_layers,
    with_layer_names,
)


def test_layers_are_called_after_their_weights(network: onnx.ModelProto) -> None:
    before = network.SerializeToString()
    names = [node.name for node in with_layer_names(network).graph.node]
    layers = [node.name for node in with_layer_names(network).graph.node if node.op_type == "Conv"]
    assert layers == ["a", "b", "c", "d", "e", "head"]
    assert len(set(names)) == len(names)
    assert network.SerializeToString() == before


def test_every_node_gets_a_name_of_its_own(small_network: Callable[..., onnx.ModelProto]) -> None:
    """Two layers may share their weights, and nodes may have no name at all."""
    network = small_network()
    for node in network.graph.node:
        node.name = ""
    network.graph.node[10].input[1] = "backbone.d.weight"
    names = [node.name for node in with_layer_names(network).graph.node]
    assert len(set(names)) == len(names)
    assert "" not in names
    assert [name for name in names if name.startswith("d")] == ["d", "d#10"]


def test_which_layers_are_int8(network: onnx.ModelProto, quantized: onnx.ModelProto) -> None:
    assert quantized_layers(quantized) == ("a", "b", "c", "d", "e")
    assert float_layers(quantized) == ("head",)
    assert quantized_layers(network) == ()


def test_neighbours_share_one_activation(quantized: onnx.ModelProto) -> None:
    """From a to b through a pooling; c and d have the sum of two branches between them."""
    assert neighbours(quantized) == (("a", "b"), ("b", "c"), ("d", "e"))


def test_macs_are_those_of_one_photo(network: onnx.ModelProto) -> None:
    """Positions of the result x weights."""
    assert macs(network) == {
        "a": 16 * 16 * 8 * 3 * 9,
        **dict.fromkeys("bcde", 8 * 8 * 8 * 8 * 9),
        "head": 8 * 8 * 4 * 8,
    }
