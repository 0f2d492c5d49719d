"""Fixtures that every area shares. The session's folders are read-only by agreement: a test that
changes one copies it first (`linked_copy` is cheap)."""

from __future__ import annotations

import os

# Before any engine is loaded: the same sums on every machine, quicker where networks are tiny, and
# one thread for each of pytest-xdist's workers. Tests of threads ask for them by name.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ.pop("COLUMNS", None)  # pytest-xdist sets it, and tables keep to it

import hashlib
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import settings
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from edgetlc.data.manifest import load_photos, write_manifest
from edgetlc.data.photos import Part, Photo, PhotoSet
from edgetlc.devices.identify import Identification
from edgetlc.devices.profiles import Cameras
from edgetlc.locale import Message
from edgetlc.models.architectures import ARCHITECTURES
from edgetlc.results.records import RunInfo
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.prediction import Prediction
from edgetlc.runtime.telemetry import forbid_telemetry
from edgetlc.runtime.verification import Caution

if TYPE_CHECKING:
    import onnx
    from torch import nn

    from edgetlc.models.networks import Classifier

ROOT = Path(__file__).resolve().parents[1]

forbid_telemetry()  # before any test imports an engine itself

# A shared machine makes the first example slow now and then; that is no failure.
settings.register_profile("edgetlc", deadline=None, max_examples=40)
settings.load_profile("edgetlc")

CLASSES = (
    ClassInfo("disc", "圆片", "disc", "genuine"),
    ClassInfo("ring", "圆环", "ring", "genuine"),
    ClassInfo("stick", "条", "stick", "counterfeit"),
)
PREDICTED_CLASSES = (
    ClassInfo("chenpi", "陈皮", "aged tangerine peel", "genuine"),
    ClassInfo("jupi", "橘皮", "tangerine peel", "counterfeit"),
    ClassInfo("gouqi", "枸杞子", "wolfberry", "unspecified"),
)
_COLOURS = {"disc": (170, 88, 56), "ring": (140, 120, 60), "stick": (140, 85, 100)}
_DEVICES = ("2", "7")  # iphone-11, realme-gt-neo, told by the files' names
_PARTS: tuple[Part, ...] = ("train",) * 7 + ("val",) + ("test",) * 2
BATCHES = len(_PARTS)
PHOTOS_PER_BATCH = 2  # one of each camera


@pytest.fixture(scope="session", autouse=True)
def unsynced() -> Iterator[None]:
    """No test pulls the plug, so none waits for the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


def _slim_resnet(name: str, classes: int) -> nn.Module:
    from torch import nn
    from torchvision.models.resnet import BasicBlock, ResNet

    layers = {"slim-resnet18": [2, 2, 2, 2], "slim-resnet34": [3, 4, 6, 3]}

    class Slim(ResNet):
        def __init__(self) -> None:
            super().__init__(BasicBlock, layers[name], num_classes=classes)
            self.fc = nn.Linear(128, classes)

        def _make_layer(self, block: Any, planes: int, *rest: Any, **more: Any) -> nn.Sequential:
            if planes == 64:  # the first: what comes before it narrows, too
                self.inplanes = 16
                self.conv1 = nn.Conv2d(3, 16, 7, stride=2, padding=3, bias=False)
                self.bn1 = nn.BatchNorm2d(16)
            return super()._make_layer(block, planes // 4, *rest, **more)

    return Slim()


@pytest.fixture(scope="session", autouse=True)
def slim_resnets() -> Iterator[None]:
    """ResNet-18 and -34 a quarter as wide: a sixteenth of the weights, and of the work."""
    with pytest.MonkeyPatch.context() as patch:
        slim = replace(ARCHITECTURES["resnet18"], build=_slim_resnet)
        for name in ("slim-resnet18", "slim-resnet34"):
            patch.setitem(ARCHITECTURES, name, slim)
        yield


@pytest.fixture(scope="module")
def stateless() -> Iterator[None]:
    """Training that nobody will resume: its state, 130 MB at every epoch, is not written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgetlc.training.run_folder.save", lambda tensors: b"")
        yield


