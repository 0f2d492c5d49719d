"""When to stop photographing: a verdict that stays valid however often one looks.

The rule of `edgetlc.parity.verdict` holds for a number of photos fixed beforehand. This one is
computed after every photo, and photographing may stop, go on or be given up at any moment for any
reason. It is a bet against each hypothesis: a capital of 1 is multiplied by a factor per photo that
averages at most 1 while the hypothesis is true. The capital, the e-value, then ever reaches 1/alpha
with a chance of at most alpha (Ville 1939), so at 20 the hypothesis is given up at 95 %.

    PASS  against "the right-to-wrong rate is the margin or more". Betting on a rate r below the
          margin m multiplies by r/m on a photo right to wrong and by (1 - r)/(1 - m) on any other.
    FAIL  against "the drop is at most the margin". A photo counts d = 1 (right to wrong), -1 (wrong
          to right) or 0 and multiplies by 1 + stake (d - m), with stakes below 1/(1 + m), which no
          photo can ruin. Only with labels; shared out among the cameras, 1/alpha times their number
          (Bonferroni).

The capital is spread beforehand over a few rates and stakes, most of it on "none at all".
The first of the two to reach its threshold decides. Where the other follows on later photos, the
photos before and after are not of one kind, and the verdict is taken back to INSUFFICIENT.

What is claimed, at confidence 1 - alpha: of one camera, that its PASS is no error; of all cameras,
that "all pass" is none (intersection-union, no correction); of all FAILs together, that none is an
error, the number of cameras being fixed before the first photo.

What it costs, at a margin of 2 % and 95 % confidence, computed exactly in
`tests/parity/test_sequential.py`, in photos until a PASS; beside it the smallest fixed number that
passes with a chance of 80 %:

    true rate           0     0.2 %   0.5 %     1 %
    expected          158       239     431    1337
    80 % done by      158       379     677    2115
    fixed number      149       236     386     969

Choose between the two rules before the first photo: taking whichever passes is two chances to err.

Specimens: only the first photo of each counts, so the rates are those averaged over specimens, if
these are independent and the photos of each come in no particular order. Photograph another
specimen rather than the same one again.

Sources:
    Ville (1939), Étude critique de la notion de collectif
    Robbins (1970), Annals of Mathematical Statistics 41: mixtures of likelihood ratios
    Waudby-Smith and Ramdas (2024), JRSS B 86: betting on the mean of bounded values
    Ramdas, Grünwald, Vovk and Shafer (2023), Statistical Science 38: e-values, e-processes
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from math import exp, log

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgetlc.errors import InputError
from edgetlc.locale import Message, _
from edgetlc.parity.reasons import ACCURACY, CHANGES, further, sentences
from edgetlc.parity.rule import Rule, SequentialVerdict, Verdict
from edgetlc.results.wording import percent_given
from edgetlc.statistics.specimens import Groups, is_first, number_specimens

Counts = int | NDArray[np.int64]

_RATES = np.array([1e-300, 1 / 8, 1 / 4, 1 / 2])  # shares of the margin; the first is "none"
_RATE_WEIGHTS = np.array([0.7, 0.1, 0.1, 0.1])
_STAKES = np.array([0.95, 0.5, 0.2])  # shares of the largest stake
_STAKE_WEIGHTS = np.array([1, 1, 1]) / 3
_LARGEST_LOG = log(1e300)  # an e-value beyond is told as 1e300


def follow(
    right_to_wrong: ArrayLike,
    wrong_to_right: ArrayLike | None = None,
    rule: Rule | None = None,
    *,
    camera: str | None = None,
    cameras: int = 1,
    groups: Groups | None = None,
) -> SequentialVerdict:
    """Return the state of one camera after its photos so far.

    Args:
        right_to_wrong: bool[n], in the order taken (`edgetlc.parity.tally.outcomes`).
        wrong_to_right: bool[n]; None without labels, which rules out a FAIL.
        rule: margin and confidence; 2 % and 95 % unless told.
        camera: id of the camera profile.
        cameras: how many cameras are followed, a number fixed before the first photo.
        groups: specimen id of every photo; None takes every photo for independent.

    Raises:
        InputError: the arrays are not one-dimensional and of one length, a photo is both, or
            there is no camera.
    """
    rule = rule or Rule()
    worse, better = _checked(right_to_wrong, wrong_to_right, cameras)
    photos = len(worse)
    rows = np.arange(photos)
    if groups is not None:
        rows = np.flatnonzero(is_first(number_specimens(groups, photos)))
    b = np.cumsum(worse[rows], dtype=np.int64)
    units = np.arange(1, len(rows) + 1)
    e_pass, e_fail = _log_e_pass(b, units - b, rule.margin), None
    if better is not None:
        c = np.cumsum(better[rows], dtype=np.int64)
        e_fail = _log_e_fail(b, c, units - b - c, rule.margin)
    needed_pass, needed_fail = 1 / rule.alpha, cameras / rule.alpha
    passed, failed = _reached(e_pass, needed_pass), _reached(e_fail, needed_fail)
    verdict: Verdict = "INSUFFICIENT"
    if (passed is None) != (failed is None):
        verdict = "PASS" if failed is None else "FAIL"
    stops = [int(rows[unit]) + 1 for unit in (passed, failed) if unit is not None]
    harmed = int(worse[rows].sum())
    state = SequentialVerdict(
        camera=camera,
        verdict=verdict,
        photos=photos,
        units=len(rows),
        right_to_wrong=harmed,
        e_pass=_largest(e_pass),
        e_fail=None if e_fail is None else _largest(e_fail),
        needed_pass=needed_pass,
        needed_fail=needed_fail,
        stopped_at=min(stops, default=None),
        clean_needed=0 if stops else _clean_needed(harmed, len(rows) - harmed, rule),
    )
    return replace(state, reason=_reason(state, rule, by_specimen=groups is not None))


def _checked(
    right_to_wrong: ArrayLike, wrong_to_right: ArrayLike | None, cameras: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_] | None]:
    worse = np.asarray(right_to_wrong, dtype=bool)
    better = None if wrong_to_right is None else np.asarray(wrong_to_right, dtype=bool)
    fits = better is None or (better.shape == worse.shape and not (better & worse).any())
    if worse.ndim != 1 or not fits:
        raise InputError(
            "right to wrong has shape {worse}, wrong to right {better}; one value per photo "
            "is needed, and no photo is both",
            worse=worse.shape,
            better=None if better is None else better.shape,
        )
    if cameras < 1:
        raise InputError("{cameras} cameras are followed; at least 1 is needed", cameras=cameras)
    return worse, better


def _log_e_pass(b: Counts, clean: Counts, margin: float) -> NDArray[np.float64]:
    """Return log e-values of shape (n,) from the counts so far, each of shape (n,)."""
    rates = _RATES * margin
    bets = np.log(_RATES), np.log1p(-rates) - np.log1p(-margin)
    return _capital((b, clean), bets, _RATE_WEIGHTS)


def _log_e_fail(b: Counts, c: Counts, unchanged: Counts, margin: float) -> NDArray[np.float64]:
    stakes = _STAKES / (1 + margin)
    bets = [np.log1p(stakes * (d - margin)) for d in (1, -1, 0)]
    return _capital((b, c, unchanged), bets, _STAKE_WEIGHTS)


def _capital(
    counts: Sequence[Counts], bets: Sequence[NDArray[np.float64]], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the log of the capital, of shape (n,), that was spread over the bets."""
    grown = np.log(weights) + sum(
        np.multiply.outer(np.asarray(count, dtype=np.float64), bet)
        for count, bet in zip(counts, bets, strict=True)
    )
    return np.asarray(np.logaddexp.reduce(grown, axis=-1))


