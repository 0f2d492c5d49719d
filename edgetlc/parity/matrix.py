"""The comparison matrix: answers of the reference and of every candidate, aligned photo by photo.

It is read from one answers folder or from the shards of several machines; a candidate may cover
only some of the photos, as a report from a phone does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgetlc.errors import InputError
from edgetlc.parity.store import (
    COLUMNS,
    UNKNOWN,
    CandidateInfo,
    Header,
    PhotoRow,
    count_photos,
    damaged,
    read_header,
    read_merged,
)

_CHUNK = 2048  # photos whose rows are turned into columns at once
_LARGEST = 1.00001  # a probability; float32 arithmetic may leave it a little above 1


@dataclass(frozen=True)
class PhotoTable:
    """The readable photos in columns, and the others.

    Attributes:
        photo: int64[n], places in the whole set, ascending.
        label: int64[n], indices into `labels`.
        camera: int64[n], indices into `cameras`.
        group: int64[n], indices into `groups`; photos of one specimen share one.
        labels: true classes; an empty name where nobody knows.
        cameras: ids; None for unknown cameras.
        groups: specimens; a photo that stands alone has its own.
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
    simulated: bool
    unreadable: tuple[PhotoRow, ...]

    @property
    def grouped(self) -> bool:
        """Whether any specimen has more than one photo."""
        return len(self.groups) < len(self.photo)


@dataclass(frozen=True)
class Table:
    """One model's answers in columns, one row per photo; see `edgetlc.parity.store.COLUMNS`.

    Attributes:
        top: int64[n], class indices.
        confidence, change, kl: float64[n].
        pixels: float64[n], NaN where it is not known.
        cause: int64[n].
    """

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
        header: what was collected.
        folders: where the answers lie.
        machines: that collected, one line each.
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
        InputError: damaged, shards of different collections, one twice, one missing or unfinished.
    """
    headers = _read_headers(folders)
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
    every = np.arange(len(photos.photo))
    try:
        tables = [_table(model, len(header.classes)) for model in columns]
    except ValueError as error:
        raise damaged(folders[0], error) from None
    return Matrix(
        header,
        tuple(folders),
        tuple(sorted({header.machine for header in headers})),
        photos,
        tables[0],
        tuple(
            Candidate(info, every, table)
            for info, table in zip(header.candidates, tables[1:], strict=True)
        ),
    )


def _read_headers(folders: Sequence[Path]) -> list[Header]:
    """Return the headers of shards that belong together."""
    headers = [read_header(folder) for folder in folders]
    for folder, header in zip(folders, headers, strict=True):
        if not header.same_collection(headers[0]):
            raise InputError(
                "{folder} and {first} answer different questions (bundle, models or photos "
                "differ); merge shards of one run only",
                folder=folder,
                first=folders[0],
            )
    return headers


def _read(folders: Sequence[Path], header: Header) -> tuple[PhotoTable, NDArray[np.float64]]:
    """Return the photos, and the models' answers as float64[models, columns, photos]."""
    labels: dict[str, int] = {}
    cameras: dict[str | None, int] = {}
    groups: dict[str, int] = {}
    codes: list[tuple[int, int, int, int]] = []
    chunk: list[bytes] = []
    unreadable, simulated = [], False
    shape = (len(header.names), len(COLUMNS))
    columns = np.empty((*shape, header.photos))

    def transpose_chunk() -> None:
        rows = np.frombuffer(b"".join(chunk), "<f8").reshape(-1, *shape)
        columns[:, :, len(codes) - len(chunk) : len(codes)] = rows.transpose(1, 2, 0)
        chunk.clear()

    for photo, answers in read_merged(folders):
        simulated |= photo.simulated
        if photo.unreadable:
            unreadable.append(photo)
            continue
        group = photo.group or f"\0{photo.photo}"  # one that stands alone has its own
        codes.append(
            (
                photo.photo,
                labels.setdefault(photo.label, len(labels)),
                cameras.setdefault(photo.camera, len(cameras)),
                groups.setdefault(group, len(groups)),
            )
        )
        chunk.append(answers)
        if len(chunk) == _CHUNK:
            transpose_chunk()
    transpose_chunk()
    place, label, camera, group_ = np.array(codes, np.int64).reshape(-1, 4).T.copy()
    names = tuple(labels), tuple(cameras), tuple(groups)
    table = PhotoTable(place, label, camera, group_, *names, simulated, tuple(unreadable))
    return table, columns[:, :, : len(codes)]


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
