"""Augmentation of Annex A of the standard, on the training part only.

What the annex says, and the fields of `Augmentation` that hold it:

    horizontal and vertical flips at 50 %               horizontal_flip, vertical_flip
    shift, scale and rotation at 50 %                   affine
    brightness and contrast at 50 %, -10 % to +10 %     light, brightness, contrast

What it does not say, or not legibly, is this project's choice (`OWN_CHOICE`): how far shift, scale
and rotation go; that steps which the annex names together happen together; that brightness
multiplies all grey levels by one factor and contrast their distance from the photo's mean grey, as
torchvision's `ColorJitter` does, both uniform; and that corners which a rotation bares take
`FILL`. Every step happens on its own, whatever the others do.

Brightness and contrast commute, so their order, which torchvision draws, makes no difference.

`Augmentation` is part of a configuration, so this module loads PyTorch only where images change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgetlc.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

FILL = (124.0, 116.0, 104.0)
"""Grey levels of bared corners: the mean colour of ImageNet, which normalisation makes zero."""
LIMITS = {
    "horizontal_flip": 1.0,
    "vertical_flip": 1.0,
    "affine": 1.0,
    "shift": 0.5,
    "scale": 0.5,
    "rotation": 180.0,
    "light": 1.0,
    "brightness": 0.9,
    "contrast": 0.9,
}
"""The largest value of every field; the smallest is 0."""
OWN_CHOICE = ("shift", "scale", "rotation")
"""Fields whose value the standard does not give legibly."""

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as torchvision and Pillow weigh colours to grey


@dataclass(frozen=True)
class Augmentation:
    """How often and how far each step goes, 0 to `LIMITS`; the defaults are `ANNEX_A`.

    Attributes:
        horizontal_flip, vertical_flip: probabilities.
        affine: probability of shift, scale and rotation, together.
        shift, scale, rotation: the largest; a share of the side along each axis, a relative change
            of size, degrees either way.
        light: probability of brightness and contrast, together.
        brightness, contrast: largest relative changes.
    """

    horizontal_flip: float = 0.5
    vertical_flip: float = 0.5
    affine: float = 0.5
    shift: float = 0.0625
    scale: float = 0.1
    rotation: float = 45.0
    light: float = 0.5
    brightness: float = 0.1
    contrast: float = 0.1

    def __post_init__(self) -> None:
        for name, largest in LIMITS.items():
            value = getattr(self, name)
            if not 0 <= value <= largest:  # also refuses NaN
                raise InputError(
                    "augmentation {name} is {value:g}; it takes 0 to {most:g}",
                    name=name,
                    value=value,
                    most=largest,
                )

    def with_settings(self, settings: Iterable[str]) -> Augmentation:
        """Return a copy changed by texts such as `rotation=20`; `none` switches every step off."""
        changed = self
        for text in settings:
            name, equals, value = text.partition("=")
            if text == "none":
                changed = replace(changed, horizontal_flip=0, vertical_flip=0, affine=0, light=0)
            elif not equals or name not in LIMITS:
                known = ", ".join(field.name for field in fields(self))
                raise InputError(
                    "augmentation {text!r}; use none or NAME=VALUE with {known}",
                    text=text,
                    known=known,
                )
            else:
                try:
                    changed = replace(changed, **{name: float(value)})
                except ValueError:
                    raise InputError(
                        "augmentation {name} is {text!r}; it takes a number", name=name, text=value
                    ) from None
        return changed

    def batch(self, images: Tensor, generators: Sequence[np.random.Generator]) -> Tensor:
        """Return changed copies of images, uint8[N, 3, S, S], with a generator for each of them.

        On a CPU an image gives the same bytes in whatever batch; a GPU may round otherwise.
        """
        import torch

        changes = self.draw(generators)
        if images.device.type != "cpu":
            return changes.apply(images)
        # One after the other they stay in the processor's cache: three times faster than at once.
        each = (changes.of(row).apply(images[row : row + 1]) for row in range(len(images)))
        return torch.cat(list(each))

    def draw(self, generators: Sequence[np.random.Generator]) -> Changes:
        """Return what happens to the images of these generators."""
        import torch

        # A step draws even where it is off, so that the others stay the same.
        draws = np.stack([generator.random(10) for generator in generators]).T
        horizontal, vertical, affine, light = draws[:4]
        shift_x, shift_y, scale, rotation, brightness, contrast = 2 * draws[4:] - 1
        moved, lit = affine < self.affine, light < self.light
        chosen = (horizontal < self.horizontal_flip, vertical < self.vertical_flip, moved)
        sources = _sources(
            moved * self.shift * np.stack([shift_x, shift_y]),
            1 + moved * self.scale * scale,
            np.radians(moved * self.rotation * rotation),
        )
        factors = 1 + lit * self.brightness * brightness, 1 + lit * self.contrast * contrast
        return Changes(
            *map(torch.from_numpy, chosen),
            *(torch.from_numpy(values).to(torch.float32) for values in (sources, *factors)),
        )


ANNEX_A = Augmentation()


@dataclass(frozen=True)
class Changes:
    """What happens to each of N images, in this order; tensors on the CPU.

    Attributes:
        horizontal, vertical: bool[N], flipped left to right, top to bottom.
        moved: bool[N], shifted, scaled and rotated.
        sources: float32[N, 2, 3]: maps a place (x, y, 1) in the result to the place in the image
            that is seen there; x and y run from -1 to 1 over the image.
        brightness, contrast: float32[N], factors.
    """

    horizontal: Tensor
    vertical: Tensor
    moved: Tensor
    sources: Tensor
    brightness: Tensor
    contrast: Tensor

    def of(self, row: int) -> Changes:
        """Return the changes of one image, N = 1."""
        return Changes(*(getattr(self, field.name)[row : row + 1] for field in fields(self)))

    def apply(self, images: Tensor) -> Tensor:
        """Return the changed images, uint8[N, 3, S, S] as given, with one rounding in all."""
        import torch

        device = images.device
        images = _flipped(_flipped(images, self.horizontal, 3), self.vertical, 2)
        lit = bool((self.brightness != 1).any() or (self.contrast != 1).any())
        if not lit and not self.moved.any():
            return images
        grey = images.to(torch.float32)
        if self.moved.any():
            grey = _resampled(grey, self.sources.to(device))
        if lit:
            grey = _relit(grey, self.brightness.to(device), self.contrast.to(device))
        return grey.round_().clamp_(0, 255).to(torch.uint8)


def _sources(
    shift: NDArray[np.float64], scale: NDArray[np.float64], angle: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return float64[N, 2, 3], the inverse of "rotate, scale, then shift" about the centre.

    The shift is float64[2, N], shares of the side; scale and angle, in radians, are float64[N].
    """
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    turn = np.array([[cos, sin], [-sin, cos]])  # [2, 2, N]
    offset = -np.einsum("ijn,jn->in", turn, 2 * shift)  # the side is 2 long
    return np.concatenate([turn, offset[:, None]], axis=1).transpose(2, 0, 1)


