"""The published vectors, the slow reference and the runtime agree: three ways to the same pixels.

`docs/pixel-contract/reference.py` is written from the specification and shares no code with
edgetlc; the expected pixels were computed with it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, features

from edgetlc.config import from_document
from edgetlc.errors import ImageError
from edgetlc.runtime import contract, limits
from edgetlc.runtime.contract import PixelContract, reductions
from edgetlc.runtime.pixels import decode

PAGES = Path(__file__).resolve().parents[2] / "docs" / "pixel-contract"
VECTORS = PAGES / "vectors"
README = (PAGES / "README.md").read_text(encoding="utf-8")
LIST: dict[str, Any] = json.loads((VECTORS / "vectors.json").read_text(encoding="utf-8"))

REASONS = {
    "damaged": r"damaged \w+ file: .",
    "coding": r"a JPEG of a kind that no camera writes",
    "pixels": r"\d+ x \d+ pixels declared; a photo may have 210 million",
    "memory": r"would take \d+ MB of memory, \d+ are allowed",
    "aspect": r"sides may differ 32 times at most",
    "scans": r"more than 32 scans",
    "raw": r"a camera raw file; use the JPEG",
    "unknown": r"not a photo this tool reads|0 bytes long",
}


def _reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", PAGES / "reference.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ref = _reference()


def read(name: str) -> bytes:
    return (VECTORS / name).read_bytes()


def with_end(vector: dict[str, Any]) -> bytes:
    """Return a file as decoders other than edgetlc take it: a JPEG with its end marker."""
    lacking = "the file lacks its end" in vector["notes"]
    return read(vector["file"]) + (b"\xff\xd9" if lacking else b"")


def pixels_of(vector: dict[str, Any]) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(read(vector["expected"]))) as image:
        return np.asarray(image)


def skip_without_decoder(vector: dict[str, Any]) -> None:
    if vector["container"] == "HEIF":
        pytest.importorskip("pillow_heif")
    if vector["container"] == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")


def assert_close(found: NDArray[Any], expected: NDArray[Any], tolerance: dict[str, float]) -> None:
    assert found.shape == expected.shape
    difference = np.abs(found.astype(int) - expected.astype(int))
    assert difference.max() <= tolerance["max"]
    assert difference.mean() <= tolerance["mean"]


def named(vectors: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in vectors]


# --- the folder ---


def test_every_file_is_listed_with_its_digest() -> None:
    digests = {}
    for vector in (*LIST["host"], *LIST["refused"]):
        digests[vector["file"]] = vector["sha256"]
    for vector in LIST["host"]:
        digests[vector["expected"]] = vector["expected_sha256"]
    for vector in LIST["graph"]:
        digests[vector["pixels"]] = vector["pixels_sha256"]
        digests[vector["tensor"]] = vector["tensor_sha256"]
    assert {path.name for path in VECTORS.iterdir()} == {*digests, "vectors.json"}
    for name, digest in digests.items():
        assert hashlib.sha256(read(name)).hexdigest() == digest, name
    assert sum(path.stat().st_size for path in VECTORS.iterdir()) < 1_500_000
    assert LIST["contract"] == contract.VERSION


def test_the_vectors_cover_what_the_specification_promises() -> None:
    host = LIST["host"]
    names = [vector["name"] for vector in (*host, *LIST["refused"], *LIST["graph"])]
    assert len(set(names)) == len(names)
    assert {v["container"] for v in host} == {"JPEG", "PNG", "WebP", "TIFF", "AVIF", "HEIF"}
    for prefix in ("jpeg", "png", "webp", "tiff"):
        turned = {name for name in names if name.startswith(f"{prefix}-orientation-")}
        assert len(turned) == 8, prefix
    assert {v["s"] for v in host if v["container"] == "JPEG"} == {1, 2, 4, 8}
    assert {v["s"] for v in host if v["container"] == "PNG"} >= {1, 2, 4}
    assert {1, 2, 3} <= {v["k"] for v in host}
    assert any(side % (v["s"] * v["k"]) for v in host for side in v["declared"] if v["k"] > 1)
    assert any(max(v["declared"]) < v["size"] for v in host)
    words = " ".join(f"{v['name']} {v['covers']}" for v in host)
    for word in ("progressive", "grey", "CMYK", "rgb16", "grey16", "palette", "alpha", "4:2:0",
                 "mpo", "apng", "animated", "Display P3", "code points", "HDR", "whose name",
                 "transparent colour", "motion", "late-exif", "irot", "imir", "pages",
                 "no end marker"):  # fmt: skip
        assert word in words, word
    assert {v["reason"] for v in LIST["refused"]} == set(REASONS)
    geometries = {(v["contract"]["geometry"], min(v["shape"][:2]) < 32) for v in LIST["graph"]}
    assert geometries == {("squash", True), ("squash", False), ("crop", True), ("crop", False)}


@pytest.mark.slow
def test_the_same_tools_write_the_same_files_again(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif")
    command = [sys.executable, str(PAGES / "make_vectors.py"), str(tmp_path / "again")]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    again = {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()}
    written_with = json.loads(again["vectors.json"])["written_with"]
    if written_with != LIST["written_with"]:
        pytest.skip(f"written with {LIST['written_with']}, here are {written_with}")
    assert set(again) == {path.name for path in VECTORS.iterdir()}
    for name, content in again.items():
        assert content == read(name), name


# --- the host step ---


@pytest.mark.parametrize("vector", named(LIST["host"]))
def test_the_runtime_gives_the_expected_pixels(vector: dict[str, Any]) -> None:
    skip_without_decoder(vector)
    found = decode(VECTORS / vector["file"], vector["size"])
    assert found.container == vector["container"]
    assert list(found.declared) == vector["declared"]
    assert reductions(*vector["declared"], vector["size"]) == (vector["s"], vector["k"])
    assert len(found.notes) == len(vector["notes"]), found.notes
    for note, beginning in zip(found.notes, vector["notes"], strict=True):
        assert note.startswith(beginning)
    assert_close(found.pixels, pixels_of(vector), vector["tolerance"])


@pytest.mark.parametrize("vector", named(LIST["refused"]))
def test_the_runtime_refuses(vector: dict[str, Any]) -> None:
    with pytest.raises(ImageError, match=REASONS[vector["reason"]]) as refusal:
        decode(VECTORS / vector["file"], vector["size"])
    assert "\n" not in str(refusal.value)


# Pillow has no HEIC, turns a TIFF itself, and looks for these transparent colours among samples of
# another depth.
NOT_BY_PILLOW = ("png-rgb16-key.png", "png-grey16-key.png", "png-grey4-key.png")
BY_PILLOW = [
    vector
    for vector in LIST["host"]
    if vector["container"] not in ("HEIF", "TIFF") and vector["name"] not in NOT_BY_PILLOW
]


@pytest.mark.parametrize("vector", named(BY_PILLOW))
def test_a_bare_decoder_and_the_reference_give_the_expected_pixels(vector: dict[str, Any]) -> None:
    """No line of edgetlc takes part: Pillow decodes, the specification's formulae do the rest."""
    skip_without_decoder(vector)
    s, k = ref.reductions(*vector["declared"], vector["size"])
    assert (s, k) == (vector["s"], vector["k"])
    with Image.open(io.BytesIO(with_end(vector))) as image:
        if image.mode == "P" or vector["name"] == "png-key.png":
            image = image.convert("RGBA")  # the palette and the key are the decoder's business
        elif vector["container"] == "JPEG" and s > 1:
            image.draft(None, (image.width // s, image.height // s))
        samples = np.asarray(image)
        orientation = dict(image.getexif()).get(0x0112, 1)
        mode = image.mode
    if samples.dtype == np.uint16:
        samples = ref.high_byte(samples)
    if mode == "1":
        samples = samples * np.uint8(255)
    if samples.ndim == 2:
        samples = ref.grey_to_rgb(samples)
    if mode in ("RGBA", "LA"):
        samples = ref.over_white(samples)
    if mode == "LA":
        samples = ref.grey_to_rgb(samples)
    after_s = samples if vector["container"] == "JPEG" else ref.box_mean(samples, s)
    pixels = ref.upright(ref.box_mean(after_s, k), orientation)
    if mode == "CMYK":
        pixels = ref.cmyk_to_rgb(pixels)
    if "p3" in vector["name"] or vector["name"] == "png-cicp-first.png":
        pixels = ref.display_p3_to_srgb(pixels)
    assert_close(pixels, pixels_of(vector), {"max": 0, "mean": 0})


@pytest.mark.filterwarnings("ignore:The image decoding and encoding capabilities")
@pytest.mark.parametrize(
    "vector",
    named([v for v in LIST["host"] if v["container"] == "JPEG" and "p3" not in v["name"]]),
)
def test_a_second_decoder_with_box_means_stays_within_the_tolerance(
    vector: dict[str, Any],
) -> None:
    """As a browser has to do it: decode whole, then s and k both by box means."""
    torch = pytest.importorskip("torch")
    vision = pytest.importorskip("torchvision.io")
    buffer = torch.frombuffer(bytearray(with_end(vector)), dtype=torch.uint8)
    planes = vision.decode_jpeg(buffer, mode=vision.ImageReadMode.RGB)
    samples = np.ascontiguousarray(planes.numpy().transpose(1, 2, 0))
    turn = re.search(r"orientation-(\d)", vector["name"])
    reduced = ref.box_mean(ref.box_mean(samples, vector["s"]), vector["k"])
    pixels = ref.upright(reduced, int(turn[1]) if turn else 1)
    assert_close(pixels, pixels_of(vector), vector["tolerance"])


SIDES = st.integers(1, 150)


@given(width=SIDES, height=SIDES, factor=st.integers(2, 40), seed=st.integers(0, 2**32 - 1))
def test_the_box_mean_rounds_as_written(width: int, height: int, factor: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = rng.integers(0, 256, (height, width, 3), np.uint8)
    if seed % 2:
        samples[:] = samples[0, 0]  # one colour stays as it is
    found = np.asarray(Image.fromarray(samples).reduce(factor))
    np.testing.assert_array_equal(ref.box_mean(samples, factor), found)
    if seed % 2:
        np.testing.assert_array_equal(found, np.broadcast_to(samples[0, 0], found.shape))


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.integers(32, 1024))
def test_the_reductions_are_as_written(width: int, height: int, size: int) -> None:
    assert reductions(width, height, size) == ref.reductions(width, height, size)


# --- the graph step ---


def tensors(vector: dict[str, Any]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    pixels = np.frombuffer(read(vector["pixels"]), np.uint8).reshape(vector["shape"])
    tensor = np.frombuffer(read(vector["tensor"]), "<f4").reshape(vector["tensor_shape"])
    return pixels, tensor


def contract_of(vector: dict[str, Any]) -> PixelContract:
    return from_document({**vector["contract"], "version": LIST["contract"]}, PixelContract)


def grey_levels(difference: NDArray[Any], vector: dict[str, Any]) -> float:
    std = np.array(vector["contract"]["std"]).reshape(3, 1, 1)
    return float(np.abs(difference * std * 255).max())


@pytest.mark.parametrize("vector", named(LIST["graph"]))
def test_the_reference_gives_the_tensors(vector: dict[str, Any]) -> None:
    pixels, expected = tensors(vector)
    used = vector["contract"]
    found = ref.graph_step(pixels, used["size"], used["geometry"], used["mean"], used["std"])
    np.testing.assert_array_equal(found.astype("<f4"), expected)


@pytest.mark.parametrize("vector", named(LIST["graph"]))
def test_the_graph_gives_the_tensors(vector: dict[str, Any]) -> None:
    runtime = pytest.importorskip("onnxruntime")
    graphs = pytest.importorskip("edgetlc.export.pixel_graph")
    pixels, expected = tensors(vector)
    model = graphs.pixel_graph(contract_of(vector)).SerializeToString()
    session = runtime.InferenceSession(model, providers=["CPUExecutionProvider"])
    ((found,),) = session.run(None, {graphs.PIXELS: pixels[None]})
    assert grey_levels(found - expected, vector) <= vector["tolerance_grey_levels"]


@pytest.mark.parametrize("vector", named(LIST["graph"]))
def test_the_float_reference_gives_the_tensors(vector: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    steps = pytest.importorskip("edgetlc.models.pixel_step")
    pixels, expected = tensors(vector)
    with torch.inference_mode():
        found = steps.PixelStep(contract_of(vector))(torch.tensor(pixels[None]))[0].numpy()
    assert grey_levels(found - expected, vector) <= vector["tolerance_grey_levels"]


# --- the page ---


def test_the_page_gives_the_limits_of_the_code() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\d,]+) \|", README, re.MULTILINE))
    written = {name: int(value.replace(",", "")) for name, value in rows.items()}
    assert written == {
        name: value for name, value in vars(limits).items() if name.startswith("MAX_")
    }


def test_the_page_names_every_reason() -> None:
    listed = re.findall(r"^\| `(\w+)` \| (?![\d,]+ \|)", README, re.MULTILINE)
    assert set(REASONS) <= set(listed)


def test_the_worked_example_is_right() -> None:
    match = re.search(r"```python\n(# worked example.*?)```", README, re.DOTALL)
    assert match
    names: dict[str, Any] = {"reference": ref, "np": np}
    exec(match[1], names)  # noqa: S102 - the page's own lines, which assert what they say
    assert names["checked"] >= 4
