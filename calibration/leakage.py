"""Photos that stand on both sides: among those that calibrate and those that judge the result.

Two photos are the same where their files are, byte for byte, or where they are of one group, which
`edgetlc data split` gives to the photos of one batch or scene. Files are compared by SHA-256, but
read only where their sizes agree: of a large set, almost none are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TypeVar

from edgetlc.calibration.coverage import some_of
from edgetlc.data.photos import Photo
from edgetlc.errors import InputError
from edgetlc.files import sha256_file
from edgetlc.locale import Message, _, n_

K = TypeVar("K")


@dataclass(frozen=True)
class Leak:
    """A photo that would calibrate, and the one that would judge and shows the same.

    Attributes:
        photo: the one that would calibrate.
        held_out: the one of the validation or test part.
        group: the group of both; None where their files are the same.
    """

    photo: Photo
    held_out: Photo
    group: str | None = None

    @property
    def text(self) -> Message:
        """Which file leaks, and where to."""
        values = {"photo": self.photo.path, "other": self.held_out.path, "part": self.held_out.part}
        if self.group is None:
            return _("{photo} is the same file as {other} ({part})", **values)
        return _("{photo} is in group {group!r} with {other} ({part})", group=self.group, **values)


def by_content(photos: Iterable[Photo], held_out: Iterable[Photo]) -> list[Leak]:
    """Return the photos whose files are held-out photos' too."""
    return [Leak(photo, other) for photo, other in same_content(photos, held_out)]


def by_group(photos: Iterable[Photo], held_out: Iterable[Photo]) -> list[Leak]:
    """Return the photos that are in a group with held-out photos."""
    of_group = {other.group: other for other in held_out if other.group is not None}
    return [
        Leak(photo, of_group[photo.group], photo.group)
        for photo in photos
        if photo.group in of_group
    ]


def same_content(photos: Iterable[Photo], others: Iterable[Photo]) -> Iterator[tuple[Photo, Photo]]:
    """Yield every photo with every other one whose file has the same bytes.

    An empty file shows nothing, nor does one that cannot be read; decoding will tell of them.
    """
    of_size = _grouped(others, _size)
    for size, some in _grouped(photos, _size).items():
        if not size or size not in of_size:
            continue
        of_content = _grouped(of_size[size], sha256_file)
        for digest, equal in _grouped(some, sha256_file).items():
            yield from product(equal, of_content.get(digest, ()))


def refuse(leaks: Iterable[Leak], advice: Message) -> None:
    """Raise an error that names the files that leak, if there are any.

    Raises:
        InputError: there are.
    """
    first: dict[Path, Leak] = {}
    for leak in leaks:
        first.setdefault(leak.photo.path, leak)
    if first:
        raise InputError(
            n_(
                "{count} photo to calibrate on would judge the result too: {photos}; {advice}",
                "{count} photos to calibrate on would judge the result too: {photos}; {advice}",
                count=len(first),
                photos=some_of([first[path].text for path in sorted(first)]),
                advice=advice,
            )
        )


def _size(path: Path) -> int:
    return path.stat().st_size


def _grouped(photos: Iterable[Photo], key: Callable[[Path], K]) -> dict[K, list[Photo]]:
    """Return the photos by what `key` says of their files, without those that it cannot read."""
    groups: dict[K, list[Photo]] = defaultdict(list)
    for photo in photos:
        with suppress(OSError):
            groups[key(photo.path)].append(photo)
    return groups
