"""What a training run was asked to do."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import torch

from edgetlc.errors import InputError
from edgetlc.runtime.contract import PixelContract
from edgetlc.training.augment import Augmentation
from edgetlc.training.distillation import Distillation


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of one run.

    Attributes:
        architecture: a torchvision name, see `edgetlc.models.networks.ARCHITECTURES`.
        epochs: passes over the training part, at least 1.
        batch_size: images per step, at least 2 (batch normalisation needs two).
        learning_rate: the highest of the one-cycle schedule, above 0.
        weight_decay: of AdamW.
        label_smoothing: of the loss, 0 to below 1.
        seed: of weights, order and augmentation.
        device: `cpu`, `cuda`, or `cuda:1` for the second GPU.
        workers: processes that augment; 0 does it in the main one.
        weights: file to start from, or None for random weights.
        contract: the pixels to train on.
        augmentation: what is changed at random.
        distillation: a teacher to learn from, or None to learn from the labels alone.
    """

    architecture: str = "resnet50"
    epochs: int = 20
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    label_smoothing: float = 0.0
    seed: int = 0
    device: str = "cpu"
    workers: int = 0
    weights: Path | None = None
    contract: PixelContract = field(default_factory=PixelContract)
    augmentation: Augmentation = field(default_factory=Augmentation)
    distillation: Distillation | None = None

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 2 or self.workers < 0:
            raise InputError(
                f"epochs {self.epochs}, batch size {self.batch_size}, workers {self.workers}; "
                "at least 1, 2 and 0 are needed"
            )
        if not self.learning_rate > 0 or not 0 <= self.label_smoothing < 1:
            raise InputError("the learning rate must be above 0, label smoothing 0 to below 1")
        check_device(self.device)


def check_device(device: str) -> None:
    """Refuse a device that is unknown or not here.

    Raises:
        InputError: not `cpu`, `cuda` or `cuda:<number>`, or no such GPU.
    """
    if not re.fullmatch(r"cpu|cuda(:\d{1,3})?", device):
        raise InputError(f"unknown device {device!r}; use cpu, cuda or, of several, cuda:1")
    if device == "cpu":
        return
    if not torch.cuda.is_available():
        raise InputError("no usable GPU here (CUDA is not available); use --device cpu")
    if int(device.partition(":")[2] or 0) >= torch.cuda.device_count():
        raise InputError(f"no GPU {device} here; the last is cuda:{torch.cuda.device_count() - 1}")
