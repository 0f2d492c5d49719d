"""Configurations: frozen dataclasses whose fields are options, and the TOML files that hold them.

    @dataclass(frozen=True)
    class TrainingConfig:
        epochs: int = option(20, _("Passes over the training part."))

A field's default and its help stand here once. The command line makes an option of each
(`edgetlc.cli.commands`); `to_toml` writes a configuration and `from_toml` reads one, with
tables for nested dataclasses and mappings. A setting that is None is left out of the file.

`from_document` reads any other document into dataclasses by their types: `Literal` lists what a
field may hold, and `Annotated` with `Allowed` narrows a type further.
"""

from __future__ import annotations

import json
import re
import reprlib
import sys
import tomllib
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import PurePath
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from edgetlc.errors import InputError
from edgetlc.locale import Message, _

T = TypeVar("T")

_OPTION = "edgetlc.option"
KEY = "edgetlc.key"
"""In a field's metadata: what documents call it, where that is not its name."""


@dataclass(frozen=True)
class Option:
    """How people set a field.

    Attributes:
        flag: on the command line; `--` and the field's name where empty.
        metavar: stands for the value in the help.
        shown: the default as the help shows it, where the value itself is no help.
        parse: makes the value of the text that is given on the command line.
    """

    help: str
    flag: str = ""
    metavar: str | None = None
    min: float | None = None
    max: float | None = None
    shown: str | None = None
    parse: Callable[[str], Any] | None = None

    def described(self) -> dict[str, Option]:
        """Return the metadata of a dataclass field without a default: one that must be given."""
        return {_OPTION: self}


@dataclass(frozen=True)
class Allowed:
    """Which values of a type a field takes: `Annotated[int, Allowed(_("0 or more"), …)]`."""

    words: str
    test: Callable[[Any], object]


def within(low: int, high: int) -> Allowed:
    """Return the restriction of whole numbers to a range, both ends included."""
    return Allowed(_("{low} to {high}", low=low, high=high), range(low, high + 1).__contains__)


def option(default: T, help: str, **how: Any) -> T:
    """Return a dataclass field that people can set; `how` are the other fields of `Option`."""
    made: T = field(default=default, metadata=Option(help, **how).described())
    return made


def options(config: type) -> dict[str, Option]:
    """Return the options of a configuration by their fields' names."""
    return {f.name: f.metadata[_OPTION] for f in fields(config) if _OPTION in f.metadata}


def to_toml(config: Any) -> str:
    """Return a configuration as the text of a file that `from_toml` reads back.

    Raises:
        InputError: a file name that is not Unicode, which TOML cannot hold.
    """
    text = "\n".join(_lines(config, "")) + "\n"
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            "a configuration cannot hold {text!r}; rename that file", text=error.object
        ) from None
    return text


def from_toml(text: str, config: type[T]) -> T:
    """Return the configuration that a TOML file holds; what it leaves out takes its default.

    Raises:
        InputError: no TOML, an unknown setting, one of the wrong type, or a value out of range.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError("not a readable configuration: {reason}", reason=str(error)) from None
    return from_document(document, config)


def from_document(document: Any, kind: type[T], *, whole: bool = False) -> T:
    """Return the dataclass that a table holds, as read of TOML or JSON, or made by `asdict`.

    Args:
        document: the table.
        kind: the dataclass.
        whole: every field must be there that cannot be None, defaults or not.

    Raises:
        InputError: an unknown setting, a missing one, one of the wrong type, or out of range.
    """
    if not isinstance(document, Mapping):
        raise InputError("{value} is no table of settings", value=reprlib.repr(document))
    made: T = _made(document, kind, "", whole)
    return made


def _lines(table: Any, path: str) -> Iterator[str]:
    """Yield the lines of a table: its values, then the tables in it."""
    if not isinstance(table, Mapping):
        table = {f.name: getattr(table, f.name) for f in fields(table) if f.init}
    inner = []
    for name, value in table.items():
        key = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)
        if isinstance(value, Mapping) or is_dataclass(value):
            inner.append((f"{path}.{key}".lstrip("."), value))
        elif value is not None:
            yield f"{key} = {_value(value)}"
    for place, value in inner:
        yield f"\n[{place}]"
        yield from _lines(value, place)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_value, value))}]"
    return _text(str(value))


def _text(text: str) -> str:
    """Return a TOML string: JSON's, but that DEL is escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _made(document: Mapping[str, Any], kind: Any, path: str, whole: bool) -> Any:
    """Return the dataclass of a table; `path` is the table's place in the document."""
    known = _known(kind)
    values = {}
    for key in document:
        if key not in known:
            raise InputError(_unknown(f"{path}.{key}".lstrip("."), key, list(known)))
    for key, (f, wanted) in known.items():
        place = f"{path}.{key}".lstrip(".")
        optional = f.default is not MISSING or f.default_factory is not MISSING
        if key in document:
            values[f.name] = _read(document[key], wanted, place, whole)
        elif not optional or (whole and types.NoneType not in get_args(wanted)):
            raise InputError("{name} is missing", name=place)
    return (get_origin(kind) or kind)(**values)


