from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from edgetlc.calibration.quantize import Quantized, count_layers
from edgetlc.data.photos import PhotoSet, digest_of
from edgetlc.errors import InputError
from edgetlc.files import sha256_file
from edgetlc.models.checkpoint import CHECKPOINT_FILE
from edgetlc.pipeline import quantize as module
from edgetlc.pipeline.quantize import INT8_FILE, RECORD_FILE, quantize_run

LinkedCopy = Callable[[Path, Path], Path]


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path, linked_copy: LinkedCopy) -> Path:
    return linked_copy(tiny_run, tmp_path / "run")


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[NDArray[np.float32]]:
    """What the quantizer is given; the network is an empty one that it leaves as it is."""
    images: list[NDArray[np.float32]] = []

    def leave(
        network: onnx.ModelProto, given: Iterable[NDArray[np.float32]], count: int
    ) -> Quantized:
        images.extend(given)
        assert len(images) == count
        return Quantized(network, 0, 21, {"tool": "none"})

    monkeypatch.setattr(module, "quantize", leave)
    monkeypatch.setattr(module, "network_graph", lambda *_: onnx.ModelProto(producer_name="float"))
    return images


class TestRealRun:
    def test_network_is_int8(self, quantized_run: Path) -> None:
        network = onnx.load(quantized_run / INT8_FILE)
        onnx.checker.check_model(network)
        quantized, left = count_layers(network)
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
        made = quantize_run(run, photo_set, count=10, seed=3)
        assert {(image.shape, image.dtype) for image in seen} == {
            ((1, 3, 64, 64), np.dtype(np.float32))
        }
        assert np.abs(np.stack(seen)).max() < 3  # normalised
        assert {photo.part for photo in made.calibration.photos} == {"train"}
        assert made.calibration.digest == digest_of(made.calibration.photos)
        content = (run / INT8_FILE).read_bytes()
        assert (made.int8_bytes, made.float_layers) == (len(content), 21)
        assert made.float_bytes == made.int8_bytes > 0
        assert made.unreadable == ()
        record = json.loads((run / RECORD_FILE).read_text(encoding="utf-8"))
        assert record["network"] == hashlib.sha256(content).hexdigest()
        assert record["calibration"]["digest"] == made.calibration.digest
        assert record["calibration"]["seed"] == 3

    def test_seed_chooses_the_photos(
        self, run: Path, photo_set: PhotoSet, seen: list[NDArray[np.float32]]
    ) -> None:
        first = quantize_run(run, photo_set, count=8, seed=0).calibration
        seen.clear()
        again = quantize_run(run, photo_set, count=8, seed=0).calibration
        seen.clear()
        other = quantize_run(run, photo_set, count=8, seed=1).calibration
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
        monkeypatch.setattr(module, "_check_training_part", lambda *_: None)
        broken = tmp_path / "broken.jpg"
        broken.write_bytes(b"\xff\xd8\xff\xe0 cut off")
        chosen = quantize_run(run, photo_set, count=8).calibration.photos[2]
        seen.clear()
        photos = replace(
            photo_set,
            photos=tuple(replace(p, path=broken) if p == chosen else p for p in photo_set.photos),
        )
        made = quantize_run(run, photos, count=42)
        assert len(made.calibration.photos) == len(seen) == 41
        ((photo, reason),) = made.unreadable
        assert photo.path == broken
        assert reason

    def test_not_one_readable(
        self, run: Path, photo_set: PhotoSet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(module, "_check_training_part", lambda *_: None)
        empty = tmp_path / "empty.jpg"
        empty.touch()
        photos = tuple(replace(photo, path=empty) for photo in photo_set.photos)
        with pytest.raises(InputError, match="none of 42 training photos can be read"):
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
            quantize_run(run, photo_set, count=7)

    def test_no_training_part(self, run: Path, photo_set: PhotoSet) -> None:
        with pytest.raises(InputError, match="no photo is in part train"):
            quantize_run(run, photo_set.part("test"))

    def test_no_checkpoint(self, tmp_path: Path, photo_set: PhotoSet) -> None:
        with pytest.raises(InputError, match=r"no checkpoint at .*'edgetlc train' writes one"):
            quantize_run(tmp_path, photo_set)
