"""The answers folder: every photo's answer by every model, so that statistics need no inference.

    answers.sqlite   what was collected, and one row per photo with all models' answers

A photo's answers are one row, so they are there together or not at all, whenever a program is
killed. Its two arrays are little-endian and have one line for the reference and one for each
candidate, in the order of the header:

    answers         float64[models, 6], the columns of `COLUMNS`
    probabilities   float32[models, classes]

`edgetlc.parity.answer_tables` writes the same as CSV for auditors. The photo's number is its place
in the whole set, so that shards of several machines merge. A folder may come from another machine:
whatever is read is checked.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgetlc.config import from_document
from edgetlc.database import Database, Kind
from edgetlc.errors import InputError
from edgetlc.locale import _
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.policy import DecisionPolicy

FILE, REFERENCE = "answers.sqlite", "reference"
KIND = Kind(
    _("answers"),
    application=0x4554414E,  # ETAN
    version=1,
    tables=(
        "CREATE TABLE photo (photo INTEGER PRIMARY KEY, path TEXT NOT NULL, sha256 TEXT NOT NULL, "
        "label TEXT NOT NULL, camera TEXT, specimen TEXT, simulated INTEGER NOT NULL, "
        "unreadable TEXT NOT NULL, answers BLOB, probabilities BLOB)",
    ),
)
COLUMNS = ("top", "confidence", "change", "kl", "pixels", "cause")
"""`top`: index of the most probable class. `confidence`: its probability. `change`: largest
difference of any probability to the reference. `kl`: Kullback-Leibler divergence of the answer from
the reference's, in nats. `pixels`: largest difference of what the network saw to what the
reference's saw, in grey levels. `cause` of another answer: 0 none, 1 other pixels, 2 the network
itself, 3 unknown. The last four are 0 for the reference."""
NO_CAUSE, PIXELS, NETWORK, UNKNOWN = range(4)
_INSERT = (  # a path may hold bytes that are no UTF-8, which SQLite takes, but not from Python
    "INSERT INTO photo VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), "
    "CAST(? AS TEXT), CAST(? AS TEXT), ?, CAST(? AS TEXT), ?, ?)"
)
_SELECT = "SELECT photo, path, sha256, label, camera, specimen, simulated, unreadable"
_TYPES = {
    (int, str, str, str, camera, group, int, str)
    for camera in (str, type(None))
    for group in (str, type(None))
}


@dataclass(frozen=True)
class CandidateInfo:
    """One model on one engine, such as `onnx-int8@onnxruntime` on `onnxruntime 1.32.0`."""

    name: str
    model: str
    engine: str
    policy: DecisionPolicy


@dataclass(frozen=True)
class Header:
    """What was collected.

    Attributes:
        reference: what the candidates are compared with, such as `pytorch 2.14.1`.
        classes: in the order of the models' outputs.
        candidates: in the order of the report.
        photos: how many the whole set has.
        photos_digest: SHA-256 over the set's paths, labels, cameras and groups.
        seen_by_training: whether a photo is of the training or the validation part.
        machine: that collected, one line.
        shard: (I, N): the photos whose place modulo N is I - 1 are here.
    """

    bundle_digest: str
    reference: str
    reference_policy: DecisionPolicy
    classes: tuple[ClassInfo, ...]
    candidates: tuple[CandidateInfo, ...]
    photos: int
    photos_digest: str
    seen_by_training: bool = False
    machine: str = ""
    shard: tuple[int, int] = (1, 1)

    def same_collection(self, other: Header) -> bool:
        """Whether two folders hold answers to one collection, whichever machine and shard."""
        return replace(other, machine=self.machine, shard=self.shard) == self

    @property
    def names(self) -> tuple[str, ...]:
        """The reference and the candidates, in the order of the arrays."""
        return (REFERENCE, *(candidate.name for candidate in self.candidates))


class PhotoRow(NamedTuple):
    """What is known of one photo.

    Attributes:
        photo: its place in the whole set.
        label: its true class; empty where nobody knows.
        camera, group: ids; None for an unknown camera, and where the photo stands alone.
        unreadable: why it has no digest and no answers; empty where it was read.
    """

    photo: int
    path: str
    sha256: str
    label: str
    camera: str | None
    group: str | None
    simulated: bool
    unreadable: str = ""


class Answer(NamedTuple):
    """What one model answers on one photo: probabilities float32[classes], and `COLUMNS`."""

    probabilities: NDArray[np.float32]
    top: int
    confidence: float
    change: float = 0.0
    kl: float = 0.0
    pixels: float = 0.0
    cause: int = NO_CAUSE


class Writer:
    """Adds photos to an answers folder.

    Attributes:
        done: the photos that are there, by place.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.done = {int(place) for (place,) in database.rows("SELECT photo FROM photo")}

    def add(self, photo: PhotoRow, answers: Sequence[Answer] = ()) -> None:
        """Write a new photo with the models' answers, in the order of the header, if readable."""
        numbers = probabilities = None
        if answers:
            numbers = np.array([answer[1:] for answer in answers], "<f8").tobytes()
            probabilities = np.array([a.probabilities for a in answers], "<f4").tobytes()
        row = [v.encode("utf-8", "surrogateescape") if isinstance(v, str) else v for v in photo]
        self._database.execute(_INSERT, (*row, numbers, probabilities))


