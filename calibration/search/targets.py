"""Which candidate to ship to which kind of device, and why.

Among the accepted candidates, float included, the fastest that was measured for the target. Times
and sizes that differ by less than `MIN_GAIN` count as equal: of equally fast candidates the smaller
is taken, of equally small ones float, of the others the one that is right most often on its worst
camera. So a candidate that is neither faster nor smaller than float is not worth shipping. Where
the target cannot be measured here, only size decides, and the user is told how to measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from edgetlc.calibration.search.result import Recommendation, Row
from edgetlc.calibration.search.timing import Kind, Latency, Processor
from edgetlc.locale import Message, _

MIN_GAIN = 0.1
"""Smallest gain in time or size that counts, as a share of the slower or larger: less is noise."""


@dataclass(frozen=True)
class Target:
    """A kind of device.

    Attributes:
        name: such as `vnni-pc`; `label` says what it is.
        kind: the processor that must stand for it; None where none here can.
        measure: how to measure it on the device itself.
    """

    name: str
    label: Message
    kind: Kind | None
    measure: Message


_ON_DEVICE = _("run 'edgetlc benchmark BUNDLE' and 'edgetlc selftest BUNDLE' on the device")
_IN_BROWSER = _(
    "time the float and the int8 ONNX model with onnxruntime-web in that device's browser"
)
TARGETS = (
    Target("vnni-pc", _("PC with VNNI"), "vnni", _ON_DEVICE),
    Target("avx2-pc", _("PC with AVX2 only"), "avx2", _ON_DEVICE),
    Target("arm-phone", _("ARM phone"), "arm", _ON_DEVICE),
    Target("browser", _("browser"), None, _IN_BROWSER),
)


def recommend(
    target: Target, rows: Sequence[Row], processor: Processor, max_drop: float
) -> Recommendation:
    """Return what to ship to a target.

    Of the rows the float network's is the first; it is always accepted.
    """
    accepted = [row for row in rows if row.measurement.holds(max_drop)]
    held_to = processor.stands_for.get(target.kind) if target.kind else None
    times = {row.name: time for row in rows if (time := row.fastest(held_to)) is not None}
    told = partial(Recommendation, target.name, target.label)
    before = times.get(rows[0].name)
    if before is None:
        best = _smallest(accepted, rows[0])
        why, choice = _not_measured(target, processor), _by_size(best, rows, max_drop)
        reason = _("{why} {choice}", why=why, choice=choice)
        return told(best.name, "", None, None, reason, target.measure)
    timed = [row for row in accepted if row.name in times]
    limit = min(times[row.name].median_ms for row in timed) / (1 - MIN_GAIN)
    best = _smallest([row for row in timed if times[row.name].median_ms <= limit], rows[0])
    time = times[best.name]
    held = _("{engine} held to {isa}", engine=time.engine, isa=held_to)
    reason = _by_speed(best, time, before, rows, max_drop)
    engine = held if held_to else time.engine
    return told(best.name, engine, time.median_ms, before.median_ms, reason, None)


def two_digits(value: float) -> float:
    """Return a positive value with two significant digits: the rest of a timing is noise."""
    return float(f"{value:.2g}")


def _smallest(rows: Sequence[Row], original: Row) -> Row:
    """Return the smallest; of equally small ones float, or the best on its worst camera."""
    limit = min(row.bytes for row in rows) / (1 - MIN_GAIN)
    small = [row for row in rows if row.bytes <= limit]
    if original in small:
        return original
    return max(small, key=lambda row: (row.measurement.worst_accuracy, row.measurement.agreement))


def _by_speed(
    best: Row, time: Latency, before: Latency, rows: Sequence[Row], max_drop: float
) -> Message:
    """Say why a measured target gets the candidate: `time` against float's, `before`."""
    if best is not rows[0]:
        return _(
            "{ms:g} ms a photo on {engine} against {float_ms:g} ms for float on {float_engine}, a "
            "file of {size:g} MB against {float_size:g} MB, and no camera loses more than "
            "{loss:.2%} ({bound:.2%} are accepted).",
            ms=two_digits(time.median_ms),
            engine=time.engine,
            float_ms=two_digits(before.median_ms),
            float_engine=before.engine,
            size=two_digits(best.megabytes),
            float_size=two_digits(rows[0].megabytes),
            loss=max(best.measurement.degradation, 0),
            bound=max_drop,
        )
    return _none_accepted(rows, max_drop) or _(
        "Ship float ({ms:g} ms a photo on {engine}): within the accepted loss of {bound:.2%} no "
        "candidate is at least {gain:.0%} faster, or smaller and as fast.",
        ms=two_digits(time.median_ms),
        engine=time.engine,
        bound=max_drop,
        gain=MIN_GAIN,
    )


def _by_size(best: Row, rows: Sequence[Row], max_drop: float) -> Message:
    """Say why a target that was not measured gets the candidate."""
    if best is not rows[0]:
        return _(
            "It is the smallest within the accepted loss of {bound:.2%}: {size:g} MB against "
            "{float_size:g} MB for float.",
            bound=max_drop,
            size=two_digits(best.megabytes),
            float_size=two_digits(rows[0].megabytes),
        )
    return _none_accepted(rows, max_drop) or _(
        "Ship float: within the accepted loss of {bound:.2%} no candidate is smaller.",
        bound=max_drop,
    )


def _none_accepted(rows: Sequence[Row], max_drop: float) -> Message | None:
    """Say that every candidate but float loses too much; None where one does not, or is none."""
    others = rows[1:]
    if not others or any(row.measurement.holds(max_drop) for row in others):
        return None
    least = min(others, key=lambda row: row.measurement.degradation)
    return _(
        "Ship float: every other candidate loses more than the accepted {bound:.2%}; the least, "
        "{name}, loses {loss:.2%} on {camera}.",
        bound=max_drop,
        name=least.name,
        loss=least.measurement.degradation,
        camera=least.measurement.worst.camera,
    )


def _not_measured(target: Target, processor: Processor) -> Message:
    if target.kind is None:
        return _("Not measured: there is no browser here.")
    if not processor.known:
        return _("Not measured: this system does not tell what its processor can do.")
    if target.kind in processor.stands_for:
        return _(
            "Not measured: the engine that can be held to older instructions, OpenVINO, is missing."
        )
    return _("Not measured: this machine is no {target}.", target=target.label)
