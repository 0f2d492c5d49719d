"""An int8 network in PyTorch, computed node by node as its ONNX graph says, so that it can learn.

What is trained is the graph that is shipped: same places of rounding, same steps, same ranges. The
forward pass rounds; the backward pass looks through the rounding, and stops where a value lies
outside its range (the straight-through estimator: Bengio et al., 2013; Jacob et al., 2018).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import defs, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F

from edgetlc.calibration.layers import convolutions, is_int8, producers, with_layer_names
from edgetlc.calibration.quantizable import EVIDENCE, INPUT, LOGITS
from edgetlc.errors import InputError

LOWEST, HIGHEST = -64, 64
"""The int8 weights' range: AVX2 adds pairs of products in 16 bits, where more would overflow."""

Attributes = dict[str, Any]


class Int8Network(nn.Module):
    """A quantized network whose int8 layers can be trained; all the rest of it is fixed.

    Batch normalisation is part of the layers' weights, or fixed: a short fine-tuning sees less of
    the data than all the training that its statistics come from.

    Args:
        quantized: what `edgetlc.calibration.quantizer` made of `original`.
        original: the float network.
        device: `cpu` or `cuda`.

    Raises:
        InputError: an operator, or an attribute of one, that is not known here.
    """

    def __init__(
        self, quantized: onnx.ModelProto, original: onnx.ModelProto, device: str = "cpu"
    ) -> None:
        super().__init__()
        _check_operators(quantized)
        self._quantized = quantized
        makers = producers(quantized.graph)
        self._int8 = [node for node in convolutions(quantized) if is_int8(node, makers)]
        self._sources = {node.name: makers[node.input[1]] for node in self._int8}
        constants, originals = _constants(quantized), _constants(original)
        weights = {node.name: node.input[1] for node in convolutions(with_layer_names(original))}
        self.layers = nn.ModuleDict()
        for node in self._int8:
            step = constants[self._sources[node.name].input[1]]
            bias = constants[node.input[2]] if len(node.input) > 2 else None
            self.layers[_key(node)] = Int8Layer(originals[weights[node.name]], step, bias)
        fixed = {source.output[0] for source in self._sources.values()}
        self._nodes = [node for node in quantized.graph.node if node.output[0] not in fixed]
        self._attributes = [_attributes(node) for node in self._nodes]
        self._constants = {name: value.to(device) for name, value in constants.items()}
        self.to(device)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and evidence of images float32[N, 3, S, S], as `Classifier` does."""
        values = {**self._constants, INPUT: images}
        for node, attributes in zip(self._nodes, self._attributes, strict=True):
            inputs = [values[name] for name in node.input if name in values]
            if node.name in self._sources:
                inputs = [inputs[0], *self.layers[_key(node)]()]
            values[node.output[0]] = _OPERATORS[node.op_type][0](inputs, attributes)
        return values[LOGITS], values[EVIDENCE]

    def model(self) -> onnx.ModelProto:
        """Return the quantized network with what its layers have learnt."""
        learnt: dict[str, NDArray[Any]] = {}
        for node in self._int8:
            layer = self.layers[_key(node)]
            assert isinstance(layer, Int8Layer)
            learnt[self._sources[node.name].input[0]] = layer.int8_weight()
            if layer.bias is not None:
                learnt[node.input[2]] = layer.float_bias()
        model = onnx.ModelProto()
        model.CopyFrom(self._quantized)
        for tensor in model.graph.initializer:
            if tensor.name in learnt:
                tensor.CopyFrom(numpy_helper.from_array(learnt[tensor.name], tensor.name))
        return model


class Int8Layer(nn.Module):
    """Weights of one layer, in units of each channel's step.

    In these units a learning rate means the same for every channel, however much the channels'
    weights differ in size: one of 0.001 moves a weight by a thousandth of a rounding step. Weights
    are float32[O, I, h, w], before rounding; steps and biases are float32[O].
    """

    step: Tensor

    def __init__(self, weight: Tensor, step: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.register_buffer("step", step)
        self.weight = nn.Parameter(weight / step[:, None, None, None])
        self.bias = None if bias is None else nn.Parameter(bias / step)

    def forward(self) -> tuple[Tensor, Tensor | None]:
        """Return the rounded weights, float32[O, I, h, w], and the bias, float32[O]."""
        whole = torch.fake_quantize_per_tensor_affine(self.weight, 1.0, 0, LOWEST, HIGHEST)
        bias = None if self.bias is None else self.bias * self.step
        return whole * self.step[:, None, None, None], bias

    def int8_weight(self) -> NDArray[np.int8]:
        """Return the rounded weights in steps."""
        whole = self.weight.detach().round().clamp(LOWEST, HIGHEST)
        return whole.to("cpu", torch.int8).numpy()

    def float_bias(self) -> NDArray[np.float32]:
        """Return the bias, float32[O]."""
        assert self.bias is not None
        return (self.bias * self.step).detach().cpu().numpy()


def _quantize(inputs: list[Tensor], attributes: Attributes) -> Tensor:
    """Round to the steps of an activation; its DequantizeLinear then has nothing left to do.

    There is one step for all of it or, before a depthwise convolution, one for each channel.
    """
    value, step, zero = inputs
    lowest, highest = (0, 255) if zero.dtype == torch.uint8 else (-128, 127)
    zero = zero.to(torch.int32)
    if step.numel() == 1:
        step, zero = step.reshape(()), zero.reshape(())
        return torch.fake_quantize_per_tensor_affine(value, step, zero, lowest, highest)
    axis = attributes.get("axis", 1)
    return torch.fake_quantize_per_channel_affine(value, step, zero, axis, lowest, highest)


def _add(inputs: list[Tensor], _: Attributes) -> Tensor:
    return sum(inputs[1:], start=inputs[0])


def _convolve(inputs: list[Any], attributes: Attributes) -> Tensor:
    value, weight, bias = (*inputs, None)[:3]
    strides, dilations = attributes.get("strides", 1), attributes.get("dilations", 1)
    value, groups = _padded(value, attributes, 0.0), attributes.get("group", 1)
    return F.conv2d(value, weight, bias, strides, dilation=dilations, groups=groups)


def _max_pool(inputs: list[Tensor], attributes: Attributes) -> Tensor:
    strides, dilations = attributes.get("strides", 1), attributes.get("dilations", 1)
    value = _padded(inputs[0], attributes, -math.inf)
    return F.max_pool2d(value, attributes["kernel_shape"], strides, dilation=dilations)


def _average_pool(inputs: list[Tensor], attributes: Attributes) -> Tensor:
    return F.avg_pool2d(inputs[0], attributes["kernel_shape"], attributes.get("strides", 1))


def _padded(value: Tensor, attributes: Attributes, fill: float) -> Tensor:
    """Return float32[N, C, H, W] with as many rows and columns around it as ONNX's `pads` says."""
    top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    if not any((top, left, bottom, right)):
        return value
    return F.pad(value, (left, right, top, bottom), value=fill)


