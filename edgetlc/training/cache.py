"""Decoded photos on disk: each is decoded and resized once, for all epochs, processes and runs.

    <folder>/<configuration>/<first two digits>/<SHA-256 of the photo's file>

An entry holds the image as the training loop takes it, behind a CRC-32. Its name is a digest of
the photo's content: file times and sizes would be quicker to compare, but a copied or edited photo
could then pass for another, and a run hashes its photos for its records anyway. The configuration
is what decides the pixels: size, geometry, contract version and the decoder's version.

Entries are written to a temporary neighbour and renamed, so runs can share a folder; two that
decode the same photo write the same bytes. One that is damaged or gone is decoded again. Nothing
is kept in this process: the system's page cache holds what fits, so a set may be larger than the
memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL
import torch
from numpy.typing import NDArray

from edgetlc.data.photos import Photo
from edgetlc.errors import ImageError, InputError
from edgetlc.models.pixel_step import PixelStep
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.pixels import decode, read_photo

Image = NDArray[np.uint8]
"""uint8[3, size, size], rounded to whole grey levels."""
_FORMAT = 1
_CHECKSUM = 4  # bytes before the pixels: their CRC-32, lowest first
_DIGITS = 16  # of a configuration's digest
_ENTRY = re.compile(rf"[0-9a-f]{{{_DIGITS}}}/[0-9a-f]{{2}}/[0-9a-f]{{64}}(\.[0-9a-f]{{32}})?")


@dataclass(frozen=True)
class Entry:
    """A photo of the cache; `digest` is the SHA-256 of its file."""

    photo: Photo
    digest: str


class ImageCache:
    """The images of photos by one configuration; the folder is made with the first entry."""

    def __init__(self, folder: Path, contract: PixelContract) -> None:
        self.folder = folder
        self.shape = (3, contract.size, contract.size)
        self.entry_bytes = _CHECKSUM + int(np.prod(self.shape))
        self._step = PixelStep(contract)
        made_by = (_FORMAT, contract.version, contract.size, contract.geometry, PIL.__version__)
        self._own = folder / hashlib.sha256(repr(made_by).encode()).hexdigest()[:_DIGITS]

    def add(self, photo: Photo) -> Entry | ImageError:
        """Return the photo's entry, after decoding it if need be, or why it cannot be read."""
        try:
            return self._load(photo)[0]
        except ImageError as error:
            return error

    def read(self, entry: Entry) -> Image:
        """Return an entry's image; one that is gone is made again if its photo did not change."""
        image = self._stored(self._file(entry.digest))
        if image is None:
            now, image = self._load(entry.photo)
            if now != entry:
                raise InputError("{path} was changed while the run used it", path=entry.photo.path)
        return image

    def check_room(self, count: int, limit: int) -> None:
        """Refuse more images than `limit` bytes hold: each epoch would decode them again."""
        needed = count * self.entry_bytes
        if needed > limit:
            raise InputError(
                "{count} decoded photos take {needed:.1f} GB, the cache may take {limit:.1f} "
                "GB; give a larger --cache-limit or no --cache",
                count=count,
                needed=needed / 1e9,
                limit=limit / 1e9,
            )

    def trim(self, limit: int) -> None:
        """Remove the entries not used for the longest time until all take at most `limit` bytes.

        Entries of other configurations count and are removed alike; other files are not.
        """
        files = list(self._files())
        excess = sum(size for _used, size, _file in files) - limit
        for _used, size, file in sorted(files):
            if excess <= 0:
                break
            file.unlink(missing_ok=True)
            excess -= size

    def remove(self) -> None:
        """Remove all entries, and the folders that are empty then."""
        self.trim(0)
        own = "?" * _DIGITS
        for folder in (*self.folder.glob(f"{own}/??"), *self.folder.glob(own), self.folder):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """Yield time of use, size and path of every entry, whole or abandoned while written."""
        for file in self.folder.glob("*/*/*"):
            match = _ENTRY.fullmatch(file.relative_to(self.folder).as_posix())
            with contextlib.suppress(FileNotFoundError):  # another run removes some just now
                if match:
                    yield file.stat().st_mtime, file.stat().st_size, file

    def _load(self, photo: Photo) -> tuple[Entry, Image]:
        data = read_photo(photo.path)
        digest = hashlib.sha256(data).hexdigest()
        file = self._file(digest)
        image = self._stored(file)
        if image is None:
            image = self._decode(data)
            self._store(file, image)
        else:
            with contextlib.suppress(OSError):  # another run removes it just now, or owns it
                os.utime(file)
        return Entry(photo, digest), image

    def _file(self, digest: str) -> Path:
        return self._own / digest[:2] / digest

    def _stored(self, file: Path) -> Image | None:
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            return None
        pixels = content[_CHECKSUM:]
        if len(content) != self.entry_bytes or _checksum(pixels) != content[:_CHECKSUM]:
            return None
        return np.frombuffer(pixels, np.uint8).reshape(self.shape)

    def _store(self, file: Path, image: Image) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f"{file.name}.{uuid.uuid4().hex}")
        try:
            # Not synced: what a power cut tears is found by its checksum and decoded again.
            temporary.write_bytes(_checksum(image.tobytes()) + image.tobytes())
            temporary.replace(file)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def _decode(self, data: bytes) -> Image:
        pixels = torch.tensor(decode(data, self.shape[1]).pixels)
        image: Image = self._step.resize(pixels[None])[0].round().to(torch.uint8).numpy()
        return image


def _checksum(pixels: bytes) -> bytes:
    return zlib.crc32(pixels).to_bytes(_CHECKSUM, "little")
