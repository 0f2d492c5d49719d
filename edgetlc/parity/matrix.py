"""The comparison matrix: answers of the reference and of every candidate, aligned photo by photo.

It is read from one answers folder or from the shards of several machines; a candidate may cover
only some of the photos, as a report from a phone does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgetlc.errors import InputError
from edgetlc.parity.store import (
    REFERENCE,
    CandidateInfo,
    Header,
    PhotoTable,
    Table,
    read_photos,
    read_table,
)


@dataclass(frozen=True)
class Candidate:
    """One candidate's answers on the photos it covers.

    Attributes:
        info: model, engine, thresholds.
        rows: int64[m], rows of the matrix's photos that it answered, ascending.
        table: its answers, one per row in `rows`.
        machine: where it ran; empty for this machine.
    """

    info: CandidateInfo
    rows: NDArray[np.int64]
    table: Table
    machine: str = ""


@dataclass(frozen=True)
class Matrix:
    """All answers.

    Attributes:
        header: what was asked.
        folders: where the answers lie.
        machines: that asked, one line each.
        photos: the readable photos.
        reference: one row per readable photo.
        candidates: in the order of the report.
    """

    header: Header
    folders: tuple[Path, ...]
    machines: tuple[str, ...]
    photos: PhotoTable
    reference: Table
    candidates: tuple[Candidate, ...]

    @property
    def truth(self) -> NDArray[np.int64]:
        """int64[n], true class indices; -1 where the class is not one of the bundle's."""
        names = [info.name for info in self.header.classes]
        of_label = [names.index(x) if x in names else -1 for x in self.photos.labels]
        return np.array(of_label, np.int64)[self.photos.label] if of_label else self.photos.label


def read_matrix(folders: Sequence[Path]) -> Matrix:
    """Read one answers folder, or merge the shards of several machines.

    Raises:
        InputError: damaged, shards of different questions, one twice, one missing or unfinished.
    """
    headers = [Header.read(folder) for folder in folders]
    header = headers[0]
    for folder, other in zip(folders[1:], headers[1:], strict=True):
        if not other.same_question(header):
            raise InputError(
                f"{folder} and {folders[0]} answer different questions (bundle, models or photos "
                "differ); merge shards of one run only"
            )
    photos = _merged_photos([read_photos(folder) for folder in folders])
    answered = len(photos.photo) + len(photos.unreadable)
    if answered != header.photos or np.any(np.diff(photos.photo) < 1):
        raise InputError(
            f"{', '.join(map(str, folders))}: answers on {answered} of {header.photos} photos; "
            "merge every shard once, and finish those that were interrupted (--resume)"
        )
    reference = _merged_table([read_table(folder, REFERENCE) for folder in folders])
    if not np.array_equal(reference.photo, photos.photo):
        raise InputError(f"{folders[0]}: the reference's answers do not fit the photos; ask again")
    candidates = tuple(
        _candidate(info, _merged_table([read_table(f, info.name) for f in folders]), photos.photo)
        for info in header.candidates
    )
    machines = tuple(sorted({one.machine for one in headers}))
    whole = replace(header, shard=(1, 1))
    return Matrix(whole, tuple(folders), machines, photos, reference, candidates)


def _candidate(info: CandidateInfo, table: Table, places: NDArray[np.int64]) -> Candidate:
    rows = np.searchsorted(places, table.photo)
    if np.any(rows >= len(places)) or not np.array_equal(places[rows], table.photo):
        raise InputError(f"the answers of {info.name} do not fit the photos; ask again")
    return Candidate(info, rows, table)


def _merged_table(tables: Sequence[Table]) -> Table:
    columns = {
        field.name: np.concatenate([getattr(table, field.name) for table in tables])
        for field in fields(Table)
    }
    order = np.argsort(columns["photo"], kind="stable")
    return Table(
        **{name: column[order] if len(column) else column for name, column in columns.items()}
    )


def _merged_photos(tables: Sequence[PhotoTable]) -> PhotoTable:
    """Return the photos of all shards by place; names are coded anew."""
    place = np.concatenate([table.photo for table in tables])
    order = np.argsort(place, kind="stable")
    labels, label = _recoded([(t.labels, t.label) for t in tables])
    cameras, camera = _recoded([(t.cameras, t.camera) for t in tables])
    groups, group = _recoded([(t.groups, t.group) for t in tables])
    return PhotoTable(
        photo=place[order],
        label=label[order],
        camera=camera[order],
        group=group[order],
        labels=labels,
        cameras=cameras,
        groups=groups,
        simulated=any(table.simulated for table in tables),
        unreadable=tuple(row for table in tables for row in table.unreadable),
    )


def _recoded(
    parts: Sequence[tuple[Sequence[str], NDArray[np.int64]]],
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the names of all parts once each, and the parts' codes in them, one after another."""
    known: dict[str, int] = {}
    codes = []
    for names, column in parts:
        new = np.array([known.setdefault(name, len(known)) for name in names], np.int64)
        codes.append(new[column] if len(column) else column)
    return tuple(known), np.concatenate(codes)
