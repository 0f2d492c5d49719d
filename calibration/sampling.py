"""Calibration sets: the photos that set the int8 ranges.

They come from the training part only, never from photos that will judge the result, and every
class x camera has its share, so that a rare phone's tones are inside the ranges.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from edgetlc.calibration.config import CalibrationConfig
from edgetlc.calibration.coverage import MINIMUM_PHOTOS, Coverage, refuse_gaps, some_of
from edgetlc.calibration.leakage import by_content, by_group, refuse, same_content
from edgetlc.data.photos import Photo, PhotoSet, digest_of, in_turn
from edgetlc.errors import InputError
from edgetlc.locale import _


@dataclass(frozen=True)
class CalibrationSet:
    """The chosen photos.

    Attributes:
        photos: in a fixed order.
        coverage: how many of every class x camera they are, of how many.
        reserve: the rest of the training part, in the order in which they take the place of photos
            that cannot be read; empty where the user chose.
    """

    photos: tuple[Photo, ...]
    coverage: Coverage
    reserve: tuple[Photo, ...] = ()

    @property
    def per_camera(self) -> dict[str, int]:
        """Photos of each camera; `unknown` stands for photos of unknown cameras."""
        return self.coverage.per_camera

    @property
    def simulated(self) -> bool:
        """Whether any of the photos was made by a simulation."""
        return any(photo.simulated for photo in self.photos)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over their contents; reads every file once."""
        return digest_of(self.photos)

    def as_read(
        self, photos: Iterable[Photo], *, allow_missing_cameras: bool = False
    ) -> CalibrationSet:
        """Return the set of those photos that could be read, replacements among them.

        Raises:
            InputError: they are too few, of one class, or leave a camera without a photo.
        """
        read = tuple(photos)
        if read == self.photos:
            return self
        coverage = self.coverage.with_photos(read)
        refuse_gaps(coverage, allow_missing_cameras=allow_missing_cameras)
        return replace(self, photos=read, coverage=coverage)


def choose(
    photos: PhotoSet,
    count: int = CalibrationConfig.count,
    seed: int = 0,
    *,
    allow_missing_cameras: bool = False,
) -> CalibrationSet:
    """Choose calibration photos from the training part, in turn from every class x camera.

    Args:
        photos: a split photo set; parts other than `train` only tell what will be verified.
        count: photos wanted; all of the training part where it holds fewer.
        seed: which photos of each class x camera come first.
        allow_missing_cameras: go on where a camera of the validation or test part has no
            calibration photo.

    Raises:
        InputError: fewer than 8 wanted or there, one class only, no training part, a training photo
            that is in the validation or test part too, or a camera of these without a photo.
    """
    if count < MINIMUM_PHOTOS:
        raise InputError(
            "{count} calibration photos asked for; at least {least} are needed",
            count=count,
            least=MINIMUM_PHOTOS,
        )
    training, held_out = photos.part("train").photos, _held_out(photos)
    refuse(
        [*by_content(training, held_out), *by_group(training, held_out)],
        _(
            "split again with 'edgetlc data split' and train on that, or name calibration photos "
            "without these by --calibration"
        ),
    )
    order = tuple(in_turn(training, seed))
    chosen = order[:count]
    coverage = Coverage.of(count, chosen, training, held_out)
    refuse_gaps(coverage, allow_missing_cameras=allow_missing_cameras)
    return CalibrationSet(chosen, coverage, order[count:])


def chosen_by_user(
    photos: PhotoSet, own: PhotoSet, *, allow_missing_cameras: bool = False
) -> CalibrationSet:
    """Return the calibration set of the user's own list, in its order, each picture once.

    Files are compared by content, so copies in another folder will do; what is known of a photo
    (class, camera, group) is taken from the training part.

    Args:
        photos: a split photo set.
        own: the list; its parts, if any, do not matter.
        allow_missing_cameras: as of `choose`.

    Raises:
        InputError: a photo is in the validation or test part or in a group with one of theirs, or
            is not in the training part; fewer than 8 photos, one class only, no training part, or a
            camera of the validation or test part without a photo.
    """
    training, held_out = photos.part("train").photos, _held_out(photos)
    advice = _("take them out of your calibration photos")
    refuse(by_content(own.photos, held_out), advice)
    at = {photo.path: photo for photo in training}
    twins = {photo: at[photo.path] for photo in own.photos if photo.path in at}
    elsewhere = [photo for photo in own.photos if photo not in twins]
    for mine, theirs in same_content(elsewhere, training):
        twins.setdefault(mine, theirs)
    _refuse_strangers([photo for photo in own.photos if photo not in twins], len(training))
    chosen = tuple(dict.fromkeys(twins[photo] for photo in own.photos))
    refuse(by_group(chosen, held_out), advice)
    coverage = Coverage.of(len(own.photos), chosen, training, held_out)
    refuse_gaps(coverage, allow_missing_cameras=allow_missing_cameras)
    return CalibrationSet(chosen, coverage)


def _held_out(photos: PhotoSet) -> tuple[Photo, ...]:
    return tuple(photo for photo in photos.photos if photo.part in ("val", "test"))


def _refuse_strangers(strangers: list[Photo], training: int) -> None:
    if strangers:
        raise InputError(
            "{count} calibration photos are not among the {training} training photos: "
            "{photos}; calibrate on photos that the network was trained on",
            count=len(strangers),
            training=training,
            photos=some_of([str(photo.path) for photo in strangers]),
        )
