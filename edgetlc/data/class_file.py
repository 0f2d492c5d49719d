"""`classes.toml`: what the classes of a photo set are called, and which are counterfeits.

    [chenpi]
    zh = "陈皮"
    en = "aged tangerine peel"
    role = "genuine"          # or "counterfeit", "unspecified"

It lies beside the manifest or in the photo folder. A class that it does not describe is called by
its folder's name in both languages.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from edgetlc.config import to_toml
from edgetlc.errors import InputError
from edgetlc.files import write_text
from edgetlc.runtime.classes import ClassInfo, Role

CLASSES_FILE = "classes.toml"


def read_classes(path: Path, names: Iterable[str]) -> tuple[ClassInfo, ...]:
    """Return the labels and roles of `names`, from `path` where it exists.

    Raises:
        InputError: the file is not valid, or describes a class in unknown terms.
    """
    described = _parse_classes(path) if path.is_file() else {}
    return tuple(described.get(name, ClassInfo(name, name, name)) for name in names)


def _parse_classes(path: Path) -> dict[str, ClassInfo]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            "{path} is not a readable TOML file: {reason}", path=path, reason=error
        ) from None
    classes = {}
    for name, fields in document.items():
        if not isinstance(fields, dict) or set(fields) - {"zh", "en", "role"}:
            raise InputError("{path}: [{name}] takes zh, en and role only", path=path, name=name)
        role = fields.get("role", "unspecified")
        if role not in get_args(Role):
            raise InputError(
                "{path}: role of [{name}] is {role!r}; use {allowed}",
                path=path,
                name=name,
                role=role,
                allowed=", ".join(get_args(Role)),
            )
        zh, en = str(fields.get("zh", name)), str(fields.get("en", name))
        classes[name] = ClassInfo(name, zh, en, role)
    return classes


def write_classes(path: Path, classes: Iterable[ClassInfo]) -> None:
    """Write `classes.toml`; classes that it describes beside `classes` stay.

    A file that says all of this already is left as it is, with its comments.

    Raises:
        InputError: the file there is not valid.
    """
    present = _parse_classes(path) if path.is_file() else {}
    wanted = present | {info.name: info for info in classes}
    if wanted == present:
        return
    tables = {
        name: {"zh": info.zh, "en": info.en, "role": info.role} for name, info in wanted.items()
    }
    write_text(path, to_toml(tables).lstrip())
