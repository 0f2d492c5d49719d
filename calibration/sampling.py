"""Calibration sets: the photos that set the int8 ranges.

They come from the training part only, and every class x camera has its share, so that a rare
phone's tones are inside the ranges. No photo may stand on both sides, among those that calibrate
and those that judge the result: neither the same file, byte for byte, nor one of the same group,
which `edgetlc data split` gives to the photos of one batch or scene.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from edgetlc.calibration.config import CalibrationConfig
from edgetlc.calibration.coverage import MINIMUM_PHOTOS, Coverage, refuse_gaps
from edgetlc.data.leaks import Leak, by_content, by_group, same_content, texts_of
from edgetlc.data.photos import Photo, PhotoSet, digest_of, in_turn
from edgetlc.errors import InputError
from edgetlc.locale import Message, _, n_, some_of

Photos = Sequence[Photo]


@dataclass(frozen=True)
class CalibrationSet:
    """The chosen photos, in a fixed order, and how many of every class x camera they are.

    `reserve` is the rest of the training part, in the order in which they take the place of photos
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
        self, photos: tuple[Photo, ...], *, allow_missing_cameras: bool = False
    ) -> CalibrationSet:
        """Return the set of those photos that could be read, replacements among them.

        Raises:
            InputError: they are too few, of one class, or leave a camera without a photo.
        """
        if photos == self.photos:
            return self
        coverage = self.coverage.with_photos(photos)
        refuse_gaps(coverage, allow_missing_cameras=allow_missing_cameras)
        return replace(self, photos=photos, coverage=coverage)


def calibration_set(photos: PhotoSet, config: CalibrationConfig | None = None) -> CalibrationSet:
    """Choose calibration photos from the training part.

    They are the user's `own`, in that order, or else taken in turn from every class x camera; parts
    other than `train` only tell what will be verified.

    Raises:
        InputError: fewer than 8 wanted or there, one class only, no training part, a photo that is
            in the validation or test part too or in a group with one of theirs, a camera of these
            without a photo, or a photo of the user's that is not in the training part.
    """
    config = config or CalibrationConfig()
    training = photos.part("train").photos
    held_out = [photo for photo in photos.photos if photo.part in ("val", "test")]
    if config.own is None:
        asked = config.count
        order = _in_turn(training, held_out, config)
    else:
        asked = len(config.own.photos)
        order = _by_user(training, held_out, config.own.photos)
    coverage = Coverage.of(asked, order[:asked], training, held_out)
    refuse_gaps(coverage, allow_missing_cameras=config.allow_missing_cameras)
    return CalibrationSet(order[:asked], coverage, order[asked:])


def _in_turn(training: Photos, held_out: Photos, config: CalibrationConfig) -> tuple[Photo, ...]:
    """Return the training photos in turn from every class x camera."""
    if config.count < MINIMUM_PHOTOS:
        raise InputError(
            "{count} calibration photos asked for; at least {least} are needed",
            count=config.count,
            least=MINIMUM_PHOTOS,
        )
    refuse(
        [*by_content(training, held_out), *by_group(training, held_out)],
        _(
            "split again with 'edgetlc data split' and train on that, or name calibration photos "
            "without these by --calibration"
        ),
    )
    return tuple(in_turn(training, config.seed))


def _by_user(training: Photos, held_out: Photos, own: Photos) -> tuple[Photo, ...]:
    """Return the user's own photos as the training part knows them, each picture once.

    Files are compared by content, so copies in another folder will do; what is known of a photo
    (class, camera, group) is taken from the training part.
    """
    advice = _("take them out of your calibration photos")
    refuse(by_content(own, held_out), advice)
    at = {photo.path: photo for photo in training}
    twins = {photo: at[photo.path] for photo in own if photo.path in at}
    elsewhere = [photo for photo in own if photo not in twins]
    for mine, theirs in same_content(elsewhere, training):
        twins.setdefault(mine, theirs)
    strangers = [str(photo.path) for photo in elsewhere if photo not in twins]
    if strangers:
        raise InputError(
            "{count} calibration photos are not among the {training} training photos: "
            "{photos}; calibrate on photos that the network was trained on",
            count=len(strangers),
            training=len(training),
            photos=some_of(strangers),
        )
    chosen = tuple(dict.fromkeys(twins[photo] for photo in own))
    refuse(by_group(chosen, held_out), advice)
    return chosen


def refuse(leaks: Iterable[Leak], advice: Message) -> None:
    """Refuse photos that leak.

    Raises:
        InputError: there are any; it names the files.
    """
    found = texts_of(leaks)
    if found:
        raise InputError(
            n_(
                "{count} photo to calibrate on would judge the result too: {photos}; {advice}",
                "{count} photos to calibrate on would judge the result too: {photos}; {advice}",
                count=len(found),
                photos=some_of(found),
                advice=advice,
            )
        )
