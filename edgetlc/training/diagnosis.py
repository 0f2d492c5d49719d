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

    def __str__(self) -> str:
        return f"{self.share:.1%}"


@dataclass(frozen=True)
class Finding:
    """One thing that the curves or the accuracies show, with its figures."""

    kind: Kind
    zh: str
    en: str


def diagnose(epochs: Sequence[Epoch], train: Fit, val: Fit) -> tuple[Finding, ...]:
    """Return what the rules find; at least one finding.

    Args:
        epochs: of the whole run, in order.
        train: of the kept network, on unchanged training photos.
        val: of the kept network, on the validation part.
    """
    found = [*_gap(train, val), *_low(train)]
    if len(epochs) >= SHORTEST:
        found += [*_turning_up(epochs), *_still_improving(epochs, val)]
    if not found:
        found.append(
            Finding(
                "fits",
                f"按这些规则未见过拟合或欠拟合：训练照片正确率 {train}，验证照片 {val}。",
                f"No over- or under-fitting by these rules: {train} of training photos right, "
                f"{val} of validation photos.",
            )
        )
    if len(epochs) < SHORTEST:
        found.append(
            Finding(
                "too short",
                f"仅 {len(epochs)} 轮，少于 {SHORTEST} 轮，无法从曲线判断。",
                f"Only {len(epochs)} epochs, fewer than {SHORTEST}: the curves say nothing.",
            )
        )
    return tuple(found)


def _gap(train: Fit, val: Fit) -> Iterator[Finding]:
    gap = train.share - val.share
    if gap < GAP:
        return
    least = _least_gap(train, val)
    points = f"{100 * gap:.1f}"
    zh = f"训练照片正确率 {train}，验证照片 {val}，相差 {points} 个百分点"
    en = f"{train} of training photos right, {val} of validation photos, {points} points apart"
    if least > 0:
        yield Finding(
            "over-fitting",
            f"过拟合：{zh}（95 % 置信下限 {100 * least:.1f}）。可增加照片和批次、加强数据增强、"
            "使用 dropout 或标签平滑、减少轮数。",
            f"Over-fitting: {en} (at least {100 * least:.1f} with 95 % confidence). More photos "
            "and batches, stronger augmentation, dropout, label smoothing or fewer epochs help.",
        )
    else:
        yield Finding(
            "uncertain",
            f"可能过拟合，但验证照片仅 {val.photos} 张，不能断定：{zh}，可能出于偶然。",
            f"Perhaps over-fitting, but {val.photos} validation photos cannot tell: {en}, which "
            "may be chance.",
        )


def _least_gap(train: Fit, val: Fit) -> float:
    """Return the lower one-sided 95 % bound of the difference (Agresti and Caffo 2000)."""
    shares = [(fit.right + 1) / (fit.photos + 2) for fit in (train, val)]
    variance = sum(
        p * (1 - p) / (fit.photos + 2) for p, fit in zip(shares, (train, val), strict=True)
    )
    return shares[0] - shares[1] - _Z * sqrt(variance)


def _low(train: Fit) -> Iterator[Finding]:
    if train.share < LEARNT:
        yield Finding(
            "under-fitting",
            f"欠拟合：训练照片的正确率只有 {train}（低于 {LEARNT:.0%}）。可增加轮数、使用更大的网络"
            "或预训练权重、减弱数据增强和正则化，并检查标签。",
            f"Under-fitting: only {train} of the training photos themselves are right (below "
            f"{LEARNT:.0%}). More epochs, a larger network, pretrained weights, or less "
            "augmentation and regularisation help; check the labels too.",
        )


def _turning_up(epochs: Sequence[Epoch]) -> Iterator[Finding]:
    val, train = _smooth([e.val_loss for e in epochs]), _smooth([e.train_loss for e in epochs])
    lowest = min(range(len(val)), key=val.__getitem__)
    low, end = val[lowest], val[-1]
    late = len(val) - 1 - lowest >= 2
    if late and end >= low * (1 + RISE) and end - low >= NATS and train[-1] < train[lowest]:
        at, last = epochs[lowest].epoch, epochs[-1].epoch
        yield Finding(
            "turning up",
            f"第 {at} 轮之后验证损失转而上升（{low:.3f} → {end:.3f}，第 {last} 轮），训练损失"
            f"仍在下降（{train[lowest]:.3f} → {train[-1]:.3f}）：网络开始死记训练照片。"
            "所保留的是最好的一轮，而非最后一轮。",
            f"The validation loss turned up after epoch {at} ({low:.3f} to {end:.3f} at epoch "
            f"{last}) while the training loss went on falling ({train[lowest]:.3f} to "
            f"{train[-1]:.3f}): the network began to learn its photos by heart. The best epoch "
            "was kept, not the last.",
        )


def _still_improving(epochs: Sequence[Epoch], val: Fit) -> Iterator[Finding]:
    loss = _smooth([e.val_loss for e in epochs])
    window = max(2, ceil(len(epochs) / 5))
    start, end = loss[-1 - window], loss[-1]
    late = best_of(epochs) in epochs[-window:]
    if late and val.right < val.photos and end <= start * (1 - FALL) and start - end >= NATS:
        yield Finding(
            "still improving",
            f"训练结束时仍在进步：最后 {window} 轮验证损失由 {start:.3f} 降至 {end:.3f}。"
            "可增加轮数。",
            f"Still improving when it ended: the validation loss fell from {start:.3f} to "
            f"{end:.3f} over the last {window} epochs. More epochs may help.",
        )


def _smooth(values: Sequence[float]) -> list[float]:
    """Return the running median of three; of two at the ends."""
    return [median(values[max(0, i - 1) : i + 2]) for i in range(len(values))]
