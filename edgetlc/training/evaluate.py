"""Evaluating a checkpoint on photos: the exact pixel path, scores per class and per camera."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.devices.camera import UNKNOWN_CAMERA
from edgetlc.errors import ImageError, InputError
from edgetlc.locale import _
from edgetlc.models.checkpoint import Checkpoint
from edgetlc.models.reference import ReferenceModel
from edgetlc.models.torch_threads import torch_threads
from edgetlc.progress import progress
from edgetlc.runtime.pixels import decode_or_reason
from edgetlc.threads import in_order
from edgetlc.training.config import check_device
from edgetlc.training.metrics import Scores, score


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a checkpoint answered on the n photos that can be read, in their order, and its scores.

    Attributes:
        truth: int64[n], class indices.
        probabilities: float32[n, C].
        labels: class names, in the order of the columns.
        unreadable: photos left out, with the reason.
    """

    photos: tuple[Photo, ...]
    truth: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    labels: tuple[str, ...]
    unreadable: tuple[tuple[Photo, str], ...] = ()

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Return bool[n]: whether the likeliest class is the true one."""
        right: NDArray[np.bool_] = self.probabilities.argmax(axis=1) == self.truth
        return right

    @property
    def right_by_path(self) -> dict[Path, bool]:
        """Return `right` by the photos' files."""
        return dict(zip((p.path for p in self.photos), self.right.tolist(), strict=True))

    @property
    def simulated(self) -> bool:
        """Whether any photo was made by a simulation, those left out included."""
        return any(p.simulated for p in (*self.photos, *(photo for photo, _ in self.unreadable)))

    @cached_property
    def overall(self) -> Scores:
        """The scores of all photos."""
        return self._score(slice(None))

    @cached_property
    def cameras(self) -> dict[str, Scores]:
        """The scores by camera id; key `unknown` holds the photos of no known one."""
        places: dict[str, list[int]] = defaultdict(list)
        for place, photo in enumerate(self.photos):
            places[photo.camera or UNKNOWN_CAMERA].append(place)
        return {camera: self._score(np.array(places[camera])) for camera in sorted(places)}

    def _score(self, chosen: slice | NDArray[np.int64]) -> Scores:
        truth, shares = self.truth[chosen], self.probabilities[chosen]
        return score(truth.tolist(), shares.argmax(axis=1).tolist(), self.labels, shares)

    def to_json(self) -> dict[str, Any]:
        """Return the scores as a JSON document."""
        return {
            "simulated": self.simulated,
            "overall": asdict(self.overall),
            "cameras": {camera: asdict(s) for camera, s in self.cameras.items()},
            "unreadable": [{"file": str(p.path), "reason": why} for p, why in self.unreadable],
        }


def evaluate(checkpoint: Checkpoint, photos: PhotoSet, *, device: str = "cpu") -> Evaluation:
    """Score a checkpoint on photos, one at a time through the pixel contract.

    Raises:
        InputError: the checkpoint knows other classes, or no photo can be read.
    """
    check_device(device)
    labels = tuple(info.name for info in checkpoint.classes)
    strange = sorted({photo.label for photo in photos.photos} - set(labels))
    if strange:
        raise InputError(
            "photos show {strange}; the network knows {known} only",
            strange=", ".join(strange),
            known=", ".join(labels),
        )

    def classify(photo: Photo) -> NDArray[np.float32] | ImageError:
        decoded = decode_or_reason(photo.path, checkpoint.contract.size)
        if isinstance(decoded, ImageError):
            return decoded
        row: NDArray[np.float32] = model.run(decoded.pixels[None]).probabilities[0]
        return row

    answered, rows, unreadable = [], [], []
    with torch_threads(1):  # and one photo a processor: threads that share a photo mostly wait
        model = ReferenceModel(checkpoint, device)
        classified = in_order(classify, photos.photos)
        for photo, row in progress(classified, _("evaluating"), len(photos.photos)):
            if isinstance(row, ImageError):
                unreadable.append((photo, row.args[0]))
            else:
                answered.append(photo)
                rows.append(row)
    if not answered:
        raise InputError("none of {count} photos can be read", count=len(photos.photos))
    truth = np.array([labels.index(photo.label) for photo in answered])
    return Evaluation(tuple(answered), truth, np.stack(rows), labels, tuple(unreadable))
