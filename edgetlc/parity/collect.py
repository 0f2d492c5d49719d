"""Collecting every model's answer on every photo, from the file's bytes on.

A photo is read and decoded once for all models. Where another answer comes from is found by
exchanging one half of the path: the reference's network is asked about the very images that the
candidate's pixel step made. If its answer changes too, the pixels are the cause, else the network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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

    Memory does not grow with the photos: rows are written as they come.

    Args:
        folder: of the answers.
        header: what is collected; its shard chooses the photos.
        photos: the whole set.
        groups: a photo's specimen, None where it stands alone.
        contract: the bundle's.
        reference: the float model; a `Reference` finds the causes of other answers.
        models: candidates by name, of one thread each: photos are shared out among the processors.
        resume: go on with answers that are there.

    Raises:
        InputError: a model does not answer with one probability per class, or the folder is taken.
    """
    first, step = header.shard
    mine = range(first - 1, len(photos.photos), step)
    answer = _answerer(contract, reference, models, len(header.classes))
    with writer(folder, header, resume=resume) as answers:
        rest = [place for place in mine if place not in answers.done]
        answered = in_order(lambda place: answer(photos.photos[place]), rest)
        for place, one in progress(answered, _("asking every model"), len(rest)):
            photo = photos.photos[place]
            row = PhotoRow(
                place,
                str(photo.path),
                one.sha256,
                photo.label,
                photo.camera,
                groups(photo) or None,
                photo.simulated,
                one.unreadable,
            )
            answers.add(row, one.answers)


@dataclass(frozen=True)
class _Answered:
    """One photo: its digest and every model's answer, or why it cannot be read."""

    sha256: str
    answers: tuple[Answer, ...] = ()
    unreadable: str = ""


def _answerer(
    contract: PixelContract, reference: Engine, models: Mapping[str, Engine], classes: int
) -> Callable[[Photo], _Answered]:
    spread = 255 * np.asarray(contract.std, np.float32)[:, None, None]

    def answer(photo: Photo) -> _Answered:
        try:
            content = read_photo(photo.path)
            pixels = decode(content, contract.size).pixels[None]
        except ImageError as error:
            return _Answered("", unreadable=str(error))
        before = _checked(REFERENCE, reference, pixels, photo, classes)
        p = before.probabilities[0]
        answers = [Answer(p, int(p.argmax()), float(p.max()))]
        for name, engine in models.items():
            after = _checked(name, engine, pixels, photo, classes)
            answers.append(_compare(before, after, reference, spread))
        return _Answered(hashlib.sha256(content).hexdigest(), tuple(answers))

    return answer


def _checked(name: str, engine: Engine, pixels: Pixels, photo: Photo, classes: int) -> Output:
    output = engine.run(pixels, images=True)
    row = output.probabilities[0]
    if row.shape != (classes,) or not np.isfinite(row).all():
        raise InputError(
            "{name} answers {path} with {values} values for {classes} classes, or with what is "
            "no number; export it again",
            name=name,
            path=photo.path,
            values=row.size,
            classes=classes,
        )
    return output


def _compare(
    before: Output, after: Output, reference: Engine, spread: NDArray[np.float32]
) -> Answer:
    p, q = before.probabilities[0], after.probabilities[0]
    pixels = grey_levels_apart(before.images, after.images, spread)
    top = int(q.argmax())
    cause = NO_CAUSE
    if top != p.argmax():
        cause = _cause(before, after, pixels, reference)
    change = float(np.abs(p - q).max())
    return Answer(q, top, float(q.max()), change, divergence(p, q), pixels, cause)


def grey_levels_apart(
    before: NDArray[np.float32] | None,
    after: NDArray[np.float32] | None,
    spread: NDArray[np.float32],
) -> float:
    """Return by how many grey levels two normalised images differ at most; NaN where unknown."""
    if before is None or after is None or before.shape != after.shape:
        return float("nan")
    return float((np.abs(before[0] - after[0]) * spread).max())


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
