"""What a verdict is judged by, and what it says: the rule, and the verdict on one camera.

`edgetlc.parity.verdict` comes to these verdicts and holds the vocabulary; `edgetlc.parity.reasons`
says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgetlc.config import option
from edgetlc.errors import InputError
from edgetlc.locale import _
from edgetlc.parity.tally import Tally

Verdict = Literal["PASS", "FAIL", "INSUFFICIENT"]


@dataclass(frozen=True)
class Rule:
    """The margin, a share in [0.0001, 0.5], and the one-sided confidence, in (0.5, 1).

    `sequential` bounds hold at every number of photos at once, the others at one fixed beforehand.
    """

    margin: float = option(0.02, _("Accepted drop of accuracy, a share: 0.02 is 2 %."))
    confidence: float = option(0.95, _("One-sided confidence of each bound."))
    sequential: bool = option(False, _("Valid whenever photographing stops; takes more photos."))

    def __post_init__(self) -> None:
        if not 0.0001 <= self.margin <= 0.5:
            raise InputError(
                "the margin is {margin}; it is a share of photos from 0.0001 to 0.5, such as "
                "0.02 for 2 %",
                margin=self.margin,
            )
        if not 0.5 < self.confidence < 1:
            raise InputError(
                "the confidence is {confidence}; it lies between 0.5 and 1, such as 0.95",
                confidence=self.confidence,
            )

    @property
    def alpha(self) -> float:
        """The accepted chance of a wrong verdict."""
        return 1 - self.confidence


@dataclass(frozen=True)
class CameraVerdict:
    """The verdict on one camera and what it rests on.

    Every bound is one-sided at the rule's confidence. With specimens, bounds and p-values rest on
    one photo of each. Without labels the drop is bounded by the changed answers, and `p_drop`,
    `p_beyond` and `newcombe` are None, the last also with labels of the changed photos alone.

    Attributes:
        right_to_wrong_lower, right_to_wrong_upper: bounds of the right-to-wrong rate (of changed
            answers, without labels).
        drop_lower, drop_upper: bounds of the drop, in [-1, 1].
        p_within: p-value of "the drop is the margin or more"; a PASS takes one below
            1 - confidence.
        p_beyond: p-value of "the drop is at most the margin", Holm-adjusted; a FAIL takes one of at
            most 1 - confidence.
        p_drop: p-value of "no drop at all", Holm-adjusted (McNemar, mid-p).
        photos_needed: fewest further units that could bring a PASS, none of them right to wrong; 0
            where the verdict is PASS or FAIL.
        newcombe: Newcombe's lower and upper bound of the drop, for comparison.
        reason: one or two sentences for the auditor.
    """

    tally: Tally
    verdict: Verdict
    right_to_wrong_lower: float
    right_to_wrong_upper: float
    drop_lower: float
    drop_upper: float
    p_within: float
    p_beyond: float | None
    p_drop: float | None
    photos_needed: int
    newcombe: tuple[float, float] | None = None
    reason: str = ""

    @property
    def tested(self) -> bool:
        """Whether there were photos."""
        return self.tally.n > 0
