"""How a network does on a camera it never saw: leave-one-camera-out evaluation.

For each camera a network is trained without its photos, neither to learn nor to choose the epoch,
and asked about its photos of the test part; once with the standard's augmentation alone, once with
camera augmentation (`edgetlc.training.camera_augment`), which then does not know that camera's look
either. Beside them stand two networks that learned from all cameras.

All are trained with the same settings and seed, so that each two compared differ in one thing. One
training each says nothing of how much another seed would change. A held-out camera also takes its
photos away: the number of training photos tells how many are left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edgetlc.data.photos import PhotoSet
from edgetlc.experiments.leave_camera_out_figures import (
    CONFIDENCE,
    Right,
    UnseenCamera,
    adjusted,
    figures,
)
from edgetlc.experiments.leave_camera_out_plan import Training, plan_trainings
from edgetlc.experiments.shared_cache import decoded_once
from edgetlc.files import write_json
from edgetlc.models.checkpoint import load_checkpoint
from edgetlc.training.camera_augment import CameraAugmentation
from edgetlc.training.config import TrainingConfig
from edgetlc.training.evaluate import evaluate
from edgetlc.training.loop import Epoch
from edgetlc.training.report import train_and_report

UNSEEN_FILE = "unseen.json"

_Rights = Mapping[tuple[str | None, bool], Right]
"""By the camera that the network never saw, and whether with camera augmentation."""


@dataclass(frozen=True)
class UnseenCameras:
    """A finished evaluation.

    Attributes:
        folder: holds the run folders and `unseen.json`.
        cameras: one row each.
        together: all rows; its tests are not adjusted.
        nameless: photos of no known camera, which were left out of all trainings.
        simulated: whether any photo was made by a simulation.
    """

    folder: Path
    cameras: tuple[UnseenCamera, ...]
    together: UnseenCamera
    nameless: int
    simulated: bool


def evaluate_unseen(
    photos: PhotoSet,
    config: TrainingConfig,
    augmentation: CameraAugmentation,
    output: Path,
    cameras: Sequence[str] | None = None,
    *,
    overwrite: bool = False,
    resume: bool = False,
    on_training: Callable[[Training, int, int], None] = lambda training, number, count: None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> UnseenCameras:
    """Train the networks of `plan_trainings` and ask each about photos of cameras it never saw.

    Args:
        photos: with parts `train`, `val` and `test`.
        config: of every training; its `camera_augmentation` is not looked at.
        augmentation: of the augmented ones; a held-out camera's look is taken out of it.
        output: run folders are made in it.
        cameras: to hold out; by default all of the test part.
        overwrite: replace runs that are there already.
        resume: keep the runs that are done, go on in the one that was interrupted.
        on_training: called with each training, its number from 1 and how many there are.
        on_epoch: called after each epoch.

    Raises:
        InputError: as `plan_trainings` and `edgetlc.training.train.train`.
    """
    trainings = plan_trainings(photos, cameras)
    augmentations = {t.camera: augmentation.without(t.camera) for t in trainings}
    rights: dict[tuple[str | None, bool], Right] = {}
    with decoded_once(config, output) as config:
        for number, training in enumerate(trainings, start=1):
            on_training(training, number, len(trainings))
            own = augmentations[training.camera] if training.augmented else None
            folder = output / training.name
            train_and_report(
                training.photos,
                replace(config, camera_augmentation=own),
                folder,
                overwrite=overwrite,
                resume=resume,
                on_epoch=on_epoch,
            )
            rights[training.camera, training.augmented] = _right(folder, training, config)
    done = _summary(output, photos, trainings, rights)
    write_json(output / UNSEEN_FILE, unseen_to_json(done))
    return done


def unseen_to_json(done: UnseenCameras) -> dict[str, Any]:
    """Return an evaluation as a JSON document."""
    return {
        "simulated": done.simulated,
        "confidence": CONFIDENCE,
        "cameras": [asdict(row) for row in done.cameras],
        "together": asdict(done.together),
        "nameless_photos_left_out": done.nameless,
    }


def _right(folder: Path, training: Training, config: TrainingConfig) -> Right:
    """Ask a trained network about the photos that it is to be asked about."""
    found = evaluate(load_checkpoint(folder), training.asked, device=config.device)
    paths = (photo.path for photo in found.answers.photos)
    return dict(zip(paths, found.answers.right.tolist(), strict=True))


def _summary(
    output: Path, photos: PhotoSet, trainings: Sequence[Training], rights: _Rights
) -> UnseenCameras:
    seen = [rights[None, augmented] for augmented in (False, True)]
    held_out = [t for t in trainings if t.camera is not None and not t.augmented]
    rows, merged = [], [dict[Path, bool](), dict[Path, bool]()]
    for training in held_out:
        unseen = [rights[training.camera, augmented] for augmented in (False, True)]
        count = training.training_photos
        rows.append(figures(training.camera, training.asked, [*seen, *unseen], count))
        for every, own in zip(merged, unseen, strict=True):
            every.update(own)
    return UnseenCameras(
        folder=output,
        cameras=tuple(adjusted(rows)),
        together=figures(None, trainings[0].asked, [*seen, *merged], None),
        nameless=sum(photo.camera is None for photo in photos.photos),
        simulated=photos.simulated,
    )
