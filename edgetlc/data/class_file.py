"""`classes.toml`: what the classes of a photo set are called, and which are counterfeits.

    [chenpi]
    zh = "陈皮"
    en = "aged tangerine peel"
    role = "genuine"          # or "counterfeit", "unspecified"

It lies beside the manifest or in the photo folder. A class that it does not describe is called by
its folder's name in both languages. It describes no class but those: a misspelt name would lose a
counterfeit its role.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from edgetlc.config import from_document, to_toml
from edgetlc.data.class_names import nearest, refuse_misnamed
from edgetlc.errors import InputError
from edgetlc.files import write_text
from edgetlc.runtime.classes import ClassInfo, Role
from edgetlc.text import read_toml

CLASSES_FILE = "classes.toml"


@dataclass(frozen=True)
class _Described:
    """A table of the file."""

    zh: str | None = None
    en: str | None = None
    role: Role = "unspecified"


def read_classes(
    path: Path, names: Iterable[str], also: Collection[str] = ()
) -> tuple[ClassInfo, ...]:
    """Return the labels and roles of `names`, from `path` where it exists.

    `also` are names that it may describe besides: those of classes without a photo.

    Raises:
        InputError: the file is not valid, describes another class or in unknown terms, or is there
            under a name nearly right.
    """
    names = tuple(names)
    refuse_misnamed(path)
    described = _parse(path) if path.is_file() else {}
    for name in described:
        if name not in names and name not in also:
            raise InputError(
                "{path} describes class {name!r}, which no photo shows; {hint}",
                path=path,
                name=name,
                hint=nearest(name, names),
            )
    return tuple(described.get(name, _plain(name)) for name in names)


def check_classes(path: Path, classes: Iterable[ClassInfo]) -> None:
    """Refuse a `classes.toml` that contradicts what is to be written beside it.

    Raises:
        InputError: the file there is not valid, or says other things of these classes.
    """
    classes = tuple(classes)
    if not path.is_file():
        return
    for info, there in zip(classes, read_classes(path, [c.name for c in classes]), strict=True):
        if info not in (there, _plain(info.name)):
            raise InputError(
                "{path} describes class {name!r} as {there}, the photo set as {here}; let both say "
                "the same, or write to another folder",
                path=path,
                name=info.name,
                there=f"{there.zh} / {there.en} / {there.role}",
                here=f"{info.zh} / {info.en} / {info.role}",
            )


def write_classes(path: Path, classes: Iterable[ClassInfo]) -> None:
    """Write `classes.toml` where something is to be said; one that is there stays as it is.

    Raises:
        InputError: as `check_classes`.
    """
    classes = tuple(classes)
    check_classes(path, classes)
    described = (info for info in classes if info != _plain(info.name))
    tables = {info.name: {"zh": info.zh, "en": info.en, "role": info.role} for info in described}
    if tables and not path.is_file():
        write_text(path, to_toml(tables).lstrip())


def _parse(path: Path) -> dict[str, ClassInfo]:
    classes = {}
    for name, table in read_toml(path).items():
        try:
            described = from_document(table, _Described)
        except InputError as error:
            raise InputError(
                "{path}: [{name}]: {reason}", path=path, name=name, reason=error
            ) from None
        zh, en = described.zh, described.en
        classes[name] = ClassInfo(
            name, name if zh is None else zh, name if en is None else en, described.role
        )
    return classes


def _plain(name: str) -> ClassInfo:
    """Return the description of a class that nothing describes."""
    return ClassInfo(name, name, name)
