"""The exact unconditional test of "the drop is the margin or more", for a fixed number of photos.

A photo goes right to wrong with the rate q + d, wrong to right with the rate q, and else keeps its
outcome; d is the drop. Tables (b, c) are ordered by Tango's score at d = margin, and the p-value is
the largest chance, over q, of a table as far below the margin as the one seen. That chance only
falls as d grows, because turning one photo right to wrong raises the score. q is sought in its
exact interval of confidence 1 - gamma, and gamma is added (Berger and Boos): without it, rates that
nobody would believe after seeing c decide.

With b = c = 0 and margins up to 5 % it takes as many photos as Clopper and Pearson's bound, to
within gamma (some more at wide margins, where few photos do); wrong to right then makes it shorter,
where theirs counts right to wrong alone.

Sources:
    Tango (1998), Statistics in Medicine 17: the score
    Berger and Boos (1994), JASA 89: maximising over a confidence set of the nuisance parameter
    Lloyd and Moldovan (2008), Statistics in Medicine 27: exact tests of this hypothesis compared
"""

from __future__ import annotations

from functools import lru_cache
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from edgetlc.statistics.betting import drop_interval
from edgetlc.statistics.paired import clopper_pearson_lower, clopper_pearson_upper

MOST_PHOTOS = 10_000
"""Beyond, tables are too large to sum; `edgetlc.statistics.betting` then loses next to nothing."""
_REACH = 6  # standard deviations around a mean, and as many counts: the rest is below 1e-8
_GRID = 16
Counts = NDArray[np.int64]


@lru_cache(maxsize=4096)
def unconditional_p(b: int, c: int, n: int, margin: float, gamma: float) -> float:
    """Return the p-value of "the drop is `margin` or more", for 1 to 10,000 photos.

    The words are those of `edgetlc.statistics.paired`; gamma, such as 0.0001, is in (0, 1).
    """
    if b - c >= n * margin:
        return 1.0
    most = (1 - margin) / 2  # beyond, the rates of right to wrong and wrong to right exceed 1
    low = min(clopper_pearson_lower(c, n, 1 - gamma / 2), most)
    high = min(clopper_pearson_upper(c, n, 1 - gamma / 2), most)
    tables = _Tables(b, c, n, margin, low, high)
    rates, step = np.linspace(low, high, _GRID), (high - low) / (_GRID - 1)
    chances = [tables.chance(q) for q in rates]
    peak = float(rates[int(np.argmax(chances))])
    finer = np.linspace(max(low, peak - step), min(high, peak + step), _GRID // 2)
    return min(1.0, max(*chances, *(tables.chance(q) for q in finer)) + gamma)


def unconditional_upper(b: int, c: int, n: int, alpha: float, gamma: float) -> float:
    """Return the margin, above 0, from which on `unconditional_p` is at most `alpha`.

    It is found to within 0.00002, and given that much too high rather than too low.
    """
    low, high = max((b - c) / n, 0.0), 1.0
    if (guess := drop_interval(b, c, n, alpha)[1]) < 1 and (
        unconditional_p(b, c, n, max(guess, low + 2e-5), gamma) <= alpha
    ):
        high = max(guess, low + 2e-5)
    while high - low > 2e-5:
        middle = (low + high) / 2
        if unconditional_p(b, c, n, middle, gamma) > alpha:
            low = middle
        else:
            high = middle
    return high


class _Tables:
    """The tables of n photos with a score of at most that of (b, c), where rates give them weight.

    Arrays have a row per number right to wrong and a column per number wrong to right.
    """

    def __init__(self, b: int, c: int, n: int, margin: float, low: float, high: float) -> None:
        self._n, self._margin = n, margin
        self._b = np.arange(*_counts(n, low + margin, high + margin))
        self._c = np.arange(*_counts(n, low, high))
        rows, columns = self._b[:, None], self._c[None, :]
        unchanged = n - rows - columns
        seen = _score(np.array(b), np.array(c), n, margin)
        counted = (unchanged >= 0) & (_score(rows, columns, n, margin) <= seen + 1e-9)
        logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])  # log k!
        ways = logs[n] - logs[rows] - logs[columns] - logs[np.maximum(unchanged, 0)]
        self._ways = np.where(counted, ways, -np.inf)

    def chance(self, q: float) -> float:
        """Return the chance of these tables at a rate q of wrong to right and a drop of margin."""
        worse, better = q + self._margin, max(q, 1e-300)
        kept = log(max(1 - worse - q, 1e-300))
        rows = slice(*(k - self._b[0] for k in _counts(self._n, worse, worse)))
        columns = slice(*(k - self._c[0] for k in _counts(self._n, q, q)))
        # log p of a table is that of its ways, of its row, of its column and of n kept photos.
        of_rows = self._b[rows] * (log(worse) - kept)
        of_columns = self._c[columns] * (log(better) - kept) + self._n * kept
        log_p = self._ways[rows, columns] + of_rows[:, None] + of_columns
        return float(np.exp(log_p).sum())


def _counts(n: int, low: float, high: float) -> tuple[int, int]:
    """Return the range of numbers of n photos to which rates from `low` to `high` give weight."""
    least = n * low - _REACH * (sqrt(n * low * (1 - low)) + _REACH)
    most = n * high + _REACH * (sqrt(n * high * (1 - high)) + _REACH)
    return max(0, int(least)), min(n, int(most)) + 1


def _score(b: Counts, c: Counts, n: int, drop: float) -> NDArray[np.float64]:
    """Return Tango's z of many tables (`edgetlc.statistics.paired` has the formula)."""
    linear = (2 * n - b + c) * drop - b - c
    constant = -c * drop * (1 - drop)
    spread = np.sqrt(np.maximum(linear * linear - 8 * n * constant, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(linear > 0, -2 * constant / (linear + spread), (spread - linear) / (4 * n))
        variance = n * (2 * rate + drop * (1 - drop))
        return np.asarray((b - c - n * drop) / np.sqrt(np.maximum(variance, 1e-300)))
