"""Evaluating a checkpoint on photos: the exact pixel path, scores per class and per camera."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain

from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import ImageError, InputError
from edgetlc.models.checkpoint import Checkpoint
from edgetlc.models.reference import ReferenceModel
from edgetlc.progress import Track, untracked
from edgetlc.runtime.stream import decoded_photos
from edgetlc.training.config import check_device
from edgetlc.training.metrics import Scores, score


@dataclass(frozen=True)
class Evaluation:
    """Scores of a checkpoint on a set of photos.

    Attributes:
        overall: all photos.
        cameras: camera id, or `unknown`, to its scores.
        simulated: whether any photo was made by a simulation.
        unreadable: photos left out, with the reason.
    """

    overall: Scores
    cameras: dict[str, Scores]
    simulated: bool
    unreadable: tuple[tuple[Photo, str], ...]


def evaluate(
    checkpoint: Checkpoint, photos: PhotoSet, *, device: str = "cpu", track: Track = untracked
) -> Evaluation:
    """Score a checkpoint on photos, one at a time through the pixel contract.

    Raises:
        InputError: the checkpoint knows other classes, or no photo can be read.
    """
    check_device(device)
    labels = check_classes(checkpoint, photos)
    model = ReferenceModel(checkpoint, device)
    truth: dict[str, list[int]] = defaultdict(list)
    answers: dict[str, list[int]] = defaultdict(list)
    unreadable = []
    stream = decoded_photos((p.path for p in photos.photos), checkpoint.contract.size)
    tracked = track(stream, "evaluating", len(photos.photos))
    for photo, (_, decoded) in zip(photos.photos, tracked, strict=True):
        if isinstance(decoded, ImageError):
            unreadable.append((photo, str(decoded)))
            continue
        camera = photo.camera or "unknown"
        probabilities = model.run(decoded.pixels[None]).probabilities[0]
        truth[camera].append(labels.index(photo.label))
        answers[camera].append(int(probabilities.argmax()))
    if not truth:
        raise InputError(f"none of {len(photos.photos)} photos can be read")
    cameras = {camera: score(truth[camera], answers[camera], labels) for camera in sorted(truth)}
    overall = score([*chain(*truth.values())], [*chain(*answers.values())], labels)
    return Evaluation(overall, cameras, photos.simulated, tuple(unreadable))


def check_classes(checkpoint: Checkpoint, photos: PhotoSet) -> tuple[str, ...]:
    """Return the checkpoint's class names, in the order of its outputs.

    Raises:
        InputError: a photo shows a class that the checkpoint does not know.
    """
    known = tuple(info.name for info in checkpoint.classes)
    strange = sorted({photo.label for photo in photos.photos} - set(known))
    if strange:
        raise InputError(
            f"photos show {', '.join(strange)}; the network knows {', '.join(known)} only"
        )
    return known
