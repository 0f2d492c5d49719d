"""p-values and bounds of the drop that hold at every number of photos at once.

Each is the inverse of a capital that bets against a hypothesis: 1 at the beginning, multiplied by a
factor per photo that averages at most 1 while the hypothesis is true. Such a capital ever reaches
1/alpha with a chance of at most alpha (Ville 1939), so one may look after every photo and stop, go
on or give up for any reason.

Against "the drop is m or more": a photo counts d = 1 (right to wrong), -1 (wrong to right) or 0 and
multiplies by 1 + stake (m - d), with stakes of at most 1/(1 - m), which no photo can ruin. Against
"the drop is at most m" the same with d and m turned round. The capital is spread over a few stakes
beforehand; where "all is well" is likely, most of it goes on the largest, which wins most of photos
that stay as they are.

The capital depends on the counts alone: the order of the photos has no say in it, and a list sorted
by class proves nothing that a mixed one does not. It is the capital after the photos there are,
never the largest on the way to it, which an order could have made.

Words and ranges are those of `edgetlc.statistics.paired`; without labels c is 0.

Sources:
    Ville (1939), Étude critique de la notion de collectif
    Waudby-Smith and Ramdas (2024), JRSS B 86: betting on the mean of bounded values
    Ramdas, Grünwald, Vovk and Shafer (2023), Statistical Science 38: e-values, e-processes
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgetlc.statistics.paired import root

Counts = int | NDArray[np.int64]

# Shares of the largest stake, and of the capital.
_WITHIN = np.array([1, 7 / 8, 3 / 4, 1 / 2, 1 / 4]), np.array([0.7, 0.12, 0.1, 0.05, 0.03])
_BEYOND = np.array([0.95, 0.5, 0.2]), np.array([1, 1, 1]) / 3
_LEAST_LOG = np.log(1e-300)  # of a factor; the largest stake's is 0 where it loses


def log_capital_within(b: Counts, c: Counts, n: Counts, margin: float) -> NDArray[np.float64]:
    """Return the log capital, of the counts' shape, against "the drop is `margin` or more"."""
    return _log_capital(b, c, n, margin, *_WITHIN)


def log_capital_beyond(b: Counts, c: Counts, n: Counts, margin: float) -> NDArray[np.float64]:
    """Return the log capital, of the counts' shape, against "the drop is at most `margin`"."""
    return _log_capital(c, b, n, -margin, *_BEYOND)


def _log_capital(
    lost: Counts,
    won: Counts,
    n: Counts,
    drop: float,
    stakes: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    stakes = stakes / max(1 - drop, 1e-15)  # a bound may be sought up to 1
    with np.errstate(divide="ignore"):
        losing = np.maximum(np.log1p(np.maximum(stakes * (drop - 1), -1)), _LEAST_LOG)
    counts = lost, won, np.subtract(np.subtract(n, lost), won)
    bets = losing, np.log1p(stakes * (drop + 1)), np.log1p(stakes * drop)
    grown = np.log(weights) + sum(
        np.multiply.outer(np.asarray(count, dtype=np.float64), bet)
        for count, bet in zip(counts, bets, strict=True)
    )
    return np.asarray(np.logaddexp.reduce(grown, axis=-1))


def p_within(b: int, c: int, n: int, margin: float) -> float:
    """Return the p-value of "the drop is `margin` or more", valid at any time."""
    return _p(log_capital_within(b, c, n, margin))


def p_beyond(b: int, c: int, n: int, margin: float) -> float:
    """Return the p-value of "the drop is at most `margin`", valid at any time."""
    return _p(log_capital_beyond(b, c, n, margin))


def _p(log_capital: NDArray[np.float64]) -> float:
    return float(np.exp(-np.maximum(log_capital, 0.0)))


def drop_interval(b: int, c: int, n: int, alpha: float) -> tuple[float, float]:
    """Return the bounds of the drop, each one-sided at 1 - alpha, that hold at any time.

    They are the margins at which the p-values pass alpha; there is at least one photo.
    """
    drop = (b - c) / n
    lower = root(lambda m: p_beyond(b, c, n, m) <= alpha, -1.0, drop) if drop > -1 else -1.0
    upper = root(lambda m: p_within(b, c, n, m) > alpha, drop, 1.0) if drop < 1 else 1.0
    return lower, upper
