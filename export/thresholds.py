"""Choosing a bundle's thresholds on validation photos, for error rates that the user states.

Two rates, two thresholds, each tested from the strictest down at the full 95 %, the last one before
the first that does not show its rate being kept. The order is fixed beforehand and nothing behind a
failure is looked at, so choosing costs no confidence (fixed-sequence testing; Angelopoulos et al.
2021, arXiv:2110.01052, "Learn then test"):

    false genuine   Of the counterfeits, the share called genuine.
    wrong           Of the answers given, the share that is wrong. `reject_below` is one of eight
                    coverages (the surest half, ..., the surest 95 %, all photos). Those with too
                    few answers to show the rate without any error are passed over. Chosen like
                    this, the photos show the rate that was asked for and no lower one.

At n = 1,000 photos of which 8 % are answered wrongly, 5 % is shown in 75 % of sets; where the 5 %
are shared out among the coverages instead (Bonferroni), in 49 %. On new photos the rate is broken
in at most 5 % of either (`tests/export/test_thresholds.py`).

Where so few photos cannot show a rate, the thresholds are those that the photos suggest, and the
policy says what they do show, at 95 % for all coverages together.

The bounds take photos as independent, and the network as chosen without them. It was not: the same
photos chose its epoch, and with `--max-drop` or a search its layers. For the best of 20 equally
good epochs, of which two differ on 2 to 8 % of the photos, a bound of 95 % is wrong in 13 to 44 %
of cases, for the best of 8 candidates that differ on 1 to 4 % in 9 to 15 %; the temperature, fitted
on them too, costs nothing (simulated in the same tests). So whoever shows a rate says so. Halving
the validation part would mend it, but leaves most sets one batch of a class, or none, to choose or
to show with; the test part, which chose nothing, has the figures to rely on.
Selective classification with a guarantee: Geifman and El-Yaniv (2017), NeurIPS 30.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from edgetlc.config import option
from edgetlc.errors import InputError
from edgetlc.locale import _
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.policy import DecisionPolicy, ShownRate
from edgetlc.statistics.paired import clopper_pearson_upper, photos_to_certify

CONFIDENCE = 0.95
COVERAGES = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0)
GENUINE_AT_LEAST = 0.9
"""An answer "genuine" needs this confidence whatever the validation photos say: they show the
counterfeits that are known, and the market holds others."""
_STEPS = 10_000  # thresholds are whole multiples of 1 / _STEPS


@dataclass(frozen=True)
class ThresholdTargets:
    """What the user asks of the policy.

    Rates lie in (0, 1), thresholds in [0, 1].
    """

    wrong: float = option(
        0.05, _("Accepted share of wrong ones among the answers given."), flag="--error-rate"
    )
    false_genuine: float = option(
        0.02,
        _("Accepted share of counterfeits that are called genuine."),
        flag="--false-genuine-rate",
    )
    reject_below: float | None = option(
        None, _("Confidence that an answer needs, 0 to 1, instead of a fitted one.")
    )
    genuine_below: float | None = option(
        None, _("Confidence that an answer 'genuine' needs, instead of a fitted one.")
    )

    def __post_init__(self) -> None:
        for name in ("wrong", "false_genuine"):
            value = getattr(self, name)
            if not 0 < value < 1:
                raise InputError(
                    "the rate {name} is {value}; it is a share of photos between 0 and 1, "
                    "such as 0.05 for 5 %",
                    name=name,
                    value=value,
                )
        for name in ("reject_below", "genuine_below"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise InputError("{name} is {value}; allowed are 0 to 1", name=name, value=value)


def choose_policy(
    probabilities: NDArray[np.float32],
    truth: NDArray[np.int64],
    classes: Sequence[ClassInfo],
    temperature: float,
    targets: ThresholdTargets | None = None,
) -> DecisionPolicy:
    """Return the decision policy of a model from its answers on validation photos.

    Args:
        probabilities: float32[n, C], what the model answered, temperature included.
        truth: int64[n], class indices.
        classes: in the order of the columns.
        temperature: recorded with the thresholds.
        targets: stated rates, or thresholds.
    """
    targets = targets or ThresholdTargets()
    roles = np.array([info.role for info in classes])
    answers = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1).astype(np.float64)

    genuine_below, false = 0.0, None
    least = np.zeros(len(answers))  # confidence that an answer's role needs
    if "genuine" in roles:
        counterfeit, genuine = roles[truth] == "counterfeit", roles[answers] == "genuine"
        called = confidence[counterfeit & genuine]
        genuine_below, false = _genuine_below(called, int(counterfeit.sum()), targets)
        least[genuine] = genuine_below
    reject, wrong = _reject_below(confidence, answers == truth, least, targets)
    return DecisionPolicy(reject, genuine_below, temperature, wrong, false)


def _reject_below(
    confidence: NDArray[np.float64],
    right: NDArray[np.bool_],
    least: NDArray[np.float64],
    targets: ThresholdTargets,
) -> tuple[float, ShownRate]:
    """Return the threshold of the largest coverage that shows the rate; else the likeliest one.

    `least` is the confidence that each answer's role needs, whatever the threshold.
    """

    def shown(threshold: float, tests: int = 1) -> ShownRate:
        given = confidence >= np.maximum(least, threshold)
        return _shown(targets.wrong, int(given.sum()), int((given & ~right).sum()), tests)

    if targets.reject_below is not None:
        return targets.reject_below, shown(targets.reject_below)
    surest = np.sort(confidence)[::-1]
    places = [max(1, round(share * len(surest))) - 1 for share in COVERAGES]
    fitted = [math.floor(surest[place] * _STEPS) / _STEPS for place in places]
    fewest = photos_to_certify(0, targets.wrong, CONFIDENCE)
    proven = None
    for threshold in fitted:
        rate = shown(threshold)
        if rate.photos >= fewest:
            if not rate.holds:
                break
            proven = threshold, replace(rate, at_most=targets.wrong)
    if proven:
        return proven
    rates = [(threshold, shown(threshold, len(COVERAGES))) for threshold in reversed(fitted)]
    likely = [pair for pair in rates if pair[1].errors <= targets.wrong * pair[1].photos]
    return (likely or rates[-1:])[0]


def _genuine_below(
    called: NDArray[np.float64], counterfeits: int, targets: ThresholdTargets
) -> tuple[float, ShownRate]:
    """Return the lowest threshold that shows the rate, or the strictest where none does.

    `called` are the confidences of those counterfeits that are called genuine.
    """

    def shown(threshold: float) -> ShownRate:
        return _shown(targets.false_genuine, counterfeits, int((called >= threshold).sum()))

    if targets.genuine_below is not None:
        return targets.genuine_below, shown(targets.genuine_below)
    above = {min(1.0, math.floor(c * _STEPS + 1) / _STEPS) for c in called if c >= GENUINE_AT_LEAST}
    strictest_first = [*sorted(above, reverse=True), GENUINE_AT_LEAST]
    proven = list(takewhile(lambda threshold: shown(threshold).holds, strictest_first))
    chosen = (proven or strictest_first[:1])[-1]
    return chosen, shown(chosen)


def _shown(rate: float, photos: int, errors: int, tests: int = 1) -> ShownRate:
    """Return what `errors` of `photos` show, the bound's 5 % shared out among `tests`."""
    confidence = 1 - (1 - CONFIDENCE) / tests
    return ShownRate(rate, photos, errors, clopper_pearson_upper(errors, photos, confidence))
