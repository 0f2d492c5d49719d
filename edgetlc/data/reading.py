"""Reading every photo of a set once: what `data check` and `data split` need to know of each."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from edgetlc.data.duplicates import DECODED_SIZE, Thumbnail, connected, thumbnail
from edgetlc.data.photos import Photo
from edgetlc.errors import InputError
from edgetlc.locale import _
from edgetlc.progress import progress
from edgetlc.runtime.containers import Container, sniff
from edgetlc.runtime.pixels import decode, read_photo
from edgetlc.threads import worker_pool


@dataclass(frozen=True)
class Reading:
    """A photo that was decoded to its end."""

    photo: Photo
    digest: str  # SHA-256 of its file, 64 hexadecimal digits
    container: Container  # its format by content
    notes: tuple[str, ...]  # what to know of the file
    thumbnail: Thumbnail  # uint8[96, 96], for `edgetlc.data.duplicates`


@dataclass(frozen=True)
class FileFinding:
    """One file and what is wrong with it, in one line."""

    file: Path
    reason: str


def read_all(photos: Sequence[Photo]) -> tuple[list[Reading], list[FileFinding]]:
    """Decode every photo, in threads; return those that can be read and those that cannot."""
    with worker_pool() as pool:
        outcomes = list(progress(pool.map(_read, photos), _("read"), len(photos)))
    readings = [one for one in outcomes if isinstance(one, Reading)]
    return readings, [one for one in outcomes if isinstance(one, FileFinding)]


def _read(photo: Photo) -> Reading | FileFinding:
    try:
        data = read_photo(photo.path)
        decoded = decode(data, DECODED_SIZE)
    except InputError as error:
        return FileFinding(photo.path, error.text)
    digest, container = hashlib.sha256(data).hexdigest(), sniff(data[:32])
    return Reading(photo, digest, container, decoded.notes, thumbnail(decoded.pixels))


def exact_copies(readings: Sequence[Reading]) -> list[tuple[int, ...]]:
    """Return the sets of indices of photos with the same file or the same pixels, by first member.

    A copy whose metadata were edited, or that was saved again without loss, has the same pixels.
    Only those with one thumbnail are decoded in full for it.
    """
    files, thumbnails, pixels = defaultdict(list), defaultdict(list), defaultdict(list)
    for index, reading in enumerate(readings):
        files[reading.digest].append(index)
    for same in files.values():
        small = hashlib.sha256(readings[same[0]].thumbnail.tobytes()).digest()
        thumbnails[small].append(same[0])
    for alike in thumbnails.values():
        for index in alike if len(alike) > 1 else ():
            pixels[_pixels_digest(readings[index].photo)].append(index)
    links = [link for same in (*files.values(), *pixels.values()) for link in pairwise(same)]
    return [members for members in connected(len(readings), links) if len(members) > 1]


def _pixels_digest(photo: Photo) -> Hashable:
    pixels = decode(photo.path).pixels
    return pixels.shape, hashlib.sha256(pixels.tobytes()).digest()
