"""What two models answered on the photos of one camera, counted.

Vocabulary:
    reference  the float model, the answer to keep
    candidate  a compressed, converted or otherwise run model
    harm       a photo that the reference gets right and the candidate wrong
    gain       the reverse
    drop       share of harms minus share of gains: the loss of accuracy
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from edgetlc.errors import InputError


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
    """

    camera: str | None
    n: int
    agree: int
    b: int
    c: int
    reference_correct: int | None = None

    def __post_init__(self) -> None:
        possible = min(self.agree, self.b, self.c, self.wrong_wrong_changed) >= 0
        if self.reference_correct is None:
            possible = possible and self.c == self.wrong_wrong_changed == 0
        else:
            possible = possible and 0 <= self.reference_correct - self.b <= self.agree
        if not possible:
            raise InputError(f"these counts cannot belong together: {self}; count the photos again")

    @property
    def labelled(self) -> bool:
        """Whether the true classes are known."""
        return self.reference_correct is not None

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


def tally(
    reference: ArrayLike,
    candidate: ArrayLike,
    truth: ArrayLike | None = None,
    camera: str | None = None,
) -> Tally:
    """Count the answers of two models on the photos of one camera.

    Args:
        reference: class indices of shape (n,), the reference's answers.
        candidate: class indices of shape (n,), the candidate's answers to the same photos.
        truth: class indices of shape (n,), or None where nobody knows.
        camera: id of the camera profile, or None for unknown cameras.

    Raises:
        InputError: the arrays are not one-dimensional and of one length.
    """
    answers = [np.asarray(a) for a in (reference, candidate, truth) if a is not None]
    if any(a.ndim != 1 or a.shape != answers[0].shape for a in answers):
        shapes = ", ".join(str(a.shape) for a in answers)
        raise InputError(f"answers have shapes {shapes}; one class index per photo is needed")
    same = answers[0] == answers[1]
    n, agree = len(same), int(np.count_nonzero(same))
    if truth is None:
        return Tally(camera, n, agree, b=n - agree, c=0)
    was_right, is_right = answers[0] == answers[2], answers[1] == answers[2]
    return Tally(
        camera,
        n,
        agree,
        b=int(np.count_nonzero(was_right & ~is_right)),
        c=int(np.count_nonzero(~was_right & is_right)),
        reference_correct=int(np.count_nonzero(was_right)),
    )
