"""Reading every photo of a set once: what `data check` and `data split` need to know of each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgetlc.data.duplicates import DECODED_SIZE, Thumbnail, thumbnail
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
    thumbnail: Thumbnail  # uint8[28, 28], for `edgetlc.data.duplicates`


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
