"""The journal of a batch: each answer goes to disk at once, so that an interrupted run can go on.

It lies beside the results file as `<results file>.journal`. Its first line says what answers: a
bundle, a model, an engine, and whatever else an answer depends on. Then comes one line per photo:

    {"photo": [size, mtime_ns], "record": {"file": …, "decision": …}}

Every line is handed to the system at once, which survives a killed program, and synced every few
seconds, which bounds what a power cut costs. A torn line ends the journal: it and what follows are
dropped. A photo counts as answered if its path, size and time of change are those in the journal;
reading every photo again for a digest would take about as long as classifying it.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from edgetlc.errors import InputError
from edgetlc.results.records import UNREADABLE, Record

SUFFIX = ".journal"
_SYNC_SECONDS = 5.0
Stamp = tuple[int, int]
"""Size in bytes and time of change in nanoseconds of a photo; (-1, -1) of one that is gone."""
Answered = dict[tuple[str, Stamp], int]
"""Where in a journal the answer on a photo is, by the photo's name and stamp."""


def stamp(photo: Path) -> Stamp:
    """Return what tells whether a file was changed."""
    try:
        found = photo.stat()
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns


def journal_path(results_file: Path) -> Path:
    """Return where the journal of a results file lies."""
    return results_file.with_name(results_file.name + SUFFIX)


class Journal:
    """Answers on disk, found again by their offsets.

    Use it in a `with` block: leaving it closes the file and keeps it; `remove` deletes it.

    Attributes:
        path: the file; None for one without a name, which ends with the program.
    """

    def __init__(self, stream: IO[bytes], path: Path | None) -> None:
        self.path = path
        self._stream = stream
        self._end = 0
        self._synced = time.monotonic()

    @staticmethod
    def temporary() -> Journal:
        """Return a journal without a name, in the system's folder for temporary files."""
        return Journal(tempfile.TemporaryFile(), None)

    @staticmethod
    def begin(path: Path, header: Mapping[str, Any]) -> Journal:
        """Return an empty journal at `path`, replacing what is there.

        Raises:
            InputError: another program is writing it.
        """
        journal = Journal(_open_locked(path), path)
        journal._stream.truncate(0)
        journal._write(header)
        return journal

    @staticmethod
    def resume(path: Path, header: Mapping[str, Any]) -> tuple[Journal, Answered]:
        """Return the journal at `path`, and the offsets of its answers by file and stamp.

        Unreadable photos are left out: what kept them from being read may be gone. A journal
        whose first line is torn is empty.

        Raises:
            InputError: it was begun with something else than `header` says, or another program is
                writing it.
        """
        journal = Journal(_open_locked(path), path)
        lines = journal._whole_lines()
        _, begun = next(lines, (0, None))
        try:
            if begun is not None:
                _check_same(path, begun, header)
        except InputError:
            journal._stream.close()
            raise
        answered = journal._answered(lines)
        journal._stream.truncate(journal._end)
        if begun is None:
            journal._write(header)
        return journal, answered

    def append(self, photo: Stamp, one: Record) -> int:
        """Write one answer and return its offset."""
        offset = self._write({"photo": photo, "record": one})
        if time.monotonic() - self._synced > _SYNC_SECONDS:
            self.sync()
        return offset

    def sync(self) -> None:
        """Wait until everything is on the disk."""
        os.fsync(self._stream.fileno())
        self._synced = time.monotonic()

    def records(self, offsets: Iterable[int]) -> Iterator[Record]:
        """Yield the records at these offsets."""
        for offset in offsets:
            self._stream.seek(offset)
            one: Record = json.loads(self._stream.readline())["record"]
            yield one

    def remove(self) -> None:
        """Close and delete the journal: its answers are elsewhere now."""
        self._stream.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    def _write(self, line: Mapping[str, Any]) -> int:
        content = json.dumps(line, allow_nan=False).encode("ascii") + b"\n"
        offset = self._stream.seek(self._end)
        self._stream.write(content)
        self._stream.flush()
        self._end = offset + len(content)
        return offset

    def _answered(self, lines: Iterator[tuple[int, Any]]) -> Answered:
        answered: Answered = {}
        for offset, line in lines:
            try:
                file, decision = line["record"]["file"], line["record"]["decision"]
                size, changed = line["photo"]
            except (KeyError, TypeError, ValueError):  # damaged, if still JSON
                self._end = offset
                break
            if decision != UNREADABLE:
                answered[file, (size, changed)] = offset
        return answered

    def _whole_lines(self) -> Iterator[tuple[int, Any]]:
        """Yield offset and content of each line up to the first that is torn or damaged."""
        self._stream.seek(0)
        for content in self._stream:
            try:
                line = json.loads(content)
            except ValueError:
                return
            if not content.endswith(b"\n") or not isinstance(line, dict):
                return
            offset, self._end = self._end, self._end + len(content)
            yield offset, line


def _open_locked(path: Path) -> IO[bytes]:
    """Open a file for reading and writing, making it and its folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    stream = os.fdopen(os.open(path, flags, 0o666), "r+b")
    try:
        import fcntl

        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # Windows has no such locks
        pass
    except BlockingIOError:
        stream.close()
        raise InputError(f"another program is writing {path}; wait for it to end") from None
    return stream


def _check_same(path: Path, begun: Mapping[str, Any], header: Mapping[str, Any]) -> None:
    # Through JSON, as what was written went through it.
    now = json.loads(json.dumps(header))
    for name in (*now, *begun):
        if begun.get(name) != now.get(name):
            raise InputError(
                f"{path} was begun with {name} {begun.get(name)}, this is {now.get(name)}; "
                "use the same, or begin anew with --overwrite"
            )
