"""When to stop photographing: a verdict that stays valid however often one looks.

The rule of `edgetlc.parity.verdict` holds for a number of photos fixed beforehand. This one is
computed after every photo, and photographing may stop, go on or be given up at any moment for any
reason. It is a bet against each hypothesis: a capital of 1 is multiplied by a factor per photo that
averages at most 1 while the hypothesis is true. The capital, the e-value, then ever reaches 1/alpha
with a chance of at most alpha (Ville 1939), so at 20 the hypothesis is given up at 95 %.

    PASS  against "the harm rate is the margin or more". Betting on a rate r below the margin m
          multiplies by r/m on a harm and by (1 - r)/(1 - m) on any other photo.
    FAIL  against "the drop is at most the margin". A photo counts d = 1 (harm), -1 (gain) or 0 and
          multiplies by 1 + stake (d - m), with stakes below 1/(1 + m), which a gain cannot ruin.
          Only with labels; shared out among the cameras, 1/alpha times their number (Bonferroni).

The capital is spread beforehand over a few rates and stakes, most of it on "no harm at all".
The first of the two to reach its threshold decides. Where the other follows on later photos, the
photos before and after are not of one kind, and the verdict is taken back to INSUFFICIENT.

What is claimed, at confidence 1 - alpha: of one camera, that its PASS is no error; of all cameras,
that "all pass" is none (intersection-union, no correction); of all FAILs together, that none is an
error, the number of cameras being fixed before the first photo.

What it costs, at a margin of 2 % and 95 % confidence, computed exactly in
`tests/parity/test_sequential.py`, in photos until a PASS; beside it the smallest fixed number that
passes with a chance of 80 %:

    true harm rate      0     0.2 %   0.5 %     1 %
    expected          158       239     431    1337
    80 % done by      158       379     677    2115
    fixed number      149       236     386     969

Choose between the two rules before the first photo: taking whichever passes is two chances to err.

Specimens: only the first photo of each counts, so the capital moves once per specimen and the rates
are those averaged over specimens, if these are independent and the photos of each come in no
particular order. Photograph another specimen rather than the same one again.

Sources:
    Ville (1939), Étude critique de la notion de collectif
    Robbins (1970), Annals of Mathematical Statistics 41: mixtures of likelihood ratios
    Waudby-Smith and Ramdas (2024), JRSS B 86: betting on the mean of bounded values
    Ramdas, Grünwald, Vovk and Shafer (2023), Statistical Science 38: e-values, e-processes
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgetlc.errors import InputError
from edgetlc.parity.reasons import ACCURACY, CHANGES, Words, further, percent
from edgetlc.parity.verdict import Rule, Verdict
from edgetlc.statistics.specimens import Groups, is_first, number_specimens

Counts = int | NDArray[np.int64]

_RATES = np.array([1e-300, 1 / 8, 1 / 4, 1 / 2])  # shares of the margin; the first is "no harm"
_RATE_WEIGHTS = np.array([0.7, 0.1, 0.1, 0.1])
_STAKES = np.array([0.95, 0.5, 0.2])  # shares of the largest stake
_STAKE_WEIGHTS = np.array([1, 1, 1]) / 3
_LARGEST_LOG = log(1e300)  # an e-value beyond is told as 1e300


@dataclass(frozen=True)
class SequentialVerdict:
    """The state after the photos so far.

    Attributes:
        camera: id of the camera profile, or None for photos of unknown cameras.
        verdict: PASS, FAIL or INSUFFICIENT (go on).
        photos: photos so far.
        units: specimens so far, or photos where every photo counts as its own.
        harmed: units with a harm (on the first photo of the specimen).
        e_pass: largest e-value so far against "the harm rate is the margin or more"; from 1 to
            1e300; 1 / e_pass is a p-value valid at any time.
        e_fail: the same against "the drop is at most the margin"; None without labels.
        needed_pass: e-value that decides for PASS.
        needed_fail: e-value that decides for FAIL.
        stopped_at: photos after which the verdict first stood; None where it does not yet.
        clean_needed: fewest further units that could bring a PASS, all without harm; 0 where a
            verdict was reached.
        reason: one sentence for the photographer.
    """

    camera: str | None
    verdict: Verdict
    photos: int
    units: int
    harmed: int
    e_pass: float
    e_fail: float | None
    needed_pass: float
    needed_fail: float
    stopped_at: int | None
    clean_needed: int
    reason: str = ""

    @property
    def tested(self) -> bool:
        """Whether there were photos."""
        return self.photos > 0


def follow(
    harms: ArrayLike,
    gains: ArrayLike | None = None,
    rule: Rule | None = None,
    *,
    camera: str | None = None,
    cameras: int = 1,
    groups: Groups | None = None,
    words: Words | None = None,
) -> SequentialVerdict:
    """Return the state of one camera after its photos so far.

    Args:
        harms: bool[n], in the order taken (`edgetlc.parity.tally.outcomes`); without labels every
            changed answer.
        gains: bool[n], never true where harms is; None without labels, which rules out a FAIL.
        rule: margin and confidence; 2 % and 95 % unless told.
        camera: id of the camera profile.
        cameras: how many cameras are followed, a number fixed before the first photo.
        groups: specimen id of every photo; None takes every photo for independent.
        words: how the reason tells harms; by the labels unless told.

    Raises:
        InputError: the arrays are not one-dimensional and of one length, a photo is both harm and
            gain, or there is no camera.
    """
    rule = rule or Rule()
    harm, gain = _checked(harms, gains, cameras)
    photos = len(harm)
    rows = np.arange(photos)
    if groups is not None:
        rows = np.flatnonzero(is_first(number_specimens(groups, photos)))
    b = np.cumsum(harm[rows], dtype=np.int64)
    units = np.arange(1, len(rows) + 1)
    e_pass, e_fail = _log_e_pass(b, units - b, rule.margin), None
    if gain is not None:
        c = np.cumsum(gain[rows], dtype=np.int64)
        e_fail = _log_e_fail(b, c, units - b - c, rule.margin)
    passed, failed = _reached(e_pass, 1 / rule.alpha), _reached(e_fail, cameras / rule.alpha)
    verdict: Verdict = "INSUFFICIENT"
    if (passed is None) != (failed is None):
        verdict = "PASS" if failed is None else "FAIL"
    stops = [int(rows[unit]) + 1 for unit in (passed, failed) if unit is not None]
    found = SequentialVerdict(
        camera=camera,
        verdict=verdict,
        photos=photos,
        units=len(rows),
        harmed=int(harm[rows].sum()),
        e_pass=_largest(e_pass),
        e_fail=None if e_fail is None else _largest(e_fail),
        needed_pass=1 / rule.alpha,
        needed_fail=cameras / rule.alpha,
        stopped_at=min(stops, default=None),
        clean_needed=0,
    )
    if not stops:
        found = replace(found, clean_needed=_clean_needed(found, rule))
    words = words or (CHANGES if gain is None else ACCURACY)
    return replace(found, reason=_reason(found, rule, words, by_specimen=groups is not None))


def _checked(
    harms: ArrayLike, gains: ArrayLike | None, cameras: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_] | None]:
    harm = np.asarray(harms, dtype=bool)
    gain = None if gains is None else np.asarray(gains, dtype=bool)
    if harm.ndim != 1 or (gain is not None and (gain.shape != harm.shape or (gain & harm).any())):
        raise InputError(
            f"harms have shape {harm.shape}, gains {None if gain is None else gain.shape}; one "
            "value per photo is needed, and no photo is both"
        )
    if cameras < 1:
        raise InputError(f"{cameras} cameras are followed; at least 1 is needed")
    return harm, gain


def _log_e_pass(harmed: Counts, clean: Counts, margin: float) -> NDArray[np.float64]:
    """Return log e-values of shape (n,) from the counts so far, each of shape (n,)."""
    rates = _RATES * margin
    bets = np.log(_RATES), np.log1p(-rates) - np.log1p(-margin)
    return _capital((harmed, clean), bets, _RATE_WEIGHTS)


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


def _clean_needed(v: SequentialVerdict, rule: Rule) -> int:
    """Return the fewest further units without harm that bring a PASS; each one raises the bet."""

    def enough(more: int) -> bool:
        clean = v.units - v.harmed + more
        return bool(_log_e_pass(v.harmed, clean, rule.margin) >= log(v.needed_pass))

    most = 1
    while not enough(most):
        most *= 2
    return bisect_left(range(most + 1), True, key=enough)


def _reason(v: SequentialVerdict, rule: Rule, words: Words, *, by_specimen: bool) -> str:
    unit = "specimen" if by_specimen else "photo"
    takes = f"A PASS takes at least {further(v.clean_needed, unit, words.clean)}."
    if not v.photos:
        return f"Untested: {words.untested}. {takes}"
    what = f"first photos of {words.specimens}" if by_specimen else words.photos
    seen = f"{v.harmed} of {v.units} {what} {words.harmed}"
    margin = percent(rule.margin)
    shown = f"after {v.stopped_at} photos {percent(rule.confidence)} confidence was reached that"
    if v.verdict == "PASS":
        return f"{seen}; {shown} less than {margin} {words.rate}: photographing may stop."
    if v.verdict == "FAIL":
        return f"{seen}; {shown} {words.drop} by more than {margin}: photographing may stop."
    if v.stopped_at is not None:
        return (
            f"{seen}; after {v.stopped_at} photos a verdict stood that the later ones contradict: "
            "they are not of one kind; find out what changed and start again."
        )
    fail = "" if v.e_fail is None else f" and {v.e_fail:.3g} of {v.needed_fail:.0f} for a FAIL"
    return f"{seen}; the e-value is {v.e_pass:.3g} of {v.needed_pass:.0f} for a PASS{fail}. {takes}"
