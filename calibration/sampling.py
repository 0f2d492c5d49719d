"""Calibration sets: the photos that set the int8 ranges.

They come from the training part only, never from photos that will judge the result, and every
class x camera has its share, so that a rare phone's tones are inside the ranges.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest

from edgetlc.data.photos import Photo, PhotoSet, digest_of
from edgetlc.errors import InputError

DEFAULT_COUNT = 300
MINIMUM_COUNT = 8


@dataclass(frozen=True)
class CalibrationSet:
    """The chosen photos.

    Attributes:
        photos: in a fixed order.
        per_camera: photos of each camera; the key `unknown` stands for photos of unknown cameras.
        digest: SHA-256 over their contents.
    """

    photos: tuple[Photo, ...]
    per_camera: dict[str, int]
    digest: str

    @property
    def simulated(self) -> bool:
        """Whether any of the photos was made by a simulation."""
        return any(photo.simulated for photo in self.photos)


def choose(photos: PhotoSet, count: int = DEFAULT_COUNT, seed: int = 0) -> CalibrationSet:
    """Choose calibration photos from the training part, in turn from every class x camera.

    Args:
        photos: a split photo set; parts other than `train` are never touched.
        count: photos wanted; all of the training part where it holds fewer.
        seed: which photos of each class x camera come first.

    Raises:
        InputError: fewer than 8 wanted, or the set has no training part.
    """
    if count < MINIMUM_COUNT:
        raise InputError(
            f"{count} calibration photos asked for; at least {MINIMUM_COUNT} are needed"
        )
    chosen = tuple(islice(in_turn(photos.part("train").photos, seed), count))
    per_camera: dict[str, int] = defaultdict(int)
    for photo in chosen:
        per_camera[photo.camera or "unknown"] += 1
    return CalibrationSet(chosen, dict(sorted(per_camera.items())), digest_of(chosen))


def in_turn(photos: Iterable[Photo], seed: int = 0) -> Iterator[Photo]:
    """Yield all photos, one of every class x camera in turn, in an order fixed by the seed."""
    strata: dict[tuple[str, str], list[Photo]] = defaultdict(list)
    for photo in photos:
        strata[photo.label, photo.camera or ""].append(photo)
    generator = random.Random(seed)  # noqa: S311 - a reproducible draw, no secret
    shuffled = []
    for key in sorted(strata):
        members = sorted(strata[key], key=lambda photo: str(photo.path))
        generator.shuffle(members)
        shuffled.append(members)
    generator.shuffle(shuffled)
    for turn in zip_longest(*shuffled):
        yield from (photo for photo in turn if photo is not None)
