"""Every exported file answers as the PyTorch reference does, and holds nothing of this machine."""

from __future__ import annotations

import getpass
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from edgetlc.data.photos import PhotoSet
from edgetlc.export.assemble import deployable
from edgetlc.export.formats import model_files
from edgetlc.export.network import network_graph
from edgetlc.export.pixel_graph import IR_VERSION, OPSET
from edgetlc.models.architectures import ARCHITECTURES
from edgetlc.models.checkpoint import Checkpoint, load_checkpoint
from edgetlc.models.networks import Classifier
from edgetlc.models.reference import ReferenceModel
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.engines import Engine, engines_for, open_engine
from edgetlc.runtime.pixels import Pixels, decode
from edgetlc.runtime.schema import Format

FORMATS: tuple[Format, ...] = ("onnx", "ort", "openvino")


@pytest.fixture(scope="module")
def pixels(photo_set: PhotoSet) -> tuple[Pixels, ...]:
    return tuple(decode(photo.path, 64).pixels for photo in photo_set.part("test").photos[::2])


def bundle_engines(bundle: Bundle, precision: str) -> Iterator[tuple[str, Engine]]:
    for model in bundle.manifest.models:
        if model.precision == precision:
            for engine in model.engines:
                yield f"{model.id} on {engine}", bundle.load(model, engine, threads=1)


def test_float_models_answer_as_pytorch_does(tiny_bundle: Path, tiny_run: Path, pixels) -> None:
    reference = ReferenceModel(load_checkpoint(tiny_run))
    engines = dict(bundle_engines(Bundle.open(tiny_bundle), "fp32"))
    assert len(engines) == 4  # ONNX on two engines, ORT and OpenVINO IR on one each
    for one in pixels:
        expected = reference.run(one[None])
        assert expected.probabilities.sum() == pytest.approx(1, abs=1e-5)
        for name, engine in engines.items():
            found = engine.run(one[None])
            np.testing.assert_allclose(
                found.probabilities, expected.probabilities, atol=2e-5, err_msg=name
            )
            scale = np.abs(expected.evidence).max()
            np.testing.assert_allclose(
                found.evidence, expected.evidence, atol=1e-4 * scale, err_msg=name
            )


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_a_batch_gives_what_its_photos_give_alone(tiny_bundle: Path, pixels, precision) -> None:
    upright = [one for one in pixels if one.shape == (160, 120, 3)]
    batch = np.stack(upright)
    assert len(batch) >= 2
    for name, engine in bundle_engines(Bundle.open(tiny_bundle), precision):
        together = engine.run(batch)
        assert together.evidence.shape[0] == len(batch)
        alone = np.concatenate([engine.run(one[None]).probabilities for one in upright])
        # An int8 value may fall on the other side of a rounding step when sums change order.
        tolerance = 1e-5 if precision == "fp32" else 2e-2
        np.testing.assert_allclose(together.probabilities, alone, atol=tolerance, err_msg=name)


def test_int8_models_answer_alike_on_every_engine(tiny_bundle: Path, pixels) -> None:
    engines = dict(bundle_engines(Bundle.open(tiny_bundle), "int8"))
    assert len(engines) == 4
    for one in pixels:
        answers = np.concatenate(
            [engine.run(one[None]).probabilities for engine in engines.values()]
        )
        assert np.ptp(answers, axis=0).max() < 0.05, list(engines)


def random_checkpoint(architecture: str, size: int) -> Checkpoint:
    """Return an untrained network whose normalisation layers have seen noise."""
    torch.manual_seed(0)
    classifier = Classifier(architecture, 4)
    with torch.no_grad():
        classifier.train()(torch.randn(4, 3, size, size))
        classifier.head.weight.mul_(5)
    classes = tuple(ClassInfo(name, name, name) for name in "abcd")
    return Checkpoint(classifier.eval(), classes, PixelContract(size, "crop"), 0.7)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", [name for name in ARCHITECTURES if name != "resnet18"])
