"""Final decisions compared: what an inspector is told, thresholds included, not the class alone.

Two models of the same classes may differ in when they answer: a compressed one that is "not sure"
of every second photo keeps its accuracy and is of no use, and one that is sure of too many gives
out wrong answers that the float model withheld.

    decision   a class, where the confidence suffices (`edgetlc.runtime.policy`), or WITHHELD: "not
               sure", and whatever else is no answer
    worse      a right answer is withheld or turns wrong, or a wrong one is given instead of none

A better decision on one photo makes up for no worse one on another: more answers do not undo wrong
ones. So the share of photos decided worse is judged, by `edgetlc.parity.verdict` at the margin of
the answers. Without labels every other decision may be a worse one, and none is called FAIL.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgetlc.parity.reasons import DECISIONS, DECISIONS_CHANGED
from edgetlc.parity.rule import CameraVerdict, Rule
from edgetlc.parity.tally import Taken, outcomes
from edgetlc.parity.verdict import judge

WITHHELD = -1
"""The decision not to answer; others are class indices."""


def judge_decisions(
    reference: NDArray[np.int64],
    candidate: NDArray[np.int64],
    truth: NDArray[np.int64] | None,
    taken: Taken,
    rule: Rule,
) -> list[CameraVerdict]:
    """Return one verdict per camera on the final decisions.

    What `reference` and `candidate` decide, and the `truth`, are class indices or WITHHELD of shape
    (n,); the truth is None where nobody knows.
    """
    if truth is None:
        found = outcomes(reference, candidate, None, taken.groups, taken.lots)
        words = DECISIONS_CHANGED
    else:
        worse = _rank(candidate, truth) < _rank(reference, truth)
        fine = np.zeros(len(worse), dtype=bool)
        found = outcomes(fine, worse, fine, taken.groups, taken.lots)
        words = DECISIONS
    tallies = [found.tally(camera, rows) for camera, rows in taken.by_camera.items()]
    return judge(tallies, rule, words, taken.planned)


def _rank(decision: NDArray[np.int64], truth: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how good decisions are: 2 a right answer, 1 none, 0 a wrong one."""
    return np.where(decision == WITHHELD, 1, np.where(decision == truth, 2, 0))
