"""What training minimises, written so that processes that share a batch add up to its loss."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from edgetlc.training.config import TrainingConfig


class Objective:
    """The cross-entropy of a batch, with label smoothing and class weights.

    Class weights as scikit-learn's "balanced": n / (C n_c), so that every class counts the same;
    the loss is divided by the sum of the weights of the batch's images.

    Args:
        config: smoothing and class weights.
        targets: int64[N] of the whole training part, class indices.
        classes: C.
        device: where the logits will be.

    Attributes:
        weights: float32[C], of the classes.
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
        """Return the part of the batch's mean loss that some of its images make up, float32[].

        Args:
            logits: float32[n, C] of these images.
            targets: int64[N] of the whole batch.
            rows: which n of the N images they are.
        """
        total = F.cross_entropy(
            logits,
            targets[rows],
            weight=self.weights,
            label_smoothing=self._smoothing,
            reduction="sum",
        )
        return total / self.weights[targets].sum()
