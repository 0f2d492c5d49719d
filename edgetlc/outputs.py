"""What a command is about to write, checked before its work: nothing is lost after an hour of it.

    check_outputs(
        [Target(report, replace=overwrite), Target(bundle, "folder", marker=BUNDLE_FILE)],
        inputs=[run, manifest, *photos],
    )

An output must be of its kind and at a place that can be written. It is replaced only where that was
asked for. It never is an input, whatever was asked for, also by another name: a hard or symbolic
link, or other capitals on a system that does not tell them apart.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgetlc.errors import InputError

Kind = Literal["file", "folder"]


@dataclass(frozen=True)
class Target:
    """A file or folder that will be written.

    Attributes:
        path: its place; None where none was asked for.
        replace: whether what is there already is replaced, or gone on with.
        marker: a file by which a folder is known that may be replaced; another one holds something
            else, such as the user's photos. An empty one does not.
    """

    path: Path | None
    kind: Kind = "file"
    replace: bool = False
    marker: str | None = None


def check_outputs(outputs: Iterable[Target], inputs: Iterable[Path | None] = ()) -> None:
    """Refuse outputs that cannot be written or would destroy something; makes no folder.

    `inputs` are files that will be read, or folders, of which any file may be.

    Raises:
        InputError: see above.
    """
    read: _Inputs | None = None
    folders: dict[Path, None] = {}
    places: set[Path] = set()
    for target in outputs:
        path = target.path
        if path is None:
            continue
        check_kind(path, target.kind)
        if path.exists():
            read = read or _Inputs(inputs)
            read.refuse(path, target.kind)
            check_replaceable(target)
        if path.resolve() in places:
            raise InputError("{path} is named for two outputs; give each its own", path=path)
        places.add(path.resolve())
        folders[path if target.kind == "folder" else path.parent] = None
    for folder in folders:
        _check_writable(folder)


def refuse_existing(path: Path, overwrite: bool) -> None:
    """Raise `InputError` for an output that is there already, unless it is to be replaced."""
    if path.exists() and not overwrite:
        raise InputError(
            "{path} exists already; choose another output or pass --overwrite", path=path
        )


def check_replaceable(output: Target) -> None:
    """Raise `InputError` where an output is there and may not be replaced."""
    path, marker = output.path, output.marker
    if path is None or not path.exists():
        return
    refuse_existing(path, output.replace)
    check_kind(path, output.kind)
    if marker is not None and any(path.iterdir()) and not (path / marker).is_file():
        raise InputError(
            "{path} holds something else (no {marker}) and is not replaced; choose another output",
            path=path,
            marker=marker,
        )


def check_kind(path: Path, kind: Kind) -> None:
    """Raise `InputError` where a folder stands in the place of a file, or the other way round."""
    if kind == "file" and path.is_dir():
        raise InputError("{path} is a folder, not a file to write; add a name", path=path)
    if kind == "folder" and path.exists() and not path.is_dir():
        raise InputError("{path} is a file, not a folder; choose another output", path=path)


class _Inputs:
    """What will be read, by what tells files apart whatever their names."""

    def __init__(self, paths: Iterable[Path | None]) -> None:
        there = [path for path in paths if path is not None and path.exists()]
        self._named = {_identity(path): path for path in there}
        folders = {path.parent: path for path in there}
        self._holding = {
            _identity(place): path
            for folder, path in folders.items()
            for place in _with_parents(folder.resolve())
        }

    def refuse(self, path: Path, kind: Kind) -> None:
        """Refuse what is an input, lies in an input folder, or is a folder that holds one."""
        mine = _identity(path)
        found = self._named.get(mine)
        if kind == "folder":
            found = found or self._holding.get(mine)
        for parent in path.resolve().parents:
            found = found or self._named.get(_identity(parent))
        if found is not None:
            raise InputError(
                "{path} is, or holds, what the command reads ({input}); choose another output",
                path=path,
                input=found,
            )


def _with_parents(path: Path) -> Iterator[Path]:
    yield path
    yield from path.parents


def _identity(path: Path) -> tuple[int, int]:
    """Return what tells files apart, whatever their names."""
    found = path.stat()
    return found.st_dev, found.st_ino


def _check_writable(folder: Path) -> None:
    """Raise `InputError` where no file can be written to a folder, or to the one it is made in."""
    there = next(place for place in _with_parents(folder.absolute()) if place.exists())
    try:
        tempfile.TemporaryFile(dir=there).close()
    except OSError as error:
        raise InputError(
            "cannot write to {folder}: {reason}; choose another place",
            folder=folder,
            reason=error.strerror,
        ) from None
