"""Photos as the network sees them: each decoded once, then read as often as a step needs.

The inputs lie in a file without a name, so memory does not grow with the number of photos and
nothing is left behind however the program ends. NNCF passes over them several times, and accuracy
control once for every layer that it tries.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import IO, overload

import numpy as np
import torch
from numpy.typing import NDArray

from edgetlc.calibration.coverage import stratum_of
from edgetlc.data.photos import Photo
from edgetlc.errors import ImageError, InputError
from edgetlc.models.pixel_step import PixelStep
from edgetlc.models.torch_threads import torch_threads
from edgetlc.progress import progress
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.pixels import decode_or_reason
from edgetlc.threads import in_order

Image = NDArray[np.float32]
"""The network's input for one photo: float32[1, 3, S, S], normalised."""


@dataclass(frozen=True, eq=False)
class NetworkInputs(Sequence[Image]):
    """The network's inputs of the photos that could be read, in order; threads may share it.

    Attributes:
        size: side of the images.
        photos: the readable ones, replacements last; `photos[i]` made input i.
        unreadable: photos that were passed over, with the reason.
    """

    file: IO[bytes]
    size: int
    photos: tuple[Photo, ...]
    unreadable: tuple[tuple[Photo, str], ...]
    _reading: Lock = field(default_factory=Lock)

    def __len__(self) -> int:
        return len(self.photos)

    @overload
    def __getitem__(self, index: int) -> Image: ...

    @overload
    def __getitem__(self, index: slice) -> list[Image]: ...

    def __getitem__(self, index: int | slice) -> Image | list[Image]:
        """Return one input, read anew and the caller's own; of a slice, a list of them."""
        rows = range(len(self))[index]
        return self._read(rows) if isinstance(rows, int) else [self._read(row) for row in rows]

    def _read(self, row: int) -> Image:
        shape = (1, 3, self.size, self.size)
        length = math.prod(shape) * np.dtype(np.float32).itemsize
        with self._reading:
            self.file.seek(row * length)
            content = bytearray(self.file.read(length))
        return np.frombuffer(content, np.float32).reshape(shape)


@contextmanager
def network_inputs(
    photos: Sequence[Photo],
    contract: PixelContract,
    *,
    replacements: Sequence[Photo] = (),
    folder: Path | None = None,
    description: str = "decode",
) -> Iterator[NetworkInputs]:
    """Decode photos on all processors and yield the network's inputs, which end with the block.

    Meanwhile PyTorch computes on one thread in the whole process: the photos are shared out.

    Args:
        photos: in order.
        contract: of the pixels.
        replacements: where a photo cannot be read, the first of these that has its class and
            camera takes its place, or else the first of all.
        folder: where the file lies, 602 kB for a photo at size 224; None for the system's folder of
            temporary files, which may be in memory.
        description: what the progress says.

    Raises:
        InputError: not one photo can be read, or the folder's disk has no room.
    """
    _check_room(len(photos), contract.size, folder)
    step = PixelStep(contract)

    def load(photo: Photo) -> Image | ImageError:
        decoded = decode_or_reason(photo.path, contract.size)
        if isinstance(decoded, ImageError):
            return decoded
        image: Image = step(torch.tensor(decoded.pixels)[None]).numpy()
        return image

    readable: list[Photo] = []
    unreadable: list[tuple[Photo, str]] = []
    with tempfile.TemporaryFile(dir=folder, prefix="inputs.") as file:
        with torch_threads(1):
            loaded = _loaded(load, photos, replacements)
            for photo, image in progress(loaded, description, len(photos)):
                if isinstance(image, ImageError):
                    unreadable.append((photo, image.args[0]))
                else:
                    file.write(image.data)
                    readable.append(photo)
        if not readable and not unreadable:
            raise InputError("there is no photo to read")
        if not readable:
            raise InputError(
                "none of {count} photos can be read: {reason}",
                count=len(unreadable),
                reason=unreadable[0][1],
            )
        file.flush()
        yield NetworkInputs(file, contract.size, tuple(readable), tuple(unreadable))


def _loaded(
    load: Callable[[Photo], Image | ImageError],
    photos: Sequence[Photo],
    replacements: Sequence[Photo],
) -> Iterator[tuple[Photo, Image | ImageError]]:
    """Yield photos with what `load` makes of them, then replacements until all are replaced."""
    left = list(replacements)
    wanted = list(photos)
    while wanted:
        unread = []
        for photo, image in in_order(load, wanted):
            if isinstance(image, ImageError):
                unread.append(stratum_of(photo))
            yield photo, image
        wanted = []
        for stratum in unread[: len(left)]:
            alike = (row for row, other in enumerate(left) if stratum_of(other) == stratum)
            wanted.append(left.pop(next(alike, 0)))


def _check_room(count: int, size: int, folder: Path | None) -> None:
    place = folder or Path(tempfile.gettempdir())
    needed = count * 3 * size * size * np.dtype(np.float32).itemsize
    free = shutil.disk_usage(place).free
    if needed > free:
        raise InputError(
            "the network's inputs of {count} photos take {needed:.0f} MB in {place}, where "
            "{free:.0f} MB are free; free some or take fewer photos",
            count=count,
            needed=needed / 1e6,
            place=place,
            free=free / 1e6,
        )
