"""Photos as batches of training images: read from the cache, in a random order, each augmented."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import ImageError, InputError
from edgetlc.models.torch_threads import torch_threads
from edgetlc.progress import progress
from edgetlc.threads import in_order
from edgetlc.training.cache import Entry, ImageCache
from edgetlc.training.config import TrainingConfig
from edgetlc.training.distributed import ALONE, World
from edgetlc.training.rng import Purpose, generators, order


@dataclass(frozen=True)
class ImageSet:
    """The readable photos of one part: N entries of a cache, and targets int64[N].

    `unreadable` are the photos left out, with the reason.
    """

    cache: ImageCache
    entries: tuple[Entry, ...]
    targets: Tensor
    unreadable: tuple[tuple[Photo, str], ...]

    def images(self, indices: Sequence[int]) -> Tensor:
        """Return uint8[n, 3, size, size], without normalisation."""
        return torch.from_numpy(np.stack([self.cache.read(self.entries[i]) for i in indices]))


def load_images(
    photos: PhotoSet, cache: ImageCache, description: str, world: World = ALONE
) -> ImageSet:
    """Bring all photos of a set into the cache, in threads; the processes of a run share the work.

    A set of which not one photo can be read is refused.
    """
    own = photos.photos[world.local_rank :: world.local_size] if world.size > 1 else ()
    for _entry in progress(in_order(cache.add, own), description, len(own)):
        pass
    world.barrier()
    entries, targets, unreadable = [], [], []
    added = in_order(cache.add, photos.photos)
    for photo, entry in progress(added, description, len(photos.photos)):
        if isinstance(entry, ImageError):
            unreadable.append((photo, entry.args[0]))
        else:
            entries.append(entry)
            targets.append(photos.index(photo))
    if not entries:
        raise InputError(
            "none of {count} photos can be read: {reason}",
            count=len(photos.photos),
            reason=unreadable[0][1],
        )
    return ImageSet(cache, tuple(entries), torch.tensor(targets), tuple(unreadable))


@dataclass(frozen=True)
class BatchPlan:
    """One step, from 0, of an epoch, from 1: the images of all processes, and this one's rows."""

    epoch: int
    step: int
    indices: tuple[int, ...]
    rows: slice

    @property
    def own(self) -> tuple[int, ...]:
        """The images that this process takes."""
        return self.indices[self.rows]


class BatchPlans(Sampler[BatchPlan]):
    """The steps of an epoch: every image once, in an order that seed and epoch alone decide.

    A last batch of fewer images than the others is left out, unless it is the only one: batch
    normalisation cannot work on one image. `epoch` is the one whose steps come next, from 1; `size`
    the images of a step, of all processes together.
    """

    def __init__(self, count: int, config: TrainingConfig, world: World) -> None:
        self.epoch, self.size = 1, min(config.batch_size, count)
        if self.size < world.size:
            raise InputError(
                "{processes} processes cannot share steps of {photos} photos; use a larger "
                "--batch-size or fewer processes",
                processes=world.size,
                photos=self.size,
            )
        self._count, self._seed, self._world = count, config.seed, world

    def __len__(self) -> int:
        """Return the steps of an epoch."""
        return self._count // self.size

    def __iter__(self) -> Iterator[BatchPlan]:
        indices = order(self._seed, self.epoch, self._count)
        rows = self._world.share(self.size)
        for step in range(len(self)):
            batch = indices[step * self.size : (step + 1) * self.size]
            yield BatchPlan(self.epoch, step, batch, rows)


class AugmentedBatches(Dataset[tuple[BatchPlan, Tensor]]):
    """This process's images of a step, augmented here unless the GPU does it."""

    def __init__(self, images: ImageSet, config: TrainingConfig, *, augment: bool) -> None:
        self._images, self._config, self._augment = images, config, augment

    def __getitem__(self, plan: BatchPlan) -> tuple[BatchPlan, Tensor]:
        """Return the plan and uint8[n, 3, size, size]."""
        images = self._images.images(plan.own)
        if not self._augment:
            return plan, images
        # As in the loader's workers: an image is too small to share, and on busy processors
        # threads take ten times longer to meet.
        with torch_threads(1):
            return plan, augmented(images, plan, self._config)


def augmented(images: Tensor, plan: BatchPlan, config: TrainingConfig) -> Tensor:
    """Return a step's images changed at random, as the seed, the epoch and their indices say."""

    def drawn(purpose: Purpose) -> list[np.random.Generator]:
        return generators(purpose, config.seed, plan.epoch, plan.own)

    images = config.augmentation.batch(images, drawn(Purpose.ANNEX_A))
    if config.camera_augmentation is not None:  # the piece lies as it lies, then a camera sees it
        images = config.camera_augmentation.batch(images, drawn(Purpose.CAMERA))
    return images
