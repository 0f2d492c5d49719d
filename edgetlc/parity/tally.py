"""What two models answered on the photos of one camera, counted.

Vocabulary:
    reference  the float model, the answer to keep
    candidate  a compressed, converted or otherwise run model
    harm       a photo that the reference gets right and the candidate wrong
    gain       the reverse
    drop       share of harms minus share of gains: the loss of accuracy
    specimen   one physical piece; photos of one specimen are not independent
    unit       what is independent and therefore counts: the specimen, or the photo where nobody
               says which photos show the same specimen
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgetlc.errors import InputError
from edgetlc.statistics.specimens import Groups, number_specimens, one_each


@dataclass(frozen=True)
class Specimens:
    """The photos of a tally, counted by specimen.

    Averages are over specimens, each by the share of its own photos, so that one photo of 50 weighs
    less than one of 2.

    Attributes:
        sample: one photo of every specimen (`edgetlc.statistics.specimens.one_each`), counted;
            its n is the number of specimens.
        harmed: specimens of which at least one photo is harmed.
        harm: average share of harms; None without photos.
        drop: average share of harms minus that of gains; None without labels or photos.
    """

    sample: Tally
    harmed: int
    harm: float | None
    drop: float | None


@dataclass(frozen=True)
class Tally:
    """What two models answered on the photos of one camera, counted.

    Without labels a changed answer may be a harm, so all count as harms: b = n - agree, c = 0.

    Attributes:
        camera: id of the camera profile, or None for photos of unknown cameras.
        n: photos.
        agree: photos on which both models give the same class, right or wrong.
        b: harms.
        c: gains.
        reference_correct: photos that the reference gets right; None without labels.
        specimens: the same by specimen; None where every photo counts as its own.
    """

    camera: str | None
    n: int
    agree: int
    b: int
    c: int
    reference_correct: int | None = None
    specimens: Specimens | None = None

    def __post_init__(self) -> None:
        possible = min(self.agree, self.b, self.c, self.wrong_wrong_changed) >= 0
        if self.reference_correct is None:
            possible = possible and self.c == self.wrong_wrong_changed == 0
        else:
            possible = possible and 0 <= self.reference_correct - self.b <= self.agree
        if self.specimens is not None:
            possible = possible and self._holds(self.specimens)
        if not possible:
            raise InputError(f"these counts cannot belong together: {self}; count the photos again")

    def _holds(self, specimens: Specimens) -> bool:
        sample, harmed = specimens.sample, specimens.harmed
        return (
            sample.specimens is None
            and sample.labelled == self.labelled
            and (sample.n > 0) == (self.n > 0)
            and sample.b <= harmed <= min(self.b, sample.n)
            and sample.n - harmed <= self.n - self.b
            and (harmed > 0) == (self.b > 0) == bool(specimens.harm)
            and (specimens.harm is None) == (self.n == 0)
        )

    @property
    def labelled(self) -> bool:
        """Whether the true classes are known."""
        return self.reference_correct is not None

    @property
    def unit(self) -> Literal["photo", "specimen"]:
        """What is independent."""
        return "photo" if self.specimens is None else "specimen"

    @property
    def units(self) -> int:
        """How many independent units there are: specimens, or photos."""
        return self.independent.n

    @property
    def harm(self) -> float | None:
        """Share of harms, averaged over units; None without photos."""
        return self._share(self.b) if self.specimens is None else self.specimens.harm

    @property
    def independent(self) -> Tally:
        """Independent photos: one of every specimen, or all."""
        return self if self.specimens is None else self.specimens.sample

    @property
    def wrong_wrong_changed(self) -> int:
        """Photos that both models get wrong, in different ways."""
        return self.n - self.agree - self.b - self.c

    @property
    def candidate_correct(self) -> int | None:
        """Photos that the candidate gets right; None without labels."""
        return None if self.reference_correct is None else self.reference_correct - self.b + self.c

    @property
    def agreement(self) -> float | None:
        """Share of photos on which both models agree; None without photos."""
        return self.agree / self.n if self.n else None

    @property
    def reference_accuracy(self) -> float | None:
        """Share of photos that the reference gets right; None without labels or photos."""
        return self._share(self.reference_correct)

    @property
    def candidate_accuracy(self) -> float | None:
        """Share of photos that the candidate gets right; None without labels or photos."""
        return self._share(self.candidate_correct)

    @property
    def drop(self) -> float | None:
        """Reference accuracy minus candidate accuracy; None without labels or photos."""
        return self._share(self.b - self.c if self.labelled else None)

    def _share(self, count: int | None) -> float | None:
        return None if count is None or not self.n else count / self.n


@dataclass(frozen=True)
class Outcomes:
    """What became of each photo.

    Attributes:
        same: bool[n], both models give the same class.
        harms: bool[n]; without labels every changed answer.
        gains: bool[n]; None without labels.
        reference_right: bool[n]; None without labels.
    """

    same: NDArray[np.bool_]
    harms: NDArray[np.bool_]
    gains: NDArray[np.bool_] | None = None
    reference_right: NDArray[np.bool_] | None = None

    def count(self, camera: str | None, only: NDArray[np.intp] | slice = slice(None)) -> Tally:
        """Return the counts of all photos, or of the rows `only`, without specimens."""
        gains, right = self.gains, self.reference_right
        return Tally(
            camera,
            n=len(self.same[only]),
            agree=_trues(self.same[only]),
            b=_trues(self.harms[only]),
            c=0 if gains is None else _trues(gains[only]),
            reference_correct=None if right is None else _trues(right[only]),
        )


def _trues(mask: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(mask))


def outcomes(
    reference: ArrayLike, candidate: ArrayLike, truth: ArrayLike | None = None
) -> Outcomes:
    """Return what became of each photo; the arguments and errors are those of `tally`."""
    answers = [np.asarray(a) for a in (reference, candidate, truth) if a is not None]
    if any(a.ndim != 1 or a.shape != answers[0].shape for a in answers):
        shapes = ", ".join(str(a.shape) for a in answers)
        raise InputError(f"answers have shapes {shapes}; one class index per photo is needed")
    same = np.asarray(answers[0] == answers[1])
    if truth is None:
        return Outcomes(same, harms=~same)
    was_right, is_right = answers[0] == answers[2], answers[1] == answers[2]
    return Outcomes(same, was_right & ~is_right, ~was_right & is_right, was_right)


def rows_by_camera(cameras: Sequence[str | None]) -> dict[str | None, NDArray[np.intp]]:
    """Return the rows of each camera's photos, by camera id, unknown cameras last.

    Args:
        cameras: camera id of every photo, None where nobody knows.
    """
    rows: dict[str | None, list[int]] = {}
    for row, camera in enumerate(cameras):
        rows.setdefault(camera, []).append(row)
    order = sorted(rows, key=lambda camera: (camera is None, camera or ""))
    return {camera: np.array(rows[camera], dtype=np.intp) for camera in order}


def tally(
    reference: ArrayLike,
    candidate: ArrayLike,
    truth: ArrayLike | None = None,
    camera: str | None = None,
    groups: Groups | None = None,
) -> Tally:
    """Count the answers of two models on the photos of one camera.

    Args:
        reference: class indices of shape (n,), the reference's answers.
        candidate: class indices of shape (n,), the candidate's answers to the same photos.
        truth: class indices of shape (n,), or None where nobody knows.
        camera: id of the camera profile, or None for unknown cameras.
        groups: specimen id of every photo, in an order that does not depend on the answers; an id
            of None is a specimen of its own. None takes every photo for independent.

    Raises:
        InputError: the arrays are not one-dimensional and of one length.
    """
    found = outcomes(reference, candidate, truth)
    photos = found.count(camera)
    if groups is None:
        return photos
    return replace(photos, specimens=_by_specimen(found, camera, groups))


def _by_specimen(found: Outcomes, camera: str | None, groups: Groups) -> Specimens:
    specimens = number_specimens(groups, len(found.same))
    harm = _average(found.harms, specimens)
    gain = None if found.gains is None else _average(found.gains, specimens)
    return Specimens(
        sample=found.count(camera, one_each(specimens)),
        harmed=len(np.unique(specimens[found.harms])),
        harm=harm,
        drop=None if harm is None or gain is None else harm - gain,
    )


def _average(mask: NDArray[np.bool_], specimens: NDArray[np.int64]) -> float | None:
    """Return the share of true values of each specimen, averaged over the specimens."""
    if not len(specimens):
        return None
    return float(np.mean(np.bincount(specimens, mask) / np.bincount(specimens)))