DATA = Path(os.environ.get("EDGETLC_DATA", ROOT.parent / "shared" / "data"))

MadeOnce = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real photos, which are not part of the project: EDGETLC_DATA, or ../shared/data."""
    if not DATA.is_dir():
        pytest.skip(f"no real photos at {DATA}; EDGETLC_DATA names their folder")
    return DATA


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """`made_once(name, make)` is a folder that `make(folder)` fills, once for all workers."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        place, whole = root / "shared" / name, root / "shared" / f"{name}.whole"
        place.parent.mkdir(exist_ok=True)
        with FileLock(f"{place}.lock"):
            if not whole.exists():
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir()
                make(place)
                whole.touch()
        return place

    return folder


@pytest.fixture(scope="session", autouse=True)
def exported_once(made_once: MadeOnce) -> Iterator[None]:
    """One network goes through PyTorch's exporter once for all tests and workers."""
    if "torch" not in sys.modules:  # tests without it need not wait for it
        yield
        return
    import onnx

    from edgetlc.export import network

    exported = network._exported

    def once(classifier: Classifier, size: int) -> onnx.ModelProto:
        digest = hashlib.sha256(f"{classifier} {size}".encode())
        for name, tensor in classifier.state_dict().items():
            digest.update(f"{name} {tensor.dtype}".encode() + tensor.numpy().tobytes())

        def make(folder: Path) -> None:
            onnx.save(exported(classifier, size), folder / "network.onnx")

        return onnx.load(made_once(f"network-{digest.hexdigest()}", make) / "network.onnx")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "_exported", once)
        yield


@pytest.fixture(scope="session")
def cameras() -> Cameras:
    """The built-in camera profiles."""
    return Cameras.load()


@pytest.fixture(scope="session")
def photos_folder(made_once: MadeOnce) -> Path:
    """`<class>/<standard name>.jpg`: 3 classes x 10 batches x 2 cameras, 160 x 120 and upright.

    `manifest.csv` beside the classes splits the batches 7 : 1 : 2; `classes.toml` names the
    classes. The colours differ by class, so that a network learns them in seconds.
    """
    return made_once("photos", _draw_photos)


