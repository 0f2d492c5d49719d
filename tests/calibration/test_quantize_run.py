from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

from edgetlc.calibration import preparation
from edgetlc.calibration import quantize_run as module
from edgetlc.calibration.config import CalibrationConfig, QuantizationConfig
from edgetlc.calibration.layers import float_layers, quantized_layers
from edgetlc.calibration.preparation import WORK_FOLDER
from edgetlc.calibration.quantize_run import (
    INT8_FILE,
    RECORD_FILE,
    quantize_run,
)
from edgetlc.calibration.quantizer import Quantized
from edgetlc.data.photos import PhotoSet, digest_of
from edgetlc.errors import GateError, InputError
from edgetlc.export.network import network_graph
from edgetlc.files import sha256_file
from edgetlc.models.checkpoint import CHECKPOINT_FILE, load_checkpoint

LinkedCopy = Callable[[Path, Path], Path]


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path, linked_copy: LinkedCopy) -> Path:
    return linked_copy(tiny_run, tmp_path / "run")


@pytest.fixture(scope="module")
def float_network(tiny_run: Path) -> onnx.ModelProto:
    return network_graph(load_checkpoint(tiny_run).classifier, 64)


@pytest.fixture
def seen(
    monkeypatch: pytest.MonkeyPatch, float_network: onnx.ModelProto
) -> list[NDArray[np.float32]]:
    """What the quantizer is given; it leaves the network as it is."""
    images: list[NDArray[np.float32]] = []

    def leave(
        network: onnx.ModelProto, given: Sequence[NDArray[np.float32]], config: QuantizationConfig
    ) -> Quantized:
        images.extend(given)
        assert len(images) == len(given)
        return Quantized(network, 0, 21, {"tool": "none", "left_in_float": "head"})

    monkeypatch.setattr(module, "quantize", leave)
    monkeypatch.setattr(preparation, "network_graph", lambda *_: float_network)
    return images


class TestRealRun:
    def test_network_is_int8(self, quantized_run: Path) -> None:
        network = onnx.load(quantized_run / INT8_FILE)
        onnx.checker.check_model(network)
        quantized, left = len(quantized_layers(network)), len(float_layers(network))
        assert quantized >= 20  # all of resnet18 but the head
        assert left <= 1

    def test_smaller_than_the_checkpoint(self, quantized_run: Path) -> None:
        int8, checkpoint = quantized_run / INT8_FILE, quantized_run / CHECKPOINT_FILE
        assert int8.stat().st_size < checkpoint.stat().st_size / 3

    def test_record(self, quantized_run: Path) -> None:
        record = json.loads((quantized_run / RECORD_FILE).read_text(encoding="utf-8"))
        assert record["checkpoint"] == sha256_file(quantized_run / CHECKPOINT_FILE)
        assert record["network"] == sha256_file(quantized_run / INT8_FILE)
        assert record["calibration"]["photos"] == 16
        assert record["calibration"]["per_camera"] == {"iphone-11": 8, "realme-gt-neo": 8}
        assert record["calibration"]["simulated"] is False
        assert record["settings"]["overflow_fix"] == "enable"
        assert record["quantized_layers"] >= 20


