"""Networks that cannot be quantized: each is refused in one line that names the operator."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper, parser

from edgetlc.calibration.config import QuantizationConfig
from edgetlc.calibration.quantizable import check_quantizable
from edgetlc.calibration.quantizer import quantize
from edgetlc.errors import ImageError, InputError

HEAD = "[h] evidence = Conv (r, v) [m] logits = ReduceMean <keepdims = 0> (evidence, axes)"
CONV = "[c] c = Conv <pads = [1, 1, 1, 1]> (images, w) "


def network(
    body: str,
    opset: int = 20,
    domain: str = "",
    weights: type[np.floating] = np.float32,
    inputs: str = "float[batch, 3, hh, ww] images",
) -> onnx.ModelProto:
    """Return a network with constants w (4 of 3x3x3), v (2 of 4x1x1) and axes."""
    imports = f'"" : {opset}' + (f', "{domain}" : 1' if domain else "")
    model = parser.parse_model(
        f"<ir_version: 10, opset_import: [{imports}]> g ({inputs}) => "
        f"(float[batch, 2] logits, float[batch, 2, hh, ww] evidence) {{ {body} }}"
    )
    rng = np.random.default_rng(0)
    constants = {
        "w": rng.normal(size=(4, 3, 3, 3)).astype(weights),
        "v": rng.normal(size=(2, 4, 1, 1)).astype(np.float32),
        "axes": np.array([2, 3]),
    }
    read = {name for node in model.graph.node for name in node.input}
    model.graph.initializer.extend(
        numpy_helper.from_array(value, name) for name, value in constants.items() if name in read
    )
    return model


REFUSED = {
    "custom operator": (
        network(CONV + "[s] r = acme.Swish (c) " + HEAD, domain="acme"),
        r"operator acme\.Swish \(node 's'\) is not of the standard set",
    ),
    "an engine's own operator": (
        network(CONV + "[s] r = com.microsoft.Gelu (c) " + HEAD, domain="com.microsoft"),
        r"operator com\.microsoft\.Gelu \(node 's'\) is not of the standard set",
    ),
    "unknown operator": (
        network(CONV + "[s] r = Frobnicate (c) " + HEAD),
        r"operator Frobnicate \(node 's'\) is unknown in operator set 20",
    ),
    "operator of a later set": (
        network(CONV + "[s] r = Gelu (c) " + HEAD.replace("(evidence, axes)", "(evidence)"), 18),
        r"operator Gelu \(node 's'\) is unknown in operator set 18",
    ),
    "old operator set": (network(CONV + "[s] r = Relu (c) " + HEAD, 11), "operator set 11; .* 13"),
    "quantized already": (
        network(
            "s = Constant <value = float {0.1}> () [q] q = QuantizeLinear (images, s) "
            "d = DequantizeLinear (q, s) " + CONV.replace("images", "d") + "r = Relu (c) " + HEAD
        ),
        r"operator QuantizeLinear \(node 'q'\): it is quantized already",
    ),
    "control flow": (
        network(
            CONV + "t = Constant <value = bool {1}> () [i] r = If (t) "
            "<then_branch = a () => (float[n, 4, h, w] p) {p = Relu (c)}, "
            "else_branch = b () => (float[n, 4, h, w] q) {q = Identity (c)}> " + HEAD
        ),
        r"operator If \(node 'i'\) holds networks of its own",
    ),
    "weights that are computed": (
        network(
            "[x] x = Mul (w, w) " + CONV.replace(" w)", " x)") + "[s] r = Relu (c) " + HEAD
        ),
        r"weights of operator Conv \(node 'c'\) come from Mul \(node 'x'\)",
    ),
    "float64": (
        network(CONV + "[s] r = Cast <to = 1> (c) " + HEAD, weights=np.float64),
        r"operator Conv \(node 'c'\) has float64 weights",
    ),
    "no convolution": (
        network("i = Constant <value = int64[2] {0, 1}> () "
                "evidence = Gather <axis = 1> (images, i) "
                "logits = ReduceMean <keepdims = 0> (evidence, axes)"),
        "no convolution but the head.* of Constant, Gather, ReduceMean gains",
    ),
    "the head alone": (
        network("[s] r = Concat <axis = 1> (images, images) " + HEAD),
        "no convolution but the head",
    ),
    "two inputs": (
        network(CONV + "[s] r = Add (c, y) " + HEAD, inputs="float[b, 3, h, w] images, float[4] y"),
        "turns images, y into evidence, logits; it must turn images into logits and evidence",
    ),
    "another input": (
        network(CONV.replace("images", "x") + "r = Relu (c) " + HEAD, inputs="float[b, 3, h, w] x"),
        "turns x into",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_the_message_names_what_stands_in_the_way(name: str) -> None:
    model, message = REFUSED[name]
    with pytest.raises(InputError, match=f"^the network cannot be quantized: .*{message}") as found:
        quantize(model, [])
    assert "\n" not in str(found.value)


def test_weights_that_are_not_finite_are_named(network: onnx.ModelProto) -> None:
    model = onnx.ModelProto()
    model.CopyFrom(network)
    tensor = next(t for t in model.graph.initializer if t.name == "backbone.d.weight")
    weight = numpy_helper.to_array(tensor).copy()
    weight[1, 2, 0, 0] = np.nan
    tensor.CopyFrom(numpy_helper.from_array(weight, tensor.name))
    with pytest.raises(InputError, match=r"weights of operator Conv .* are not finite"):
        check_quantizable(model)


ACCEPTED = {
    "sizes left open": network(CONV + "[s] r = Relu (c) " + HEAD),
    "nodes without names": network(
        (CONV + "[s] r = Relu (c) " + HEAD).replace("[c]", "").replace("[s]", "").replace("[m]", "")
    ),
    "an operator that stays float": network(CONV + "[s] r = Gelu (c) " + HEAD),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_only_looks_odd_is_quantized(
    name: str, random_images: Callable[..., list[NDArray[np.float32]]]
) -> None:
    made = quantize(ACCEPTED[name], random_images(8))
    assert (made.quantized_layers, made.float_layers) == (1, 1)


def test_what_nncf_raises_is_one_line(network: onnx.ModelProto) -> None:
    """Images of another shape stand for whatever else may go wrong inside it."""
    images = [np.zeros((1, 5, 16, 16), np.float32)] * 8
    with pytest.raises(InputError, match=r"^NNCF cannot quantize the network: .*images") as found:
        quantize(network, images)
    assert "\n" not in str(found.value)


def test_an_error_of_the_images_is_not_nncfs(
    network: onnx.ModelProto, random_images: Callable[..., list[NDArray[np.float32]]]
) -> None:
    class Photos(list[NDArray[np.float32]]):
        def __iter__(self) -> Iterator[NDArray[np.float32]]:
            raise ImageError("photo.jpg is cut short")

    with pytest.raises(ImageError, match=r"^photo\.jpg is cut short$"):
        quantize(network, Photos(random_images(8)))


def test_an_unknown_layer_is_refused_with_the_nearest_names(network: onnx.ModelProto) -> None:
    config = QuantizationConfig(float_layers=("a", "backbone.b.weight"))
    with pytest.raises(
        InputError, match=r"no layer is called 'backbone\.b\.weight'.* of 5 are .*b"
    ):
        quantize(network, [], config)
    with pytest.raises(InputError, match="no layer is called 'head'"):
        quantize(network, [], QuantizationConfig(float_layers=("head",)))


def test_all_layers_in_float_is_no_int8_network(network: onnx.ModelProto) -> None:
    with pytest.raises(InputError, match="all 5 layers are to stay float"):
        quantize(network, [], QuantizationConfig(float_layers=tuple("edcba")))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"preset": "speed"}, "unknown preset 'speed'; use performance or mixed"),
        ({"bias_correction": "no"}, "unknown bias correction 'no'; use fast or accurate"),
    ],
)
def test_an_unknown_setting_is_refused(fields: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        QuantizationConfig(**fields)  # type: ignore[arg-type]
