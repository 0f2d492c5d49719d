"""Which candidate to ship to which kind of device, and why.

Among the accepted candidates, float included, the fastest that was measured for the target. Times
and sizes that differ by less than `WORTH` count as equal: of equally fast candidates the smaller
is taken, of equally small ones float, of the others the one that is right most often on its worst
camera. So a candidate that is neither faster nor smaller than float is not worth shipping. Where
the target cannot be measured here, only size decides, and the user is told how to measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgetlc.calibration.search.processor import Processor
from edgetlc.calibration.search.target_reasons import (
    WORTH,
    Option,
    Target,
    float_it_is,
    unmeasured,
    worth_it,
)
from edgetlc.calibration.search.timing import Latency
from edgetlc.parity.page_words import Words

_ON_DEVICE: Words = (
    "在该设备上运行 edgetlc benchmark BUNDLE 和 edgetlc selftest BUNDLE",
    "run 'edgetlc benchmark BUNDLE' and 'edgetlc selftest BUNDLE' on the device",
)
TARGETS = (
    Target("vnni-pc", ("支持 VNNI 的电脑", "PC with VNNI"), "vnni", _ON_DEVICE),
    Target("avx2-pc", ("仅支持 AVX2 的电脑", "PC with AVX2 only"), "avx2", _ON_DEVICE),
    Target("arm-phone", ("ARM 手机", "ARM phone"), "arm", _ON_DEVICE),
    Target(
        "browser",
        ("浏览器", "browser"),
        None,
        (
            "在该设备的浏览器中用 onnxruntime-web 分别计时 float 与 int8 的 ONNX 模型",
            "time the float and the int8 ONNX model with onnxruntime-web in that device's browser",
        ),
    ),
)


@dataclass(frozen=True)
class Recommendation:
    """What to ship to a target.

    Attributes:
        target: its name; words: what it is, in Chinese and English.
        candidate: what to ship.
        engine: the fastest engine for it; empty where the target was not measured.
        median_ms, float_ms: of the candidate and of float on their fastest engines.
        reason: one sentence in Chinese and one in English.
        measure: how to measure on the device; None where it was measured on such a processor.
    """

    target: str
    words: Words
    candidate: str
    engine: str
    median_ms: float | None
    float_ms: float | None
    reason: Words
    measure: Words | None


def recommend(
    target: Target, options: Sequence[Option], processor: Processor, max_drop: float
) -> Recommendation:
    """Return what to ship to a target.

    Args:
        target: one of `TARGETS`.
        options: the float network first; it is always accepted.
        processor: what was measured here can stand for.
        max_drop: the bound, for the words.
    """
    accepted = [option for option in options if option.accepted]
    original = options[0]
    held_to = processor.stands_for.get(target.kind) if target.kind else None
    times = {option.name: _fastest(option, held_to) for option in options}
    before = times[original.name]
    if before is None:
        best = _smallest(accepted, original)
        reason = unmeasured(target, best, options, processor, max_drop)
        return Recommendation(
            target.name, target.words, best.name, "", None, None, reason, target.measure
        )
    timed = [(option, time) for option in accepted if (time := times[option.name]) is not None]
    limit = min(time.median_ms for _, time in timed) / (1 - WORTH)
    best = _smallest([option for option, time in timed if time.median_ms <= limit], original)
    time = times[best.name]
    assert time is not None
    if best is original:
        reason = float_it_is(original, options, max_drop, time)
    else:
        reason = worth_it(best, original, time, before, max_drop)
    engine = f"{time.engine} held to {held_to}" if held_to else time.engine
    return Recommendation(
        target.name,
        target.words,
        best.name,
        engine,
        time.median_ms,
        before.median_ms,
        reason,
        None,
    )


def _fastest(option: Option, held_to: str | None) -> Latency | None:
    """Return the fastest engine that was timed like this; None where none was."""
    fits = (latency for latency in option.latencies if latency.held_to == held_to)
    return min(fits, key=lambda latency: latency.median_ms, default=None)


def _smallest(options: Sequence[Option], original: Option) -> Option:
    """Return the smallest; of equally small ones float, or the best on its worst camera."""
    limit = min(option.bytes for option in options) / (1 - WORTH)
    small = [option for option in options if option.bytes <= limit]
    if original in small:
        return original
    return max(small, key=lambda option: (option.worst_accuracy, option.agreement))