class TestCalibration:
    def test_network_s_own_inputs_from_the_training_part(
        self, run: Path, photo_set: PhotoSet, seen: list[NDArray[np.float32]]
    ) -> None:
        made = quantize_run(run, photo_set, CalibrationConfig(10, 3))
        assert {(image.shape, image.dtype) for image in seen} == {
            ((1, 3, 64, 64), np.dtype(np.float32))
        }
        assert np.abs(np.stack(seen)).max() < 3  # normalised
        assert {photo.part for photo in made.calibration.photos} == {"train"}
        assert made.calibration.digest == digest_of(made.calibration.photos)
        content = (run / INT8_FILE).read_bytes()
        assert (made.int8_bytes, made.int8.quantized.float_layers) == (len(content), 21)
        assert made.float_bytes == made.int8_bytes > 0
        assert made.unreadable == ()
        record = json.loads((run / RECORD_FILE).read_text(encoding="utf-8"))
        assert record["network"] == hashlib.sha256(content).hexdigest()
        assert record["calibration"]["digest"] == made.calibration.digest
        assert record["calibration"]["seed"] == 3

    def test_seed_chooses_the_photos(
        self, run: Path, photo_set: PhotoSet, seen: list[NDArray[np.float32]]
    ) -> None:
        first = quantize_run(run, photo_set, CalibrationConfig(8, 0)).calibration
        seen.clear()
        again = quantize_run(run, photo_set, CalibrationConfig(8, 0)).calibration
        seen.clear()
        other = quantize_run(run, photo_set, CalibrationConfig(8, 1)).calibration
        assert first == again
        assert first.photos != other.photos

    def test_unreadable_training_photos_are_passed_over(
        self,
        run: Path,
        photo_set: PhotoSet,
        seen: list[NDArray[np.float32]],
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        """Training reports and leaves them out, so the next step must not stop at them."""
        monkeypatch.setattr(preparation, "_check_training_part", lambda *_: None)
        broken = tmp_path / "broken.jpg"
        broken.write_bytes(b"\xff\xd8\xff\xe0 cut off")
        chosen = quantize_run(run, photo_set, CalibrationConfig(8)).calibration.photos[2]
        seen.clear()
        photos = replace(
            photo_set,
            photos=tuple(replace(p, path=broken) if p == chosen else p for p in photo_set.photos),
        )
        made = quantize_run(run, photos, CalibrationConfig(42))
        assert len(made.calibration.photos) == len(seen) == 41
        ((photo, reason),) = made.unreadable
        assert photo.path == broken
        assert reason

    def test_not_one_readable(
        self, run: Path, photo_set: PhotoSet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(preparation, "_check_training_part", lambda *_: None)
        empty = tmp_path / "empty.jpg"
        empty.touch()
        photos = tuple(replace(photo, path=empty) for photo in photo_set.photos)
        with pytest.raises(InputError, match="none of 42 photos can be read"):
            quantize_run(run, replace(photo_set, photos=photos))
        assert not (run / INT8_FILE).exists()


class TestRefusals:
    def test_other_training_photos_than_the_run_s(self, run: Path, photo_set: PhotoSet) -> None:
        swapped = {"train": "test", "test": "train", "val": "val"}
        photos = tuple(replace(p, part=swapped[p.part or ""]) for p in photo_set.photos)  # type: ignore[arg-type]
        with pytest.raises(InputError, match="not the one this network was trained on"):
            quantize_run(run, replace(photo_set, photos=photos))

    def test_too_few_photos(self, run: Path, photo_set: PhotoSet) -> None:
        with pytest.raises(InputError, match="7 calibration photos asked for; at least 8"):
            quantize_run(run, photo_set, CalibrationConfig(7))

    def test_no_training_part(self, run: Path, photo_set: PhotoSet) -> None:
        with pytest.raises(InputError, match="no photo is in part train"):
            quantize_run(run, photo_set.part("test"))

    def test_no_checkpoint(self, tmp_path: Path, photo_set: PhotoSet) -> None:
        with pytest.raises(InputError, match=r"no checkpoint at .*'edgetlc train' writes one"):
            quantize_run(tmp_path, photo_set)


class TestWorstCamera:
    """The quantizer's stand-in answers the first class always: it harms every camera."""

    @pytest.fixture
    def harmful(self, seen: list[NDArray[np.float32]], monkeypatch: pytest.MonkeyPatch) -> None:
        def constant(
            network: onnx.ModelProto, _given: object, _config: QuantizationConfig
        ) -> Quantized:
            broken = onnx.ModelProto()
            broken.CopyFrom(network)
            bias = next(t for t in broken.graph.initializer if t.name.endswith("fc.bias"))
            values = numpy_helper.to_array(bias) + np.array([1000, 0, 0], np.float32)
            bias.CopyFrom(numpy_helper.from_array(values, bias.name))
            return Quantized(broken, 0, 21, {"left_in_float": "head"})

        monkeypatch.setattr(module, "quantize", constant)

    @pytest.mark.usefixtures("harmful")
    def test_measured_and_told(self, run: Path, photo_set: PhotoSet) -> None:
        made = quantize_run(run, photo_set, CalibrationConfig(10))
        assert made.int8.measurement.accuracy == pytest.approx(1 / 3)
        assert made.int8.measurement.worst_drop > 0.3
        record = json.loads((run / RECORD_FILE).read_text(encoding="utf-8"))
        assert record["validation"]["worst_drop"] == made.int8.measurement.worst_drop
        assert record["temperature"] == made.int8.confidence.after.temperature
        assert made.int8.confidence.before.temperature == 1.5

    @pytest.mark.usefixtures("harmful")
    def test_refused_where_no_mixture_holds(self, run: Path, photo_set: PhotoSet) -> None:
        before = sorted(path.name for path in run.iterdir() if path.is_file())
        with pytest.raises(GateError, match=r"no mixture .*keep float .*--precision fp32"):
            quantize_run(run, photo_set, CalibrationConfig(10), QuantizationConfig(max_drop=0.01))
        assert sorted(path.name for path in run.iterdir() if path.is_file()) == before

    @pytest.mark.usefixtures("seen")
    def test_nothing_to_put_back(self, run: Path, photo_set: PhotoSet) -> None:
        made = quantize_run(run, photo_set, CalibrationConfig(10), QuantizationConfig(max_drop=0.0))
        assert made.int8.float_fallback == ()
        assert made.int8.measurement.worst_drop == 0
        assert made.int8.confidence.float_network == made.int8.confidence.before

    def test_a_drop_is_a_share(self) -> None:
        with pytest.raises(InputError, match=r"accepted drop is 2; .*such as 0\.01"):
            QuantizationConfig(max_drop=2)


def stopped(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


class TestResume:
    def test_finished_steps_are_not_done_again(
        self,
        run: Path,
        photo_set: PhotoSet,
        seen: list[NDArray[np.float32]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        config = QuantizationConfig(max_drop=0.5)
        with monkeypatch.context() as patch:
            patch.setattr(module, "control_accuracy", stopped)
            with pytest.raises(KeyboardInterrupt):
                quantize_run(run, photo_set, CalibrationConfig(10), config)
        assert not (run / INT8_FILE).exists()
        seen.clear()
        made = quantize_run(run, photo_set, CalibrationConfig(10), config, resume=True)
        assert seen == []  # the quantized network was there already
        assert made.path.is_file()
        assert not (run / WORK_FOLDER).exists()

    @pytest.mark.usefixtures("seen")
    def test_other_settings_than_begun_with(
        self, run: Path, photo_set: PhotoSet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(module, "install", stopped)
            with pytest.raises(KeyboardInterrupt):
                quantize_run(run, photo_set, CalibrationConfig(10))
        with pytest.raises(InputError, match="begun with another calibration photos"):
            quantize_run(run, photo_set, CalibrationConfig(12), resume=True)


def test_own_calibration_photos(
    run: Path, photo_set: PhotoSet, seen: list[NDArray[np.float32]]
) -> None:
    own = replace(photo_set, photos=photo_set.part("train").photos[::3])
    made = quantize_run(run, photo_set, CalibrationConfig(own=own))
    assert made.calibration.photos == own.photos
    assert len(seen) == 14
    judges = replace(photo_set, photos=photo_set.photos[::2])
    with pytest.raises(InputError, match=r"disc/9999"):
        quantize_run(run, photo_set, CalibrationConfig(own=judges))
