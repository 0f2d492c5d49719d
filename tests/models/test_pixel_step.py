"""The pixel step three ways: PyTorch, ONNX Runtime and OpenVINO on the exported graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper
from PIL import Image

from edgetlc.data.photos import PhotoSet
from edgetlc.export.pixel_graph import PIXELS, pixel_graph
from edgetlc.models.pixel_step import PixelStep, resize_weights
from edgetlc.runtime.contract import Geometry, PixelContract
from edgetlc.runtime.pixels import Pixels, decode

GEOMETRIES: tuple[Geometry, ...] = ("squash", "crop")
TOLERANCE = 1e-3  # grey levels; 1e-4 was measured, 0.01 is promised
PILLOW = 1.001  # grey levels; it rounds to whole ones after each axis
Resize = Callable[[Pixels], NDArray[np.float32]]


def grey_levels(contract: PixelContract) -> bytes:
    """Return the exported pixel step with the resized picture, before scaling, as its output."""
    model = pixel_graph(contract)
    size = contract.size
    resized = helper.make_tensor_value_info("resized", TensorProto.FLOAT, ["batch", 3, size, size])
    del model.graph.output[:]
    model.graph.output.append(resized)
    return model.SerializeToString()


@lru_cache(maxsize=8)
def resizers(size: int, geometry: Geometry) -> tuple[Resize, Resize, Resize]:
    """Return the three implementations: uint8[N, H, W, 3] to float32[N, 3, size, size]."""
    import onnxruntime
    import openvino

    contract = PixelContract(size=size, geometry=geometry)
    model = grey_levels(contract)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    core = openvino.Core()
    settings_ = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(model, b""), "CPU", settings_)
    step = PixelStep(contract)
    return (
        lambda pixels: step.resize(torch.tensor(pixels)).numpy(),
        lambda pixels: session.run(None, {PIXELS: pixels})[0],
        lambda pixels: np.array(compiled({PIXELS: pixels})[0]),
    )


def agree(pixels: Pixels, size: int, geometry: Geometry) -> NDArray[np.float32]:
    """Assert that the three agree; return the PyTorch result."""
    torch_, *others = (resize(pixels) for resize in resizers(size, geometry))
    assert torch_.shape == (len(pixels), 3, size, size)
    for other in others:
        assert other.shape == torch_.shape
        assert np.abs(other - torch_).max() < TOLERANCE
    return torch_


def noise(height: int, width: int, count: int = 1, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), np.uint8)


def pillow(pixels: Pixels, size: int) -> NDArray[np.uint8]:
    """Return Pillow's antialiased bilinear resize, uint8[3, size, size]."""
    resized = Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(resized).transpose(2, 0, 1)


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("shape", [(224, 300), (447, 336), (301, 224), (120, 160), (224, 224)])
def test_the_three_agree_on_noise(shape: tuple[int, int], geometry: Geometry) -> None:
    pixels = noise(*shape)
    found = agree(pixels, 224, geometry)
    if geometry == "squash":
        assert np.abs(found[0] - pillow(pixels[0], 224)).max() <= PILLOW


@settings(max_examples=40)
@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    geometry=st.sampled_from(GEOMETRIES),
    seed=st.integers(0, 9),
)
def test_the_three_agree_on_odd_sizes(
    height: int, width: int, geometry: Geometry, seed: int
) -> None:
    pixels = noise(height, width, seed=seed)
    found = agree(pixels, 32, geometry)
    if geometry == "squash":
        assert np.abs(found[0] - pillow(pixels[0], 32)).max() <= PILLOW


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_a_batch_gives_what_its_photos_give_alone(geometry: Geometry) -> None:
    pixels = noise(70, 51, count=5)
    together = agree(pixels, 32, geometry)
    alone = np.concatenate([agree(one[None], 32, geometry) for one in pixels])
    assert np.abs(together - alone).max() < TOLERANCE


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_the_three_agree_on_generated_photos(photo_set: PhotoSet, geometry: Geometry) -> None:
    for photo in photo_set.part("test").photos[::3]:
        agree(decode(photo.path, 64).pixels[None], 64, geometry)


@pytest.fixture
def real_photos(shared_data: Path) -> Iterator[Pixels]:
    folder = shared_data / "exif_photos"
    paths = sorted(p for p in folder.rglob("*.jp*g") if p.parent.name in ("phones", "canon_5d"))
    chosen = [path for path in paths if path.stat().st_size > 200_000]
    assert len(chosen) >= 15
    return (decode(path, 224).pixels for path in chosen[::3])


@pytest.mark.real
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_the_three_agree_on_real_photos(real_photos: Iterator[Pixels], geometry: Geometry) -> None:
    for pixels in real_photos:
        found = agree(pixels[None], 224, geometry)
        if geometry == "squash":
            assert np.abs(found[0] - pillow(pixels, 224)).max() <= PILLOW


def test_crop_takes_the_central_square() -> None:
    pixels = noise(96, 40)
    cropped = agree(pixels, 40, "crop")  # 40 of 40 pixels: nothing is resampled
    np.testing.assert_allclose(cropped[0], pixels[0, 28:68].transpose(2, 0, 1), atol=TOLERANCE)


def test_the_same_size_is_left_alone() -> None:
    pixels = noise(64, 64)
    np.testing.assert_allclose(
        agree(pixels, 64, "squash")[0], pixels[0].transpose(2, 0, 1), atol=TOLERANCE
    )


@given(
    length=st.integers(1, 300),
    size=st.integers(32, 64),
    share=st.floats(0.1, 1),
)
def test_every_row_of_weights_is_a_mean(length: int, size: int, share: float) -> None:
    weights = resize_weights(length, max(1, round(share * length)), size)
    assert weights.shape == (size, length)
    assert float(weights.min()) >= 0
    assert torch.allclose(weights.sum(dim=1), torch.ones(size), atol=1e-5)


def test_weights_by_hand() -> None:
    """4 pixels to 2: half-width 2, centres 1 and 3, distances 0.5, 0.5, 1.5 and 2.5."""
    expected = torch.tensor([[3, 3, 1, 0], [0, 1, 3, 3]]) / 7
    assert torch.allclose(resize_weights(4, 4, 2), expected, atol=1e-6)
    # 2 pixels to 4: half-width 1, centres 0.25, 0.75, 1.25 and 1.75.
    expected = torch.tensor([[1.0, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]])
    assert torch.allclose(resize_weights(2, 2, 4), expected, atol=1e-6)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_normalisation_is_the_contract_s(geometry: Geometry) -> None:
    contract = PixelContract(32, geometry, mean=(0.1, 0.5, 0.9), std=(0.5, 0.25, 2.0))
    grey = np.full((1, 50, 40, 3), 51, np.uint8)  # a fifth of 255
    expected = np.array([0.1 / 0.5, -0.3 / 0.25, -0.7 / 2.0])[:, None, None]
    found = PixelStep(contract)(torch.tensor(grey)).numpy()[0]
    np.testing.assert_allclose(found, np.broadcast_to(expected, (3, 32, 32)), atol=1e-5)
    import onnxruntime

    session = onnxruntime.InferenceSession(
        pixel_graph(contract).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    np.testing.assert_allclose(session.run(None, {PIXELS: grey})[0][0], found, atol=1e-5)


def test_the_graph_has_no_resize() -> None:
    """OpenVINO's ONNX reader drops the `antialias` of one."""
    for geometry in GEOMETRIES:
        model = pixel_graph(PixelContract(geometry=geometry))
        assert "Resize" not in {node.op_type for node in model.graph.node}
        onnx.checker.check_model(model, full_check=True)
