"""The answers folder: every photo's answer by every model, so that statistics need no inference.

    answers.json          what was asked: bundle, classes, models, photos, shard
    photos.csv            photo,path,sha256,label,camera,group,simulated,unreadable
    reference.csv         photo,top,confidence,p0,p1...
    <model>@<engine>.csv  photo,top,confidence,change,kl,pixels,cause,p0,p1...

`photo` is the photo's place in the whole set, so that shards of several machines merge; the other
columns are explained at `CANDIDATE_COLUMNS`. Rows are appended in order; after an interruption the
rows that every file holds are kept and the rest is asked again.
"""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, TextIO

import numpy as np
from numpy.typing import NDArray

from edgetlc.errors import InputError
from edgetlc.files import read_json, write_bytes, write_json
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.policy import DecisionPolicy

KIND, SCHEMA = "edgetlc-answers", 1
HEADER_FILE, PHOTOS_FILE, REFERENCE = "answers.json", "photos.csv", "reference"
PHOTO_COLUMNS = ("photo", "path", "sha256", "label", "camera", "group", "simulated", "unreadable")
REFERENCE_COLUMNS = ("photo", "top", "confidence")
CANDIDATE_COLUMNS = ("photo", "top", "confidence", "change", "kl", "pixels", "cause")
"""`top`: index of the most probable class. `change`: largest difference of any probability to the
reference. `kl`: Kullback-Leibler divergence of the answer from the reference's, in nats. `pixels`:
largest difference of what the network saw to what the reference's saw, in grey levels. `cause` of
another answer: 0 none, 1 other pixels, 2 the network itself, 3 unknown."""
_FLUSH_EVERY = 50  # photos


@dataclass(frozen=True)
class CandidateInfo:
    """One model on one engine.

    Attributes:
        name: of its file, such as `onnx-int8@onnxruntime`.
        model: id in the bundle.
        engine: engine and version, such as `onnxruntime 1.32.0`.
        policy: the thresholds of its decisions.
    """

    name: str
    model: str
    engine: str
    policy: DecisionPolicy


@dataclass(frozen=True)
class Header:
    """What was asked.

    Attributes:
        bundle_digest: which bundle.
        reference: what the candidates are compared with, such as `pytorch 2.14.1`.
        reference_policy: the thresholds of its decisions.
        classes: in the order of the models' outputs.
        candidates: in the order of the report.
        photos: how many the whole set has.
        photos_digest: SHA-256 over the set's paths, labels, cameras and groups.
        machine: that asked, one line.
        shard: (I, N): the photos whose place modulo N is I - 1 are here.
    """

    bundle_digest: str
    reference: str
    reference_policy: DecisionPolicy
    classes: tuple[ClassInfo, ...]
    candidates: tuple[CandidateInfo, ...]
    photos: int
    photos_digest: str
    machine: str = ""
    shard: tuple[int, int] = (1, 1)

    def to_json(self) -> dict[str, Any]:
        """Return the content of `answers.json`."""
        return {"kind": KIND, "schema": SCHEMA, **asdict(self)}

    @staticmethod
    def read(folder: Path) -> Header:
        """Read `answers.json`.

        Raises:
            InputError: missing or damaged.
        """
        path = folder / HEADER_FILE
        document = read_json(path, "answers folder")
        try:
            fields = dict(document)
            kind, schema = fields.pop("kind"), fields.pop("schema")
            if (kind, schema) != (KIND, SCHEMA):
                raise ValueError(f"kind {kind!r}, schema {schema!r}; known: {KIND!r}, {SCHEMA}")
            policy = DecisionPolicy.from_json
            candidates = tuple(
                CandidateInfo(**{**c, "policy": policy(c["policy"])}) for c in fields["candidates"]
            )
            return Header(
                **{
                    **fields,
                    "reference_policy": policy(fields["reference_policy"]),
                    "classes": tuple(ClassInfo(**c) for c in fields["classes"]),
                    "candidates": candidates,
                    "shard": tuple(fields["shard"]),
                }
            )
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise InputError(f"{path} is not valid: {error}") from None

    def same_question(self, other: Header) -> bool:
        """Whether two folders hold answers to one config, whichever machine and shard."""
        return replace(other, machine=self.machine, shard=self.shard) == self


@dataclass(frozen=True)
class PhotoRow:
    """One row of `photos.csv`; `unreadable` is the reason, empty where the photo was read."""

    photo: int
    path: str
    sha256: str
    label: str
    camera: str
    group: str
    simulated: bool
    unreadable: str = ""


