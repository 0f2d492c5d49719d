"""The pixel contract, version 1: how a photo's pixels become the network's input.

Two steps. The *host step* (`edgetlc.runtime.pixels`) runs outside the model: decode, reduce by
whole numbers, orient, convert to sRGB. The *graph step* is part of every exported model: an
antialiased resize to the network's size, then mean and standard deviation. Both are fixed by the
numbers in this file and by the `PixelContract` that a bundle carries.

The specification, with test vectors, is `docs/pixel-contract/README.md`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from edgetlc.config import option
from edgetlc.errors import InputError
from edgetlc.locale import _

VERSION = 1
DCT_SCALES = (8, 4, 2, 1)
"""Reductions that a JPEG decoder can do while it decodes, largest first."""
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Geometry = Literal["squash", "crop"]


@dataclass(frozen=True)
class PixelContract:
    """What the graph step does.

    Attributes:
        size: side of the network's square input, in pixels, 32 to 1024.
        geometry: `squash` resizes the whole photo to size x size (the standard's rule);
            `crop` takes the central square.
        mean: subtracted from each channel (R, G, B) after scaling to 0..1.
        std: divides each channel after the mean.
        version: of this contract.
    """

    size: int = option(224, _("Side of the network's input; the standard's: 224."))
    geometry: Geometry = option("squash", _("How a photo becomes square; the standard's: squash."))
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    version: int = VERSION

    def __post_init__(self) -> None:
        if self.version != VERSION:
            raise InputError(
                "the bundle uses pixel contract {version}, this edgetlc knows {known}; "
                "install the edgetlc version that wrote the bundle",
                version=self.version,
                known=VERSION,
            )
        if type(self.size) is not int or not 32 <= self.size <= 1024:
            raise InputError("input size is {size}; allowed are 32 to 1024 pixels", size=self.size)
        if self.geometry not in get_args(Geometry):
            raise InputError(
                "geometry is {geometry!r}; use {allowed}",
                geometry=self.geometry,
                allowed=", ".join(get_args(Geometry)),
            )
        if len(self.mean) != 3 or len(self.std) != 3:
            raise InputError("mean and std take three numbers each")
        if not all(map(math.isfinite, (*self.mean, *self.std))) or min(self.std) <= 0:
            raise InputError("mean and std take finite numbers, std above 0")


def reductions(width: int, height: int, size: int) -> tuple[int, int]:
    """Return the host step's whole-number reductions (s, k) for an image of width x height.

    s is the largest of 1, 2, 4, 8 that keeps (short side / s) at least 2 x size; it is done by
    JPEG DCT scaling where the decoder can and by a box mean elsewhere. k divides what is left, by
    a box mean, so that the short side ends in [size, 2 x size) unless the photo is smaller.
    Both round the reduced sides up.
    """
    short = min(width, height)
    s = next(scale for scale in DCT_SCALES if scale == 1 or short >= 2 * size * scale)
    k = max(1, -(-short // s) // size)
    return s, k
