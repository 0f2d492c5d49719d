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
from edgetlc.runtime.stream import decode_or_reason
from edgetlc.threads import in_order
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
    # One thread an answer and one photo a processor: threads that share a photo mostly wait.
    model = ReferenceModel(checkpoint, device, threads=1)

    def classify(photo: Photo) -> int | ImageError:
        decoded = decode_or_reason(photo.path, checkpoint.contract.size)
        if isinstance(decoded, ImageError):
            return decoded
        return int(model.run(decoded.pixels[None]).probabilities[0].argmax())

    truth: dict[str, list[int]] = defaultdict(list)
    answers: dict[str, list[int]] = defaultdict(list)
    unreadable = []
    classified = in_order(classify, photos.photos)
    for photo, found in track(classified, "evaluating", len(photos.photos)):
        if isinstance(found, ImageError):
            unreadable.append((photo, str(found)))
            continue
        camera = photo.camera or "unknown"
        truth[camera].append(labels.index(photo.label))
        answers[camera].append(found)
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
