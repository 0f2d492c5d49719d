"""The rate of one more member of a family, from those seen: the beta-binomial model.

    k_i of n_i   seen on member i, binomial at a rate of its own
    rate         drawn from Beta(mean s, (1 - mean) s), the same distribution for every member
    mean         of the rates; uniform on (0, 1) beforehand
    likeness     1 / (1 + s), the correlation of two observations of one member: near 0 all members
                 have one rate, near 1 each is either good or bad; uniform on (0, 1) beforehand

Both priors are proper, so there is an answer even where nothing was ever seen, and with one member.
More harm does not always mean a worse next member: one of 150 on each of 13 shows that they are
alike, which none on any does not (0.026 and 0.057 for a rate of 2 % or more).

Sources:
    Skellam (1948), JRSS B 10: the distribution
    Gelman et al. (2013), Bayesian Data Analysis, section 5.3: a family of binomial rates
    Lentz (1976), Applied Optics 15; DLMF 8.17.22: the continued fraction of the incomplete beta
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import lgamma

import numpy as np
from numpy.typing import ArrayLike, NDArray

_MEANS = np.linspace(-16, 16, 81)  # log-odds; where the sum of a smooth function is its integral
_LIKENESSES = np.linspace(-9, 9, 37)
_STEPS = 250  # of the continued fraction, whose need grows with the root of the parameters
_TINY = 1e-300


def probability_at_least(seen: Sequence[tuple[int, int]], rate: float) -> float:
    """Return the probability that one more member's rate is `rate` or more, 0 < rate < 1.

    From the counts (k, n) of each member, 0 <= k <= n; a degree of belief under the priors above.
    """
    mean, likeness = (1 / (1 + np.exp(-odds)) for odds in np.meshgrid(_MEANS, _LIKENESSES))
    prior = mean * (1 - mean) * likeness * (1 - likeness)  # uniform, on a grid of log-odds
    size = (1 - likeness) / likeness
    a, b = mean * size, (1 - mean) * size
    fit = np.zeros_like(a)
    for (k, n), members in Counter(seen).items():
        fit += members * (_log_beta(a + k, b + n - k) - _log_beta(a, b))
    weight = prior * np.exp(fit - fit.max())
    return float(np.sum(weight * (1 - beta_below(rate, a, b))) / np.sum(weight))


def beta_below(x: float, a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Return P(rate <= x) for rate ~ Beta(a, b), 0 < x < 1; a and b from about 1e-11 to 1e4."""
    one, other = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(b, np.float64))
    turned = x > (one + 1) / (one + other + 2)  # the fraction converges on one side of the mean
    p, q = np.where(turned, other, one), np.where(turned, one, other)
    at = np.where(turned, 1 - x, x)
    front = p * np.log(at) + q * np.log1p(-at) - _log_beta(p, q)
    share = np.exp(front) * _fraction(at, p, q) / p
    return np.asarray(np.where(turned, 1 - share, share))


def _fraction(
    x: NDArray[np.float64], p: NDArray[np.float64], q: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the continued fraction of the incomplete beta function, by Lentz's method."""
    c = np.ones_like(x)
    d = 1 / _apart(1 - (p + q) * x / (p + 1))
    total = d
    for m in range(1, _STEPS):
        for term in (
            m * (q - m) * x / ((p + 2 * m - 1) * (p + 2 * m)),
            -(p + m) * (p + q + m) * x / ((p + 2 * m) * (p + 2 * m + 1)),
        ):
            d = 1 / _apart(1 + term * d)
            c = _apart(1 + term / c)
            total = total * c * d
    return total


def _apart(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values that can be divided by."""
    return np.where(np.abs(value) < _TINY, _TINY, value)


def _log_beta(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    gamma = np.vectorize(lgamma, otypes=[np.float64])
    return np.asarray(gamma(a) + gamma(b) - gamma(a + b))
