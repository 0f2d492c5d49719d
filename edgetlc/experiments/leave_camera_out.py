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

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Unpack

from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.experiments.leave_camera_out_figures import (
    CONFIDENCE,
    HeldOutCamera,
    Right,
    adjusted,
    figures,
)
from edgetlc.experiments.run import Trial, run_trials, write_summary
from edgetlc.locale import _, n_
from edgetlc.training.camera_augment import CameraAugmentation
from edgetlc.training.config import TrainingConfig
from edgetlc.training.run_folder import Existing

LEAVE_CAMERA_OUT_FILE = "leave-camera-out.json"

Key = tuple[str | None, bool]
"""Of a network: the camera whose photos it never saw, and whether with camera augmentation."""


@dataclass(frozen=True)
class LeaveCameraOut:
    """A finished evaluation.

    Attributes:
        together: all rows; its tests are not adjusted.
        nameless: photos of no known camera, which were left out of all trainings.
        simulated: whether any photo was made by a simulation.
    """

    folder: Path
    cameras: tuple[HeldOutCamera, ...]
    together: HeldOutCamera
    nameless: int
    simulated: bool


def leave_camera_out(
    photos: PhotoSet,
    config: TrainingConfig,
    augmentation: CameraAugmentation,
    output: Path,
    cameras: Sequence[str] | None = None,
    **existing: Unpack[Existing],
) -> LeaveCameraOut:
    """Train the networks of `plan_trials` and ask each about photos of cameras it never saw.

    Args:
        photos: with parts `train`, `val` and `test`.
        config: of every training; its `camera_augmentation` is not looked at.
        augmentation: of the augmented ones; a held-out camera's look is taken out of it.
        output: gets the run folders and `leave-camera-out.json`.
        cameras: to hold out; by default all of the test part.
        **existing: what to do with runs that are there already.
    """
    trials = plan_trials(photos, config, augmentation, cameras)
    outcomes = run_trials([*trials.values()], output, LEAVE_CAMERA_OUT_FILE, **existing)
    rights = {
        key: outcome.evaluation.right_by_path for key, outcome in zip(trials, outcomes, strict=True)
    }
    result = _summary(output, photos, trials, rights)
    write_summary(output / LEAVE_CAMERA_OUT_FILE, leave_camera_out_to_json(result))
    return result


def leave_camera_out_to_json(result: LeaveCameraOut) -> dict[str, Any]:
    """Return an evaluation as a JSON document."""
    return {
        "simulated": result.simulated,
        "confidence": CONFIDENCE,
        "cameras": [asdict(row) for row in result.cameras],
        "together": asdict(result.together),
        "nameless_photos_left_out": result.nameless,
    }


def plan_trials(
    photos: PhotoSet,
    config: TrainingConfig,
    augmentation: CameraAugmentation,
    cameras: Sequence[str] | None = None,
) -> dict[Key, Trial]:
    """Return the networks to train: two for each camera and two that see all.

    Photos that name no camera are in none: they might be of the one that is held out. The arguments
    are those of `leave_camera_out`.

    Raises:
        InputError: fewer than two cameras in the training part, a camera without test photos, or
            one without whose photos a class or the validation part would be empty.
    """
    every = {photo.camera for photo in photos.photos if photo.camera}
    named = _of(photos, every)
    chosen = _chosen_cameras(named, cameras)
    known, asked = named.part("train", "val"), _of(named.part("test"), chosen)
    plain = replace(config, camera_augmentation=None)
    trials = {}
    for camera in (None, *chosen):
        name = "all-cameras" if camera is None else f"without-{camera}"
        augmented = replace(config, camera_augmentation=augmentation.without(camera))
        learnt, own = known, asked
        if camera is not None:
            learnt, own = _of(known, every - {camera}), _of(asked, [camera])
            _check_rest(learnt, camera)
        trials[camera, False] = Trial(name, learnt, plain, own)
        trials[camera, True] = Trial(f"{name}-augmented", learnt, augmented, own)
    return trials


def _chosen_cameras(photos: PhotoSet, cameras: Sequence[str] | None) -> list[str]:
    tested = {str(photo.camera) for photo in photos.part("test").photos}
    trained = {photo.camera for photo in photos.photos if photo.part == "train"}
    if len(trained) < 2:
        raise InputError(
            n_(
                "the training part names {count} camera; to hold one out it takes two "
                "(see 'edgetlc devices identify' and 'edgetlc data simulate')",
                "the training part names {count} cameras; to hold one out it takes two "
                "(see 'edgetlc devices identify' and 'edgetlc data simulate')",
                count=len(trained),
            )
        )
    chosen = list(dict.fromkeys(cameras or sorted(tested)))
    for camera in chosen:
        if camera not in tested:
            raise InputError(
                "no test photo is of camera {camera!r}; the test part has {known}",
                camera=camera,
                known=", ".join(sorted(tested)) or _("none"),
            )
    return chosen


def _of(photos: PhotoSet, cameras: Collection[str]) -> PhotoSet:
    return replace(photos, photos=tuple(p for p in photos.photos if p.camera in cameras))


def _check_rest(others: PhotoSet, camera: str) -> None:
    left = {photo.label for photo in others.photos if photo.part == "train"}
    missing = [label for label in others.labels if label not in left]
    if missing:
        raise InputError(
            "without camera {camera} no training photo shows {classes}; "
            "choose other cameras to hold out, or add photos",
            camera=camera,
            classes=", ".join(missing),
        )
    if all(photo.part == "train" for photo in others.photos):
        raise InputError(
            "without camera {camera} the validation part is empty; "
            "choose other cameras to hold out, or split again",
            camera=camera,
        )


def _summary(
    output: Path, photos: PhotoSet, trials: Mapping[Key, Trial], rights: Mapping[Key, Right]
) -> LeaveCameraOut:
    seen = [rights[None, augmented] for augmented in (False, True)]
    merged: tuple[dict[Path, bool], ...] = {}, {}
    rows = []
    for camera, augmented in trials:
        if camera is None or augmented:
            continue
        trial, unseen = trials[camera, False], (rights[camera, False], rights[camera, True])
        count = len(trial.photos.part("train").photos)
        rows.append(figures(camera, trial.asked, [*seen, *unseen], count))
        for right, own in zip(merged, unseen, strict=True):
            right.update(own)
    return LeaveCameraOut(
        folder=output,
        cameras=tuple(adjusted(rows)),
        together=figures(None, trials[None, False].asked, [*seen, *merged], None),
        nameless=sum(photo.camera is None for photo in photos.photos),
        simulated=photos.simulated,
    )
