from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from edgetlc.calibration import qat as module
from edgetlc.calibration.config import CalibrationConfig, QatConfig, QuantizationConfig
from edgetlc.calibration.inputs import network_inputs
from edgetlc.calibration.qat import quantize_and_train
from edgetlc.calibration.quantizer import Quantized, quantize
from edgetlc.calibration.sampling import calibration_set
from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.export.assemble import deployable
from edgetlc.models.checkpoint import Checkpoint, load_checkpoint
from edgetlc.runtime.engines import ONNXRUNTIME, open_engine

CONFIG = QuantizationConfig(float_layers=("layer1.0.conv1",), qat=QatConfig(batch_size=21))


@pytest.fixture(scope="module")
def checkpoint(tiny_run: Path) -> Checkpoint:
    return load_checkpoint(tiny_run)


@pytest.fixture(scope="module")
def images(checkpoint: Checkpoint, photo_set: PhotoSet) -> Iterator[list[NDArray[np.float32]]]:
    with network_inputs(
        calibration_set(photo_set, CalibrationConfig(8)).photos, checkpoint.contract
    ) as found:
        yield list(found)


@pytest.fixture(scope="module")
def both(
    checkpoint: Checkpoint, photo_set: PhotoSet, images: list[NDArray[np.float32]]
) -> tuple[Quantized, Quantized]:
    """What post-training quantization made, and what training made of that."""
    before: list[Quantized] = []

    def watched(*args: Any) -> Quantized:
        before.append(quantize(*args))
        return before[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "quantize", watched)
        after = quantize_and_train(checkpoint, photo_set, images, CONFIG)
    return before[0], after


@pytest.fixture(scope="module")
def trained(both: tuple[Quantized, Quantized]) -> Quantized:
    return both[1]


def test_has_the_form_of_the_quantization_that_it_starts_from(
    both: tuple[Quantized, Quantized],
) -> None:
    before, after = both
    assert list(after.model.graph.node) == list(before.model.graph.node)
    assert (after.quantized_layers, after.float_layers) == (19, 2)
    old, new = (
        {tensor.name: numpy_helper.to_array(tensor) for tensor in made.model.graph.initializer}
        for made in both
    )
    forms = [{name: (v.dtype, v.shape) for name, v in values.items()} for values in (old, new)]
    assert forms[0] == forms[1]
    assert any(v.dtype == np.int8 and not np.array_equal(v, new[name]) for name, v in old.items())


def test_record(trained: Quantized) -> None:
    assert trained.settings["tool"].startswith("nncf")  # type: ignore[union-attr]
    assert "layer1.0.conv1" in str(trained.settings["left_in_float"])
    told = {name: value for name, value in trained.settings.items() if name.startswith("qat_")}
    assert told == {
        "qat_epochs": 1,
        "qat_batch_size": 21,
        "qat_learning_rate": "0.0005",
        "qat_seed": 0,
    }


def test_runs_behind_the_pixel_step(checkpoint: Checkpoint, trained: Quantized) -> None:
    model = deployable(trained.model, checkpoint.contract, checkpoint.temperature)
    onnx.checker.check_model(model)
    engine = open_engine(ONNXRUNTIME, [model.SerializeToString()], threads=1)
    pixels = np.random.default_rng(0).integers(0, 256, (1, 90, 120, 3), np.uint8)
    assert engine.run(pixels).probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_checkpoint_stays_as_it_is(
    tiny_run: Path, checkpoint: Checkpoint, trained: Quantized
) -> None:
    before = load_checkpoint(tiny_run).classifier.state_dict()
    after = checkpoint.classifier.state_dict()
    assert trained.model.ByteSize()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_no_training_part(
    checkpoint: Checkpoint, photo_set: PhotoSet, images: list[NDArray[np.float32]]
) -> None:
    photos = tuple(photo for photo in photo_set.photos if photo.part != "train")
    with pytest.raises(InputError, match="no photo is in part train"):
        quantize_and_train(checkpoint, replace(photo_set, photos=photos), images, CONFIG)