def _draw_photos(folder: Path) -> None:
    photos = []
    for number, info in enumerate(CLASSES):
        (folder / info.name).mkdir()
        for index in range(BATCHES * PHOTOS_PER_BATCH):
            batch, shot = divmod(index, PHOTOS_PER_BATCH)
            code, device = f"99990000000000{number:02}", _DEVICES[shot % 2]
            name = f"{code}-2024{batch + 1:03}-{device}-{shot + 1:03}.jpg"
            path = folder / info.name / name
            rng = np.random.default_rng([number, index])
            Image.fromarray(_piece(info.name, rng)).save(path, quality=90)
            photos.append(Photo(path, info.name, None, f"{code}-2024{batch + 1:03}"))
    found = {photo.path: photo.camera for photo in load_photos(folder, Cameras.load()).photos}
    split = []
    for index, p in enumerate(photos):
        part, group = _PARTS[index // PHOTOS_PER_BATCH % 10], p.path.stem  # discs are much alike
        split.append(Photo(p.path, p.label, found[p.path], p.batch, group, part))
    write_manifest(folder / "manifest.csv", PhotoSet(tuple(split), CLASSES))


def _piece(kind: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a drawn piece on a light, noisy ground, uint8[120 or 160, 160 or 120, 3]."""
    size = (160, 120) if rng.random() < 0.5 else (120, 160)
    image = Image.new("RGB", size, tuple(int(v) for v in rng.integers(200, 240, 3)))
    draw = ImageDraw.Draw(image)
    x, y, r = (int(rng.integers(*low_high)) for low_high in ((45, 75), (45, 75), (25, 40)))
    shade = np.add(_COLOURS[kind], rng.integers(-40, 41, 3))
    colour = tuple(int(v) for v in shade.clip(0, 255))
    if kind == "disc":
        draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)
    elif kind == "ring":
        draw.ellipse((x - r, y - r, x + r, y + r), outline=colour, width=10)
    else:
        draw.line((x - r, y - r, x + r, y + r), fill=colour, width=14)
    noisy = np.asarray(image).astype(float) + rng.normal(0, 4, (size[1], size[0], 3))
    return noisy.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def manifest(photos_folder: Path) -> Path:
    """The generated photos' manifest, with parts."""
    return photos_folder / "manifest.csv"


@pytest.fixture(scope="session")
def photo_set(manifest: Path, cameras: Cameras) -> PhotoSet:
    """The generated photos: 42 train, 6 val, 12 test; two cameras; nothing simulated."""
    return load_photos(manifest, cameras)


@pytest.fixture(scope="session")
def tiny_run(photo_set: PhotoSet, made_once: MadeOnce) -> Path:
    """A run folder: slim ResNet-18 at 64 pixels, trained for seconds; without an int8 network."""
    from edgetlc.models.checkpoint import CHECKPOINT_FILE, load_checkpoint, save_checkpoint
    from edgetlc.training.config import TrainingConfig
    from edgetlc.training.train import train

    def make(folder: Path) -> None:
        contract = PixelContract(size=64)
        config = TrainingConfig("slim-resnet18", 5, 8, 1e-3, contract=contract, precision="fp32")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("edgetlc.training.run_folder.save", lambda tensors: b"")
            train(photo_set, config, folder)
        # Six validation photos fit a temperature that makes every probability 0 or 1.
        checkpoint = replace(load_checkpoint(folder), temperature=1.5)
        save_checkpoint(folder / CHECKPOINT_FILE, checkpoint)

    return made_once("run", make)


@pytest.fixture(scope="session")
def quantized_run(tiny_run: Path, photo_set: PhotoSet, made_once: MadeOnce) -> Path:
    """A copy of `tiny_run` with its int8 network, calibrated on 16 photos."""
    from edgetlc.calibration.config import CalibrationConfig
    from edgetlc.calibration.quantize_run import quantize_run

    def make(folder: Path) -> None:
        _link_tree(tiny_run, folder / "run")
        quantize_run(folder / "run", photo_set, CalibrationConfig(16))

    return made_once("quantized", make) / "run"


@pytest.fixture(scope="session")
def tiny_bundle(quantized_run: Path, photo_set: PhotoSet, made_once: MadeOnce) -> Path:
    """The bundle folder of `quantized_run`: every format, fp32 and int8, golden vectors."""
    from edgetlc.export.export_run import export_run
    from edgetlc.export.thresholds import ThresholdTargets

    # Six validation photos show nothing of error rates, so the bundle answers always.
    targets = ThresholdTargets(reject_below=0, genuine_below=0)

    def make(folder: Path) -> None:
        export_run(quantized_run, photo_set, folder / "shapes.bundle", targets=targets)

    return made_once("bundle", make) / "shapes.bundle"


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a few kilobytes whose answers can be computed by hand; made in milliseconds.

    Classes red, green and blue at 32 x 32 pixels: the logits are 4 times the mean of the
    normalised channels. ONNX only, as `onnx-fp32`; golden vectors for every engine here.
    """
    from edgetlc.export.assemble import deployable
    from edgetlc.export.bundle_writer import write_bundle
    from edgetlc.export.formats import model_files
    from edgetlc.export.golden import golden_files
    from edgetlc.runtime.engines import engines_for
    from edgetlc.runtime.policy import DecisionPolicy
    from edgetlc.runtime.schema import BundleManifest, ModelRecord

    contract = PixelContract(size=32, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    root = tmp_path_factory.mktemp("small")
    photos = []
    for name, colour in zip(
        SMALL_CLASSES, ((200, 60, 50), (60, 180, 70), (50, 60, 210)), strict=True
    ):
        photos.append(Photo(root / f"{name}.jpg", name))
        Image.new("RGB", (80, 60), colour).save(photos[-1].path, quality=95)
    files = model_files(deployable(_colour_network(), contract, 1.0), "onnx", "fp32")
    model = ModelRecord("onnx-fp32", "onnx", "fp32", engines_for("onnx"), tuple(files))
    golden = golden_files(photos, contract, [model], files)
    classes = tuple(ClassInfo(name, zh, name) for name, zh in SMALL_CLASSES.items())
    manifest = BundleManifest(
        "2026-01-01T00:00:00+00:00", "0", classes, contract, {"fp32": DecisionPolicy()}, (model,)
    )
    write_bundle(root / "colours.bundle", manifest, files | golden)
    return root / "colours.bundle"


SMALL_CLASSES = {"red": "红", "green": "绿", "blue": "蓝"}


def _colour_network() -> onnx.ModelProto:
    """Return a network whose evidence is 4 times the channels' means over 16 x 16 boxes."""
    from onnx import numpy_helper, parser

    model = parser.parse_model("""
        <ir_version: 10, opset_import: ["" : 20]>
        colours (float[batch, 3, 32, 32] images)
        => (float[batch, 3] logits, float[batch, 3, 2, 2] evidence) {
            evidence = Conv <kernel_shape = [16, 16], strides = [16, 16]> (images, weights)
            axes = Constant <value = int64[2] {2, 3}> ()
            logits = ReduceMean <keepdims = 0> (evidence, axes)
        }""")
    weights = np.zeros((3, 3, 16, 16), np.float32)
    weights[[0, 1, 2], [0, 1, 2]] = 4 / 256
    model.graph.initializer.append(numpy_helper.from_array(weights, "weights"))
    return model


def _link_tree(source: Path, target: Path) -> Path:
    return Path(shutil.copytree(source, target, copy_function=os.link))


@pytest.fixture(scope="session")
def linked_copy() -> Callable[[Path, Path], Path]:
    """`linked_copy(source, target)` copies a folder by hard links and returns the copy.

    Replace a file in it by unlinking it first; writing into one would change the original.
    """
    return _link_tree


@pytest.fixture
def run_info() -> RunInfo:
    """What answered."""
    return RunInfo(
        "0123456789abcdef" * 4, "onnx-int8", "onnxruntime 1.32.0", "a board", PREDICTED_CLASSES
    )


def _own_caution(code: str, en: str, zh: str) -> Caution:
    return type("OwnCaution", (Caution,), {"zh": zh})(code, Message(en, "", {}, ""))  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def own_caution() -> Callable[[str, str, str], Caution]:
    """`own_caution(code, en, zh)` is a caution that the catalogue does not hold."""
    return _own_caution


@pytest.fixture
def predicted() -> Callable[..., Prediction]:
    """`predicted("a.jpg", confidence=0.5, ...)` returns a prediction with these fields."""

    def make(file: str = "photos/a.jpg", **changes: object) -> Prediction:
        first = Prediction(
            file=file,
            decision="answer",
            label=PREDICTED_CLASSES[0],
            confidence=0.9731,
            needed=0.9,
            runner_up=PREDICTED_CLASSES[1],
            runner_up_confidence=0.02,
            probabilities={"chenpi": 0.9731, "jupi": 0.02, "gouqi": 0.0069},
            camera=Identification(Path(file), "iphone-11", "exif", None),
            verified="UNTESTED",
            cautions=(_own_caution("camera-untested", "camera was not verified", "设备未验证"),),
            notes=("first of 12 frames",),
            pixels=np.full((48, 64, 3), 120, np.uint8),
            evidence=np.arange(4, dtype=np.float32).reshape(2, 2),
        )
        return replace(first, **changes)  # type: ignore[arg-type]

    return make
