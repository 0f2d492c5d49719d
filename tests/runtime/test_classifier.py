from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from math import exp
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import Base

from edgetlc import runtime
from edgetlc.data.photos import PhotoSet
from edgetlc.devices.profiles import Cameras
from edgetlc.errors import BundleError, ImageError, InputError
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.classifier import Classifier
from edgetlc.runtime.engines import Output, available_engines
from edgetlc.runtime.policy import DecisionPolicy
from edgetlc.runtime.prediction import Prediction, Unreadable

Paint = Callable[..., Path]


@pytest.fixture
def paint(tmp_path: Path) -> Paint:
    def write(name: str, *colour: int) -> Path:
        Image.new("RGB", (80, 60), colour).save(tmp_path / name)
        return tmp_path / name

    return write


@pytest.mark.parametrize("engine", available_engines())
def test_a_prediction_by_hand(engine: str, small_bundle: Path, paint: Paint) -> None:
    """The logits are 4 (colour / 127.5 - 1)."""
    photo = paint("a.png", 255, 102, 51)
    logits = [4.0, -0.8, -2.4]
    total = sum(map(exp, logits))
    found = Classifier.open(small_bundle, engine=engine).classify(photo)
    assert (found.label.name, found.label.zh, found.runner_up.name) == ("red", "红", "green")
    assert found.confidence == pytest.approx(exp(4.0) / total, abs=1e-5)
    assert found.runner_up_confidence == pytest.approx(exp(-0.8) / total, abs=1e-5)
    expected = {
        name: exp(x) / total for name, x in zip(("red", "green", "blue"), logits, strict=True)
    }
    assert dict(found.probabilities) == pytest.approx(expected, abs=1e-5)
    np.testing.assert_allclose(found.evidence, np.full((2, 2), 4.0), atol=1e-4)
    assert found.pixels.shape == (60, 80, 3)
    assert (found.file, found.decision, found.notes) == (str(photo), "answer", ())


