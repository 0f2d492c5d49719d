"""Distillation: a student learns from a trained teacher's answers too (Hinton et al., 2015).

The teacher answers each augmented image that the student sees. What it makes of the wrong classes
says which of them look alike, and that is more than a label says.
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
from edgetlc.training.config import Distillation


class Teacher:
    """A trained network in evaluation mode that answers a student's images.

    Args:
        settings: who teaches, and how much.
        photos: the student's photo set.
        contract: the student's pixels.
        device: where the student is trained.

    Attributes:
        record: who it is, for the student's provenance.

    Raises:
        InputError: no checkpoint, or one that knows other classes or other pixels, or was trained
            on other photos.
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
        """Return the teacher's logits, float32[N, C].

        Args:
            images: float32[N, 3, S, S], what the student sees, normalised.
        """
        logits, _maps = self._network(images)
        return logits.float()  # type: ignore[no-any-return]

    def share(self, loss: Tensor, logits: Tensor, answers: Tensor, part: float = 1.0) -> Tensor:
        """Return the student's loss with the teacher's share in it.

        Args:
            loss: the loss by the labels.
            logits: float32[N, C], the student's.
            answers: float32[N, C], the teacher's.
            part: share of the batch that these images are, where processes share it.
        """
        weight = self._settings.weight
        # A copy made outside: autograd takes no tensor of the inference mode.
        distance = distance_to(answers.clone(), logits, self._settings.temperature)
        return (1 - weight) * loss + weight * part * distance


def distance_to(teacher: Tensor, student: Tensor, temperature: float) -> Tensor:
    """Return T² KL(teacher || student) of the softened answers, mean over images, in nats.

    T² keeps the gradient's size when the temperature T changes (Hinton et al., 2015, section 2).

    Args:
        teacher: logits float32[N, C].
        student: logits float32[N, C].
        temperature: T, above 0.
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
    for field in fields(PixelContract):
        theirs, ours = getattr(teacher.contract, field.name), getattr(contract, field.name)
        if theirs != ours:
            raise InputError(
                "the teacher was trained with {field} {theirs}, the student would be with "
                "{field} {ours}; both see the same image, so give both the same",
                field=field.name,
                theirs=theirs,
                ours=ours,
            )
    if teacher.training_digest != digest_of(photos.part("train").photos):
        raise InputError(
            "the teacher was trained on another training part and may have seen photos of this "
            "test part; train it on this manifest"
        )
