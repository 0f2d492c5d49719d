"""What the networks to be exported answer on the validation part; it fits the thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import ImageError, InputError
from edgetlc.locale import _
from edgetlc.progress import progress
from edgetlc.runtime.engines import Engine
from edgetlc.runtime.pixels import decode_or_reason
from edgetlc.runtime.schema import Precision
from edgetlc.threads import in_order


@dataclass(frozen=True)
class ValidationAnswers:
    """Answers on the readable validation photos.

    Attributes:
        photos: in order.
        truth: int64[n], class indices.
        probabilities: precision to float32[n, C].
    """

    photos: tuple[Photo, ...]
    truth: NDArray[np.int64]
    probabilities: Mapping[Precision, NDArray[np.float32]]


def validation_answers(
    engines: Mapping[Precision, Engine], photos: PhotoSet, size: int
) -> ValidationAnswers:
    """Ask every network about every validation photo; unreadable ones are left out.

    Args:
        engines: of one thread each: photos are shared out among the processors.
        photos: the validation part.
        size: of the pixel contract, in pixels.

    Raises:
        InputError: not one photo can be read.
    """

    def ask(photo: Photo) -> dict[Precision, NDArray[np.float32]] | None:
        decoded = decode_or_reason(photo.path, size)
        if isinstance(decoded, ImageError):
            return None
        pixels = decoded.pixels[None]
        return {name: engine.run(pixels).probabilities[0] for name, engine in engines.items()}

    count = len(photos.photos)
    asked = progress(in_order(ask, photos.photos), _("asking the validation photos"), count)
    answered = [(photo, rows) for photo, rows in asked if rows is not None]
    if not answered:
        raise InputError("none of {count} validation photos can be read", count=count)
    return ValidationAnswers(
        tuple(photo for photo, _rows in answered),
        np.array([photos.index(photo) for photo, _rows in answered]),
        {name: np.stack([rows[name] for _photo, rows in answered]) for name in engines},
    )