def _normalise(inputs: list[Tensor], attributes: Attributes) -> Tensor:
    value, scale, bias, mean, variance = inputs
    return F.batch_norm(value, mean, variance, scale, bias, eps=attributes["epsilon"])


def _mean(inputs: list[Tensor], attributes: Attributes) -> Tensor:
    value, axes = inputs
    return value.mean(tuple(axes.tolist()), keepdim=bool(attributes.get("keepdims", 1)))


_OPERATORS: dict[str, tuple[Callable[[list[Any], Attributes], Tensor], str]] = {
    "Add": (_add, ""),
    # Without pads, which are refused, it is all the same whether they count.
    "AveragePool": (_average_pool, "count_include_pad kernel_shape strides"),
    "BatchNormalization": (_normalise, "epsilon momentum"),
    "Concat": (lambda inputs, attributes: torch.cat(inputs, attributes["axis"]), "axis"),
    "Conv": (_convolve, "dilations group kernel_shape pads strides"),
    "DequantizeLinear": (lambda inputs, _: inputs[0], "axis"),
    "MaxPool": (_max_pool, "dilations kernel_shape pads strides"),
    "QuantizeLinear": (_quantize, "axis"),
    "ReduceMean": (_mean, "keepdims"),
    "Relu": (lambda inputs, _: F.relu(inputs[0]), ""),
    "Sum": (_add, ""),
}
"""What computes an operator, and the attributes that it heeds."""


def _check_operators(model: onnx.ModelProto) -> None:
    """Refuse operators that are not known here, and attributes that would not be heeded."""
    version = next(entry.version for entry in model.opset_import if not entry.domain)
    unknown = sorted({node.op_type for node in model.graph.node} - set(_OPERATORS))
    if unknown:
        raise InputError(
            "quantization-aware training knows no operator {operators}; quantize without it",
            operators=", ".join(unknown),
        )
    for node in model.graph.node:
        defaults = defs.get_schema(node.op_type, version).attributes
        heeded = _OPERATORS[node.op_type][1].split()
        for name, value in _attributes(node).items():
            if name not in heeded and not _is_default(name, value, defaults[name].default_value):
                raise InputError(
                    "quantization-aware training does not know {attribute} {value} of operator "
                    "{operator} (node {node!r}); quantize without it",
                    attribute=name,
                    value=value,
                    operator=node.op_type,
                    node=node.name,
                )


def _is_default(name: str, value: Any, default: onnx.AttributeProto) -> bool:
    if name in ("pads", "dilations"):  # their defaults depend on the number of axes
        return set(value) <= {int(name == "dilations")}
    return bool(value == helper.get_attribute_value(default))


def _constants(model: onnx.ModelProto) -> dict[str, Tensor]:
    # Copies: an array of a message is read-only.
    return {t.name: torch.tensor(numpy_helper.to_array(t)) for t in model.graph.initializer}


def _attributes(node: onnx.NodeProto) -> Attributes:
    return {each.name: helper.get_attribute_value(each) for each in node.attribute}


def _key(node: onnx.NodeProto) -> str:
    """Return the layer's name without the dots that PyTorch does not allow."""
    return str(node.name).replace(".", "/")
