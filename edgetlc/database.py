"""SQLite files that a killed program leaves whole: one writer, a known kind and version.

    with Database.resume(path, KIND, about) as database:
        database.execute("INSERT INTO …", values)

While a program writes, it holds the file's lock, and what it wrote is in `<file>-wal` beside it
until it is copied over. Every statement is a transaction: a killed program keeps all of them, a
power cut costs at most the last `_CHECKPOINT` pages. Closing leaves one plain file that can be read
from a medium that cannot be written.

A file may come from another machine, so nothing in it is trusted: not its tables, which must be
those of its kind, nor, where it is read, what is in them.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

from edgetlc.errors import InputError
from edgetlc.locale import Message, _

_WAIT = 1.0  # seconds for another program to let go of the file
_CHECKPOINT = 250  # pages of 4 KiB that wait in the write-ahead log before they are synced
Check = Callable[[Any], None]
_ABOUT = "CREATE TABLE about (document TEXT NOT NULL)"


@dataclass(frozen=True)
class Kind:
    """What a file holds.

    Attributes:
        name: for people, in the plural.
        application: number that marks such files.
        version: of the tables.
        tables: the statements that make them.
    """

    name: Message
    application: int
    version: int
    tables: tuple[str, ...]


class Database:
    """An open file; leaving a `with` block closes it.

    Attributes:
        path: None for one without a name, which ends with the program.
        about: the JSON document that says what the file's rows are about.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path | None) -> None:
        self.path = path
        self.about: Any = None
        self._connection = connection
        connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")

    @staticmethod
    def temporary(kind: Kind) -> Database:
        """Return an empty database without a name, in the system's folder for temporary files."""
        database = Database(sqlite3.connect("", isolation_level=None), None)
        for table in kind.tables:
            database.execute(table)
        return database

    @staticmethod
    def begin(path: Path, kind: Kind, about: Any) -> Database:
        """Return an empty database at `path`, replacing what is there.

        Raises:
            InputError: another program is writing it, or it cannot be written.
        """
        try:
            return Database._write(path, kind, about, None)
        except NotADatabaseError:  # then no program of ours holds its lock
            path.unlink()
            return Database._write(path, kind, about, None)

    @staticmethod
    def resume(path: Path, kind: Kind, about: Any, check: Check) -> Database:
        """Return the database at `path` with all that was written, or an empty one.

        Args:
            path: of the file.
            kind: of the file.
            about: of an empty one.
            check: called with what is there of `about`; raises where that does not fit, and the
                file stays as it is.

        Raises:
            InputError: another program is writing it, it cannot be written, is damaged, or of
                another kind or version.
        """
        return Database._write(path, kind, about, check)

    @staticmethod
    def _write(path: Path, kind: Kind, about: Any, check: Check | None) -> Database:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _explained(path):
            connection = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
        database = Database(connection, path)
        try:
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            database.execute("BEGIN EXCLUSIVE")
            if check is None:
                database._drop_all()
            if not database._tables():
                database._make(kind, about)
            database._check(kind)
            if check is not None:
                check(database.about)
            database.execute("COMMIT")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT}")
        except BaseException:
            connection.close()
            raise
        return database

    @staticmethod
    def read(path: Path, kind: Kind) -> Database:
        """Open a database to read it.

        Raises:
            InputError: there is none, another program is writing it, or it is damaged, of another
                kind or version.
        """
        if not path.is_file():
            raise InputError("no {what} at {path}", what=kind.name, path=path)
        address = f"file:{quote(os.fsencode(path.absolute()))}?mode=ro"
        with _explained(path):
            connection = sqlite3.connect(address, uri=True, timeout=_WAIT, isolation_level=None)
        database = Database(connection, path)
        try:
            database.execute("PRAGMA trusted_schema = OFF")
            database.execute("PRAGMA cell_size_check = ON")
            database.execute("BEGIN")
            database._check(kind)
        except BaseException:
            connection.close()
            raise
        return database

    def execute(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run one statement and return the number of the row that it wrote, if any."""
        with _explained(self.path):
            return self._connection.execute(statement, values).lastrowid or 0

    def rows(self, statement: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows that a statement finds."""
        with _explained(self.path):
            yield from self._connection.execute(statement, values)

    def close(self) -> None:
        """Close the file; one that was written is plain again if the disk has room for that."""
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA journal_mode = DELETE")
        self._connection.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _tables(self) -> dict[str, str]:
        """Return what the file declares: tables, and whatever else there may be, by name."""
        return {
            str(name): str(sql) for name, sql in self.rows("SELECT name, sql FROM sqlite_master")
        }

    def _drop_all(self) -> None:
        for name in self._tables():
            self.execute('DROP TABLE "{}"'.format(name.replace('"', '""')))

    def _make(self, kind: Kind, about: Any) -> None:
        for table in (_ABOUT, *kind.tables):
            self.execute(table)
        self.execute("INSERT INTO about VALUES (?)", (json.dumps(about, allow_nan=False),))
        self.execute(f"PRAGMA application_id = {kind.application}")
        self.execute(f"PRAGMA user_version = {kind.version}")

    def _check(self, kind: Kind) -> None:
        ((application,),) = self.rows("PRAGMA application_id")
        ((version,),) = self.rows("PRAGMA user_version")
        if application != kind.application:
            raise InputError("{path} holds no {what} of this tool", path=self.path, what=kind.name)
        if version != kind.version:
            raise InputError(
                "{path} has format {version}, this edgetlc reads {known}; use the one that "
                "wrote it",
                path=self.path,
                version=version,
                known=kind.version,
            )
        documents = list(self.rows("SELECT document FROM about")) if self._fits(kind) else []
        try:
            ((document,),) = documents
            self.about = json.loads(document)
        except (TypeError, ValueError, RecursionError):
            raise InputError(_damaged(self.path, "other tables")) from None

    def _fits(self, kind: Kind) -> bool:
        return sorted(self._tables().values()) == sorted((_ABOUT, *kind.tables))


class NotADatabaseError(InputError):
    """A file holds something else."""


@contextmanager
def _explained(path: Path | None) -> Iterator[None]:
    """Turn an error of SQLite into one line that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            text = _("another program is writing {path}; wait for it to end", path=path)
        elif code == sqlite3.SQLITE_FULL:
            text = _("no room to write {path}; make room, then go on with --resume", path=path)
        elif code == sqlite3.SQLITE_NOTADB:
            raise NotADatabaseError(_damaged(path, error)) from None
        elif code == sqlite3.SQLITE_CORRUPT:
            text = _damaged(path, error)
        else:
            text = _("cannot use {path}: {reason}", path=path, reason=error)
        raise InputError(text) from None


def _damaged(path: Path | None, reason: object) -> Message:
    return _("{path} is damaged ({reason}); begin anew", path=path, reason=reason)
