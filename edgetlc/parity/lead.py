"""Which answers change: the share of changed answers by how narrowly the reference chose its own.

    lead   log of how many times likelier the reference takes its first class to be than its second:
           the difference of their logits, divided by the temperature; 0 or more

Beside the verdict and never part of it: it tells where changes come from, and which photos an
inspector should take again.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import inf

import numpy as np
from numpy.typing import NDArray

from edgetlc.locale import Message, _
from edgetlc.parity.tally import Outcomes
from edgetlc.statistics.paired import clopper_pearson_lower, clopper_pearson_upper

EDGES = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, inf)
"""Of the bins; fixed here and not chosen by what is counted."""
ASSUMPTION = _(
    "The bins were fixed beforehand. Bounds are exact (Clopper-Pearson), one-sided, and hold for "
    "each bin alone, not for all at once. They assume independent units and speak of photos like "
    "these, from all cameras together; the verdict does not use them."
)


@dataclass(frozen=True)
class LeadBin:
    """Photos whose lead is at least `low` and below `high`, None where it has no end.

    `lower` and `upper` bound the share of changed answers; with specimens they rest on one photo of
    each.
    """

    low: float
    high: float | None
    photos: int
    changed: int
    lower: float
    upper: float

    @property
    def share(self) -> float | None:
        """Share of the photos whose answer changed; None without photos."""
        return self.changed / self.photos if self.photos else None


@dataclass(frozen=True)
class LeadCurve:
    """Changed answers by the reference's lead; bounds have this one-sided confidence."""

    confidence: float
    bins: tuple[LeadBin, ...]
    assumption: Message = ASSUMPTION


def leads_of(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the leads float64[n] of answers float32[n, classes], two classes at least."""
    least = np.finfo(np.float32).tiny  # float32 may have rounded the second one to 0
    known = np.log(np.maximum(np.asarray(probabilities, np.float64), least))
    second, first = np.partition(known, (-2, -1), axis=1)[:, -2:].T
    return np.asarray(first - second)


def lead_curve(outcomes: Outcomes, leads: NDArray[np.float64], confidence: float) -> LeadCurve:
    """Return the bins with what became of their photos; one lead per photo."""
    bins = []
    for low, high in pairwise(EDGES):
        counted = outcomes.tally(None, np.flatnonzero((leads >= low) & (leads < high)))
        units = counted.independent
        changed = units.n - units.agree
        bins.append(
            LeadBin(
                low,
                None if high == inf else high,
                counted.n,
                counted.n - counted.agree,
                clopper_pearson_lower(changed, units.n, confidence),
                clopper_pearson_upper(changed, units.n, confidence),
            )
        )
    return LeadCurve(confidence, tuple(bins))