@dataclass(frozen=True)
class PhotoTable:
    """The readable photos in columns, and the others.

    Attributes:
        photo: int64[n], places in the whole set, ascending.
        label: int64[n], indices into `labels`.
        camera: int64[n], indices into `cameras`.
        group: int64[n], indices into `groups`; photos of one specimen share one.
        labels: true classes; an empty name where nobody knows.
        cameras: ids; an empty one for unknown cameras.
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
    """Numeric columns of one model's answers, one row per readable photo.

    Attributes:
        photo: int64[n], places in the whole set, ascending.
        top: int64[n], class indices.
        confidence: float64[n].
        change, kl, pixels: float64[n], as in `CANDIDATE_COLUMNS`; empty for the reference.
        cause: int64[n]; empty for the reference.
    """

    photo: NDArray[np.int64]
    top: NDArray[np.int64]
    confidence: NDArray[np.float64]
    change: NDArray[np.float64]
    kl: NDArray[np.float64]
    pixels: NDArray[np.float64]
    cause: NDArray[np.int64]


class Writer:
    """Appends rows to an answers folder."""

    def __init__(self, streams: Mapping[str, TextIO]) -> None:
        self._streams = streams
        self._photos = csv.writer(streams[PHOTOS_FILE], lineterminator="\n")
        self._rows = 0

    def photo(self, row: PhotoRow) -> None:
        """Write a photo's row; the models' rows of a readable one come before it."""
        cells = (*asdict(row).values(),)
        self._photos.writerow([int(c) if isinstance(c, bool) else c for c in cells])
        self._rows += 1
        if self._rows % _FLUSH_EVERY == 0:
            self.flush()

    def answer(self, name: str, photo: int, top: int, numbers: Sequence[float]) -> None:
        """Write one model's row."""
        cells = ",".join(f"{value:.9g}" for value in numbers)
        self._streams[name].write(f"{photo},{top},{cells}\n")

    def flush(self) -> None:
        """Hand all rows to the system, the photos' last: a photo's row vouches for the others."""
        for name, stream in self._streams.items():
            if name != PHOTOS_FILE:
                stream.flush()
        self._streams[PHOTOS_FILE].flush()


@contextmanager
def writer(folder: Path, header: Header, *, resume: bool = False) -> Iterator[tuple[Writer, int]]:
    """Yield a writer and the number of photos that are answered already.

    Args:
        folder: made where it is missing; an empty one is taken.
        header: what is asked.
        resume: go on with the answers that are there.

    Raises:
        InputError: the folder holds something, and `resume` is false or it answers another
            config.
    """
    done = _start(folder, header, resume)
    names = [REFERENCE, *(candidate.name for candidate in header.candidates)]
    with ExitStack() as stack:
        streams = {name: stack.enter_context(_open(_file(folder, name), "a")) for name in names}
        streams[PHOTOS_FILE] = stack.enter_context(_open(folder / PHOTOS_FILE, "a"))
        made = Writer(streams)
        try:
            yield made, done
        finally:
            made.flush()


def _start(folder: Path, header: Header, resume: bool) -> int:
    if (folder / HEADER_FILE).is_file() and resume:
        if Header.read(folder) != header:
            raise InputError(
                f"{folder} answers another verification (bundle, models, photos, machine or shard "
                "differ); choose another folder"
            )
        return _keep_whole_photos(folder, header)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} exists already; choose another folder or pass --resume")
    folder.mkdir(parents=True, exist_ok=True)
    classes = [f"p{index}" for index in range(len(header.classes))]
    _write_head(folder / PHOTOS_FILE, PHOTO_COLUMNS)
    _write_head(_file(folder, REFERENCE), (*REFERENCE_COLUMNS, *classes))
    for candidate in header.candidates:
        _write_head(_file(folder, candidate.name), (*CANDIDATE_COLUMNS, *classes))
    write_json(folder / HEADER_FILE, header.to_json())
    return 0


def _write_head(path: Path, columns: Sequence[str]) -> None:
    with _open(path, "w") as stream:
        csv.writer(stream, lineterminator="\n").writerow(columns)


def _keep_whole_photos(folder: Path, header: Header) -> int:
    """Cut every file after the last photo that all of them hold; return how many photos remain."""
    photos = _complete_lines(folder / PHOTOS_FILE)
    readable = sum(not row.unreadable for row in _photo_rows(io.StringIO("".join(photos[1:]))))
    names = [REFERENCE, *(candidate.name for candidate in header.candidates)]
    held = min(len(_complete_lines(_file(folder, name))) - 1 for name in names)
    while readable > held:  # photos whose answers did not all reach the disk
        last = next(_photo_rows(io.StringIO(photos.pop())))
        readable -= not last.unreadable
    _write_lines(folder / PHOTOS_FILE, photos)
    for name in names:
        path = _file(folder, name)
        _write_lines(path, _complete_lines(path)[: readable + 1])
    return len(photos) - 1