def _flipped(images: Tensor, chosen: Tensor, axis: int) -> Tensor:
    import torch

    if chosen.all():  # on the CPU always this or the next: choosing takes longer than flipping
        return images.flip(axis)
    if not chosen.any():
        return images
    return torch.where(_spread(chosen.to(images.device)), images.flip(axis), images)


def _resampled(grey: Tensor, sources: Tensor) -> Tensor:
    """Return the images seen at `sources`, bilinearly; `FILL` outside of them."""
    import torch
    from torch.nn import functional as F

    size = grey.shape[-1]
    axis = (2 * torch.arange(size, device=grey.device) + 1) / size - 1
    # Sums, not a matrix product, which a GPU may compute with ten bits.
    across, down, offset = sources[:, None, None].unbind(-1)
    places = across * axis[:, None] + (down * axis[:, None, None] + offset)
    fill = torch.tensor(FILL, device=grey.device).view(1, 3, 1, 1)
    return F.grid_sample(grey - fill, places, align_corners=False).add_(fill)


def _relit(grey: Tensor, brightness: Tensor, contrast: Tensor) -> Tensor:
    """Return brightness x (mean + contrast x (grey - mean)), the mean being the photo's grey."""
    import torch

    luma = torch.tensor(_LUMA, device=grey.device)
    mean = (grey.mean(dim=(2, 3)) * luma).sum(dim=1)
    offset = brightness * (1 - contrast) * mean
    return grey.mul_(_spread(brightness * contrast)).add_(_spread(offset))


def _spread(values: Tensor) -> Tensor:
    """Return one value per image in the shape that broadcasts over images."""
    return values.view(-1, 1, 1, 1)
