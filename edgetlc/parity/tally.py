"""What two models answered on the photos of one camera, counted.

Vocabulary:
    reference       the float model, the answer to keep
    candidate       a compressed, converted or otherwise run model
    right to wrong  a photo that the reference gets right and the candidate wrong; their count is b
    wrong to right  the reverse; their count is c
    drop            share of right to wrong minus share of wrong to right: the loss of accuracy
    specimen        one physical piece; photos of one specimen are not independent
    unit            what is independent and therefore counts: the specimen, or the photo where
                    nobody says which photos show the same specimen
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        sample: one photo of every specimen, drawn by lot (`edgetlc.statistics.specimens.one_each`),
            counted.
        right_to_wrong: specimens of which at least one photo turned from right to wrong.
        right_to_wrong_rate: average share of such photos; None without photos.
        drop: that share minus the one of wrong to right; None without labels or photos.
    """

    sample: Tally
    right_to_wrong: int
    right_to_wrong_rate: float | None
    drop: float | None


@dataclass(frozen=True)
class Tally:
    """What two models answered on the photos of one camera, counted.

    Without labels a changed answer may have turned wrong, so all count as that: b = n - agree,
    c = 0.

    Attributes:
        camera: id of the camera profile, or None for photos of unknown cameras.
        n, agree, b, c: photos; answered alike (right or wrong), right to wrong, wrong to right.
        reference_correct: photos that the reference gets right; None without labels.
        specimens: the same by specimen; None where every photo counts as its own.
        partly_labelled: classes are known of the changed photos alone: b and c are as with all of
            them, `reference_correct` is None.
    """

    camera: str | None
    n: int
    agree: int
    b: int
    c: int
    reference_correct: int | None = None
    specimens: Specimens | None = None
    partly_labelled: bool = False

    def __post_init__(self) -> None:
        possible = min(self.agree, self.b, self.c, self.wrong_wrong_changed) >= 0
        if not self.labelled:
            possible = possible and self.c == self.wrong_wrong_changed == 0
        if self.reference_correct is not None:
            possible = possible and not self.partly_labelled
            possible = possible and 0 <= self.reference_correct - self.b <= self.agree
        if self.specimens is not None:
            possible = possible and self._holds(self.specimens)
        if not possible:
            raise InputError(
                "these counts cannot belong together: {counts}; count the photos again", counts=self
            )

    def _holds(self, specimens: Specimens) -> bool:
        sample, flipped = specimens.sample, specimens.right_to_wrong
        return (
            sample.specimens is None
            and sample.labelled == self.labelled
            and (sample.n > 0) == (self.n > 0)
            and sample.b <= flipped <= min(self.b, sample.n)
            and sample.n - flipped <= self.n - self.b
            and (flipped > 0) == (self.b > 0) == bool(specimens.right_to_wrong_rate)
            and (specimens.right_to_wrong_rate is None) == (self.n == 0)
        )

    @property
    def labelled(self) -> bool:
        """Whether the true classes are known, at least those of the changed photos."""
        return self.partly_labelled or self.reference_correct is not None

    @property
    def unit(self) -> Literal["photo", "specimen"]:
        """What is independent."""
        return "photo" if self.specimens is None else "specimen"

    @property
    def units(self) -> int:
        """How many independent units there are: specimens, or photos."""
        return self.independent.n

    @property
    def right_to_wrong_rate(self) -> float | None:
        """Share of photos right to wrong, averaged over units; None without photos."""
        if self.specimens is None:
            return self._share(self.b)
        return self.specimens.right_to_wrong_rate

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
        return self._share(self.agree)

    @property
    def reference_accuracy(self) -> float | None:
        """Share of photos that the reference gets right; None without labels or photos."""
        return self._share(self.reference_correct)

    @property
    def candidate_accuracy(self) -> float | None:
        """Share of photos that the candidate gets right; None without labels or photos."""
        return self._share(self.candidate_correct)

    @property
    def mean_drop(self) -> float | None:
        """The drop (without labels the share of changed answers), averaged over units."""
        if self.specimens is None or not self.labelled:
            return self.drop if self.labelled else self.right_to_wrong_rate
        return self.specimens.drop

    @property
    def drop(self) -> float | None:
        """Reference accuracy minus candidate accuracy; None without labels or photos."""
        return self._share(self.b - self.c if self.labelled else None)

    def _share(self, count: int | None) -> float | None:
        return None if count is None or not self.n else count / self.n