def _complete_lines(path: Path) -> list[str]:
    """Return the lines that end in a line feed; a field with a line feed in it is one line."""
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    lines, quoted = [""], False
    for line in text.splitlines(keepends=True):
        lines[-1] += line
        quoted ^= line.count('"') % 2 == 1
        if line.endswith("\n") and not quoted:
            lines.append("")
    return lines[:-1]


def _write_lines(path: Path, lines: Sequence[str]) -> None:
    write_bytes(path, "".join(lines).encode("utf-8", "surrogateescape"))


def read_photos(folder: Path) -> PhotoTable:
    """Return the columns of `photos.csv`.

    Raises:
        InputError: missing or damaged.
    """
    path = folder / PHOTOS_FILE
    codes: dict[str, dict[str, int]] = {"label": {}, "camera": {}, "group": {}}
    columns: dict[str, list[int]] = {name: [] for name in ("photo", *codes)}
    unreadable: list[PhotoRow] = []
    simulated = False
    try:
        with _open(path, "r") as stream:
            if tuple(next(csv.reader(stream), ())) != PHOTO_COLUMNS:
                raise ValueError("other columns")
            for row in _photo_rows(stream):
                simulated |= row.simulated
                if row.unreadable:
                    unreadable.append(row)
                    continue
                columns["photo"].append(row.photo)
                # Photos without a group stand alone, each under its own place.
                for name, value in (
                    ("label", row.label),
                    ("camera", row.camera),
                    ("group", row.group or f"\0{row.photo}"),
                ):
                    known = codes[name]
                    columns[name].append(known.setdefault(value, len(known)))
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{path} is not valid: {error}") from None
    arrays = {name: np.array(values, np.int64) for name, values in columns.items()}
    return PhotoTable(
        **arrays,
        labels=tuple(codes["label"]),
        cameras=tuple(name or None for name in codes["camera"]),
        groups=tuple(codes["group"]),
        simulated=simulated,
        unreadable=tuple(unreadable),
    )


def photos_at(folder: Path, places: Container[int]) -> dict[int, PhotoRow]:
    """Return the rows of a few photos, by place."""
    with _open(folder / PHOTOS_FILE, "r") as stream:
        next(csv.reader(stream))
        return {row.photo: row for row in _photo_rows(stream) if row.photo in places}


def photo_digests(folders: Iterable[Path]) -> dict[int, str]:
    """Return every readable photo's SHA-256, by place."""
    digests: dict[int, str] = {}
    for folder in folders:
        with _open(folder / PHOTOS_FILE, "r") as stream:
            next(csv.reader(stream))
            digests |= {row.photo: row.sha256 for row in _photo_rows(stream) if not row.unreadable}
    return digests


def reference_probabilities(folders: Iterable[Path]) -> dict[int, NDArray[np.float32]]:
    """Return the reference's probabilities float32[C] on every readable photo, by place."""
    found: dict[int, NDArray[np.float32]] = {}
    for folder in folders:
        with _open(_file(folder, REFERENCE), "r") as stream:
            next(stream)
            for place, _, _, *row in csv.reader(stream):
                found[int(place)] = np.array(row, np.float32)
    return found


def _photo_rows(stream: Iterable[str]) -> Iterator[PhotoRow]:
    for place, path, digest, label, camera, group, simulated, reason in csv.reader(stream):
        yield PhotoRow(int(place), path, digest, label, camera, group, simulated == "1", reason)


def read_table(folder: Path, name: str) -> Table:
    """Return one model's answers.

    Raises:
        InputError: missing or damaged.
    """
    path = _file(folder, name)
    columns = REFERENCE_COLUMNS if name == REFERENCE else CANDIDATE_COLUMNS
    try:
        with _open(path, "r") as stream:
            if tuple(stream.readline().strip().split(",")[: len(columns)]) != columns:
                raise ValueError("other columns")
            with warnings.catch_warnings(action="ignore"):  # it warns of a shard without photos
                found = np.loadtxt(stream, delimiter=",", usecols=range(len(columns)), ndmin=2)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not valid: {error}") from None
    found = found.reshape(-1, len(columns))
    whole = found.astype(np.int64)
    nothing = np.zeros(0)
    change, kl, pixels, cause = (
        (found[:, 3], found[:, 4], found[:, 5], whole[:, 6])
        if name != REFERENCE
        else (nothing, nothing, nothing, nothing.astype(np.int64))
    )
    return Table(whole[:, 0], whole[:, 1], found[:, 2], change, kl, pixels, cause)


def _open(path: Path, mode: Literal["r", "w", "a"]) -> TextIO:
    """Open a file of the folder; paths of photos may hold bytes that are no UTF-8."""
    return path.open(mode, encoding="utf-8", errors="surrogateescape", newline="")


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.csv"