def _reached(log_e: NDArray[np.float64] | None, needed: float) -> int | None:
    """Return the index at which the e-value first is what is needed."""
    if log_e is None or not (enough := log_e >= log(needed)).any():
        return None
    return int(enough.argmax())


def _largest(log_e: NDArray[np.float64]) -> float:
    return exp(min(float(log_e.max(initial=0.0)), _LARGEST_LOG))


def _clean_needed(b: int, clean: int, rule: Rule) -> int:
    """Return the fewest further units, none right to wrong, that bring a PASS."""

    def enough(more: int) -> bool:
        return bool(_log_e_pass(b, clean + more, rule.margin) >= log(1 / rule.alpha))

    most = 1
    while not enough(most):
        most *= 2
    return bisect_left(range(most + 1), True, key=enough)


def _reason(v: SequentialVerdict, rule: Rule, *, by_specimen: bool) -> Message:
    words = CHANGES if v.e_fail is None else ACCURACY
    takes = further(v.clean_needed, "specimen" if by_specimen else "photo", words)
    if not v.photos:
        return sentences(words.untested, takes)
    if v.verdict == "FAIL":
        text = _(
            "{seen}; after {photos} photos {confidence} confidence was reached that accuracy drops "
            "by more than {margin}: photographing may stop."
        )
    elif v.verdict == "PASS" and words is ACCURACY:
        text = _(
            "{seen}; after {photos} photos {confidence} confidence was reached that less than "
            "{margin} go wrong: photographing may stop."
        )
    elif v.verdict == "PASS":
        text = _(
            "{seen}; after {photos} photos {confidence} confidence was reached that less than "
            "{margin} change: photographing may stop."
        )
    elif v.stopped_at is not None:
        text = _(
            "{seen}; after {photos} photos a verdict stood that the later ones contradict: they "
            "are not of one kind; find out what changed and start again."
        )
    elif v.e_fail is None:
        text = _("{seen}; the e-value is {e:.3g} of {needed:.0f} for a PASS.")
    else:
        text = _(
            "{seen}; the e-value is {e:.3g} of {needed:.0f} for a PASS and {e_fail:.3g} of "
            "{needed_fail:.0f} for a FAIL."
        )
    told = _(
        text,
        seen=_seen(v, by_specimen=by_specimen),
        margin=percent_given(rule.margin),
        confidence=percent_given(rule.confidence),
        photos=v.stopped_at,
        e=v.e_pass,
        needed=v.needed_pass,
        e_fail=v.e_fail,
        needed_fail=v.needed_fail,
    )
    return told if v.stopped_at is not None else sentences(told, takes)


def _seen(v: SequentialVerdict, *, by_specimen: bool) -> Message:
    counts = {"b": v.right_to_wrong, "n": v.units}
    if not by_specimen:
        return _((CHANGES if v.e_fail is None else ACCURACY).seen["photo"], **counts)
    if v.e_fail is None:
        return _("{b} of {n} first photos of specimens changed, for better or worse", **counts)
    return _("{b} of {n} first photos of specimens went from right to wrong", **counts)
