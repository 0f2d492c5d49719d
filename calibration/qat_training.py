"""Quantization-aware training: a quantized network learns to answer as the float one did.

What it loses by rounding is small, and so is what it has to learn: an epoch or a few, at a low
learning rate that falls to 0 along a cosine. The float network is its teacher (see
`edgetlc.training.distillation`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader

from edgetlc.calibration.int8_network import Int8Network
from edgetlc.errors import InputError
from edgetlc.models.networks import Classifier, channels_last
from edgetlc.progress import progress
from edgetlc.runtime.contract import PixelContract
from edgetlc.training.config import TrainingConfig, check_device
from edgetlc.training.distillation import distance_to
from edgetlc.training.distributed import ALONE
from edgetlc.training.images import AugmentedBatches, BatchPlans, ImageSet


@dataclass(frozen=True)
class QatConfig:
    """Settings of quantization-aware training.

    Attributes:
        epochs: passes over the training part, at least 1.
        batch_size: images per step, at least 2.
        learning_rate: the first of the cosine, in rounding steps, above 0.
        label_weight: share of the loss that compares with the labels; the float network has the
            rest. 0 to 1.
        seed: of order and augmentation.
        device: `cpu`, `cuda`, or `cuda:1` for the second GPU.
    """

    epochs: int = 1
    batch_size: int = 16
    learning_rate: float = 5e-4
    label_weight: float = 0.0
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 2:
            raise InputError(
                f"epochs {self.epochs}, batch size {self.batch_size}; at least 1 and 2 are needed"
            )
        if not 0 < self.learning_rate < math.inf or not 0 <= self.label_weight <= 1:
            raise InputError("the learning rate must be above 0, the labels' weight 0 to 1")
        check_device(self.device)


def train_aware(
    network: Int8Network,
    teacher: Classifier,
    images: ImageSet,
    contract: PixelContract,
    settings: QatConfig,
) -> None:
    """Train a quantized network in place.

    Args:
        network: on the settings' device.
        teacher: the float network, in evaluation mode; it stays as it is.
        images: of the training part.
        contract: of the pixels.
        settings: how.

    Raises:
        InputError: a loss that is not a number.
    """
    config = TrainingConfig(batch_size=settings.batch_size, seed=settings.seed)
    plans = BatchPlans(len(images.targets), config, ALONE)
    batches = AugmentedBatches(images, config, augment=True)
    loader = DataLoader(batches, sampler=plans, batch_size=None)
    optimizer = torch.optim.Adam(network.parameters(), settings.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.epochs * len(plans))
    for epoch in range(1, settings.epochs + 1):
        plans.epoch = epoch
        description = f"int8 epoch {epoch} of {settings.epochs}"
        for plan, seen in progress(iter(loader), description, len(plans)):
            targets = images.targets[list(plan.indices)]
            loss = _loss(network, teacher, _normalised(seen, contract, settings), targets, settings)
            value = float(loss.detach())
            if not math.isfinite(value):
                raise InputError(
                    f"the loss is {value} at epoch {epoch}, step {plan.step} of training with int8 "
                    "simulated; quantize without it"
                )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()


def _loss(
    network: Int8Network,
    teacher: Classifier,
    images: Tensor,
    targets: Tensor,
    settings: QatConfig,
) -> Tensor:
    with torch.inference_mode():
        answers, _ = teacher(images)
    logits, _ = network(images)
    # A copy made outside: autograd takes no tensor of the inference mode.
    distance = distance_to(answers.clone(), logits, temperature=1.0)
    if not settings.label_weight:
        return distance
    mistakes = F.cross_entropy(logits, targets.to(logits.device))
    return (1 - settings.label_weight) * distance + settings.label_weight * mistakes


def _normalised(images: Tensor, contract: PixelContract, settings: QatConfig) -> Tensor:
    mean, std = (
        torch.tensor(values, device=settings.device).view(1, 3, 1, 1)
        for values in (contract.mean, contract.std)
    )
    scaled = images.to(settings.device).to(torch.float32) / 255
    return channels_last((scaled - mean) / std)
