"""Post-training int8: the network's ONNX graph in, the same graph with Q/DQ pairs out (NNCF).

Only the network is quantized; the pixel step and the softmax are added later and stay float. The
head that makes the class-activation map stays float too: it is a thousandth of the work, and with
it quantized OpenVINO 2026.4 drops the mean over positions that follows it (the logits are the bias
alone, found by comparing the same file on ONNX Runtime).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from difflib import get_close_matches
from types import ModuleType

import onnx

from edgetlc.calibration.bias_correction import with_corrected_biases
from edgetlc.calibration.config import Preset, QuantizationConfig
from edgetlc.calibration.inputs import Image
from edgetlc.calibration.layers import float_layers, quantized_layers, with_layer_names
from edgetlc.calibration.qdq import settle, with_float_layers
from edgetlc.calibration.quantizable import EVIDENCE, INPUT, check_quantizable
from edgetlc.errors import EdgetlcError, InputError
from edgetlc.runtime.telemetry import forbid_telemetry


@dataclass(frozen=True)
class Quantized:
    """The int8 network and what was done to it.

    Attributes:
        model: `images` to `logits` and `evidence`, with QuantizeLinear/DequantizeLinear pairs; its
            convolutions are called after their weights, such as `layer1.0.conv2`.
        quantized_layers, float_layers: convolutions with int8 weights, and left in float.
        settings: what NNCF was told, for the record.
    """

    model: onnx.ModelProto
    quantized_layers: int
    float_layers: int
    settings: dict[str, str | int | bool]

    def with_fallback(self, model: onnx.ModelProto, layers: Sequence[str]) -> Quantized:
        """Return what accuracy control made of it by putting layers back to float."""
        left = ", ".join([str(self.settings["left_in_float"]), *layers])
        return Quantized(
            model,
            self.quantized_layers - len(layers),
            self.float_layers + len(layers),
            {**self.settings, "left_in_float": left},
        )


def quantize(
    network: onnx.ModelProto, images: Sequence[Image], config: QuantizationConfig | None = None
) -> Quantized:
    """Quantize a float network with ranges from calibration images.

    Args:
        network: `images` float32[N, 3, size, size] to `logits` and `evidence`; left as it is.
        images: of the calibration photos; iterated more than once, one in memory at a time.
        config: how; what follows quantization, training and accuracy control, is not done here.

    Raises:
        InputError: an operator that cannot be quantized, or `float_layers` names no layer.
    """
    config = config or QuantizationConfig()
    check_quantizable(network)
    named = with_layer_names(network)
    head = _head(named)
    layers = [layer for layer in float_layers(named) if layer not in head]
    _check_layers(layers, config.float_layers)
    model = _by_nncf(named, images, config.preset, head)
    settle(model)
    # NNCF can leave layers out too, but then leaves the layer before without an int8 output.
    model = with_float_layers(model, network, config.float_layers)
    if config.bias_correction == "accurate":
        model = with_corrected_biases(model, network, images)
    settings: dict[str, str | int | bool] = {
        "tool": f"nncf {_nncf().__version__}",
        "preset": config.preset,
        "bias_correction": config.bias_correction,
        "overflow_fix": "enable",
        "activation_ranges": "minmax",
        "left_in_float": ", ".join([*head, *config.float_layers]),
        "photos": len(images),
    }
    return Quantized(model, len(quantized_layers(model)), len(float_layers(model)), settings)


def _by_nncf(
    network: onnx.ModelProto, images: Sequence[Image], preset: Preset, head: list[str]
) -> onnx.ModelProto:
    """Return what NNCF makes of the network; `head` names the nodes that stay float."""
    nncf = _nncf()
    from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters, OverflowFix
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet

    advanced = AdvancedQuantizationParameters(
        # Without it, AVX2 processors saturate when they add pairs of products.
        overflow_fix=OverflowFix.ENABLE,
        # By default the mean of the photos' largest values bounds an activation: half of the photos
        # are clipped, and logits of a trained ResNet-50 lost a fifth of their size.
        activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX,
    )
    try:
        with redirect_stdout(sys.stderr):  # NNCF's own progress belongs beside the answer
            model: onnx.ModelProto = nncf.quantize(
                network,
                nncf.Dataset(images, lambda image: {INPUT: image}),
                subset_size=len(images),
                preset=nncf.QuantizationPreset(preset),
                fast_bias_correction=True,
                ignored_scope=nncf.IgnoredScope(names=head),
                advanced_parameters=advanced,
            )
    except EdgetlcError:  # of the images
        raise
    except Exception as error:  # NNCF and the engine raise their own types, and much else
        reason = " ".join(str(error).split())
        raise InputError("NNCF cannot quantize the network: {reason}", reason=reason) from error
    return model


def _check_layers(layers: Sequence[str], names: Sequence[str]) -> None:
    """Refuse names that no layer has, and a network of which nothing would be int8."""
    for name in names:
        if name not in layers:
            raise InputError(
                "no layer is called {name!r}; the nearest of {count} are {near}",
                name=name,
                count=len(layers),
                near=", ".join(get_close_matches(name, layers, n=3, cutoff=0.0)),
            )
    if set(layers) <= set(names):
        raise InputError(
            "all {count} layers are to stay float; then keep the float network", count=len(layers)
        )


def _nncf() -> ModuleType:
    """Return NNCF, silent and without its reporter."""
    forbid_telemetry()
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)  # "no CUDA found"
    import nncf

    nncf.set_log_level(logging.ERROR)
    return nncf  # type: ignore[no-any-return]


def _head(model: onnx.ModelProto) -> list[str]:
    """Return the names of the node that makes the evidence and of all that follow from it."""
    reached = {EVIDENCE}
    names = []
    for node in model.graph.node:
        if EVIDENCE in node.output or reached.intersection(node.input):
            reached.update(node.output)
            names.append(str(node.name))
    return names
