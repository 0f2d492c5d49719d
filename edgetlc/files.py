"""Writing files and folders so that each is whole or absent, and naming them by digest."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from edgetlc.errors import InputError
from edgetlc.outputs import Target, check_replaceable
from edgetlc.text import read_text

_LONGEST_NAME = 200  # characters of a temporary name's prefix; systems allow 255 bytes in all


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a temporary neighbour to write; it becomes `path` only if the block ends well.

    A reader sees the old content or the new one, never a part: what was written is synced and
    then renamed over `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:_LONGEST_NAME]}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w+b") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    with whole_file(path) as stream:
        stream.write(content)


def write_text(path: Path, text: str) -> None:
    """`write_bytes` for UTF-8 text with Unix line ends."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, document: Any) -> None:
    """`write_bytes` for an indented JSON document; NaN and infinity are refused."""
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path, what: str) -> Any:
    """Return the JSON document of `path`, or raise `InputError` naming it as `what`."""
    try:
        return json.loads(read_text(path))
    except FileNotFoundError:
        raise InputError("no {what} at {path}", what=what, path=path) from None
    except (OSError, ValueError) as error:
        raise InputError(
            "{path} is not a readable {what}: {reason}", path=path, what=what, reason=error
        ) from None


@contextmanager
def whole_folder(
    path: Path, *, overwrite: bool = False, marker: str | None = None
) -> Iterator[Path]:
    """Yield a temporary folder that becomes `path` only if the block ends without an error.

    With `overwrite` it replaces a folder that is there. `marker` names a file that tells what may
    be replaced; a folder without it holds something else, such as the user's photos, and is left
    alone. An empty one is not.

    Raises:
        InputError: `path` exists and `overwrite` is false, or it is not what it would replace.
    """
    path = path.absolute()
    check_replaceable(Target(path, "folder", overwrite, marker))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name[:_LONGEST_NAME]}."))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        for file in temporary.rglob("*"):
            if file.is_file():
                with file.open("rb") as stream:
                    os.fsync(stream.fileno())
        _swap(temporary, path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _swap(temporary: Path, path: Path) -> None:
    """Rename `temporary` to `path`; what stood there is removed only after the rename."""
    if not path.exists():
        temporary.replace(path)
        return
    retired = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name[:_LONGEST_NAME]}."))
    path.replace(retired / "old")
    try:
        temporary.replace(path)
    except BaseException:
        (retired / "old").replace(path)
        retired.rmdir()
        raise
    shutil.rmtree(retired, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