@contextmanager
def writer(folder: Path, header: Header, *, resume: bool = False) -> Iterator[Writer]:
    """Yield a writer of an answers folder, which is made where it is missing.

    Raises:
        InputError: the folder holds something, and `resume` is false or its answers are of another
            collection; or another program is writing it.
    """

    def check(begun: Any) -> None:
        if _header(folder, begun) != header:
            raise InputError(
                "{folder} answers another verification (bundle, models, photos, machine or "
                "shard differ); choose another folder",
                folder=folder,
            )

    empty = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    if not empty and not (resume and (folder / FILE).is_file()):
        raise InputError(
            "{folder} exists already; choose another folder or pass --resume", folder=folder
        )
    with Database.write(folder / FILE, KIND, asdict(header), check) as database:
        yield Writer(database)


def read_header(folder: Path) -> Header:
    """Return what was collected in a folder.

    Raises:
        InputError: missing, damaged, or being written.
    """
    with _opened(folder) as (header, _database):
        return header


def count_photos(folder: Path) -> int:
    """Return how many photos a folder holds, readable or not."""
    with _opened(folder) as (_header, database):
        ((photos,),) = database.rows("SELECT count(*) FROM photo")
        return int(photos)


@contextmanager
def _opened(folder: Path) -> Iterator[tuple[Header, Database]]:
    with Database.read(folder / FILE, KIND) as database:
        yield _header(folder, database.about), database


def _header(folder: Path, document: Any) -> Header:
    try:
        header = from_document(document, Header, whole=True)
    except InputError as error:
        raise damaged(folder, error) from None
    (first, step), names = header.shard, header.names
    if not (header.photos >= 0 and 1 <= first <= step and header.classes):
        raise damaged(folder, "values out of range")
    name_files = (n == PurePosixPath(n).name == PureWindowsPath(n).name for n in names)
    if len({*names}) < len(names) or not all(name_files):
        raise damaged(folder, "names of models that cannot be")
    return header


def damaged(folder: Path, reason: object) -> InputError:
    """Return the error of a folder that holds what cannot be."""
    return InputError(
        "the answers in {folder} are damaged ({reason}); collect them again",
        folder=folder,
        reason=reason,
    )


def read_rows(folder: Path, array: str = "answers") -> Iterator[tuple[PhotoRow, bytes]]:
    """Yield every photo with its `answers` or `probabilities`, empty if unreadable, by place.

    Raises:
        InputError: damaged.
    """
    with _opened(folder) as (header, database):
        width = 8 * len(COLUMNS) if array == "answers" else 4 * len(header.classes)
        size = width * len(header.names)
        for row in database.rows(f"{_SELECT}, {array} FROM photo ORDER BY photo"):
            yield _checked(folder, header, row[:-1]), _array(folder, row, size)


def _checked(folder: Path, header: Header, row: tuple[Any, ...]) -> PhotoRow:
    if tuple(map(type, row)) not in _TYPES:
        raise damaged(folder, "values of another type")
    first, step = header.shard
    if not 0 <= row[0] < header.photos or row[0] % step != first - 1:
        raise damaged(folder, f"photo {row[0]}")
    return PhotoRow._make((*row[:6], bool(row[6]), row[7]))


def _array(folder: Path, row: tuple[Any, ...], size: int) -> bytes:
    *_photo, unreadable, content = row
    if unreadable and content is None:
        return b""
    if unreadable or not isinstance(content, bytes) or len(content) != size:
        raise damaged(folder, f"the answers on photo {row[0]}")
    return content


def photos_at(folders: Iterable[Path], places: Iterable[int]) -> dict[int, PhotoRow]:
    """Return the rows of a few photos, by place."""
    places, photos = list(places), {}
    for folder in folders if places else ():
        with _opened(folder) as (header, database):
            for place in places:
                for row in database.rows(f"{_SELECT} FROM photo WHERE photo = ?", (place,)):
                    photos[place] = _checked(folder, header, row)
    return photos


def reference_answers(
    folders: Iterable[Path], digests: Container[str]
) -> dict[int, tuple[str, NDArray[np.float32]]]:
    """Return digest and the reference's probabilities, float32[classes], by place.

    Only of photos whose SHA-256 is among `digests`.
    """
    answers = {}
    for folder in folders:
        classes = len(read_header(folder).classes)
        for photo, content in read_rows(folder, "probabilities"):
            if photo.sha256 in digests and content:
                row = np.frombuffer(content, "<f4", classes)
                if not np.isfinite(row).all():
                    raise damaged(folder, f"photo {photo.photo}")
                answers[photo.photo] = (photo.sha256, row.copy())
    return answers
