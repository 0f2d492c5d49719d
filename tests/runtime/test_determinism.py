"""The same answer, to the last bit, for any number of threads, any batch, any order, any caller.

One machine and one engine at a time. Whole numbers add up to the same in any order; floating-point
numbers do not, so each float sum in a model has to be one that its engine adds up in one order.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.classifier import Classifier
from edgetlc.runtime.engines import Engine, Output, available_engines, open_engine
from edgetlc.runtime.pixels import Pixels, decode
from edgetlc.runtime.prediction import Prediction

THREADS = (1, 2, 3, 4, 8, 16, 32)
BATCHES_AT = (2, 16)
CALLERS = 8
FORMATS = {"onnx": ("onnxruntime", "openvino"), "ort": ("onnxruntime",), "openvino": ("openvino",)}
KINDS = ("disc", "ring", "stick")
CASES = [
    (format_, precision, engine)
    for format_, engines in FORMATS.items()
    for precision in ("fp32", "int8")
    for engine in engines
    if engine in available_engines()
]
each_case = pytest.mark.parametrize(("format_", "precision", "engine"), CASES)

LAST_BITS = 1e-6
"""How far a float `.ort` model's probabilities may move with the number of threads.

ONNX Runtime's layouts for x86, in which a sum's order is fixed, are not in `.ort` files; there a
float convolution is cut into as many pieces as there are threads, and how long the partial sums are
depends on how wide the pieces are (1.32).
"""

Load = Callable[[int | None], Engine]


def answers(engine: Engine, photos: Sequence[Pixels]) -> list[Output]:
    return [engine.run(photo[None]) for photo in photos]


def same(one: Output, other: Output) -> bool:
    """Whether two answers are equal to the last bit."""
    return all(
        a.dtype == b.dtype == np.float32 and a.tobytes() == b.tobytes()
        for a, b in ((one.probabilities, other.probabilities), (one.evidence, other.evidence))
    )


def check_threads(load: Load, photos: Sequence[Pixels], exact: bool) -> None:
    """Answers do not depend on the number of threads, nor on the batch or order of the photos."""
    expected = answers(load(1), photos)
    assert not same(expected[0], expected[1]), "these photos cannot tell anything apart"
    for threads in (*THREADS[1:], None):
        engine = load(threads)
        found = answers(engine, photos)
        if exact:
            assert [i for i, e in enumerate(expected) if not same(e, found[i])] == [], threads
        for before, after in zip(expected, found, strict=True):
            assert np.abs(before.probabilities - after.probabilities).max() <= LAST_BITS
        if threads in BATCHES_AT:
            check_batches(engine, photos, found)


def check_batches(engine: Engine, photos: Sequence[Pixels], alone: Sequence[Output]) -> None:
    for shape in {photo.shape for photo in photos}:
        where = [i for i, photo in enumerate(photos) if photo.shape == shape]
        together = engine.run(np.stack([photos[i] for i in where]))
        assert len(together.probabilities) == len(where)
        for row, i in enumerate(where):
            mine = Output(together.probabilities[row : row + 1], together.evidence[row : row + 1])
            assert same(mine, alone[i]), shape
    again = answers(engine, photos[::-1])[::-1]
    assert all(map(same, again, alone)), "it matters which photo came before"


@pytest.fixture(scope="module")
def photos(photos_folder: Path) -> list[Pixels]:
    """Three that lie, one that stands."""
    found = [decode(next(photos_folder.glob(f"{kind}/*-001.jpg")), 64).pixels for kind in KINDS]
    lying = [photo if photo.shape[0] < photo.shape[1] else turned(photo) for photo in found]
    return [*lying, turned(lying[0])]


def turned(photo: Pixels) -> Pixels:
    return np.ascontiguousarray(photo.swapaxes(0, 1))


def loader(bundle: Path, format_: str, precision: str, engine: str) -> Load:
    opened = Bundle.open(bundle)
    model = opened.model(f"{format_}-{precision}")
    return lambda threads: opened.load(model, engine, threads)


@each_case
@pytest.mark.slow
def test_threads_and_batches(
    format_: str, precision: str, engine: str, tiny_bundle: Path, photos: list[Pixels]
) -> None:
    load = loader(tiny_bundle, format_, precision, engine)
    check_threads(load, photos, exact=(format_, precision) != ("ort", "fp32"))


@each_case
def test_callers_at_once_share_an_engine(
    format_: str, precision: str, engine: str, tiny_bundle: Path, photos: list[Pixels]
) -> None:
    shared = loader(tiny_bundle, format_, precision, engine)(2)
    expected = answers(shared, photos)
    start = threading.Barrier(CALLERS)

    def call(caller: int) -> list[bool]:
        order = np.random.default_rng(caller).permutation(len(photos) * 4) % len(photos)
        start.wait()
        return [same(shared.run(photos[i][None]), expected[i]) for i in order]

    with ThreadPoolExecutor(CALLERS) as pool:
        for outcome in pool.map(call, range(CALLERS)):
            assert all(outcome)


@pytest.mark.parametrize("engine", available_engines())
def test_callers_at_once_share_a_classifier(
    engine: str, tiny_bundle: Path, photos_folder: Path
) -> None:
    """One opens it; all ask at once; and `classify_all` answers the same."""
    files = sorted(photos_folder.rglob("*.jpg"))[::5]
    classifier = Classifier.open(tiny_bundle, engine=engine)
    expected = [classifier.classify(file) for file in files]
    start = threading.Barrier(CALLERS)

    def call(_: int) -> list[Prediction]:
        start.wait()
        return [classifier.classify(file) for file in files]

    with ThreadPoolExecutor(CALLERS) as pool:
        runs = list(pool.map(call, range(CALLERS)))
    for run in (
        *runs,
        list(classifier.classify_all(files)),
        list(classifier.classify_all(files, 7)),
    ):
        for one, other in zip(expected, run, strict=True):
            assert isinstance(other, Prediction)
            assert one.to_json() == other.to_json()
            assert one.evidence.tobytes() == other.evidence.tobytes()
            assert one.pixels.tobytes() == other.pixels.tobytes()


SIZES = ((224, 300), (300, 224), (320, 427), (240, 240), (447, 447), (229, 305))


@pytest.fixture(scope="module", params=["resnet50", "densenet121"])
def large_models(request: pytest.FixtureRequest) -> Mapping[str, bytes]:
    """The files of a full-sized network with random weights, float and int8, in every format."""
    import torch

    from edgetlc.calibration.quantizer import quantize
    from edgetlc.export.assemble import deployable
    from edgetlc.export.formats import model_files
    from edgetlc.export.network import network_graph
    from edgetlc.models.networks import Classifier as Network
    from edgetlc.runtime.contract import PixelContract

    torch.manual_seed(0)
    network = Network(request.param, 10)
    with torch.no_grad():
        network.train()(torch.randn(8, 3, 64, 64))
        network.head.weight.mul_(3)
    graph = network_graph(network.eval(), 224)
    rng = np.random.default_rng(0)
    images = [rng.normal(size=(1, 3, 224, 224)).astype(np.float32) for _ in range(4)]
    networks = {"fp32": graph, "int8": quantize(graph, images).model}
    files: dict[str, bytes] = {}
    for precision, body in networks.items():
        model = deployable(body, PixelContract(), 1.3)
        for format_ in FORMATS:
            files |= model_files(model, format_, precision)  # type: ignore[arg-type]
    return files


@pytest.mark.slow
@each_case
def test_full_sized_networks(
    format_: str, precision: str, engine: str, large_models: Mapping[str, bytes]
) -> None:
    suffixes = ("xml", "bin") if format_ == "openvino" else (format_,)
    files = [large_models[f"model.{precision}.{suffix}"] for suffix in suffixes]
    rng = np.random.default_rng(1)
    photos = []
    for height, width in (*SIZES, SIZES[0]):
        coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), np.uint8))
        photos.append(np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)))
    check_threads(
        lambda threads: open_engine(engine, files, threads),
        photos,
        exact=(format_, precision) != ("ort", "fp32"),
    )
