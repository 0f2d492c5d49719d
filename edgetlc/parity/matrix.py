"""The comparison matrix: answers of the reference and of every candidate, aligned photo by photo.

It is read from one answers folder or from the shards of several machines; a candidate may cover
only some of the photos, as a report from a phone does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from heapq import merge
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgetlc.errors import InputError
from edgetlc.parity.lead import leads_of
from edgetlc.parity.store import (
    COLUMNS,
    UNKNOWN,
    CandidateInfo,
    Header,
    PhotoRow,
    count_photos,
    damaged,
    read_header,
    read_rows,
)
from edgetlc.statistics.specimens import draws

_LARGEST = 1.00001  # a probability; float32 arithmetic may leave it a little above 1


@dataclass(frozen=True)
class PhotoTable:
    """The readable photos in columns, and the others.

    Attributes:
        photo: int64[n], places in the whole set, ascending.
        label, camera, group: int64[n], indices into `labels`, `cameras` and `groups`.
        labels: true classes; an empty name where nobody knows.
        cameras: ids; None for unknown cameras.
        groups: specimens; a photo that stands alone has its own.
        lots: int64[n], by which one photo of each specimen counts (`statistics.specimens.draws`).
        simulated: whether any photo was made by a simulation.
        unreadable: the photos without answers.
    """

    photo: NDArray[np.int64]
    label: NDArray[np.int64]
    camera: NDArray[np.int64]
    group: NDArray[np.int64]
    labels: tuple[str, ...]
    cameras: tuple[str | None, ...]
    groups: tuple[str, ...]
    lots: NDArray[np.int64]
    simulated: bool
    unreadable: tuple[PhotoRow, ...]

    @property
    def grouped(self) -> bool:
        """Whether any specimen has more than one photo."""
        return len(self.groups) < len(self.photo)


@dataclass(frozen=True)
class Table:
    """One model's answers, one row per photo, in the columns of `edgetlc.parity.store.COLUMNS`."""

    top: NDArray[np.int64]
    confidence: NDArray[np.float64]
    change: NDArray[np.float64]
    kl: NDArray[np.float64]
    pixels: NDArray[np.float64]
    cause: NDArray[np.int64]


@dataclass(frozen=True)
class Candidate:
    """One candidate's answers on the photos it covers.

    Attributes:
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
    """All answers: the reference's on every readable photo, the candidates' on those they cover.

    `leads` are the reference's (`edgetlc.parity.lead`), float64[n]. `partly_labelled` tells that
    classes are known of the changed photos alone (`edgetlc.parity.changed_labels`).
    """

    header: Header
    folders: tuple[Path, ...]
    machines: tuple[str, ...]
    photos: PhotoTable
    reference: Table
    leads: NDArray[np.float64]
    candidates: tuple[Candidate, ...]
    partly_labelled: bool = False

    @property
    def truth(self) -> NDArray[np.int64]:
        """int64[n], true class indices; -1 where the class is not one of the bundle's."""
        names = [info.name for info in self.header.classes]
        of_label = [names.index(x) if x in names else -1 for x in self.photos.labels]
        return np.array(of_label, np.int64)[self.photos.label] if of_label else self.photos.label


