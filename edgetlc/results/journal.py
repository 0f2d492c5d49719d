"""The journal of a batch: each answer goes to disk at once, so that an interrupted run can go on.

It lies beside the results file as `<results file>.journal`, a SQLite file. It begins with what
answers: a bundle, a model, an engine, and whatever else an answer depends on. Then comes one row
per photo: its size, its time of change, and its record as JSON. A photo counts as answered if its
path, size and time of change are those in the journal; reading every photo again for a digest would
take about as long as classifying it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from edgetlc.database import Database, Kind
from edgetlc.errors import InputError
from edgetlc.locale import _
from edgetlc.results.records import UNREADABLE, Record

SUFFIX = ".journal"
KIND = Kind(
    _("journal"),
    application=0x45544A4C,  # ETJL
    version=1,
    tables=(
        "CREATE TABLE answer (id INTEGER PRIMARY KEY, size INTEGER NOT NULL, "
        "changed INTEGER NOT NULL, record TEXT NOT NULL)",
    ),
)
Stamp = tuple[int, int]
"""Size in bytes and time of change in nanoseconds of a photo; (-1, -1) of one that is gone."""
Answered = dict[tuple[str, Stamp], int]
"""The row of a journal that answers a photo, by the photo's name and stamp."""


def stamp(photo: Path) -> Stamp:
    """Return what tells whether a file was changed."""
    try:
        status = photo.stat()
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns


def journal_path(results_file: Path) -> Path:
    """Return where the journal of a results file lies."""
    return results_file.with_name(results_file.name + SUFFIX)


class Journal:
    """Answers on disk, found again by their rows.

    Use it in a `with` block: leaving it closes the file and keeps it; `remove` deletes it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def path(self) -> Path | None:
        """The file; None for one without a name, which ends with the program."""
        return self._database.path

    @staticmethod
    def temporary() -> Journal:
        """Return a journal without a name, in the system's folder for temporary files."""
        return Journal(Database.temporary(KIND))

    @staticmethod
    def begin(path: Path, header: Mapping[str, Any]) -> Journal:
        """Return an empty journal at `path`, replacing what no other program is writing there."""
        return Journal(Database.write(path, KIND, header))

    @staticmethod
    def resume(path: Path, header: Mapping[str, Any]) -> tuple[Journal, Answered]:
        """Return the journal at `path`, and the rows of its answers by file and stamp.

        Unreadable photos are left out: what kept them from being read may be gone.

        Raises:
            InputError: it was begun with something else than `header` says, is damaged, or another
                program is writing it.
        """
        database = Database.write(path, KIND, header, partial(_check_same, path, header))
        try:
            return Journal(database), _answered(database)
        except BaseException:
            database.close()
            raise

    def append(self, photo: Stamp, one: Record) -> int:
        """Write one answer and return its row."""
        return self._database.execute(
            "INSERT INTO answer (size, changed, record) VALUES (?, ?, ?)",
            (*photo, json.dumps(one, allow_nan=False)),
        )

    def records(self, rows: Iterable[int]) -> Iterator[Record]:
        """Yield the records of these rows."""
        for row in rows:
            for (record,) in self._database.rows("SELECT record FROM answer WHERE id = ?", (row,)):
                yield json.loads(record)

    def remove(self) -> None:
        """Close and delete the journal: its answers are elsewhere now."""
        self._database.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *error: object) -> None:
        self._database.close()


def _answered(database: Database) -> Answered:
    answered: Answered = {}
    try:
        for row, size, changed, text in database.rows("SELECT * FROM answer ORDER BY id"):
            record = json.loads(text)
            if record["decision"] != UNREADABLE:
                answered[str(record["file"]), (int(size), int(changed))] = row
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise InputError(
            "{path} is damaged ({reason}); begin anew with --overwrite",
            path=database.path,
            reason=reason,
        ) from None
    return answered


def _check_same(path: Path, header: Mapping[str, Any], begun: Any) -> None:
    now = json.loads(json.dumps(header))  # as what was written went through it
    before = begun if isinstance(begun, dict) else {}
    for name in (*now, *before):
        if before.get(name) != now.get(name):
            raise InputError(
                "{path} was begun with {name} {before}, this is {now}; use the same, or begin "
                "anew with --overwrite",
                path=path,
                name=name,
                before=before.get(name),
                now=now.get(name),
            )
