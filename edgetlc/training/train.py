"""Training: epochs over the training part, the best one by validation kept.

A run folder holds `model.safetensors` (the best epoch so far, written whole after each
improvement), `metrics.jsonl` (one line per epoch) and `run.json` (settings, data, versions).
Interrupting a run loses the epoch it is in, nothing else.
"""

from __future__ import annotations

import json
import math
import platform
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

import edgetlc
from edgetlc.data.photos import Photo, PhotoSet, digest_of
from edgetlc.errors import InputError
from edgetlc.files import write_json
from edgetlc.models.checkpoint import (
    CHECKPOINT_FILE,
    Checkpoint,
    LoadedWeights,
    load_weights,
    save_checkpoint,
)
from edgetlc.models.networks import Classifier, channels_last
from edgetlc.progress import Track, untracked
from edgetlc.training.augment import seed_epoch
from edgetlc.training.config import TrainingConfig
from edgetlc.training.distillation import Teacher
from edgetlc.training.images import AugmentedImages, ImageSet, load_images
from edgetlc.training.temperature import fit_temperature

METRICS_FILE = "metrics.jsonl"
RUN_FILE = "run.json"


@dataclass(frozen=True)
class Epoch:
    """What one epoch reached; losses are mean cross-entropies in nats."""

    epoch: int
    train_loss: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True)
class TrainedRun:
    """A finished run.

    Attributes:
        folder: the run folder.
        best: the epoch whose weights were kept.
        epochs: all of them.
        weights: what was taken from the start weights, if any were given.
        unreadable: photos left out, with the reason.
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
    track: Track = untracked,
    on_start: Callable[[LoadedWeights | None], None] = lambda loaded: None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> TrainedRun:
    """Train a classifier on a split photo set.

    Args:
        photos: with parts `train` and `val`.
        config: what to do.
        output: the run folder.
        overwrite: replace a run that is there already.
        track: shows progress within an epoch.
        on_start: called with what was loaded from the start weights, before the first epoch.
        on_epoch: called after each epoch.

    Raises:
        InputError: unknown network, missing parts, a class without training photos, unreadable
            weights, a teacher of something else, a folder in use, or a loss that is not a number.
    """
    if (output / CHECKPOINT_FILE).exists() and not overwrite:
        raise InputError(f"{output} holds a trained run; choose another output or pass --overwrite")
    teacher = None
    if config.distillation:
        teacher = Teacher(config.distillation, photos, config.contract, config.device)
    torch.manual_seed(config.seed)
    classifier = Classifier(config.architecture, len(photos.classes))
    loaded = load_weights(classifier, config.weights) if config.weights else None
    on_start(loaded)
    train_photos, val_photos = photos.part("train"), photos.part("val")
    training = load_images(train_photos, config.contract, track, "reading training photos")
    validation = load_images(val_photos, config.contract, track, "reading validation photos")
    _check_classes(photos.labels, training)
    provenance = _provenance(photos, config, loaded, teacher)
    _start_folder(output, provenance)

    def checkpoint(epoch: Epoch, logits: NDArray[np.float32]) -> None:
        temperature = fit_temperature(logits, validation.targets.numpy())
        record = {**provenance, "best_epoch": asdict(epoch)}
        save_checkpoint(
            output / CHECKPOINT_FILE,
            Checkpoint(classifier, photos.classes, config.contract, temperature, record),
        )

    epochs: list[Epoch] = []
    for epoch, logits in _Loop(classifier, config, training, validation, track, teacher):
        epochs.append(epoch)
        if epoch is _best(epochs):  # before its line: a listed epoch's weights are on disk
            checkpoint(epoch, logits)
        with (output / METRICS_FILE).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(epoch)) + "\n")
        on_epoch(epoch)
    unreadable = training.unreadable + validation.unreadable
    return TrainedRun(output, _best(epochs), tuple(epochs), loaded, unreadable)


def _best(epochs: list[Epoch]) -> Epoch:
    """Return the epoch with the highest validation accuracy; the lower loss decides a tie."""
    return max(epochs, key=lambda e: (e.val_accuracy, -e.val_loss))


class _Loop:
    """Iterates over the epochs: trains one, validates, yields its figures and logits."""

    def __init__(
        self,
        classifier: Classifier,
        config: TrainingConfig,
        training: ImageSet,
        validation: ImageSet,
        track: Track,
        teacher: Teacher | None = None,
    ) -> None:
        self._config = config
        self._teacher = teacher
        self._validation = validation
        self._track = track
        self._device = torch.device(config.device)
        self._model: nn.Module = classifier.to(self._device)
        self._model.to(memory_format=torch.channels_last)
        self._mean = _per_channel(config.contract.mean, self._device)
        self._std = _per_channel(config.contract.std, self._device)
        self._loader = DataLoader(
            AugmentedImages(training, config.augmentation.transform()),
            batch_size=config.batch_size,
            shuffle=True,
            num_workers=config.workers,
            # A last batch of one image would break batch normalisation.
            drop_last=len(training.targets) > config.batch_size,
        )
        self._optimizer = torch.optim.AdamW(
            classifier.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer,
            config.learning_rate,
            epochs=config.epochs,
            steps_per_epoch=len(self._loader),
        )

    def __iter__(self) -> Iterator[tuple[Epoch, NDArray[np.float32]]]:
        for number in range(1, self._config.epochs + 1):
            start = time.monotonic()
            seed_epoch(self._config.seed, number)
            rate = self._optimizer.param_groups[0]["lr"]
            train_loss = self._train_epoch(number)
            logits = self._validate()
            targets = self._validation.targets
            val_loss = float(F.cross_entropy(logits, targets))
            self._check_loss(val_loss, f"the validation of epoch {number}")
            epoch = Epoch(
                epoch=number,
                train_loss=train_loss,
                val_loss=val_loss,
                val_accuracy=int((logits.argmax(1) == targets).sum()) / len(targets),
                learning_rate=rate,
                seconds=round(time.monotonic() - start, 3),
            )
            yield epoch, logits.numpy()

    def _train_epoch(self, number: int) -> float:
        self._model.train()
        total, count = 0.0, 0
        description = f"epoch {number} of {self._config.epochs}"
        with _interrupts_held():
            batches = iter(self._loader)
        tracked = self._track(batches, description, len(self._loader))
        for step, (images, targets) in enumerate(tracked):
            targets = targets.to(self._device)
            seen = self._normalise(images)
            logits, _ = self._model(seen)
            loss = F.cross_entropy(logits, targets, label_smoothing=self._config.label_smoothing)
            if self._teacher:
                loss = self._teacher.share(loss, logits, seen)
            value = float(loss.detach())
            self._check_loss(value, f"epoch {number}, step {step}")
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()
            self._schedule.step()
            total += value * len(targets)
            count += len(targets)
        return total / count

    def _check_loss(self, loss: float, where: str) -> None:
        if not math.isfinite(loss):
            rate = self._optimizer.param_groups[0]["lr"]
            raise InputError(
                f"the loss is {loss} at {where}, learning rate {rate:.2e}; try a lower --lr"
            )

    @torch.inference_mode()
    def _validate(self) -> Tensor:
        """Return the validation part's logits, float32[N, C], on the CPU."""
        self._model.eval()
        batches = torch.split(self._validation.images, self._config.batch_size)
        return torch.cat([self._model(self._normalise(images))[0].cpu() for images in batches])

    def _normalise(self, images: Tensor) -> Tensor:
        scaled = images.to(self._device).to(torch.float32) / 255
        return channels_last((scaled - self._mean) / self._std)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back until the block ends; processes that it starts never see one.

    A worker that a terminal's Ctrl-C ends makes PyTorch raise, or wait for it, before this process
    can end in order.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _per_channel(values: tuple[float, float, float], device: torch.device) -> Tensor:
    return torch.tensor(values, device=device).view(1, 3, 1, 1)


