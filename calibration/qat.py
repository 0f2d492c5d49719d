"""Quantization-aware training: a quantized network learns to answer as the float one did.

What it loses by rounding is small, and so is what it has to learn: an epoch or a few, at a low
learning rate that falls to 0 along a cosine. The float network is its teacher (see
`edgetlc.training.objective`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch.utils.data import DataLoader

from edgetlc.calibration.config import QatConfig, QuantizationConfig
from edgetlc.calibration.inputs import Image
from edgetlc.calibration.int8_network import Int8Network
from edgetlc.calibration.quantizer import Quantized, quantize
from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.export.network import network_graph
from edgetlc.locale import _
from edgetlc.models.checkpoint import Checkpoint
from edgetlc.models.networks import Classifier, channels_last
from edgetlc.progress import progress
from edgetlc.runtime.contract import PixelContract
from edgetlc.training.cache import ImageCache
from edgetlc.training.config import TrainingConfig
from edgetlc.training.distributed import ALONE
from edgetlc.training.images import AugmentedBatches, BatchPlans, ImageSet, load_images
from edgetlc.training.objective import distance_to


def quantize_and_train(
    checkpoint: Checkpoint,
    photos: PhotoSet,
    images: Sequence[Image],
    config: QuantizationConfig,
    *,
    folder: Path | None = None,
) -> Quantized:
    """Return an int8 network that was trained with its rounding in the forward pass.

    It has the form that `edgetlc.calibration.quantizer` gives it: the same graph, ranges and steps,
    with other int8 weights and biases.

    The checkpoint's network stays as it is and teaches, on the training part of the photos; the
    images are the calibration photos' inputs. Decoded photos lie in `folder` meanwhile, by default
    among the system's temporary files.

    Raises:
        InputError: an operator that cannot be quantized or trained, no training photo that can be
            read, or a loss that is not a number.
    """
    qat = config.qat or QatConfig()
    with TemporaryDirectory(dir=folder, prefix="decoded-photos.") as decoded:
        cache = ImageCache(Path(decoded), checkpoint.contract)
        training = load_images(photos.part("train"), cache, _("reading training photos"))
        network = network_graph(checkpoint.classifier, checkpoint.contract.size)
        quantized = quantize(network, images, config)
        student = Int8Network(quantized.model, network, qat.device)
        teacher = deepcopy(checkpoint.classifier).to(qat.device)
        train_int8(student, teacher, training, checkpoint.contract, qat)
    settings: dict[str, str | int | bool] = {
        **quantized.settings,
        "qat_epochs": qat.epochs,
        "qat_batch_size": qat.batch_size,
        "qat_learning_rate": f"{qat.learning_rate:g}",
        "qat_seed": qat.seed,
    }
    return replace(quantized, model=student.model(), settings=settings)


def train_int8(
    student: Int8Network,
    teacher: Classifier,
    images: ImageSet,
    contract: PixelContract,
    config: QatConfig,
) -> None:
    """Train a quantized network in place, on images of the training part.

    The teacher, the float network in evaluation mode, stays as it is; both are on the
    configuration's device.

    Raises:
        InputError: a loss that is not a number.
    """
    order = TrainingConfig(batch_size=config.batch_size, seed=config.seed)
    plans = BatchPlans(len(images.targets), order, ALONE)
    batches = AugmentedBatches(images, order, augment=True)
    loader = DataLoader(batches, sampler=plans, batch_size=None)
    optimizer = torch.optim.Adam(student.parameters(), config.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.epochs * len(plans))
    mean, std = (
        torch.tensor(values, device=config.device).view(1, 3, 1, 1)
        for values in (contract.mean, contract.std)
    )
    for epoch in range(1, config.epochs + 1):
        plans.epoch = epoch
        title = _("int8 epoch {epoch} of {epochs}", epoch=epoch, epochs=config.epochs)
        for plan, pixels in progress(iter(loader), title, len(plans)):
            scaled = pixels.to(config.device).to(torch.float32) / 255
            inputs = channels_last((scaled - mean) / std)
            with torch.inference_mode():
                expected, _evidence = teacher(inputs)
            # A copy made outside: autograd takes no tensor of the inference mode.
            loss = distance_to(expected.clone(), student(inputs)[0], temperature=1.0)
            if not math.isfinite(float(loss.detach())):
                raise InputError(
                    "the loss is {loss} at epoch {epoch}, step {step} of training with int8 "
                    "simulated; quantize without it",
                    loss=float(loss.detach()),
                    epoch=epoch,
                    step=plan.step,
                )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
