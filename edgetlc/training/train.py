"""Training: epochs over the training part, the best one by validation kept.

Interrupting a run, or killing it, loses the epoch it is in and nothing else: what it leaves is in
`edgetlc.training.run_folder`. Decoded photos lie in its folder while it trains, unless a cache is
given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import InputError
from edgetlc.models.checkpoint import Checkpoint, LoadedWeights, load_weights
from edgetlc.models.networks import Classifier
from edgetlc.training.cache import ImageCache
from edgetlc.training.config import TrainingConfig
from edgetlc.training.distillation import Teacher
from edgetlc.training.distributed import World, errors_end_all, join
from edgetlc.training.images import ImageSet, load_images
from edgetlc.training.loop import Epoch, Loop, best_of
from edgetlc.training.provenance import provenance
from edgetlc.training.run_folder import RunFolder, State
from edgetlc.training.temperature import fit_temperature

__all__ = ["Epoch", "TrainedRun", "train"]

_IMAGES = "decoded-photos"  # folder of decoded photos in a run folder, while it trains


@dataclass(frozen=True)
class TrainedRun:
    """A finished run.

    Attributes:
        folder: the run folder.
        best: the epoch whose weights were kept.
        epochs: all of them.
        weights: what was taken from the start weights, if any were given.
        unreadable: photos left out, with the reason; none of a run that was finished already.
    """

    folder: Path
    best: Epoch
    epochs: tuple[Epoch, ...]
    weights: LoadedWeights | None
    unreadable: tuple[tuple[Photo, str], ...]


def train(
    photos: PhotoSet,
    config: TrainingConfig,
    output: Path,
    *,
    overwrite: bool = False,
    resume: bool = False,
    on_start: Callable[[LoadedWeights | None], None] = lambda loaded: None,
    on_resume: Callable[[int], None] = lambda done: None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> TrainedRun:
    """Train a classifier on a split photo set.

    Started by `torchrun`, the processes share the work; the first of them writes and calls back.

    Args:
        photos: with parts `train` and `val`.
        config: what to do.
        output: the run folder.
        overwrite: replace a run that is there already.
        resume: go on after the last whole epoch of a run that was ended; a finished run is
            returned as it is, and where there is none, one is started.
        on_start: called with what was loaded from the start weights, before the first epoch.
        on_resume: called with the number of epochs that are done already, in place of `on_start`.
        on_epoch: called after each epoch.

    Raises:
        InputError: unknown network, missing parts, a class without training photos, unreadable
            weights, a teacher of something else, a folder in use, a run to resume that was asked
            for something else, a loss that is not a number, or too little memory.
        OSError: the disk is full, for example; the last whole epoch's files are untouched.
    """
    world, device = join(config.device)
    if not world.main:
        on_start, on_resume, on_epoch = _quiet, _quiet, _quiet
    with errors_end_all(world):
        folder = RunFolder(output)
        folder.check_free(overwrite=overwrite, resume=resume)
        teacher = None
        if config.distillation:
            teacher = Teacher(config.distillation, photos, config.contract, device)
        torch.manual_seed(config.seed)
        classifier = Classifier(config.architecture, len(photos.classes))
        weights = config.weights_file
        loaded = load_weights(classifier, weights) if weights else None
        record = provenance(photos, config, weights, loaded, teacher)
        state = folder.resumable(record) if resume else None
        if state is None:
            on_start(loaded)
        else:
            on_resume(len(state.epochs))
            if state.finished:
                return TrainedRun(output, best_of(state.epochs), state.epochs, loaded, ())
        with _image_sets(photos, config, output, world) as (training, validation):
            loop = Loop(classifier, config, training, validation, world, device, teacher)
            kept = Checkpoint(classifier, photos.classes, config.contract, provenance=record)
            writing = folder if world.main else None
            epochs = _run(loop, config, state, kept, writing, on_epoch)
            world.barrier()  # nobody reads the folder before it is complete
        unreadable = training.unreadable + validation.unreadable
        return TrainedRun(output, best_of(epochs), epochs, loaded, unreadable)


def _run(
    loop: Loop,
    config: TrainingConfig,
    state: State | None,
    kept: Checkpoint,
    folder: RunFolder | None,
    on_epoch: Callable[[Epoch], None],
) -> tuple[Epoch, ...]:
    """Train what is left to train; return all epochs."""
    epochs: tuple[Epoch, ...] = ()
    temperature = 1.0
    if state is not None:
        epochs, temperature = state.epochs, state.temperature
        loop.restore(state.tensors, state.loop)
    if folder:
        folder.begin(state, kept)
    while len(epochs) < config.epochs and not _no_better(epochs, config.patience):
        epoch, logits = loop.epoch(len(epochs) + 1)
        epochs = (*epochs, epoch)
        if epoch is best_of(epochs):
            temperature = fit_temperature(logits, loop.validation.targets.numpy())
        if folder:
            folder.keep(State(epochs, temperature, *loop.state()), kept)
        on_epoch(epoch)
    if folder:
        folder.finish(State(epochs, temperature))
    return epochs


def _no_better(epochs: Sequence[Epoch], patience: int | None) -> bool:
    """Whether the last `patience` epochs brought no better one."""
    if patience is None or not epochs:
        return False
    return len(epochs) - best_of(epochs).epoch >= patience


@contextmanager
def _image_sets(
    photos: PhotoSet, config: TrainingConfig, output: Path, world: World
) -> Iterator[tuple[ImageSet, ImageSet]]:
    """Yield the training and the validation images; without a cache they go at the end.

    Raises:
        InputError: a class without training photos, or more photos than the cache may hold.
    """
    cache = ImageCache(config.cache or output / _IMAGES, config.contract)
    try:
        parts = photos.part("train"), photos.part("val")
        if config.cache is not None:
            cache.check_room(sum(len(part.photos) for part in parts), config.cache_limit)
        training = load_images(parts[0], cache, "reading training photos", world)
        validation = load_images(parts[1], cache, "reading validation photos", world)
        _check_classes(photos.labels, training)
        if config.cache is not None and world.main:
            cache.trim(config.cache_limit)
        yield training, validation
    finally:
        if config.cache is None and world.main:
            cache.remove()
            with suppress(OSError):  # there is more in it, or the run never made it
                output.rmdir()


def _check_classes(labels: Sequence[str], training: ImageSet) -> None:
    """Refuse to train for a class that no training photo shows: it would never be answered."""
    counts = torch.bincount(training.targets, minlength=len(labels))
    unseen = [label for label, count in zip(labels, counts.tolist(), strict=True) if not count]
    if unseen:
        raise InputError(
            f"no readable training photo shows {', '.join(unseen)}; add photos or drop the class, "
            "then run 'edgetlc data split' again"
        )


def _quiet(_: object) -> None:
    """Do nothing: another process calls back."""
