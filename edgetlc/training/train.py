"""Training: epochs over the training part, the best one by validation kept.

Interrupting a run, or killing it, loses the epoch it is in and nothing else: what it leaves is in
`edgetlc.training.run_folder`. Decoded photos lie in its folder while it trains, unless a cache is
given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

import torch

from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import InputError
from edgetlc.locale import _
from edgetlc.models.checkpoint import Checkpoint, LoadedWeights, load_weights
from edgetlc.models.networks import Classifier
from edgetlc.progress import note
from edgetlc.training.cache import ImageCache
from edgetlc.training.config import TrainingConfig
from edgetlc.training.distributed import World, errors_end_all, join, rank_zero_only
from edgetlc.training.events import epoch_events
from edgetlc.training.images import ImageSet, load_images
from edgetlc.training.loop import Loop
from edgetlc.training.objective import Teacher
from edgetlc.training.provenance import provenance, start_of
from edgetlc.training.run_folder import Existing, RunFolder, State
from edgetlc.training.runs import Epoch, best_of
from edgetlc.training.temperature import fit_temperature

_IMAGES = "decoded-photos"  # folder of decoded photos in a run folder, while it trains


@dataclass(frozen=True)
class TrainedRun:
    """A finished run; the weights of its best epoch were kept.

    `weights` are what was taken from the start weights, if any were given; `unreadable` the photos
    left out, with the reason: none of a run that was finished already.
    """

    folder: Path
    best: Epoch
    epochs: tuple[Epoch, ...]
    weights: LoadedWeights | None
    unreadable: tuple[tuple[Photo, str], ...]


@rank_zero_only()
def train(
    photos: PhotoSet, config: TrainingConfig, output: Path, **existing: Unpack[Existing]
) -> TrainedRun:
    """Train a classifier on a split photo set; a note tells of every epoch.

    Started by `torchrun`, the processes share the work; the first of them writes and speaks.

    Args:
        photos: with parts `train` and `val`.
        config: what to do.
        output: the run folder.
        **existing: what to do with a run that is there already.

    Raises:
        InputError: unknown network, missing parts, a class without training photos, unreadable
            weights, a teacher of something else, a folder in use, a run to resume that was asked
            for something else, a loss that is not a number, or too little memory.
        OSError: the disk is full, for example; the last whole epoch's files are untouched.
    """
    world, device = join(config.device)
    with errors_end_all(world):
        folder = RunFolder(output)
        folder.check_free(**existing)
        taught = config.distillation
        teacher = Teacher(taught, photos, config.contract, device) if taught else None
        torch.manual_seed(config.seed)
        classifier = Classifier(config.architecture, len(photos.classes))
        weights = config.weights_file
        loaded = load_weights(classifier, weights) if weights else None
        record = provenance(photos, config, weights, loaded, teacher)
        state = folder.resumable(record) if existing.get("resume") else None
        if state is None:
            _note_start(loaded)
        elif state.finished:
            note("{path} is finished and stays as it is", path=output)
            return TrainedRun(output, best_of(state.epochs), state.epochs, loaded, ())
        else:
            done = len(state.epochs)
            note("going on after epoch {done} of {count}", done=done, count=config.epochs)
        with _image_sets(photos, config, output, world) as (training, validation):
            loop = Loop(classifier, config, training, validation, world, device, teacher)
            kept = Checkpoint(classifier, photos.classes, config.contract, provenance=record)
            epochs = _run(loop, config, state, kept, folder if world.main else None)
            world.barrier()  # nobody reads the folder before it is complete
        unreadable = training.unreadable + validation.unreadable
        return TrainedRun(output, best_of(epochs), epochs, loaded, unreadable)


def _run(
    loop: Loop,
    config: TrainingConfig,
    state: State | None,
    kept: Checkpoint,
    folder: RunFolder | None,
) -> tuple[Epoch, ...]:
    """Train what is left to train; return all epochs."""
    epochs: tuple[Epoch, ...] = ()
    temperature = 1.0
    if state is not None:
        epochs, temperature = state.epochs, state.temperature
        loop.restore(state.tensors, state.loop)
    if folder:
        folder.begin(state, kept, config)
    with epoch_events(folder.path if folder else None) as write_events:
        while len(epochs) < config.epochs and not _no_better(epochs, config.patience):
            epoch, logits = loop.epoch(len(epochs) + 1)
            epochs = (*epochs, epoch)
            if epoch is best_of(epochs):
                temperature = fit_temperature(logits, loop.validation.targets.numpy())
            if folder:
                folder.keep(State(epochs, temperature, *loop.state()), kept)
            write_events(epoch)
            note(
                "epoch {number}: train loss {train_loss:.3f}, val loss {val_loss:.3f}, "
                "val accuracy {accuracy:.1%}",
                number=epoch.epoch,
                train_loss=epoch.train_loss,
                val_loss=epoch.val_loss,
                accuracy=epoch.val_accuracy,
            )
    if folder:
        folder.write_state(State(epochs, temperature))
    return epochs


def _note_start(loaded: LoadedWeights | None) -> None:
    note("starting from {start}", start=start_of(loaded))
    if loaded is None:
        return
    if loaded.not_found:
        note("  not found in it, random: {names}", names=", ".join(loaded.not_found))
    if loaded.wrong_shape:
        note("  of another shape, random: {names}", names=", ".join(loaded.wrong_shape))
    if loaded.unused:
        note("  in it but unused: {names}", names=", ".join(loaded.unused))


def _no_better(epochs: Sequence[Epoch], patience: int | None) -> bool:
    """Whether the last `patience` epochs brought no better one."""
    if patience is None or not epochs:
        return False
    return len(epochs) - best_of(epochs).epoch >= patience


@contextmanager
def _image_sets(
    photos: PhotoSet, config: TrainingConfig, output: Path, world: World
) -> Iterator[tuple[ImageSet, ImageSet]]:
    """Yield the training and the validation images; without a cache they go at the end."""
    cache = ImageCache(config.cache or output / _IMAGES, config.contract)
    try:
        parts = photos.part("train"), photos.part("val")
        if config.cache is not None:
            cache.check_room(sum(len(part.photos) for part in parts), config.cache_limit)
        training = load_images(parts[0], cache, _("reading training photos"), world)
        validation = load_images(parts[1], cache, _("reading validation photos"), world)
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
            "no readable training photo shows {classes}; add photos or drop the class, "
            "then run 'edgetlc data split' again",
            classes=", ".join(unseen),
        )