def test_every_network_survives_every_format(architecture: str) -> None:
    checkpoint = random_checkpoint(architecture, 64)
    reference = ReferenceModel(checkpoint)
    graph = network_graph(checkpoint.classifier, 64)
    model = deployable(graph, checkpoint.contract, checkpoint.temperature)
    rng = np.random.default_rng(1)
    photos = [rng.integers(0, 256, (n, 70, 90, 3), np.uint8) for n in (1, 3)]
    expected = [reference.run(batch) for batch in photos]
    assert np.ptp(expected[1].probabilities) > 0.05
    for format_ in FORMATS:
        files = list(model_files(model, format_, "fp32").values())
        for name in engines_for(format_):
            engine = open_engine(name, files, threads=1)
            for batch, answer in zip(photos, expected, strict=True):
                found = engine.run(batch)
                np.testing.assert_allclose(found.probabilities, answer.probabilities, atol=1e-4)
                assert found.evidence.shape == answer.evidence.shape == (len(batch), 4, 2, 2)


def traces() -> list[bytes]:
    """Return what would tell of this machine or its owner."""
    places = {tempfile.gettempdir(), str(Path.home()), str(Path(__file__).parents[2])}
    words = {place for place in places if len(place) > 4} | {"site-packages", "/tmp/"}  # noqa: S108
    if len(getpass.getuser()) > 4:
        words.add(getpass.getuser())
    return [word.encode() for word in words] + [b".py:", b".py\n", b"pkg.torch"]


def test_no_file_tells_of_this_machine(tiny_bundle: Path) -> None:
    bundle = Bundle.open(tiny_bundle)
    for name in bundle.manifest.files:
        content = bundle.read(name)
        for trace in traces():
            assert trace not in content, (name, trace)
    text = (tiny_bundle / "bundle.json").read_bytes()
    assert not [trace for trace in traces() if trace in text]


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_the_onnx_files_are_plain(tiny_bundle: Path, precision: str) -> None:
    model = onnx.load_from_string(Bundle.open(tiny_bundle).read(f"model.{precision}.onnx"))
    onnx.checker.check_model(model, full_check=True)
    assert model.ir_version == IR_VERSION
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", OPSET)]
    assert not model.functions
    operators = {node.op_type for node in model.graph.node}
    assert "Resize" not in operators
    assert ("QuantizeLinear" in operators) == (precision == "int8")
    graph = model.graph
    for entry in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        assert not entry.doc_string
        assert not entry.metadata_props
    assert [entry.name for entry in graph.input] == ["pixels"]
    assert [entry.name for entry in graph.output] == ["probabilities", "evidence", "images"]
    shape = [d.dim_param or d.dim_value for d in graph.input[0].type.tensor_type.shape.dim]
    assert shape == ["batch", "height", "width", 3]


def test_the_float_part_of_the_int8_model_is_the_same(tiny_bundle: Path) -> None:
    """The pixel step, the temperature and softmax are not quantized."""
    bundle = Bundle.open(tiny_bundle)
    models = [onnx.load_from_string(bundle.read(f"model.{p}.onnx")) for p in ("fp32", "int8")]
    steps = [[n for n in m.graph.node if n.name.startswith("pixels/")] for m in models]
    names = [[(node.op_type, *node.input, *node.output) for node in step] for step in steps]
    assert names[0] == names[1]
    for model in models:
        tail = [node.op_type for node in model.graph.node][-3:]
        assert tail[-2:] == ["Div", "Softmax"]


@pytest.mark.slow
def test_the_head_of_many_classes_is_a_constant() -> None:
    """NNCF needs it so, and the exporter of itself folds 8192 weights at most."""
    graph = network_graph(Classifier("resnet18", 40), 32).graph
    assert {node.op_type for node in graph.node} == {"Conv", "Relu", "Add", "MaxPool", "ReduceMean"}
    shapes = {tuple(tensor.dims) for tensor in graph.initializer}
    assert (40, 512, 1, 1) in shapes
    assert (40, 512) not in shapes


def test_a_network_of_other_operators_is_refused(quantized_run: Path) -> None:
    network = onnx.load_from_string((quantized_run / "network.int8.onnx").read_bytes())
    network.opset_import[0].version = OPSET + 1
    with pytest.raises(ValueError, match="operator sets"):
        deployable(network, PixelContract(size=64), 1.0)
