"""Augmentation of Annex A of the standard, on the training part only.

Each step happens with a probability of 50 %: horizontal flip, vertical flip, shift with scale and
rotation, brightness with contrast. The annex gives the range of the last, -10 % to +10 %; the
ranges of shift, scale and rotation are not legible in it and are this project's choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torchvision.transforms import v2


@dataclass(frozen=True)
class Augmentation:
    """Probabilities and ranges.

    Attributes:
        probability: of each step, 0 to 1 (Annex A: 0.5).
        brightness_contrast: largest relative change of each (Annex A: 0.1).
        shift: largest shift as a share of the side.
        scale: largest relative change of size.
        rotation: largest angle, in degrees.
    """

    probability: float = 0.5
    brightness_contrast: float = 0.1
    shift: float = 0.0625
    scale: float = 0.1
    rotation: float = 45.0

    def transform(self) -> v2.Transform:
        """Return the transform for uint8[3, S, S] images."""
        affine = v2.RandomAffine(
            degrees=self.rotation,
            translate=(self.shift, self.shift),
            scale=(1 - self.scale, 1 + self.scale),
            interpolation=v2.InterpolationMode.BILINEAR,
            fill=[124.0, 116.0, 104.0],  # the mean colour: corners carry no signal
        )
        light = v2.ColorJitter(self.brightness_contrast, self.brightness_contrast)
        return v2.Compose(
            [
                v2.RandomHorizontalFlip(self.probability),
                v2.RandomVerticalFlip(self.probability),
                v2.RandomApply([affine], self.probability),
                v2.RandomApply([light], self.probability),
            ]
        )


def seed_epoch(seed: int, epoch: int) -> None:
    """Seed the augmentation so that each epoch can be repeated on its own."""
    torch.manual_seed((seed * 1_000_003 + epoch) % 2**63)
