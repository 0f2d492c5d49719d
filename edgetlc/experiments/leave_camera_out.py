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

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Unpack

from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import InputError
from edgetlc.experiments.leave_camera_out_figures import (
    CONFIDENCE,
    HeldOutCamera,
    Right,
    adjusted,
    figures,
)
from edgetlc.experiments.trials import Trial, run_trials, write_summary
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
        folder: holds the run folders and `leave-camera-out.json`.
        cameras: one row each.
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
        output: run folders are made in it.
        cameras: to hold out; by default all of the test part.
        **existing: what to do with runs that are there already.

    Raises:
        InputError: as `plan_trials` and `edgetlc.training.train.train`.
    """
    trials = plan_trials(photos, config, augmentation, cameras)
    outcomes = run_trials([*trials.values()], output, **existing)
    rights = {
        key: outcome.evaluation.answers.right_by_path
        for key, outcome in zip(trials, outcomes, strict=True)
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

    Photos that name no camera are in none: they might be of the one that is held out.

    Args:
        photos: with parts `train`, `val` and `test`.
        config: of every training; its `camera_augmentation` is not looked at.
        augmentation: of the augmented ones; a held-out camera's look is taken out of it.
        cameras: to hold out; by default all of the test part.

    Raises:
        InputError: fewer than two cameras in the training part, a camera without test photos, or
            one without whose photos a class or the validation part would be empty.
    """
    named = _where(photos, lambda photo: bool(photo.camera))
    chosen = _chosen_cameras(named, cameras)
    asked = _where(named, lambda photo: photo.part == "test" and photo.camera in chosen)
    known = _where(named, lambda photo: photo.part in ("train", "val"))
    plain = replace(config, camera_augmentation=None)

    def pair(camera: str | None, photos: PhotoSet, asked: PhotoSet) -> dict[Key, Trial]:
        name = "all-cameras" if camera is None else f"without-{camera}"
        augmented = replace(config, camera_augmentation=augmentation.without(camera))
        return {
            (camera, False): Trial(name, photos, plain, asked),
            (camera, True): Trial(f"{name}-augmented", photos, augmented, asked),
        }

    trials = pair(None, known, asked)
    for camera in chosen:
        others = _without(known, camera)
        _check_rest(others, camera)
        trials |= pair(camera, others, _of(asked, camera))
    return trials


def _chosen_cameras(photos: PhotoSet, cameras: Sequence[str] | None) -> list[str]:
    tested = Counter(str(photo.camera) for photo in photos.part("test").photos)
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
        if not tested[camera]:
            raise InputError(
                "no test photo is of camera {camera!r}; the test part has {known}",
                camera=camera,
                known=", ".join(sorted(tested)) or _("none"),
            )
    return chosen


def _where(photos: PhotoSet, wanted: Callable[[Photo], bool]) -> PhotoSet:
    return replace(photos, photos=tuple(photo for photo in photos.photos if wanted(photo)))


def _of(photos: PhotoSet, camera: str) -> PhotoSet:
    return _where(photos, lambda photo: photo.camera == camera)


def _without(photos: PhotoSet, camera: str) -> PhotoSet:
    return _where(photos, lambda photo: photo.camera != camera)


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
    def both(camera: str | None) -> list[Right]:
        return [rights[camera, augmented] for augmented in (False, True)]

    held_out = [camera for camera, augmented in trials if camera is not None and not augmented]
    rows = []
    for camera in held_out:
        trial = trials[camera, False]
        count = len(trial.photos.part("train").photos)
        rows.append(figures(camera, trial.asked, [*both(None), *both(camera)], count))
    merged = [
        {path: right for camera in held_out for path, right in rights[camera, augmented].items()}
        for augmented in (False, True)
    ]
    asked = trials[None, False].asked
    return LeaveCameraOut(
        folder=output,
        cameras=tuple(adjusted(rows)),
        together=figures(None, asked, [*both(None), *merged], None),
        nameless=sum(photo.camera is None for photo in photos.photos),
        simulated=photos.simulated,
    )
