"""The candidates as two tables, for the terminal and for the page: what they lose, what they take.

Each function returns the columns and one row of cells per candidate, in the result's order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgetlc.calibration.search.result import SearchResult
from edgetlc.calibration.search.targets import two_digits
from edgetlc.locale import Message, _
from edgetlc.results.wording import percent


@dataclass(frozen=True)
class Column:
    """A column's name, and whether it holds numbers."""

    name: Message | str
    number: bool = True


Table = tuple[tuple[Column, ...], list[tuple[str, ...]]]

Slot = tuple[str, str]
"""What was timed: an engine without its version, and the instruction set it was held to or ''."""

YES, NO = _("yes"), _("no")
_NAME = Column(_("candidate"), number=False)


def losses(result: SearchResult, camera_name: Callable[[str], str] = str) -> Table:
    """Return what every candidate answers on the validation part.

    Args:
        result: the search's.
        camera_name: how cameras are called; by their ids unless given.
    """
    columns = (
        _NAME,
        Column(_("accepted"), number=False),
        Column(_("worst camera's accuracy")),
        Column(_("camera"), number=False),
        Column(_("its photos")),
        Column(_("largest drop")),
        Column(_("more false genuine")),
        Column(_("accuracy")),
        Column(_("agreement")),
    )
    return columns, [
        (
            row.name,
            YES if result.accepts(row) else NO,
            percent(row.measurement.worst_accuracy),
            camera_name(row.worst.camera),
            str(row.worst.photos),
            change(row.measurement.worst_drop),
            change(row.measurement.worst_rise) if row.measurement.pooled.counterfeits else "–",
            percent(row.measurement.accuracy),
            percent(row.measurement.agreement),
        )
        for row in result.rows
    ]


def costs(result: SearchResult) -> Table:
    """Return every candidate's times and size, with two digits: the rest is noise."""
    timed = slots(result)
    columns = (
        _NAME,
        Column(_("front"), number=False),
        *(Column(f"{slot_name(slot)} ms") for slot in timed),
        Column("MB"),
    )
    lines = []
    for row in result.rows:
        times = {(_engine(x.engine), x.held_to): x.median_ms for x in row.latencies}
        cells = (f"{two_digits(times[slot]):g}" if slot in times else "–" for slot in timed)
        front = YES if row.name in result.front else ""
        lines.append((row.name, front, *cells, f"{two_digits(row.megabytes):g}"))
    return columns, lines


def slots(result: SearchResult) -> tuple[Slot, ...]:
    """Return what was timed, this processor's own first."""
    every = ((_engine(x.engine), x.held_to) for row in result.rows for x in row.latencies)
    return tuple(sorted(dict.fromkeys(every), key=lambda slot: slot[1]))


def slot_name(slot: Slot) -> str:
    """Return an engine's name with what it was held to."""
    return " ".join(filter(None, slot))


def change(share: float) -> str:
    """Return a fall or a rise as `2.78%`; negative where the candidate is better."""
    return f"{100 * share + 0.0:.2f}%"


def _engine(name: str) -> str:
    return name.split()[0]
