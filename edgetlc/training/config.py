"""What a training run was asked to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import Field, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, get_args

import torch
from numpy.random import Generator
from torch import Tensor

from edgetlc.errors import InputError
from edgetlc.models.pretrained import IMAGENET, imagenet_weights
from edgetlc.runtime.contract import PixelContract
from edgetlc.training.augment import Augmentation
from edgetlc.training.distillation import Distillation

ClassWeights = Literal["none", "balanced"]
Precision = Literal["auto", "fp32", "bf16"]
GIGABYTE = 10**9


class BatchAugmentation(Protocol):
    """Changes each image of a batch at random; a frozen dataclass, for the run's records.

    What happens to an image depends on its generator and on nothing else, so that neither the
    batch, the worker nor the process that it falls into makes a difference.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def batch(self, images: Tensor, generators: Sequence[Generator]) -> Tensor:
        """Return changed images, uint8[N, 3, S, S], on the device of the given ones.

        Args:
            images: uint8[N, 3, S, S]; not changed.
            generators: one for each image, see `edgetlc.training.rng`.
        """
        ...


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of one run.

    Attributes:
        architecture: one of `edgetlc.models.architectures.ARCHITECTURES`.
        epochs: passes over the training part, at least 1.
        batch_size: images per step, of all processes together, at least 2 (batch normalisation
            needs two).
        learning_rate: the highest of the one-cycle schedule, above 0.
        weight_decay: of AdamW.
        label_smoothing: of the loss, 0 to below 1.
        seed: of weights, order and augmentation.
        device: `cpu`, `cuda`, or `cuda:1` for the second GPU.
        workers: processes that read and augment; 0 does it in the main one.
        weights: file to start from, `imagenet` for torchvision's (which must be on this machine,
            see `edgetlc.models.pretrained`), or None for random weights.
        contract: the pixels to train on.
        augmentation: what Annex A changes at random.
        dropout: share of the features that the last layer does not see while it learns, 0 to
            below 1.
        class_weights: `balanced` weighs a photo by n / (classes x photos of its class), so that
            every class counts the same in the loss; `none` weighs all photos alike.
        patience: stop after this many epochs without a better one; None trains all epochs.
        precision: of convolutions while learning: `bf16`, `fp32`, or `auto` for bf16 where the
            processor or GPU computes it natively. Weights, loss and validation stay fp32.
        compile: whether the network is compiled (`torch.compile`) before it learns. On a CPU it
            takes a minute and gains nothing (measured: ResNet-50, bf16, two cores).
        camera_augmentation: what cameras change at random, or None.
        distillation: a teacher to learn from, or None to learn from the labels alone.
        cache: folder of decoded photos that runs share; None keeps them in the run's own folder,
            for as long as it trains.
        cache_limit: largest size of that folder, in bytes.
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
    weights: Path | Literal["imagenet"] | None = None
    contract: PixelContract = field(default_factory=PixelContract)
    augmentation: Augmentation = field(default_factory=Augmentation)
    dropout: float = 0.0
    class_weights: ClassWeights = "none"
    patience: int | None = None
    precision: Precision = "auto"
    compile: bool = False
    camera_augmentation: BatchAugmentation | None = None
    distillation: Distillation | None = None
    cache: Path | None = None
    cache_limit: int = 20 * GIGABYTE

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 2 or self.workers < 0:
            raise InputError(
                f"epochs {self.epochs}, batch size {self.batch_size}, workers {self.workers}; "
                "at least 1, 2 and 0 are needed"
            )
        if not self.learning_rate > 0 or not 0 <= self.label_smoothing < 1:
            raise InputError("the learning rate must be above 0, label smoothing 0 to below 1")
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout is {self.dropout}; it can be 0 to below 1")
        if self.patience is not None and self.patience < 1:
            raise InputError(f"patience is {self.patience} epochs; at least 1 is needed")
        _check_choice("class weights", self.class_weights, get_args(ClassWeights))
        _check_choice("precision", self.precision, get_args(Precision))
        check_device(self.device)

    @property
    def weights_file(self) -> Path | None:
        """The file to start from.

        Raises:
            InputError: torchvision's are asked for and not on this machine, or damaged.
        """
        return imagenet_weights(self.architecture) if self.weights == IMAGENET else self.weights


def _check_choice(what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f"unknown {what} {value!r}; use {', '.join(allowed)}")


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