def test_json_holds_no_array(small_bundle: Path, paint: Paint) -> None:
    found = Classifier.open(small_bundle).classify(paint("a.png", 10, 200, 10))
    document = json.loads(json.dumps(found.to_json()))
    assert document["label"] == "green"
    assert document["role"] == "unspecified"
    assert document["confidence"] == max(document["probabilities"].values())
    assert sum(document["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_the_camera_comes_with_the_answer(small_bundle: Path, paint: Paint) -> None:
    photo = paint("0617440100299008-2024001-2-001.png", 1, 2, 3)
    found = Classifier.open(small_bundle).classify(photo)
    assert (found.camera.camera, found.camera.by) == ("iphone-11", "name")
    assert found.to_json()["camera"] == "iphone-11"


def test_many_photos_go_on_past_a_bad_one(small_bundle: Path, paint: Paint, tmp_path: Path) -> None:
    photos = [paint("a.png", 200, 0, 0), tmp_path / "none.jpg", paint("b.png", 0, 0, 200)]
    heic = tmp_path / "c.heic"
    heic.write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    classifier = Classifier.open(small_bundle)
    found = list(classifier.classify_all([*photos, heic]))
    kinds = [type(one) for one in found]
    assert kinds == [Prediction, Unreadable, Prediction, Unreadable]
    assert [one.file for one in found] == [*map(str, photos), str(heic)]
    labels = [one.label.name for one in found if isinstance(one, Prediction)]
    assert labels == ["red", "blue"]
    with pytest.raises(ImageError, match="No such file"):
        classifier.classify(tmp_path / "none.jpg")


def test_not_sure_still_tells_the_label(small_bundle: Path, paint: Paint) -> None:
    classifier = Classifier.open(small_bundle)
    manifest = replace(classifier.bundle.manifest, decision={"fp32": DecisionPolicy(0.9)})
    strict = replace(classifier, bundle=replace(classifier.bundle, manifest=manifest))
    found = strict.classify(paint("a.png", 140, 120, 120))
    assert (found.decision, found.label.name, found.needed) == ("not_sure", "red", 0.9)


class Says:
    """An engine that gives these probabilities."""

    name = "test 1"

    def __init__(self, *probabilities: float) -> None:
        self._output = np.array([probabilities], np.float32)

    def run(self, pixels: object, images: bool = False) -> Output:
        return Output(self._output, np.zeros((1, self._output.shape[1], 2, 2), np.float32))


def test_of_equal_classes_the_first_counts_as_argmax_has_it(small_bundle, paint) -> None:
    classifier = Classifier.open(small_bundle)
    found = replace(classifier, engine=Says(0.2, 0.4, 0.4)).classify(paint("a.png", 1, 2, 3))
    assert (found.label.name, found.runner_up.name) == ("green", "blue")


@pytest.mark.parametrize("answer", [(0.5, 0.5), (0.1, 0.2, 0.3, 0.4), (0.5, float("nan"), 0.5)])
def test_a_model_that_answers_something_else_is_refused(answer, small_bundle, paint) -> None:
    classifier = replace(Classifier.open(small_bundle), engine=Says(*answer))
    with pytest.raises(BundleError, match="model onnx-fp32 answered"):
        classifier.classify(paint("a.png", 1, 2, 3))


def test_a_bundle_with_a_class_too_few_is_refused(small_bundle, paint, tmp_path: Path) -> None:
    folder = shutil.copytree(small_bundle, tmp_path / "copy")
    document = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    document["classes"].pop()
    (folder / "bundle.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(BundleError, match="3 values for 2 classes"):
        Classifier.open(folder).classify(paint("a.png", 1, 2, 3))


def test_unknown_models_and_engines(small_bundle: Path) -> None:
    with pytest.raises(InputError, match="it has onnx-fp32"):
        Classifier.open(small_bundle, model="int8")
    with pytest.raises(InputError, match="runs on onnxruntime, openvino"):
        Classifier.open(small_bundle, engine="torch")


def test_the_trained_bundle_knows_most_of_its_test_photos(
    tiny_bundle: Path, photo_set: PhotoSet, cameras: Cameras
) -> None:
    photos = photo_set.part("test").photos
    for model in ("onnx-fp32", "onnx-int8"):
        classifier = Classifier.open(tiny_bundle, model=model, cameras=cameras)
        answers = list(classifier.classify_all([photo.path for photo in photos]))
        right = sum(
            isinstance(one, Prediction) and one.label.name == photo.label
            for one, photo in zip(answers, photos, strict=True)
        )
        assert right >= 8, model
        seen = {one.camera.camera for one in answers if isinstance(one, Prediction)}
        assert seen == {"iphone-11", "realme-gt-neo"}
    assert Classifier.open(tiny_bundle).model.id == "onnx-int8"


def test_what_a_cropping_model_saw_is_the_central_square(
    small_bundle: Path, tmp_path: Path
) -> None:
    classifier = Classifier.open(small_bundle)
    manifest = classifier.bundle.manifest
    cropping = replace(manifest, contract=replace(manifest.contract, geometry="crop"))
    bundle = Bundle(classifier.bundle.path, cropping, classifier.bundle.digest)
    columns = np.broadcast_to(np.arange(61, dtype=np.uint8)[None, :, None], (40, 61, 3))
    Image.fromarray(np.ascontiguousarray(columns)).save(tmp_path / "a.png")
    found = replace(classifier, bundle=bundle).classify(tmp_path / "a.png")
    assert found.pixels.shape == (40, 40, 3)
    assert found.pixels[0, [0, -1], 0].tolist() == [10, 49]


def test_every_kind_of_source_gives_the_same_answer(small_bundle: Path, paint: Paint) -> None:
    path = paint("0617440100299008-2024001-2-001.png", 200, 40, 60)
    classifier = Classifier.open(small_bundle)
    expected = classifier.classify(path)
    with Image.open(path) as image:
        sources = [str(path), path.read_bytes(), image.copy(), np.asarray(image)]
        for source in sources:
            found = classifier.classify(source, name=str(path))
            assert found.to_json() == expected.to_json()
            np.testing.assert_array_equal(found.pixels, expected.pixels)
    unnamed = classifier.classify(path.read_bytes())
    assert (unnamed.file, unnamed.camera.camera) == ("photo", None)


def test_bytes_tell_their_camera_by_exif(small_bundle: Path) -> None:
    exif, stream = Image.Exif(), io.BytesIO()
    exif[Base.Make], exif[Base.Model] = "Apple", "iPhone 11"
    Image.new("RGB", (80, 60), (200, 0, 0)).save(stream, "JPEG", exif=exif)
    found = Classifier.open(small_bundle).classify(stream.getvalue())
    assert (found.camera.camera, found.camera.by) == ("iphone-11", "exif")


@pytest.mark.parametrize("pixels", [np.zeros((4, 4, 3)), np.zeros((4, 4, 4), np.uint8)])
def test_arrays_of_another_kind_are_refused(pixels: np.ndarray, small_bundle: Path) -> None:
    with pytest.raises(ImageError, match="uint8"):
        Classifier.open(small_bundle).classify(pixels)


def test_the_stable_surface() -> None:
    assert set(runtime.__all__) == {"Classifier", "Prediction", "Unreadable"}
    assert (runtime.Classifier, runtime.Prediction) == (Classifier, Prediction)
    assert runtime.Unreadable is Unreadable
    with pytest.raises(AttributeError, match="has no attribute 'Engine'"):
        _ = runtime.Engine
