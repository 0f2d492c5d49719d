"""The deployable model: pixel step + network + temperature + softmax, in one ONNX graph."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, numpy_helper

from edgetlc.export.network import EVIDENCE, LOGITS, strip_metadata
from edgetlc.export.pixel_graph import IMAGES, IR_VERSION, OPSET, pixel_graph
from edgetlc.runtime.contract import PixelContract

PROBABILITIES = "probabilities"


def deployable(
    network: onnx.ModelProto, contract: PixelContract, temperature: float
) -> onnx.ModelProto:
    """Return the model that the field runs.

    Args:
        network: float32 `images`[N, 3, size, size] to `logits`[N, C] and `evidence`[N, C, h, w];
            the float graph or the quantized one.
        contract: fixes the pixel step.
        temperature: divides the logits before softmax, above 0.

    Returns:
        uint8 `pixels`[N, H, W, 3] to float32 `probabilities`[N, C], `evidence`[N, C, h, w] and
        `images`[N, 3, size, size]: what the pixel step made, so that any copy of the model in any
        engine can be asked whether it saw the same.
    """
    body = _checked(network)
    step = pixel_graph(contract)
    pixels = compose.add_prefix(step, "pixels/", rename_inputs=False, rename_outputs=False)
    model = compose.merge_models(pixels, body, io_map=[(IMAGES, IMAGES)])
    model.graph.output.append(step.graph.output[0])
    _head_as_product(model)
    _append_softmax(model, temperature)
    model.graph.name = "edgetlc"
    _declare_opset(model)  # merging lists it once for each part
    model = strip_metadata(model)
    onnx.checker.check_model(model, full_check=True)
    return model


def _checked(network: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy of the network under this module's IR version, refusing other operators."""
    body = onnx.ModelProto()
    body.CopyFrom(network)
    body.ir_version = IR_VERSION
    domains = {entry.domain: entry.version for entry in body.opset_import}
    if domains.get("") != OPSET or any(node.domain for node in body.graph.node):
        raise ValueError(f"the network uses operator sets {domains}, expected {OPSET} only")
    _declare_opset(body)
    return body


def _declare_opset(model: onnx.ModelProto) -> None:
    del model.opset_import[:]
    model.opset_import.append(helper.make_opsetid("", OPSET))


def _head_as_product(model: onnx.ModelProto) -> None:
    """Write the head, a 1x1 convolution in float, as a matrix product with constant weights.

    The answers are then the same for any number of threads: ONNX Runtime adds up a float
    convolution in an order that depends on it (but for its own layouts on x86), a product with
    packed weights never. All else in an int8 network is whole numbers.
    """
    nodes = list(model.graph.node)
    place, head = next((i, node) for i, node in enumerate(nodes) if EVIDENCE in node.output)
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    if head.op_type != "Conv" or len(head.input) != 2 or head.input[1] not in tensors:
        return
    weights = numpy_helper.to_array(tensors[head.input[1]])
    if weights.shape[2:] != (1, 1):
        return
    product = numpy_helper.from_array(np.ascontiguousarray(weights[:, :, 0, 0].T), "head_weights")
    model.graph.initializer.append(product)
    model.graph.initializer.remove(tensors[head.input[1]])
    nodes[place : place + 1] = [
        helper.make_node("Transpose", [head.input[0]], ["positions"], "last", perm=[0, 2, 3, 1]),
        helper.make_node("MatMul", ["positions", "head_weights"], ["adds"], "head"),
        helper.make_node("Transpose", ["adds"], [EVIDENCE], "first", perm=[0, 3, 1, 2]),
    ]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _append_softmax(model: onnx.ModelProto, temperature: float) -> None:
    graph = model.graph
    (logits,) = (output for output in graph.output if output.name == LOGITS)
    classes = logits.type.tensor_type.shape.dim[1].dim_value
    divisor = helper.make_tensor("temperature", TensorProto.FLOAT, [], [temperature])
    graph.initializer.append(divisor)
    graph.node.append(helper.make_node("Div", [LOGITS, "temperature"], ["calibrated"], "calibrate"))
    graph.node.append(
        helper.make_node("Softmax", ["calibrated"], [PROBABILITIES], "softmax", axis=1)
    )
    (evidence,) = (output for output in graph.output if output.name == EVIDENCE)
    probabilities = helper.make_tensor_value_info(
        PROBABILITIES, TensorProto.FLOAT, ["batch", classes]
    )
    (images,) = (output for output in graph.output if output.name == IMAGES)
    kept = [probabilities, *(_copy(output) for output in (evidence, images))]
    del graph.output[:]
    graph.output.extend(kept)


def _copy(value: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
    copy = onnx.ValueInfoProto()
    copy.CopyFrom(value)
    return copy
