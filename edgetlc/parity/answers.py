"""What every model answers on every photo; a photo is decoded once for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import ImageError, InputError
from edgetlc.progress import Track, untracked
from edgetlc.runtime.engines import Engine
from edgetlc.runtime.stream import decode_or_reason
from edgetlc.threads import in_order


@dataclass(frozen=True)
class Answers:
    """Answers of several models on the same photos.

    Attributes:
        photos: the readable ones, in order.
        truth: int64[n], class indices.
        probabilities: model name to float32[n, C].
        unreadable: photos left out, with the reason.
    """

    photos: tuple[Photo, ...]
    truth: NDArray[np.int64]
    probabilities: Mapping[str, NDArray[np.float32]]
    unreadable: tuple[tuple[Photo, str], ...]


def collect(
    models: Mapping[str, Engine],
    photos: PhotoSet,
    labels: Sequence[str],
    size: int,
    track: Track = untracked,
) -> Answers:
    """Ask every model about every photo.

    Args:
        models: loaded models by name, of one thread each: photos are shared out among the
            processors, and threads that share a photo mostly wait for one another.
        photos: what to ask about.
        labels: class names in the order of the models' outputs.
        size: of the pixel contract, in pixels.
        track: shows progress.

    Raises:
        InputError: a photo shows a class that is not in `labels`, none can be read, or a model
            does not answer with one probability per class.
    """
    strange = sorted({photo.label for photo in photos.photos} - set(labels))
    if strange:
        raise InputError(f"photos show {', '.join(strange)}; the bundle knows {', '.join(labels)}")

    def ask(photo: Photo) -> dict[str, NDArray[np.float32]] | ImageError:
        decoded = decode_or_reason(photo.path, size)
        if isinstance(decoded, ImageError):
            return decoded
        pixels = decoded.pixels[None]
        return {name: engine.run(pixels).probabilities[0] for name, engine in models.items()}

    readable: list[Photo] = []
    unreadable: list[tuple[Photo, str]] = []
    rows: dict[str, list[NDArray[np.float32]]] = {name: [] for name in models}
    asked = in_order(ask, photos.photos)
    for photo, found in track(asked, "classifying", len(photos.photos)):
        if isinstance(found, ImageError):
            unreadable.append((photo, str(found)))
            continue
        readable.append(photo)
        for name, row in found.items():
            if row.shape != (len(labels),) or not np.isfinite(row).all():
                raise InputError(_no_answer(name, photo, row.size, len(labels)))
            rows[name].append(row)
    if not readable:
        raise InputError(f"none of {len(photos.photos)} photos can be read")
    return Answers(
        tuple(readable),
        np.array([labels.index(photo.label) for photo in readable]),
        {name: np.stack(values) for name, values in rows.items()},
        tuple(unreadable),
    )


def _no_answer(name: str, photo: Photo, values: int, classes: int) -> str:
    return (
        f"{name} answers {photo.path} with {values} values for {classes} classes, or with what is "
        "no number; export it again"
    )
