"""What training minimises, written so that processes that share a batch add up to its loss.

Beside the labels a student can learn from a trained teacher's answers (distillation, Hinton et al.,
2015). The teacher answers each augmented image that the student sees. What it makes of the wrong
classes says which of them look alike, and that is more than a label says.
"""

from __future__ import annotations

from dataclasses import fields

import torch
from torch import Tensor
from torch.nn import functional as F

from edgetlc.data.photos import PhotoSet, digest_of
from edgetlc.errors import InputError
from edgetlc.files import sha256_file
from edgetlc.models.checkpoint import CHECKPOINT_FILE, Checkpoint, load_checkpoint
from edgetlc.runtime.contract import PixelContract
from edgetlc.training.config import Distillation, TrainingConfig


class Objective:
    """The cross-entropy of a batch, with label smoothing and class weights.

    Class weights as scikit-learn's "balanced": n / (C n_c), so that every class counts the same;
    the loss is divided by the sum of the weights, float32[C], of the batch's images. It is made of
    the targets of the whole training part, int64[N].
    """

    def __init__(
        self, config: TrainingConfig, targets: Tensor, classes: int, device: torch.device
    ) -> None:
        self._smoothing = config.label_smoothing
        counts = torch.bincount(targets, minlength=classes)
        balanced = config.class_weights == "balanced"
        weights = len(targets) / (classes * counts) if balanced else torch.ones(classes)
        self.weights = weights.to(device, torch.float32)

    def __call__(self, logits: Tensor, targets: Tensor, rows: slice) -> Tensor:
        """Return the part of the batch's mean loss that n of its N images, `rows`, make up.

        Their logits are float32[n, C], the targets of the whole batch int64[N].
        """
        total = F.cross_entropy(
            logits,
            targets[rows],
            weight=self.weights,
            label_smoothing=self._smoothing,
            reduction="sum",
        )
        return total / self.weights[targets].sum()


class Teacher:
    """A trained network in evaluation mode that answers a student's images on its device.

    `record` tells who it is, for the student's provenance.

    Raises:
        InputError: no checkpoint, or one that knows other classes or other pixels than the student,
            or was trained on other photos.
    """

    def __init__(
        self,
        settings: Distillation,
        photos: PhotoSet,
        contract: PixelContract,
        device: str | torch.device,
    ) -> None:
        checkpoint = load_checkpoint(settings.teacher)
        _check_same_task(checkpoint, photos, contract)
        file = settings.teacher
        if file.is_dir():
            file /= CHECKPOINT_FILE
        self.record = {
            "architecture": checkpoint.classifier.architecture,
            "checkpoint_sha256": sha256_file(file),
        }
        self._settings = settings
        self._network = checkpoint.classifier.to(device).to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def answers(self, images: Tensor) -> Tensor:
        """Return the logits, float32[N, C], of normalised images, float32[N, 3, S, S]."""
        logits, _maps = self._network(images)
        return logits.float()  # type: ignore[no-any-return]

    def share(self, loss: Tensor, logits: Tensor, answers: Tensor, part: float = 1.0) -> Tensor:
        """Return the student's loss by the labels with the teacher's share in it.

        Logits of the student and answers of the teacher are float32[N, C]; `part` is the share of
        the batch that these images are, where processes share it.
        """
        weight = self._settings.weight
        # A copy made outside: autograd takes no tensor of the inference mode.
        distance = distance_to(answers.clone(), logits, self._settings.temperature)
        return (1 - weight) * loss + weight * part * distance


def distance_to(teacher: Tensor, student: Tensor, temperature: float) -> Tensor:
    """Return T² KL(teacher || student) of the softened logits, mean over images, in nats.

    T² keeps the gradient's size when the temperature T, above 0, changes (Hinton et al., 2015,
    section 2). Both logits are float32[N, C].
    """
    divergence = F.kl_div(
        F.log_softmax(student / temperature, dim=1),
        F.log_softmax(teacher / temperature, dim=1),
        reduction="batchmean",
        log_target=True,
    )
    return temperature**2 * divergence


def _check_same_task(teacher: Checkpoint, photos: PhotoSet, contract: PixelContract) -> None:
    known = tuple(info.name for info in teacher.classes)
    if known != photos.labels:
        raise InputError(
            "the teacher knows {known}; the photos show {shown}; "
            "choose a teacher of the same classes in the same order",
            known=", ".join(known),
            shown=", ".join(photos.labels),
        )
    for name in (field.name for field in fields(PixelContract)):
        theirs, ours = getattr(teacher.contract, name), getattr(contract, name)
        if theirs != ours:
            raise InputError(
                "the teacher was trained with {field} {theirs}, the student would be with "
                "{field} {ours}; both see the same image, so give both the same",
                field=name,
                theirs=theirs,
                ours=ours,
            )
    if teacher.training_digest != digest_of(photos.part("train").photos):
        raise InputError(
            "the teacher was trained on another training part and may have seen photos of this "
            "test part; train it on this manifest"
        )
