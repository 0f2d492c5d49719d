"""`edgetlc quantize --qat`: quantize a trained network, then train what the rounding has cost."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from edgetlc.calibration.int8_network import Int8Network
from edgetlc.calibration.qat_training import QatConfig, train_aware
from edgetlc.calibration.quantizer import Images, Quantized, Recipe, quantize
from edgetlc.data.photos import PhotoSet
from edgetlc.export.network import network_graph
from edgetlc.models.checkpoint import Checkpoint
from edgetlc.training.cache import ImageCache
from edgetlc.training.images import load_images


def quantize_aware(
    checkpoint: Checkpoint,
    photos: PhotoSet,
    images: Sequence[Images],
    epochs: int = 1,
    *,
    recipe: Recipe | None = None,
    training: QatConfig | None = None,
    folder: Path | None = None,
) -> Quantized:
    """Return an int8 network that was trained with its rounding in the forward pass.

    It has the form that `edgetlc.calibration.quantizer` gives it: the same graph, ranges and steps,
    with other int8 weights and biases.

    Args:
        checkpoint: the trained network, which stays as it is and teaches.
        photos: the split photo set it was trained on; its training part is used.
        images: the calibration photos' inputs, float32[1, 3, size, size] each.
        epochs: passes over the training part, at least 1.
        recipe: of the quantization that the training starts from.
        training: settings other than `epochs`.
        folder: where decoded photos lie meanwhile; None for the system's temporary files.

    Raises:
        InputError: an operator that cannot be quantized, no training photo that can be read, or a
            loss that is not a number.
    """
    settings = replace(training or QatConfig(), epochs=epochs)
    with TemporaryDirectory(dir=folder, prefix="decoded-photos.") as decoded:
        cache = ImageCache(Path(decoded), checkpoint.contract)
        seen = load_images(photos.part("train"), cache, "reading training photos")
        network = network_graph(checkpoint.classifier, checkpoint.contract.size)
        quantized = quantize(network, images, len(images), recipe or Recipe())
        learner = Int8Network(quantized.model, network, settings.device)
        teacher = deepcopy(checkpoint.classifier).to(settings.device)
        train_aware(learner, teacher, seen, checkpoint.contract, settings)
    return replace(
        quantized,
        model=learner.model(),
        settings={
            **quantized.settings,
            "aware_epochs": settings.epochs,
            "aware_batch_size": settings.batch_size,
            "aware_learning_rate": f"{settings.learning_rate:g}",
            "aware_label_weight": f"{settings.label_weight:g}",
            "aware_seed": settings.seed,
        },
    )