def read_matrix(folders: Sequence[Path]) -> Matrix:
    """Read one answers folder, or merge the shards of several machines.

    Raises:
        InputError: damaged, shards of different collections, one twice, one missing or unfinished.
    """
    headers = [read_header(folder) for folder in folders]
    for folder, header in zip(folders, headers, strict=True):
        if not header.same_collection(headers[0]):
            raise InputError(
                "{folder} and {first} answer different questions (bundle, models or photos "
                "differ); merge shards of one run only",
                folder=folder,
                first=folders[0],
            )
    answered = sum(map(count_photos, folders))
    header, shards = replace(headers[0], shard=(1, 1)), {header.shard for header in headers}
    if answered != header.photos or len(shards) < len(headers):
        raise InputError(
            "{folders}: answers on {answered} of {photos} photos; merge every shard once, and "
            "finish those that were interrupted (--resume)",
            folders=", ".join(map(str, folders)),
            answered=answered,
            photos=header.photos,
        )
    photos, columns = _read(folders, header)
    try:
        reference, *tables = [_table(model, len(header.classes)) for model in columns]
        leads = _leads(folders, header)
    except ValueError as error:
        raise damaged(folders[0], error) from None
    every = np.arange(len(photos.photo))
    named = zip(header.candidates, tables, strict=True)
    candidates = tuple(Candidate(info, every, table) for info, table in named)
    machines = tuple(sorted({header.machine for header in headers}))
    return Matrix(header, tuple(folders), machines, photos, reference, leads, candidates)


def _read(folders: Sequence[Path], header: Header) -> tuple[PhotoTable, NDArray[np.float64]]:
    """Return the photos, and the models' answers as float64[models, columns, photos]."""
    labels: dict[str, int] = {}
    cameras: dict[str | None, int] = {}
    groups: dict[str, int] = {}
    codes: list[tuple[int, int, int, int]] = []
    digests: list[str] = []
    unreadable, simulated = [], False
    shape = (len(header.names), len(COLUMNS))
    numbers = bytearray()
    for photo, answers in merge(*map(read_rows, folders), key=lambda row: row[0].photo):
        simulated |= photo.simulated
        if photo.unreadable:
            unreadable.append(photo)
            continue
        numbers += answers
        label = labels.setdefault(photo.label, len(labels))
        camera = cameras.setdefault(photo.camera, len(cameras))
        own = photo.group or f"\0{photo.photo}"  # one that stands alone has its own
        digests.append(photo.sha256)
        codes.append((photo.photo, label, camera, groups.setdefault(own, len(groups))))
    of = np.array(codes, np.int64).reshape(-1, 4).T.copy()
    names = tuple(labels), tuple(cameras), tuple(groups)
    lots = draws(digests)
    table = PhotoTable(of[0], of[1], of[2], of[3], *names, lots, simulated, tuple(unreadable))
    return table, np.frombuffer(numbers, "<f8").reshape(-1, *shape).transpose(1, 2, 0)


def _leads(folders: Sequence[Path], header: Header) -> NDArray[np.float64]:
    """Return the lead of the reference's answer on every readable photo.

    Raises:
        ValueError: a probability is out of its range.
    """
    rows = (read_rows(folder, "probabilities") for folder in folders)
    values = bytearray()
    for _photo, content in merge(*rows, key=lambda row: row[0].photo):
        values += content[: 4 * len(header.classes)]
    probabilities = np.frombuffer(values, "<f4").reshape(-1, len(header.classes))
    fits = (probabilities >= 0) & (probabilities <= _LARGEST)
    if not fits.all():
        raise ValueError(f"probability {probabilities[~fits][0]}")
    return leads_of(probabilities)


def _table(columns: NDArray[np.float64], classes: int) -> Table:
    """Return one model's columns, float64[6, n], checked.

    Raises:
        ValueError: a value is out of its range.
    """
    top, confidence, change, kl, pixels, cause = columns
    fits = {
        "top": np.isin(top, np.arange(classes)),
        "confidence": (confidence >= 0) & (confidence <= _LARGEST),
        "change": (change >= 0) & (change <= _LARGEST),
        "kl": np.isfinite(kl),
        "pixels": np.isnan(pixels) | ((pixels >= 0) & np.isfinite(pixels)),
        "cause": np.isin(cause, np.arange(UNKNOWN + 1)),
    }
    for name, good in fits.items():
        if not good.all():
            value = columns[COLUMNS.index(name)][~good][0]
            raise ValueError(f"{name} {value}")
    return Table(top.astype(np.int64), confidence, change, kl, pixels, cause.astype(np.int64))
