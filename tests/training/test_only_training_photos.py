"""Annex A: the split comes before augmentation, which no validation or test photo ever meets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from edgetlc.data.photos import PhotoSet
from edgetlc.devices.simulation import Simulation
from edgetlc.models.checkpoint import load_checkpoint
from edgetlc.models.pixel_step import PixelStep
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.pixels import decode, read_photo
from edgetlc.training.augment import Augmentation
from edgetlc.training.camera_augment import CameraAugmentation
from edgetlc.training.config import TrainingConfig
from edgetlc.training.evaluate import evaluate
from edgetlc.training.train import train

pytestmark = pytest.mark.usefixtures("stateless")

CONTRACT = PixelContract(size=32)


def recorded(kind: type, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return the list of images that this kind of augmentation is given, which it leaves alone."""
    given: list[bytes] = []

    def batch(self: object, images: Tensor, generators: Sequence[np.random.Generator]) -> Tensor:
        given.extend(image.numpy().tobytes() for image in images)
        return images

    monkeypatch.setattr(kind, "batch", batch)
    return given


def images_of(photos: PhotoSet) -> set[bytes]:
    step = PixelStep(CONTRACT)
    decoded = (decode(read_photo(photo.path), CONTRACT.size).pixels for photo in photos.photos)
    images = (step.resize(torch.tensor(pixels)[None])[0].round().byte() for pixels in decoded)
    return {image.numpy().tobytes() for image in images}


def test_only_photos_of_the_training_part_are_changed(
    photo_set: PhotoSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    augmented = [recorded(kind, monkeypatch) for kind in (Augmentation, CameraAugmentation)]
    cameras = CameraAugmentation({"one": Simulation(), "other": Simulation()})
    config = TrainingConfig("slim-resnet18", 2, 6, contract=CONTRACT, camera_augmentation=cameras)
    train(photo_set, config, tmp_path)
    evaluate(load_checkpoint(tmp_path), photo_set.part("val", "test"))
    training = images_of(photo_set.part("train"))
    assert not training & images_of(photo_set.part("val", "test"))
    for given in augmented:
        assert len(given) == 2 * len(photo_set.part("train").photos)
        assert set(given) == training
