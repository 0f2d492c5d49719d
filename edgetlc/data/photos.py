"""The photo set: the one list of photos that every later step takes.

Vocabulary:
    class   the kind of herb piece; the name of its folder, or the manifest's `class` column
    camera  id of a camera profile (`edgetlc devices list`), or None for an unknown camera
    batch   the production batch of the piece; its photos stay on one side of a split
    piece   id of the piece in the photo, the same for no other piece of its class
    group   photos that stay together whatever the batch: renders of one photo, near-duplicates
    specimen  what counts once in statistics: the piece, or the group where no piece is named
    part    `train`, `val` or `test`; None before `data split`
    simulated  True where `data simulate` or the demo made the pixels
"""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from typing import Literal

from edgetlc.errors import InputError
from edgetlc.files import sha256_file
from edgetlc.runtime.classes import ClassInfo
from edgetlc.threads import in_order

Part = Literal["train", "val", "test"]
PARTS: tuple[Part, ...] = ("train", "val", "test")


@dataclass(frozen=True)
class Photo:
    """One photo of a set; `path` is absolute."""

    path: Path
    label: str
    camera: str | None = None
    batch: str | None = None
    group: str | None = None
    part: Part | None = None
    simulated: bool = False
    piece: str | None = None

    @property
    def specimen(self) -> str | None:
        """Id of the specimen; None where the photo counts by itself."""
        return self.group if self.piece is None else f"{self.label}/{self.piece}"


@dataclass(frozen=True)
class PhotoSet:
    """An ordered list of photos and the classes they show, in label order.

    Attributes:
        described_in: the manifest and `classes.toml` that were read.
    """

    photos: tuple[Photo, ...]
    classes: tuple[ClassInfo, ...]
    described_in: tuple[Path, ...] = field(default=(), compare=False)

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names in the order of the network's outputs."""
        return tuple(info.name for info in self.classes)

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that the set was read from: what describes it, and the photos in order."""
        return (*self.described_in, *(photo.path for photo in self.photos))

    @property
    def simulated(self) -> bool:
        """Whether any photo's pixels were made by a simulation."""
        return any(photo.simulated for photo in self.photos)

    def part(self, *parts: Part) -> PhotoSet:
        """Return the photos of the given parts.

        Raises:
            InputError: no photo is in these parts, as before `edgetlc data split`.
        """
        chosen = tuple(photo for photo in self.photos if photo.part in parts)
        if not chosen:
            raise InputError(
                "no photo is in part {parts}; run 'edgetlc data split' first",
                parts=", ".join(parts),
            )
        return replace(self, photos=chosen)

    def index(self, photo: Photo) -> int:
        """Return the class index of a photo."""
        return self.labels.index(photo.label)


def digest_of(photos: Iterable[Photo]) -> str:
    """Return a SHA-256 over the photos' contents and labels, independent of order and place."""
    hashed = in_order(lambda photo: sha256_file(photo.path), photos)
    lines = sorted(f"{digest} {photo.label}" for photo, digest in hashed)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def in_turn(photos: Iterable[Photo], seed: int = 0) -> Iterator[Photo]:
    """Yield all photos, one of every class x camera in turn, in an order fixed by the seed."""
    strata: dict[tuple[str, str], list[Photo]] = defaultdict(list)
    for photo in photos:
        strata[photo.label, photo.camera or ""].append(photo)
    generator = random.Random(seed)  # noqa: S311 - a reproducible draw, no secret
    queues = [sorted(strata[key], key=lambda photo: str(photo.path)) for key in sorted(strata)]
    for queue in queues:
        generator.shuffle(queue)
    generator.shuffle(queues)
    for turn in zip_longest(*queues):
        yield from (photo for photo in turn if photo is not None)
