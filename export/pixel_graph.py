"""The graph step of the pixel contract in ONNX: the first part of every exported model.

The resize is two matrix products with row-normalised triangle weights that the graph computes from
the photo's own height and width. `Resize` is not used: OpenVINO's ONNX reader drops its
`antialias` attribute without a word. `edgetlc.models.pixel_step` is the same in PyTorch; a test
holds the two together on real photos.
"""

from __future__ import annotations

import onnx
from onnx import parser

from edgetlc.runtime.contract import PixelContract

OPSET = 20
IR_VERSION = 10
PIXELS = "pixels"
IMAGES = "images"

# Weights of one axis, float32[size, length]: a triangle of half-width max(scale, 1) source pixels
# around each target pixel's centre. `extent` is the window's length, centred on the axis. Distances
# are in units of 1 / (2 size) source pixels: whole numbers, which float32 holds exactly, so that
# no engine's rounding can make them differ.
_AXIS = """
{axis}_length = Cast <to = 1> ({axis}_pixels)
{axis}_margin = Sub ({axis}_length, {axis}_extent)
{axis}_start = Mul ({axis}_margin, size)
{axis}_steps = Mul (targets, {axis}_extent)
{axis}_centres = Add ({axis}_steps, {axis}_start)
{axis}_end = Add ({axis}_pixels, {axis}_pixels)
{axis}_odd = Range (first, {axis}_end, step)
{axis}_sources = Cast <to = 1> ({axis}_odd)
{axis}_positions = Mul ({axis}_sources, size)
{axis}_difference = Sub ({axis}_positions, {axis}_centres)
{axis}_distance = Abs ({axis}_difference)
{axis}_longer = Max ({axis}_extent, size)
{axis}_support = Add ({axis}_longer, {axis}_longer)
{axis}_relative = Div ({axis}_distance, {axis}_support)
{axis}_triangle = Sub (one, {axis}_relative)
{axis}_clipped = Relu ({axis}_triangle)
{axis}_sum = ReduceSum <keepdims = 1> ({axis}_clipped, row)
{axis}_weights = Div ({axis}_clipped, {axis}_sum)
"""

_WINDOW = {
    "squash": """
y_extent = Cast <to = 1> (y_pixels)
x_extent = Cast <to = 1> (x_pixels)
""",
    "crop": """
shorter = Min (y_pixels, x_pixels)
y_extent = Cast <to = 1> (shorter)
x_extent = Cast <to = 1> (shorter)
""",
}


def pixel_graph(contract: PixelContract) -> onnx.ModelProto:
    """Return a model from `pixels` uint8[N, H, W, 3] to `images` float32[N, 3, size, size]."""
    size = contract.size
    constants = {
        "size": f"{size}.0",
        "one": "1.0",
        "white": "255.0",
        "first": "1",
        "step": "2",
    }
    odd = [2.0 * target + 1 for target in range(size)]
    lines = [
        f'<ir_version: {IR_VERSION}, opset_import: ["" : {OPSET}]>',
        f"pixel_step (uint8[batch, height, width, 3] {PIXELS})",
        f"=> (float[batch, 3, {size}, {size}] {IMAGES}) {{",
        *(f"{name} = Constant <value = {_scalar(value)}> ()" for name, value in constants.items()),
        f"targets = Constant <value = {_tensor(odd, f'{size},1')}> ()",
        "row = Constant <value = int64[1] {1}> ()",
        f"mean = Constant <value = {_tensor(contract.mean, '1,3,1,1')}> ()",
        f"std = Constant <value = {_tensor(contract.std, '1,3,1,1')}> ()",
        "axis0 = Constant <value = int64[1] {0}> ()",
        f"y_shape = Shape <start = 1, end = 2> ({PIXELS})",
        f"x_shape = Shape <start = 2, end = 3> ({PIXELS})",
        "y_pixels = Squeeze (y_shape, axis0)",
        "x_pixels = Squeeze (x_shape, axis0)",
        _WINDOW[contract.geometry],
        *(_AXIS.format(axis=axis) for axis in "yx"),
        f"planes = Transpose <perm = [0, 3, 1, 2]> ({PIXELS})",
        "grey_levels = Cast <to = 1> (planes)",
        # Columns first: left matrices with no fewer rows than the right ones have columns make
        # ONNX Runtime share rows among its threads, which leaves every sum's order as it is.
        "x_columns = Transpose <perm = [1, 0]> (x_weights)",
        "columns = MatMul (grey_levels, x_columns)",
        "resized = MatMul (y_weights, columns)",
        "scaled = Div (resized, white)",
        "centred = Sub (scaled, mean)",
        f"{IMAGES} = Div (centred, std)",
        "}",
    ]
    model = parser.parse_model("\n".join(lines))
    onnx.checker.check_model(model, full_check=True)
    return model


def _scalar(value: str) -> str:
    return f"{'float' if '.' in value else 'int64'} {{{value}}}"


def _tensor(values: tuple[float, ...] | list[float], shape: str) -> str:
    return f"float[{shape}] {{{', '.join(repr(v) for v in values)}}}"