def _check_classes(labels: Sequence[str], training: ImageSet) -> None:
    """Refuse to train for a class that no training photo shows: it would never be answered."""
    counts = torch.bincount(training.targets, minlength=len(labels))
    unseen = [label for label, count in zip(labels, counts.tolist(), strict=True) if not count]
    if unseen:
        raise InputError(
            f"no readable training photo shows {', '.join(unseen)}; add photos or drop the class, "
            "then run 'edgetlc data split' again"
        )


def _start_folder(output: Path, provenance: dict[str, Any]) -> None:
    output.mkdir(parents=True, exist_ok=True)
    for stale in (CHECKPOINT_FILE, METRICS_FILE):
        (output / stale).unlink(missing_ok=True)
    write_json(output / RUN_FILE, provenance)


def _provenance(
    photos: PhotoSet,
    config: TrainingConfig,
    loaded: LoadedWeights | None,
    teacher: Teacher | None,
) -> dict[str, Any]:
    """Return what is needed to know, and repeat, how a network was trained."""
    settings = asdict(config)
    settings["weights"] = config.weights.name if config.weights else None
    if config.distillation:  # no place, only a name
        settings["distillation"]["teacher"] = config.distillation.teacher.name
    return {
        "settings": settings,
        "start": "random weights" if loaded is None else f"{len(loaded.loaded)} tensors loaded",
        "teacher": teacher.record if teacher else None,
        "data": {
            "photos": {part: len(photos.part(part).photos) for part in ("train", "val")},
            "train_digest": digest_of(photos.part("train").photos),
            "val_digest": digest_of(photos.part("val").photos),
            "simulated": photos.simulated,
        },
        "versions": {
            "edgetlc": edgetlc.__version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
        },
    }
