"""SQLite files that a killed program leaves whole: one writer, a known kind and version.

    with Database.write(path, KIND, about, check) as database:
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
    """What a file holds: its name for people, its mark, and the statements that make its tables."""

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
    def write(path: Path, kind: Kind, about: Any, check: Check | None = None) -> Database:
        """Open a database to write it, making it and its folder where they are missing.

        `check` is called with what is there of `about`; it raises where that does not fit, and the
        file stays as it is. None begins anew, replacing what is there.

        Raises:
            InputError: another program is writing it, it cannot be written, is damaged, or of
                another kind or version.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return Database._write(path, kind, about, check)
        except NotADatabaseError:
            if check is not None:
                raise
            path.unlink()  # no program of ours can hold its lock
            return Database._write(path, kind, about, check)

    @staticmethod
    def _write(path: Path, kind: Kind, about: Any, check: Check | None) -> Database:
        with _connected(path, str(path.absolute())) as database:
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            database.execute("BEGIN EXCLUSIVE")
            if check is None:
                for name in database._declared():
                    database.execute('DROP TABLE "{}"'.format(name.replace('"', '""')))
            if not database._declared():
                database._make(kind, about)
            database._check(kind)
            if check is not None:
                check(database.about)
            database.execute("COMMIT")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT}")
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
        with _connected(path, address, uri=True) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            database.execute("PRAGMA cell_size_check = ON")
            database.execute("BEGIN")
            database._check(kind)
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

    def __exit__(self, *error: object) -> None:
        self.close()

    def _declared(self) -> dict[str, str]:
        """Return the file's tables, and whatever else it declares, by name."""
        declared = self.rows("SELECT name, sql FROM sqlite_master")
        return {str(name): str(statement) for name, statement in declared}

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
        try:
            if sorted(self._declared().values()) != sorted((_ABOUT, *kind.tables)):
                raise ValueError("other tables")
            ((document,),) = self.rows("SELECT document FROM about")
            self.about = json.loads(document)
        except (TypeError, ValueError, RecursionError) as error:
            raise InputError(
                "{path} is damaged ({reason}); begin anew", path=self.path, reason=error
            ) from None


@contextmanager
def _connected(path: Path, address: str, *, uri: bool = False) -> Iterator[Database]:
    """Yield an open database that is closed again if the block fails."""
    with _explained(path):
        connection = sqlite3.connect(address, uri=uri, timeout=_WAIT, isolation_level=None)
    try:
        yield Database(connection, path)
    except BaseException:
        connection.close()
        raise


class NotADatabaseError(InputError):
    """A file holds something else."""


@contextmanager
def _explained(path: Path | None) -> Iterator[None]:
    """Turn an error of SQLite into one line that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        code = error.sqlite_errorcode & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            text = _("another program is writing {path}; wait for it to end", path=path)
        elif code == sqlite3.SQLITE_FULL:
            text = _("no room to write {path}; make room, then go on with --resume", path=path)
        else:
            text = _("cannot use {path}: {reason}", path=path, reason=error)
        raise (NotADatabaseError if code == sqlite3.SQLITE_NOTADB else InputError)(text) from None
