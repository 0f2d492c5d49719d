"""Why a candidate is recommended for a target: one sentence in Chinese and one in English."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgetlc.calibration.search.processor import Kind, Processor
from edgetlc.calibration.search.timing import Latency
from edgetlc.parity.page_words import Words
from edgetlc.parity.reasons import percent

WORTH = 0.1
"""Smallest gain in time or size that counts, as a share of the slower or larger: less is noise."""


@dataclass(frozen=True)
class Target:
    """A kind of device.

    Attributes:
        name: such as `vnni-pc`.
        words: what it is, in Chinese and English.
        kind: the processor that must stand for it; None where none here can.
        measure: how to measure it on the device itself, in Chinese and English.
    """

    name: str
    words: Words
    kind: Kind | None
    measure: Words


@dataclass(frozen=True)
class Option:
    """A candidate as far as the recommendation needs it; the float network comes first.

    Attributes:
        name: of the candidate.
        bytes: size of its model file.
        worst_accuracy: on its worst camera, 0 to 1.
        agreement: with the float network, 0 to 1.
        harm: largest fall of a camera's accuracy or rise of its false-genuine rate.
        harmed: the camera that is harmed most.
        accepted: whether the harm is within the bound.
        latencies: what was timed.
    """

    name: str
    bytes: int
    worst_accuracy: float
    agreement: float
    harm: float
    harmed: str
    accepted: bool
    latencies: tuple[Latency, ...]


def worth_it(
    best: Option, original: Option, time: Latency, before: Latency, max_drop: float
) -> Words:
    """Say that a candidate is faster or smaller than float, `time` against `before`."""
    now, then = _ms(time), _ms(before)
    size, of = _mb(best), _mb(original)
    lost, bound = percent(max(best.harm, 0)), percent(max_drop)
    return (
        f"{time.engine} 每张 {now} ms，float 最快 {then} ms（{before.engine}）；文件 {size} MB，"
        f"float {of} MB；任一设备最多损失 {lost}，容许 {bound}。",
        f"{now} ms a photo on {time.engine} against {then} ms for float on {before.engine}, a file "
        f"of {size} MB against {of} MB, and no camera loses more than {lost} ({bound} are "
        "accepted).",
    )


def float_it_is(
    original: Option, options: Sequence[Option], max_drop: float, time: Latency
) -> Words:
    """Say that nothing accepted is worth more than float."""
    others = options[1:]
    if others and not any(option.accepted for option in others):
        return _refused(others, max_drop)
    return (
        f"发布 float（{time.engine} 每张 {_ms(time)} ms）：在容许损失 {percent(max_drop)} 之内，"
        f"没有候选比它快或小 {WORTH:.0%} 以上且不更慢。",
        f"Ship float ({_ms(time)} ms a photo on {time.engine}): within the accepted loss of "
        f"{percent(max_drop)} no candidate is at least {WORTH:.0%} faster, or smaller and as fast.",
    )


def _refused(others: Sequence[Option], max_drop: float) -> Words:
    least = min(others, key=lambda option: option.harm)
    lost, bound = percent(least.harm), percent(max_drop)
    return (
        f"发布 float：其他候选的损失都超过容许的 {bound}；最少的 {least.name} 在 {least.harmed} "
        f"上损失 {lost}。",
        f"Ship float: every other candidate loses more than the accepted {bound}; the least, "
        f"{least.name}, loses {lost} on {least.harmed}.",
    )


def unmeasured(
    target: Target, best: Option, options: Sequence[Option], processor: Processor, max_drop: float
) -> Words:
    """Say why the target is not measured here, and why the candidate is taken all the same."""
    (zh, en), original, others = _why_unmeasured(target, processor), options[0], options[1:]
    if others and not any(option.accepted for option in others):
        refused = _refused(others, max_drop)
        return f"{zh}。{refused[0]}", f"{en}. {refused[1]}"
    if best is original:
        return (
            f"{zh}；发布 float：在容许损失 {percent(max_drop)} 之内没有更小的候选。",
            f"{en}; ship float: within the accepted loss of {percent(max_drop)} no candidate is "
            "smaller.",
        )
    return (
        f"{zh}；容许损失 {percent(max_drop)} 之内最小：{_mb(best)} MB，float {_mb(original)} MB。",
        f"{en}; the smallest within the accepted loss of {percent(max_drop)}: {_mb(best)} MB "
        f"against {_mb(original)} MB for float.",
    )


def _why_unmeasured(target: Target, processor: Processor) -> Words:
    if target.kind is None:
        return "未测量：此处没有浏览器", "Not measured: there is no browser here"
    if not processor.known:
        return (
            "未测量：本系统不说明处理器的能力",
            "Not measured: this system does not tell what its processor can do",
        )
    if target.kind in processor.stands_for:
        return (
            "未测量：此处没有能限制指令集的引擎（OpenVINO）",
            "Not measured: the engine that can be held to older instructions, OpenVINO, is missing",
        )
    return (
        f"未测量：本机不是{target.words[0]}",
        f"Not measured: this machine is no {target.words[1]}",
    )


def two_digits(value: float) -> float:
    """Return a positive value with two significant digits."""
    return float(f"{value:.2g}")


def _ms(latency: Latency) -> str:
    return f"{two_digits(latency.median_ms):g}"


def _mb(option: Option) -> str:
    return f"{two_digits(option.bytes / 1e6):g}"
