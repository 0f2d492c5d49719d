"""Finished steps of long work, kept in a folder: an interrupted command goes on from them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from edgetlc.errors import InputError
from edgetlc.files import read_json, write_bytes, write_json

_KEY_FILE = "work.json"


class FinishedSteps:
    """Results by name, each written whole the moment it is known."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str) -> Any | None:
        """Return the JSON document kept under a name, or None."""
        path = self._path(name, ".json")
        return read_json(path, "finished step") if path.is_file() else None

    def put(self, name: str, document: Any) -> None:
        """Keep a JSON document."""
        write_json(self._path(name, ".json"), document)

    def get_bytes(self, name: str) -> bytes | None:
        """Return the bytes kept under a name, or None."""
        path = self._path(name, ".bin")
        return path.read_bytes() if path.is_file() else None

    def put_bytes(self, name: str, content: bytes) -> None:
        """Keep bytes."""
        write_bytes(self._path(name, ".bin"), content)

    def _path(self, name: str, suffix: str) -> Path:
        return self._folder / (quote(name, safe="") + suffix)


@contextmanager
def resumable(folder: Path, key: Mapping[str, Any], *, resume: bool) -> Iterator[FinishedSteps]:
    """Yield the steps in a folder; it is removed when the block ends well, or has finished none.

    Args:
        folder: is made, and thrown away first unless `resume`.
        key: what the results depend on, JSON values; another key's results are of no use.
        resume: go on from what is there.

    Raises:
        InputError: `resume`, and what is there was begun with other settings or photos.
    """
    wanted = json.loads(json.dumps(key))
    if resume and folder.is_dir():
        begun = read_json(folder / _KEY_FILE, "record of interrupted work")
        other = [name for name in wanted if begun.get(name) != wanted[name]]
        if other:
            raise InputError(
                "{folder} was begun with another {settings}; ask as then, or run without --resume "
                "to begin anew",
                folder=folder,
                settings=", ".join(other),
            )
    else:
        shutil.rmtree(folder, ignore_errors=True)
    write_json(folder / _KEY_FILE, wanted)
    try:
        yield FinishedSteps(folder)
    except BaseException:
        if {path.name for path in folder.iterdir()} <= {_KEY_FILE}:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
