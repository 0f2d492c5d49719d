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

K = TypeVar("K")


@dataclass(frozen=True)
class Overlap:
    """A photo that would calibrate, and the one that would judge and shows the same.

    Attributes:
        photo: the one that would calibrate.
        held_out: the one of the validation or test part.
        group: the group of both; None where their files are the same.
    """

    photo: Photo
    held_out: Photo
    group: str | None = None

    def __str__(self) -> str:
        how = "the same file as" if self.group is None else f"in group {self.group!r} with"
        return f"{self.photo.path} is {how} {self.held_out.path} ({self.held_out.part})"


def by_content(photos: Iterable[Photo], held_out: Iterable[Photo]) -> list[Overlap]:
    """Return the photos whose files are held-out photos' too."""
    return [Overlap(photo, other) for photo, other in same_content(photos, held_out)]


def by_group(photos: Iterable[Photo], held_out: Iterable[Photo]) -> list[Overlap]:
    """Return the photos that are in a group with held-out photos."""
    of_group = {other.group: other for other in held_out if other.group is not None}
    return [
        Overlap(photo, of_group[photo.group], photo.group)
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


def refuse(found: Iterable[Overlap], advice: str) -> None:
    """Raise an error that names the overlapping files, if there are any.

    Raises:
        InputError: there are.
    """
    first: dict[Path, Overlap] = {}
    for overlap in found:
        first.setdefault(overlap.photo.path, overlap)
    if first:
        raise InputError(
            f"{len(first)} photo(s) to calibrate on would judge the result too: "
            f"{some_of([str(first[path]) for path in sorted(first)])}; {advice}"
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