@cache
def _known(kind: Any) -> dict[str, tuple[Field[Any], Any]]:
    """Return a dataclass's fields and their types by key; a generic one's as its argument says."""
    config = get_origin(kind) or kind
    bound = dict(zip(getattr(config, "__parameters__", ()), get_args(kind), strict=True))
    hints = get_type_hints(config, include_extras=True)
    return {
        f.metadata.get(KEY, f.name): (f, bound.get(hints[f.name], hints[f.name]))
        for f in fields(config)
        if f.init
    }


def _unknown(place: str, name: str, known: list[str]) -> Message:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return _("unknown setting {name!r}; did you mean {near!r}?", name=place, near=near[0])
    return _("unknown setting {name!r}; known are {known}", name=place, known=", ".join(known))


def _read(value: Any, kind: Any, name: str, whole: bool) -> Any:
    """Return a setting's value as its type wants it; one of another type is refused."""
    origin: Any = get_origin(kind)
    inner = get_args(kind)
    if kind is Any or (value is None and types.NoneType in inner):
        return value
    if origin is Annotated:
        value = _read(value, inner[0], name, whole)
        if not inner[1].test(value):
            raise _wrong(name, value, inner[1].words)
        return value
    if origin in (Union, types.UnionType):
        kinds = [k for k in inner if k is not types.NoneType]
        return _first_that_fits(value, kinds, name, whole)
    if origin is Literal:
        if value not in inner:
            allowed = ", ".join(map(str, inner))
            shown = reprlib.repr(value)
            raise InputError(
                "{name} is {value}; use {allowed}", name=name, value=shown, allowed=allowed
            )
        return value
    if origin is tuple and isinstance(value, list | tuple):
        each = inner[:1] * len(value) if inner[1:] == (...,) else inner
        if len(each) == len(value):
            pairs = enumerate(zip(value, each, strict=True))
            return tuple(_read(v, k, f"{name}[{i}]", whole) for i, (v, k) in pairs)
    if isinstance(value, dict) and is_dataclass(origin or kind):
        return _made(value, kind, name, whole)
    if isinstance(value, dict) and origin is not None and issubclass(origin, Mapping):
        named = _("a name in {table}", table=name)
        return {
            _read(k, inner[0], named, whole): _read(v, inner[1], f"{name}.{k}", whole)
            for k, v in value.items()
        }
    if isinstance(kind, type) and issubclass(kind, PurePath) and isinstance(value, str):
        return kind(value)
    if kind is float and type(value) is int and abs(value) <= sys.float_info.max:
        return float(value)
    if kind is type(value):
        return value
    raise _wrong(name, value, _words(kind))


def _wrong(name: str, value: Any, allowed: str) -> InputError:
    shown = reprlib.repr(value)
    return InputError("{name} is {value}; it takes {kind}", name=name, value=shown, kind=allowed)


def _first_that_fits(value: Any, kinds: list[Any], name: str, whole: bool) -> Any:
    failures = []
    for kind in kinds:
        try:
            return _read(value, kind, name, whole)
        except InputError as error:
            failures.append(error)
    raise failures[-1]


def _words(kind: Any) -> Message:
    """Return what a type takes, in words."""
    if get_origin(kind) is tuple:
        each = get_args(kind)
        return _("a list") if Ellipsis in each else _("a list of {count}", count=len(each))
    if isinstance(kind, type) and issubclass(kind, PurePath):
        return _("a text, the name of a file")
    words = {
        bool: _("true or false"),
        int: _("a whole number"),
        float: _("a number"),
        str: _("a text"),
    }
    return words.get(kind, _("a table of settings"))
