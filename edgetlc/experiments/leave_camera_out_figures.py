"""What networks that saw a camera, and networks that did not, answered on its photos.

Photos of one group are not independent; a photo without a group is one by itself. Shares are of all
photos; their exact intervals (Clopper and Pearson) take one photo of every group
(`edgetlc.statistics.specimens`). A test counts a group once, as better or worse by most of its
photos (`edgetlc.statistics.sign_test`), adjusted by Holm over the cameras.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgetlc.data.photos import PhotoSet
from edgetlc.statistics.paired import (
    clopper_pearson_lower,
    clopper_pearson_upper,
    holm,
    mcnemar_mid_p,
)
from edgetlc.statistics.sign_test import turned
from edgetlc.statistics.specimens import draws, number_specimens, one_each

CONFIDENCE = 0.95

Right = Mapping[Path, bool]
"""Whether a network answered each photo rightly."""


@dataclass(frozen=True)
class Share:
    """Photos answered rightly, and their share of all photos.

    `low` to `high` is its exact two-sided 95 % interval, on one photo of every group.
    """

    right: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class Change:
    """From one network to another.

    Attributes:
        right_to_wrong, wrong_to_right: groups in which most photos that turn, turn this way.
        p: two-sided mid-p value of "both are as likely".
        adjusted: the same after Holm's adjustment for all cameras.
    """

    right_to_wrong: int
    wrong_to_right: int
    p: float
    adjusted: float


@dataclass(frozen=True)
class HeldOutCamera:
    """One camera, or all that were held out.

    Attributes:
        camera: its id; None for the photos of all together, each answered by the networks that
            never saw its own camera.
        photos: of the test part that could be read.
        training_photos: that the networks that never saw it learned from; None for all together.
        seen, unseen: networks that learned from this camera too, and networks that never saw it;
            the others with camera augmentation.
        unseen_effect: from `seen` to `unseen`.
        augmentation_effect: from `unseen` to `unseen_augmented`.
    """

    camera: str | None
    simulated: bool
    photos: int
    groups: int
    training_photos: int | None
    seen: Share
    seen_augmented: Share
    unseen: Share
    unseen_augmented: Share
    unseen_effect: Change
    augmentation_effect: Change


def figures(
    camera: str | None, asked: PhotoSet, answers: Sequence[Right], training_photos: int | None
) -> HeldOutCamera:
    """Return the figures of what four networks answered on the photos asked about.

    They saw the camera, without and with camera augmentation, or did not, without and with.
    """
    read = [photo for photo in asked.photos if all(photo.path in right for right in answers)]
    groups = number_specimens([photo.specimen for photo in read], len(read))
    each = one_each(groups, draws(photo.path.name for photo in read))
    rights = [np.array([right[photo.path] for photo in read]) for right in answers]
    seen, seen_augmented, unseen, unseen_augmented = (_share(right, each) for right in rights)
    return HeldOutCamera(
        camera,
        asked.simulated,
        photos=len(read),
        groups=len(each),
        training_photos=training_photos,
        seen=seen,
        seen_augmented=seen_augmented,
        unseen=unseen,
        unseen_augmented=unseen_augmented,
        unseen_effect=_change(rights[0], rights[2], groups),
        augmentation_effect=_change(rights[2], rights[3], groups),
    )


def _share(right: NDArray[np.bool_], each: NDArray[np.intp]) -> Share:
    independent, n = int(right[each].sum()), len(each)
    confidence = (1 + CONFIDENCE) / 2
    return Share(
        right=int(right.sum()),
        accuracy=float(right.mean()),
        low=clopper_pearson_lower(independent, n, confidence),
        high=clopper_pearson_upper(independent, n, confidence),
    )


def _change(
    before: NDArray[np.bool_], after: NDArray[np.bool_], groups: NDArray[np.int64]
) -> Change:
    worse, better = turned(before, after, groups)
    p = mcnemar_mid_p(worse, better)
    return Change(worse, better, p, p)


def adjusted(rows: Sequence[HeldOutCamera]) -> list[HeldOutCamera]:
    """Return the rows with each of the two tests adjusted over the cameras."""
    unseen = holm([row.unseen_effect.p for row in rows])
    augmented = holm([row.augmentation_effect.p for row in rows])
    return [
        replace(
            row,
            unseen_effect=replace(row.unseen_effect, adjusted=u),
            augmentation_effect=replace(row.augmentation_effect, adjusted=a),
        )
        for row, u, a in zip(rows, unseen, augmented, strict=True)
    ]
