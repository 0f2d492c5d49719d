"""Over- and under-fitting in plain words, by rules that anybody can check on the curves.

Accuracies are of the kept network on unchanged photos, of the training and the validation part
alike: the training loss of an epoch is taken under augmentation, dropout and label smoothing and
says nothing when held against the validation loss. Curves are smoothed by a running median of
three epochs. A rule speaks where all of its conditions hold:

    over-fitting     the training accuracy is `GAP` or more above the validation accuracy, and the
                     lower 95 % bound of that gap (Agresti and Caffo, The American Statistician
                     54, 2000) is above 0
    uncertain        the same gap, but its lower bound is not above 0: it may be chance
    turning up       the validation loss ends `RISE` or more, and at least `NATS`, above its
                     minimum, two or more epochs after it, while the training loss fell further
    still improving  over the last fifth of the epochs (two at least) the validation loss fell by
                     `FALL` or more, and at least `NATS`, the kept epoch is among them, and not all
                     validation photos were right
    under-fitting    less than `LEARNT` of the training photos are answered rightly
    too short        fewer than `SHORTEST` epochs: the curves say nothing
    fits             none of over-fitting, uncertain, turning up, still improving, under-fitting

Photos of one batch resemble each other, so the bound is that of the best case: the true
uncertainty is rather larger.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist, median
from typing import Literal

from edgetlc.locale import Message, _
from edgetlc.training.runs import Epoch, best_of

GAP = 0.05
RISE = 0.10
FALL = 0.05
NATS = 0.02
LEARNT = 0.90
SHORTEST = 5
_Z = NormalDist().inv_cdf(0.95)

Kind = Literal[
    "over-fitting",
    "uncertain",
    "turning up",
    "still improving",
    "under-fitting",
    "too short",
    "fits",
]


@dataclass(frozen=True)
class Fit:
    """How many photos of a part the kept network answers rightly."""

    right: int
    photos: int

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.right / self.photos


@dataclass(frozen=True)
class Finding:
    """One thing that the curves or the accuracies show, with its figures."""

    kind: Kind
    text: Message

    def to_json(self) -> dict[str, str]:
        """Return the kind, and the text in both languages."""
        return {"kind": self.kind, "en": str(self.text), "zh": self.text.translated("zh")}


def diagnose(epochs: Sequence[Epoch], train: Fit, val: Fit) -> tuple[Finding, ...]:
    """Return what the rules find of a run's epochs and its kept network; at least one finding."""
    found = [*_gap(train, val), *_low(train)]
    if len(epochs) >= SHORTEST:
        found += [*_turning_up(epochs), *_still_improving(epochs, val)]
    if not found:
        text = _(
            "No over- or under-fitting by these rules: {train:.1%} of training photos right, "
            "{val:.1%} of validation photos.",
            train=train.share,
            val=val.share,
        )
        found.append(Finding("fits", text))
    if len(epochs) < SHORTEST:
        text = _(
            "Only {count} epochs, fewer than {least}: the curves say nothing.",
            count=len(epochs),
            least=SHORTEST,
        )
        found.append(Finding("too short", text))
    return tuple(found)


def _gap(train: Fit, val: Fit) -> Iterator[Finding]:
    gap = train.share - val.share
    if gap < GAP:
        return
    # The lower one-sided 95 % bound of the difference.
    p, q = ((fit.right + 1) / (fit.photos + 2) for fit in (train, val))
    variance = p * (1 - p) / (train.photos + 2) + q * (1 - q) / (val.photos + 2)
    least = p - q - _Z * sqrt(variance)
    figures = {"train": train.share, "val": val.share, "gap": 100 * gap}
    if least > 0:
        text = _(
            "Over-fitting: {train:.1%} of training photos right, {val:.1%} of validation photos, "
            "{gap:.1f} points apart (at least {least:.1f} with 95 % confidence). More photos and "
            "batches, stronger augmentation, dropout, label smoothing or fewer epochs help.",
            least=100 * least,
            **figures,
        )
        yield Finding("over-fitting", text)
    else:
        text = _(
            "Perhaps over-fitting, but {photos} validation photos cannot tell: {train:.1%} of "
            "training photos right, {val:.1%} of validation photos, {gap:.1f} points apart, which "
            "may be chance.",
            photos=val.photos,
            **figures,
        )
        yield Finding("uncertain", text)


def _low(train: Fit) -> Iterator[Finding]:
    if train.share < LEARNT:
        text = _(
            "Under-fitting: only {train:.1%} of the training photos themselves are right (below "
            "{needed:.0%}). More epochs, a larger network, pretrained weights, or less "
            "augmentation and regularisation help; check the labels too.",
            train=train.share,
            needed=LEARNT,
        )
        yield Finding("under-fitting", text)


def _turning_up(epochs: Sequence[Epoch]) -> Iterator[Finding]:
    val, train = _smooth([e.val_loss for e in epochs]), _smooth([e.train_loss for e in epochs])
    lowest = min(range(len(val)), key=val.__getitem__)
    low, end = val[lowest], val[-1]
    late = len(val) - 1 - lowest >= 2
    if late and end >= low * (1 + RISE) and end - low >= NATS and train[-1] < train[lowest]:
        text = _(
            "The validation loss turned up after epoch {at} ({low:.3f} to {end:.3f} at epoch "
            "{last}) while the training loss went on falling ({before:.3f} to {after:.3f}): the "
            "network began to learn its photos by heart. The best epoch was kept, not the last.",
            at=epochs[lowest].epoch,
            low=low,
            end=end,
            last=epochs[-1].epoch,
            before=train[lowest],
            after=train[-1],
        )
        yield Finding("turning up", text)


def _still_improving(epochs: Sequence[Epoch], val: Fit) -> Iterator[Finding]:
    loss = _smooth([e.val_loss for e in epochs])
    window = max(2, ceil(len(epochs) / 5))
    start, end = loss[-1 - window], loss[-1]
    late = best_of(epochs) in epochs[-window:]
    if late and val.right < val.photos and end <= start * (1 - FALL) and start - end >= NATS:
        text = _(
            "Still improving when it ended: the validation loss fell from {start:.3f} to "
            "{end:.3f} over the last {epochs} epochs. More epochs may help.",
            start=start,
            end=end,
            epochs=window,
        )
        yield Finding("still improving", text)


def _smooth(values: Sequence[float]) -> list[float]:
    """Return the running median of three; of two at the ends."""
    return [median(values[max(0, i - 1) : i + 2]) for i in range(len(values))]
