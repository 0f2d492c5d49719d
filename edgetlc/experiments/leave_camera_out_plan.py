"""The networks that a leave-one-camera-out evaluation trains, and what each is asked about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import InputError


@dataclass(frozen=True)
class Training:
    """One network to train.

    Attributes:
        name: of its run folder.
        camera: whose photos it does not see; None for a network that sees all cameras.
        augmented: whether with camera augmentation.
        photos: to train on, with parts `train` and `val`.
        asked: photos of the test part that it is asked about.
    """

    name: str
    camera: str | None
    augmented: bool
    photos: PhotoSet
    asked: PhotoSet

    @property
    def training_photos(self) -> int:
        """How many photos it learns from."""
        return len(self.photos.part("train").photos)


def plan_trainings(photos: PhotoSet, cameras: Sequence[str] | None = None) -> tuple[Training, ...]:
    """Return the networks to train: two for each camera and two that see all.

    Photos that name no camera are in none: they might be of the one that is held out.

    Args:
        photos: with parts `train`, `val` and `test`.
        cameras: to hold out; by default all of the test part.

    Raises:
        InputError: fewer than two cameras in the training part, a camera without test photos, or
            one without whose photos a class or the validation part would be empty.
    """
    named = replace(photos, photos=tuple(photo for photo in photos.photos if photo.camera))
    tested = Counter(photo.camera for photo in named.part("test").photos)
    trained = {photo.camera for photo in named.photos if photo.part == "train"}
    if len(trained) < 2:
        raise InputError(
            f"the training part names {len(trained)} camera(s); to hold one out it takes two "
            "(see 'edgetlc devices identify' and 'edgetlc data simulate')"
        )
    chosen = list(dict.fromkeys(cameras or sorted(str(camera) for camera in tested)))
    for camera in chosen:
        if not tested[camera]:
            known = ", ".join(sorted(str(camera) for camera in tested)) or "none"
            raise InputError(f"no test photo is of camera {camera!r}; the test part has {known}")
    asked = _where(named, lambda photo: photo.part == "test" and photo.camera in chosen)
    learnable = _where(named, lambda photo: photo.part in ("train", "val"))
    trainings = _pair(None, learnable, asked)
    for camera in chosen:
        others = _without(learnable, camera)
        _check_rest(others, camera)
        trainings += _pair(camera, others, _of(asked, camera))
    return trainings


def _pair(camera: str | None, photos: PhotoSet, asked: PhotoSet) -> tuple[Training, ...]:
    name = "all-cameras" if camera is None else f"without-{camera}"
    return (
        Training(name, camera, False, photos, asked),
        Training(f"{name}-augmented", camera, True, photos, asked),
    )


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
            f"without camera {camera} no training photo shows {', '.join(missing)}; "
            "choose other cameras to hold out, or add photos"
        )
    if all(photo.part == "train" for photo in others.photos):
        raise InputError(
            f"without camera {camera} the validation part is empty; "
            "choose other cameras to hold out, or split again"
        )
