"""The candidates as two tables, for the terminal and for the page: what they lose, what they take.

Each function returns the columns and one row of texts per candidate, in the result's order.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgetlc.calibration.search.result import SearchResult
from edgetlc.calibration.search.targets import two_digits
from edgetlc.calibration.search.variant import Row
from edgetlc.parity.page_words import Words
from edgetlc.results.wording import percent


@dataclass(frozen=True)
class Column:
    """A column's name in Chinese and English, and whether it holds numbers."""

    words: Words
    number: bool = True


Table = tuple[tuple[Column, ...], list[tuple[str, ...]]]

Slot = tuple[str, str]
"""What was timed: an engine without its version, and the instruction set it was held to or ''."""

_NAME = Column(("候选", "candidate"), number=False)


def losses(found: SearchResult) -> Table:
    """Return what every candidate answers on the validation part."""
    columns = (
        _NAME,
        Column(("接受", "accepted"), number=False),
        Column(("最差设备准确率", "worst camera")),
        Column(("设备（照片）", "camera (photos)"), number=False),
        Column(("设备最大降幅", "largest drop")),
        Column(("误判为正品增幅", "false genuine")),
        Column(("总准确率", "accuracy")),
        Column(("与 float 一致", "agreement")),
    )
    return columns, [_losses(found, row) for row in found.rows]


def _losses(found: SearchResult, row: Row) -> tuple[str, ...]:
    measured = row.measurement
    return (
        row.name,
        "yes" if found.accepts(row) else "no",
        percent(measured.worst_accuracy),
        f"{row.worst.camera} ({row.worst.photos})",
        change(measured.worst_drop),
        change(measured.worst_rise) if measured.pooled.counterfeits else "–",
        percent(measured.accuracy),
        percent(measured.agreement),
    )


def costs(found: SearchResult) -> Table:
    """Return every candidate's times and size, with two digits: the rest is noise."""
    columns = (
        _NAME,
        Column(("前沿", "front"), number=False),
        *(Column((f"{slot_name(slot)} ms",) * 2) for slot in slots(found)),
        Column(("MB", "MB")),
    )
    return columns, [_costs(found, row) for row in found.rows]


def _costs(found: SearchResult, row: Row) -> tuple[str, ...]:
    times = {(_engine(x.engine), x.held_to): x.median_ms for x in row.latencies}
    return (
        row.name,
        "yes" if row.name in found.front else "",
        *(f"{two_digits(times[slot]):g}" if slot in times else "–" for slot in slots(found)),
        f"{two_digits(row.megabytes):g}",
    )


def slots(found: SearchResult) -> tuple[Slot, ...]:
    """Return what was timed, this processor's own first."""
    every = ((_engine(x.engine), x.held_to) for row in found.rows for x in row.latencies)
    return tuple(sorted(dict.fromkeys(every), key=lambda slot: slot[1]))


def slot_name(slot: Slot) -> str:
    """Return an engine's name with what it was held to."""
    engine, held_to = slot
    return f"{engine} {held_to}" if held_to else engine


def change(share: float) -> str:
    """Return a fall or a rise as `2.78%`; negative where the candidate is better."""
    return f"{100 * share + 0.0:.2f}%"


def _engine(name: str) -> str:
    return name.split()[0]
