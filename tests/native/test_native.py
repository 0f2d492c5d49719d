"""The Kotlin and Swift snippets, compiled and run on this machine with the real ONNX Runtime.

Both ask `engine.py` for the model's answers. For Kotlin `stand_in/` takes the place of Android's
classes and of ONNX Runtime's Java binding, with the methods that the snippets call; photos are
decoded by Java's own decoder. Of Swift the platform-free files are compiled, not `Photo.swift` and
`OrtEngine.swift`, which need Apple's frameworks. So the arithmetic, the checks, the decisions and
the self-test are tested; no phone is.

Kotlin needs Java, Debian's `libandroid-json-java` and `npm ci --ignore-scripts` in this folder.
Swift needs `swiftc`, or in `EDGETLC_SWIFT_ROOT` the folder of a system that has it, such as a
Debian 13 with `swiftlang`, with /proc mounted: it is entered by chroot.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgetlc.data.photos import PhotoSet
from edgetlc.runtime.bundle import BUNDLE_FILE, Bundle
from edgetlc.runtime.classifier import Classifier
from edgetlc.runtime.golden import read_golden
from edgetlc.runtime.pixels import Pixels, decode
from edgetlc.runtime.selftest import SelfTest

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
ROOT = Path(__file__).resolve().parents[2]
NATIVE = ROOT / "runtime" / "native"
VECTORS = ROOT / "docs" / "pixel-contract" / "vectors"
KOTLINC = HERE / "node_modules" / "kotlin-compiler" / "bin" / "kotlinc"
JSON = Path("/usr/share/java/com.android.json.jar")  # Android's own, as Debian packs it
SWIFT_CORE = ("Pixels", "ModelBundle", "Classifier", "SelfTest")
SWIFT_GLUE = ("OrtEngine", "Photo")
SWIFT_ROOT = os.environ.get("EDGETLC_SWIFT_ROOT")
SIDE = 32
_SHAPES = ((40, 50), (64, 64), (65, 131), (150, 131), (131, 301), (530, 515), (1, 9))

Ask = Callable[..., list[dict[str, Any]]]
Program = Sequence[str | Path]


@pytest.fixture(scope="session")
def reference() -> ModuleType:
    """The pixel contract's formulae, which share no code with anything here."""
    path = ROOT / "docs" / "pixel-contract" / "reference.py"
    spec = importlib.util.spec_from_file_location("pixel_reference", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def doubtful_bundle(
    tiny_bundle: Path, linked_copy: Callable[[Path, Path], Path], tmp_path_factory
) -> Path:
    """`tiny_bundle` with thresholds that some of its photos miss."""
    folder = linked_copy(tiny_bundle, tmp_path_factory.mktemp("doubtful") / "shapes.bundle")
    document = json.loads((folder / BUNDLE_FILE).read_bytes())
    for policy in document["decision"].values():
        policy |= {"reject_below": 0.5, "genuine_below": 0.9}
    (folder / BUNDLE_FILE).unlink()
    (folder / BUNDLE_FILE).write_text(json.dumps(document), "utf-8")
    return folder


@pytest.fixture(scope="session")
def many_pixels(photo_set: PhotoSet) -> list[Pixels]:
    """Photos after the host step, and some between two classes, of several sizes."""
    found = [decode(photo.path, 64).pixels for photo in photo_set.part("test").photos]
    for one, other in zip(found[:4], found[8:], strict=True):
        height, width = (min(a, b) for a, b in zip(one.shape[:2], other.shape[:2], strict=True))
        mixed = one[:height, :width] // 2 + other[:height, :width] // 2
        found.append(np.ascontiguousarray(mixed[: height - len(found) % 7]))
    return found


def digest(folder: Path) -> str:
    """Return what `edgetlc bundle inspect` shows."""
    return hashlib.sha256((folder / BUNDLE_FILE).read_bytes()).hexdigest()


def write_raw(folder: Path, name: str, pixels: Pixels) -> dict[str, Any]:
    """Write pixels as bare bytes; return what a job says of them."""
    (folder / name).write_bytes(pixels.tobytes())
    return {"rgb": str(folder / name), "height": pixels.shape[0], "width": pixels.shape[1]}


def host_jobs(folder: Path) -> Iterator[tuple[dict[str, Any], Pixels, int]]:
    """Yield jobs of the host step after decoding, with the pixels and the orientation."""
    rng = np.random.default_rng(3)
    for number, (height, width) in enumerate(_SHAPES):
        pixels = rng.integers(0, 256, (height, width, 3), np.uint8)
        raw = write_raw(folder, f"host{number}.rgb", pixels)
        for orientation in range(10) if number in (2, 4) else (1, 6):
            yield (
                {"kind": "host", **raw, "size": SIDE, "orientation": orientation},
                pixels,
                orientation,
            )


@pytest.fixture(scope="session")
def kotlin(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The snippets and the harness, compiled; warnings are errors."""
    kotlinc = str(KOTLINC) if KOTLINC.is_file() else shutil.which("kotlinc")
    if kotlinc is None or shutil.which("javac") is None:
        pytest.skip("needs Java, and Kotlin: npm ci --ignore-scripts --prefix tests/native")
    if not JSON.is_file():
        pytest.skip("needs Android's org.json: Debian's package libandroid-json-java")
    classes = tmp_path_factory.mktemp("classes")
    stand_in = sorted((HERE / "stand_in").rglob("*.java"))
    subprocess.run(["javac", "-Werror", "-d", classes, *stand_in], check=True)
    path = f"{classes}:{JSON}"
    snippets = sorted((NATIVE / "kotlin").glob("*.kt"))
    command = ["bash", kotlinc, "-Werror", "-cp", path, *snippets, HERE / "Harness.kt"]
    subprocess.run([*command, "-d", classes], check=True, timeout=300)
    runtime = Path(kotlinc).resolve().parents[1] / "lib" / "kotlin-stdlib.jar"
    engine = [f"-Dpython={sys.executable}", f"-Dengine={HERE / 'engine.py'}"]
    java = ["java", "-Djava.awt.headless=true", "-Xmx1g", *engine]
    return [*java, "-cp", f"{path}:{runtime}", "HarnessKt"]


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The platform-free snippets and the harness, compiled; warnings are errors."""
    if SWIFT_ROOT is None and shutil.which("swiftc") is None:
        pytest.skip("needs Swift: swiftc, or EDGETLC_SWIFT_ROOT")
    inside = str(tmp_path_factory.mktemp("swift"))  # the same path in the other system
    folder = Path((SWIFT_ROOT or "") + inside)
    folder.mkdir(parents=True, exist_ok=True)
    for source in (*(NATIVE / "swift" / f"{n}.swift" for n in SWIFT_CORE), HERE / "Harness.swift"):
        shutil.copy(source, folder)
    enter = ["chroot", SWIFT_ROOT] if SWIFT_ROOT else []
    options = "-swift-version 5 -warnings-as-errors -parse-as-library -O -static-stdlib"
    build = f"cd {inside} && swiftc {options} *.swift -o harness"
    subprocess.run([*enter, "sh", "-c", build], check=True, timeout=600)
    for name in SWIFT_GLUE:  # no more than its grammar can be checked without Apple's frameworks
        shutil.copy(NATIVE / "swift" / f"{name}.swift", folder)
        command = [*enter, "swiftc", "-parse", f"{inside}/{name}.swift"]
        subprocess.run(command, check=True, timeout=300)
    if SWIFT_ROOT is None:
        return [folder / "harness"]
    libraries = Path(SWIFT_ROOT) / "usr" / "lib" / "x86_64-linux-gnu"  # its own, newer C library
    loader = libraries / "ld-linux-x86-64.so.2"
    return [loader, "--library-path", libraries, folder / "harness"]


@pytest.fixture(params=["kotlin", "swift"])
def ask(request: pytest.FixtureRequest, tmp_path: Path) -> Ask:
    """`ask(bundle, jobs)` returns the harness's answers, one language after the other."""
    program: Program = request.getfixturevalue(request.param)

    def run(bundle: Path, jobs: list[dict[str, Any]], **asked: str) -> list[dict[str, Any]]:
        said = {"digest": digest(bundle), "model": "ort-int8", **asked}
        own = {"python": sys.executable, "engine": str(HERE / "engine.py")}
        document = {"bundle": str(bundle), "jobs": jobs, **said, **own}
        (tmp_path / "jobs.json").write_text(json.dumps(document), "utf-8")
        command = [*program, tmp_path / "jobs.json"]
        ran = subprocess.run(command, stdout=subprocess.PIPE, timeout=300, check=True)
        found: list[dict[str, Any]] = json.loads(ran.stdout)
        return found

    return run


@pytest.fixture
def in_kotlin(ask: Ask, request: pytest.FixtureRequest) -> Ask:
    """`ask` where the harness has a decoder of photos."""
    if request.node.callspec.params["ask"] != "kotlin":
        pytest.skip("decoding in Swift needs Apple's frameworks")
    return ask


def test_the_host_step_is_the_contracts(ask, tiny_bundle, tmp_path, reference) -> None:
    jobs = list(host_jobs(tmp_path))
    found_all = ask(tiny_bundle, [job for job, *_ in jobs])
    for (_, pixels, turn), found in zip(jobs, found_all, strict=True):
        s, k = reference.reductions(pixels.shape[1], pixels.shape[0], SIDE)
        means = reference.box_mean(reference.box_mean(pixels, s), k)
        expected = reference.upright(means, turn) if 1 <= turn <= 8 else means
        assert (found["height"], found["width"]) == expected.shape[:2], (pixels.shape, turn)
        assert found["sha256"] == hashlib.sha256(expected.tobytes()).hexdigest(), turn


@pytest.mark.parametrize("model", ["ort-fp32", "ort-int8", "onnx-int8"])
def test_decisions_are_those_of_predict(ask, doubtful_bundle, model, tmp_path, many_pixels) -> None:
    jobs = [
        {"kind": "classify", **write_raw(tmp_path, f"photo{i}.rgb", one)}
        for i, one in enumerate(many_pixels)
    ]
    classifier = Classifier.open(doubtful_bundle, model=model, threads=1)
    decisions = set()
    found_all = ask(doubtful_bundle, jobs, model=model)
    for found, one in zip(found_all, many_pixels, strict=True):
        expected = classifier.classify(one)
        assert found["label"] == expected.label.name
        assert found["runner_up"] == expected.runner_up.name
        assert found["needed"] == expected.needed
        assert found["sure"] == (expected.decision == "answer")
        assert found["confidence"] == pytest.approx(expected.confidence, abs=1e-6)
        second = pytest.approx(expected.runner_up_confidence, abs=1e-6)
        assert found["runner_up_confidence"] == second
        decisions.add(expected.decision)
    assert decisions == {"answer", "not_sure"}


def test_a_changed_bundle_is_refused(ask, tiny_bundle, linked_copy, tmp_path) -> None:
    copy = linked_copy(tiny_bundle, tmp_path / "changed")
    content = bytearray((copy / "model.int8.ort").read_bytes())
    content[len(content) // 2] ^= 1
    (copy / "model.int8.ort").unlink()
    (copy / "model.int8.ort").write_bytes(content)
    (found,) = ask(copy, [], model="ort-int8")
    assert "model.int8.ort" in found["refused"]
    assert ask(copy, [], model="ort-fp32") == []
    (found,) = ask(copy, [], model="ort-fp32", digest="0" * 64)
    assert BUNDLE_FILE in found["refused"]


def test_photos_come_within_the_contracts_tolerance(in_kotlin, tiny_bundle, tmp_path) -> None:
    """A decoder that cannot scale leaves box means; of PNG, which is lossless, nothing differs."""
    png = tmp_path / "noise.png"
    noise = np.random.default_rng(0).integers(0, 256, (611, 402, 3), np.uint8)
    Image.fromarray(noise).save(png)
    turned = [VECTORS / f"jpeg-orientation-{n}.jpg" for n in range(1, 9)]
    files = [png, *turned, VECTORS / "jpeg-420-s2.jpg", VECTORS / "jpeg-444-k2.jpg"]
    jobs = [
        {"kind": "photo", "file": str(file), "size": SIDE, "save": str(tmp_path / f"{i}.rgb")}
        for i, file in enumerate(files)
    ]
    for i, (file, found) in enumerate(zip(files, in_kotlin(tiny_bundle, jobs), strict=True)):
        expected = decode(file, SIDE).pixels
        assert (found["height"], found["width"]) == expected.shape[:2], file
        pixels = np.fromfile(tmp_path / f"{i}.rgb", np.uint8).reshape(expected.shape)
        difference = np.abs(pixels.astype(int) - expected)
        largest, mean = (0, 0.0) if file == png else (24, 1.0)
        assert difference.max() <= largest, file
        assert difference.mean() <= mean, file


@pytest.mark.parametrize("model", ["ort-fp32", "ort-int8"])
def test_the_self_test_gives_a_report_that_verify_reads(ask, tiny_bundle, model, tmp_path) -> None:
    bundle = Bundle.open(tiny_bundle)
    job = {"kind": "selftest", "raw": decoded_files(bundle, tmp_path)}
    (document,) = ask(tiny_bundle, [job], model=model)
    found = SelfTest.from_json(document)
    assert found.bundle_digest == bundle.digest
    assert document["passed"] == found.passed
    (result,) = found.models
    assert (result.model, result.passed, result.changed) == (model, True, 0)
    assert result.largest < 1e-6
    assert result.engine == "onnxruntime behind a pipe"
    assert found.pixels.largest is not None
    assert found.pixels.largest <= 24
    assert len(found.pixels.photos) == len(result.answers) == len(read_golden(bundle).inputs)


def decoded_files(bundle: Bundle, folder: Path) -> dict[str, Any]:
    """Decode the golden photos for a harness without a decoder, by their files' digests."""
    found = {}
    for number, name in enumerate(n for n in bundle.manifest.files if n.endswith(("jpg", "png"))):
        pixels = decode(bundle.read(name), 64).pixels
        raw = write_raw(folder, f"golden{number}.rgb", pixels)
        found[bundle.manifest.files[name].sha256] = raw
    return found