@dataclass(frozen=True)
class Outcomes:
    """What became of each photo, in arrays of n.

    Attributes:
        same: both models give the same class.
        right_to_wrong: without labels every changed answer.
        wrong_to_right: None without labels.
        reference_right: None without labels, or where they are of the changed photos alone.
        specimens: each photo's specimen; None takes every photo for independent.
        lots: the lowest of a specimen's photos is the one that counts.
    """

    same: NDArray[np.bool_]
    right_to_wrong: NDArray[np.bool_]
    wrong_to_right: NDArray[np.bool_] | None = None
    reference_right: NDArray[np.bool_] | None = None
    specimens: NDArray[np.int64] | None = None
    lots: NDArray[np.int64] | None = None

    def tally(self, camera: str | None = None, rows: NDArray[np.intp] | None = None) -> Tally:
        """Return the counts of all photos, or of these rows, as those of one camera."""
        rows = np.arange(len(self.same)) if rows is None else rows
        counted = self._count(camera, rows)
        if self.specimens is None:
            return counted
        specimens = number_specimens(self.specimens[rows], len(rows))
        photos = np.bincount(specimens)
        lots = np.zeros(len(rows), np.int64) if self.lots is None else self.lots[rows]

        def average(mask: NDArray[np.bool_] | None) -> float | None:
            """Return the share of true values of each specimen, averaged over the specimens."""
            if mask is None or not len(photos):
                return None
            return float(np.mean(np.bincount(specimens, mask[rows]) / photos))

        rate, back = average(self.right_to_wrong), average(self.wrong_to_right)
        by_specimen = Specimens(
            sample=self._count(camera, rows[one_each(specimens, lots)]),
            right_to_wrong=len(np.unique(specimens[self.right_to_wrong[rows]])),
            right_to_wrong_rate=rate,
            drop=None if rate is None or back is None else rate - back,
        )
        return replace(counted, specimens=by_specimen)

    def _count(self, camera: str | None, rows: NDArray[np.intp]) -> Tally:
        def trues(mask: NDArray[np.bool_] | None) -> int:
            return 0 if mask is None else int(np.count_nonzero(mask[rows]))

        return Tally(
            camera,
            n=len(rows),
            agree=trues(self.same),
            b=trues(self.right_to_wrong),
            c=trues(self.wrong_to_right),
            reference_correct=None if self.reference_right is None else trues(self.reference_right),
            partly_labelled=self.reference_right is None and self.wrong_to_right is not None,
        )


@dataclass(frozen=True)
class Taken:
    """Which cameras took the photos, and of which specimens.

    Attributes:
        by_camera: rows of each camera's photos (`rows_by_camera`).
        groups, lots: as of `outcomes`.
        planned: how many cameras are to be photographed, a number fixed before the first photo.
    """

    by_camera: Mapping[str | None, NDArray[np.intp]]
    groups: Groups | None = None
    lots: NDArray[np.int64] | None = None
    planned: int = 0


def outcomes(
    reference: ArrayLike,
    candidate: ArrayLike,
    truth: ArrayLike | None = None,
    groups: Groups | None = None,
    lots: NDArray[np.int64] | None = None,
) -> Outcomes:
    """Return what became of each photo, from the answers and the truth: class indices [n].

    Args:
        reference: the reference's answers.
        candidate: the candidate's answers to the same photos.
        truth: None where nobody knows.
        groups: specimen id of every photo; an id of None is a specimen of its own. None takes every
            photo for independent.
        lots: a number for every photo (`edgetlc.statistics.specimens.draws`); of each specimen the
            photo with the lowest counts, or the first where there are none.

    Raises:
        InputError: the arrays are not one-dimensional and of one length, groups included.
    """
    answers = [np.asarray(a) for a in (reference, candidate, truth) if a is not None]
    if any(a.ndim != 1 or a.shape != answers[0].shape for a in answers):
        shapes = ", ".join(str(a.shape) for a in answers)
        raise InputError(
            "answers have shapes {shapes}; one class index per photo is needed", shapes=shapes
        )
    same = np.asarray(answers[0] == answers[1])
    specimens = None if groups is None else number_specimens(groups, len(same))
    if truth is None:
        return Outcomes(same, right_to_wrong=~same, specimens=specimens, lots=lots)
    was_right, is_right = answers[0] == answers[2], answers[1] == answers[2]
    worse, better = was_right & ~is_right, ~was_right & is_right
    return Outcomes(same, worse, better, was_right, specimens, lots)


def rows_by_camera(
    cameras: NDArray[np.int64], ids: Sequence[str | None]
) -> dict[str | None, NDArray[np.intp]]:
    """Return the rows of each camera's photos, by camera id, unknown cameras (None) last.

    `cameras`, int64[n], are indices into `ids`; a camera without photos is left out.
    """
    codes = sorted(np.unique(cameras).tolist(), key=lambda code: (ids[code] is None, ids[code]))
    return {ids[code]: np.flatnonzero(cameras == code) for code in codes}
