"""Collecting every model's answer on every photo, from the file's bytes on.

A photo is read and decoded once for all models. Where another answer comes from is found by
exchanging one half of the path: the reference's network is asked about the very images that the
candidate's pixel step made. If its answer changes too, the pixels are the cause, else the network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import ImageError, InputError
from edgetlc.locale import _
from edgetlc.parity.store import (
    NETWORK,
    NO_CAUSE,
    PIXELS,
    REFERENCE,
    UNKNOWN,
    Answer,
    Header,
    PhotoRow,
    writer,
)
from edgetlc.progress import progress
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.engines import Engine, Output
from edgetlc.runtime.pixels import Pixels, decode, read_photo
from edgetlc.threads import in_order

PIXEL_TOLERANCE = 0.05
"""Grey levels by which a pixel step may differ and still count as the same: float32 arithmetic of
PyTorch, ONNX Runtime and OpenVINO differs by 9e-5 on real photos."""


@runtime_checkable
class Reference(Engine, Protocol):
    """A float model whose network can be asked about images that another pixel step made."""

    def classify_images(self, images: NDArray[np.float32]) -> Output:
        """Classify float32[N, 3, size, size]."""
        ...


def collect(
    folder: Path,
    header: Header,
    photos: PhotoSet,
    groups: Callable[[Photo], str | None],
    contract: PixelContract,
    reference: Engine,
    models: Mapping[str, Engine],
    *,
    resume: bool = False,
) -> None:
    """Write every model's answer on every photo of a shard to an answers folder.

    Memory does not grow with the photos: rows are written as they come. `photos` are the whole set,
    `groups` tells a photo's specimen, `models` are the candidates by name, of one thread each, as
    photos are shared out among the processors. A `Reference` finds the causes of other answers.

    Raises:
        InputError: a model does not answer with one probability per class, or the folder is taken.
    """
    spread = 255 * np.asarray(contract.std, np.float32)[:, None, None]

    def asked(name: str, engine: Engine, pixels: Pixels, photo: Photo) -> Output:
        output = engine.run(pixels, images=True)
        row = output.probabilities[0]
        if row.shape != (len(header.classes),) or not np.isfinite(row).all():
            raise InputError(
                "{name} answers {path} with {values} values for {classes} classes, or with what is "
                "no number; export it again",
                name=name,
                path=photo.path,
                values=row.size,
                classes=len(header.classes),
            )
        return output

    def answer(place: int) -> tuple[PhotoRow, list[Answer]]:
        photo = photos.photos[place]
        known = (photo.label, photo.camera, groups(photo) or None, photo.simulated)
        try:
            content = read_photo(photo.path)
            pixels = decode(content, contract.size).pixels[None]
        except ImageError as error:
            return PhotoRow(place, str(photo.path), "", *known, str(error)), []
        before = asked(REFERENCE, reference, pixels, photo)
        p = before.probabilities[0]
        answers = [Answer(p, int(p.argmax()), float(p.max()))]
        for name, engine in models.items():
            after = asked(name, engine, pixels, photo)
            answers.append(_compared(before, after, reference, spread))
        digest = hashlib.sha256(content).hexdigest()
        return PhotoRow(place, str(photo.path), digest, *known), answers

    first, step = header.shard
    with writer(folder, header, resume=resume) as made:
        rest = [p for p in range(first - 1, len(photos.photos), step) if p not in made.done]
        answered = in_order(answer, rest)
        for _place, (row, answers) in progress(answered, _("asking every model"), len(rest)):
            made.add(row, answers)


def _compared(
    before: Output, after: Output, reference: Engine, spread: NDArray[np.float32]
) -> Answer:
    p, q = before.probabilities[0], after.probabilities[0]
    pixels, top, cause = _grey_levels_apart(before, after, spread), int(q.argmax()), NO_CAUSE
    if top != p.argmax():
        cause = _cause(before, after, pixels, reference)
    change = float(np.abs(p - q).max())
    return Answer(q, top, float(q.max()), change, divergence(p, q), pixels, cause)


def _grey_levels_apart(before: Output, after: Output, spread: NDArray[np.float32]) -> float:
    """Return by how many grey levels what two models saw differs at most; NaN where unknown."""
    one, other = before.images, after.images
    if one is None or other is None or one.shape != other.shape:
        return float("nan")
    return float((np.abs(one[0] - other[0]) * spread).max())


def _cause(before: Output, after: Output, pixels: float, reference: Engine) -> int:
    if pixels <= PIXEL_TOLERANCE:
        return NETWORK
    if not isinstance(reference, Reference) or after.images is None:
        return UNKNOWN
    between = reference.classify_images(after.images).probabilities[0]
    return PIXELS if between.argmax() != before.probabilities[0].argmax() else NETWORK


def divergence(p: NDArray[np.float32], q: NDArray[np.float32]) -> float:
    """Return the Kullback-Leibler divergence of q from p in nats; float32's least number for 0."""
    floor = np.finfo(np.float32).tiny
    known, other = p.astype(np.float64), np.maximum(q.astype(np.float64), floor)
    return float(np.sum(np.where(known > 0, known * np.log(np.maximum(known, floor) / other), 0)))


def photos_digest(photos: Sequence[Photo], groups: Callable[[Photo], str | None]) -> str:
    """Return a SHA-256 over what is asked about: paths, classes, cameras and specimens in order."""
    digest = hashlib.sha256()
    for photo in photos:
        fields = (str(photo.path), photo.label, photo.camera or "", groups(photo) or "")
        digest.update("\0".join(fields).encode("utf-8", "surrogateescape") + b"\n")
    return digest.hexdigest()
