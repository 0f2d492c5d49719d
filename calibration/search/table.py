"""The candidates as two tables, for the terminal and for the page: what they lose, what they take.

Each function returns the columns and one row of cells per candidate, in the result's order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgetlc.calibration.measurement import Measurement
from edgetlc.calibration.search.result import Row, SearchResult
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
    """Return what every candidate answers on the validation part; cameras by `camera_name`."""

    def rise(found: Measurement) -> str:
        return change(found.worst_rise) if found.pooled.counterfeits else "–"

    columns: dict[Column, Callable[[Row], str]] = {
        _NAME: lambda row: row.name,
        Column(_("accepted"), number=False): lambda row: YES if result.accepts(row) else NO,
        Column(_("worst camera's accuracy")): lambda row: percent(row.measurement.worst_accuracy),
        Column(_("camera"), number=False): lambda row: camera_name(row.worst.camera),
        Column(_("its photos")): lambda row: str(row.worst.photos),
        Column(_("largest drop")): lambda row: change(row.measurement.worst_drop),
        Column(_("more false genuine")): lambda row: rise(row.measurement),
        Column(_("accuracy")): lambda row: percent(row.measurement.accuracy),
        Column(_("agreement")): lambda row: percent(row.measurement.agreement),
    }
    return tuple(columns), [tuple(cell(row) for cell in columns.values()) for row in result.rows]


def costs(result: SearchResult) -> Table:
    """Return every candidate's times and size, with two digits: the rest is noise."""
    timed = slots(result)
    times_of = (Column(f"{slot_name(slot)} ms") for slot in timed)
    columns = (_NAME, Column(_("front"), number=False), *times_of, Column("MB"))
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
