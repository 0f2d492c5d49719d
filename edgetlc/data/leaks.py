"""Photos in two parts: a network is then judged on what it has learnt from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TypeVar

from edgetlc.data.photos import PARTS, Photo, PhotoSet
from edgetlc.errors import InputError
from edgetlc.files import sha256_file
from edgetlc.locale import Message, _, n_, some_of

K = TypeVar("K")


@dataclass(frozen=True)
class Leak:
    """A photo, and one held out from it: the same file, else of `group`, else of `piece`."""

    photo: Photo
    held_out: Photo
    group: str | None = None
    piece: str | None = None

    @property
    def text(self) -> Message:
        """Which file leaks, and where to."""
        photo, other = map(_in_part, (self.photo, self.held_out))
        if self.piece is not None:
            return _(
                "{photo} shows piece {piece!r}, as does {other}",
                photo=photo,
                piece=self.piece,
                other=other,
            )
        if self.group is None:
            return _("{photo} is the same file as {other}", photo=photo, other=other)
        return _(
            "{photo} is in group {group!r} with {other}",
            photo=photo,
            group=self.group,
            other=other,
        )


def leaks_between_parts(photos: PhotoSet) -> list[Leak]:
    """Return the photos of each part that are, by content, group or piece, in a later one too."""
    train, val, test = ([p for p in photos.photos if p.part == part] for part in PARTS)
    leaks = []
    for some, held_out in ((train, [*val, *test]), (val, test)):
        leaks += [*by_content(some, held_out), *by_group(some, held_out)]
    return leaks


def refuse_leaks(photos: PhotoSet) -> None:
    """Refuse a set with a photo in two parts.

    Raises:
        InputError: there is one; it names the files and their parts.
    """
    leaks = texts_of(leaks_between_parts(photos))
    if leaks:
        raise InputError(
            n_(
                "{count} photo is in two parts: {photos}; run 'edgetlc data split' again",
                "{count} photos are in two parts: {photos}; run 'edgetlc data split' again",
                count=len(leaks),
                photos=some_of(leaks),
            )
        )


def texts_of(leaks: Iterable[Leak]) -> list[Message]:
    """Return of each photo that leaks the first reason, by path."""
    first: dict[Path, Leak] = {}
    for leak in leaks:
        first.setdefault(leak.photo.path, leak)
    return [first[path].text for path in sorted(first)]


def by_content(photos: Iterable[Photo], held_out: Iterable[Photo]) -> list[Leak]:
    """Return the photos whose files are held-out photos' too."""
    return [Leak(photo, other) for photo, other in same_content(photos, held_out)]


def by_group(photos: Iterable[Photo], held_out: Iterable[Photo]) -> list[Leak]:
    """Return the photos that are in a group with held-out photos, or show a piece with them."""
    others = list(held_out)
    of_group = {other.group: other for other in others if other.group is not None}
    of_piece = {(o.label, o.piece): o for o in others if o.piece is not None}
    leaks = []
    for photo in photos:
        if photo.group in of_group:
            leaks.append(Leak(photo, of_group[photo.group], photo.group))
        elif (key := (photo.label, photo.piece)) in of_piece:
            leaks.append(Leak(photo, of_piece[key], piece=photo.piece))
    return leaks


def same_content(photos: Iterable[Photo], others: Iterable[Photo]) -> Iterator[tuple[Photo, Photo]]:
    """Yield every photo with every other one whose file has the same bytes.

    Files are read only where their sizes agree: of a large set, almost none are. An empty file
    shows nothing, nor does one that cannot be read; decoding will tell of them.
    """
    of_size = _grouped(others, lambda path: path.stat().st_size)
    for size, some in _grouped(photos, lambda path: path.stat().st_size).items():
        if size and size in of_size:
            of_content = _grouped(of_size[size], sha256_file)
            for digest, equal in _grouped(some, sha256_file).items():
                yield from product(equal, of_content.get(digest, ()))


def _grouped(photos: Iterable[Photo], key: Callable[[Path], K]) -> dict[K, list[Photo]]:
    """Return the photos by what `key` says of their files, without those that it cannot read."""
    groups: dict[K, list[Photo]] = defaultdict(list)
    for photo in photos:
        with suppress(OSError):
            groups[key(photo.path)].append(photo)
    return groups


def _in_part(photo: Photo) -> str:
    return f"{photo.path} ({photo.part})" if photo.part else str(photo.path)
