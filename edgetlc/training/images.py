"""Photos as training images: decoded once by the pixel contract, kept small in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import Dataset

from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import ImageError, InputError
from edgetlc.models.pixel_step import PixelStep
from edgetlc.progress import Track
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.stream import decode_or_reason
from edgetlc.threads import in_order


@dataclass(frozen=True)
class ImageSet:
    """Images of one part, ready for the network but for normalisation.

    Attributes:
        images: uint8[N, 3, size, size]. Rounded to whole grey levels, which only training sees;
            evaluation takes the exact path.
        targets: int64[N], class indices.
        unreadable: photos left out, with the reason.
    """

    images: Tensor
    targets: Tensor
    unreadable: tuple[tuple[Photo, str], ...]


def load_images(
    photos: PhotoSet, contract: PixelContract, track: Track, description: str
) -> ImageSet:
    """Decode and resize all photos of a set, in threads, in order.

    Raises:
        InputError: not one photo can be read.
    """
    step = PixelStep(contract)

    def load(photo: Photo) -> Tensor | ImageError:
        decoded = decode_or_reason(photo.path, contract.size)
        if isinstance(decoded, ImageError):
            return decoded
        return step.resize(torch.tensor(decoded.pixels)[None])[0].round().to(torch.uint8)

    images, targets, unreadable = [], [], []
    loaded = in_order(load, photos.photos)
    for photo, image in track(loaded, description, len(photos.photos)):
        if isinstance(image, ImageError):
            unreadable.append((photo, str(image)))
        else:
            images.append(image)
            targets.append(photos.index(photo))
    if not images:
        raise InputError(f"none of {len(photos.photos)} photos can be read: {unreadable[0][1]}")
    return ImageSet(torch.stack(images), torch.tensor(targets), tuple(unreadable))


class AugmentedImages(Dataset[tuple[Tensor, Tensor]]):
    """Images of a set, each changed at random every time it is asked for."""

    def __init__(self, images: ImageSet, transform: Callable[[Tensor], Tensor]) -> None:
        self._images = images
        self._transform = transform

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._images.targets)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Return image uint8[3, size, size] and target int64[]."""
        return self._transform(self._images.images[index]), self._images.targets[index]
