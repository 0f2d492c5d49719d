"""A TOML table that is read key by key and must be read to its last key."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from typing import Any, TypeVar

from edgetlc.errors import InputError
from edgetlc.locale import Message, _

T = TypeVar("T")

LONGEST_TEXT = 200
_TYPE_NAMES: dict[type, str] = {
    str: _("text of 1 to {longest} printable characters", longest=LONGEST_TEXT),
    int: _("a whole number"),
    bool: _("true or false"),
    dict: _("a table"),
    list: _("a list"),
}


class StrictTable:
    """Hands out the values of a TOML table, checked; `done` refuses what nobody asked for.

    Every error is an `InputError` that names the key by its path in the file, `models[0].year`.
    """

    def __init__(self, fields: dict[str, Any], path: str = "") -> None:
        self._fields = fields
        self._path = path
        self._asked: list[str] = []

    def has(self, key: str) -> bool:
        """Whether an optional key is there."""
        self._asked.append(key)
        return key in self._fields

    def text(self, key: str) -> str:
        """Return a string: printable, not blank, at most `LONGEST_TEXT` characters."""
        value = self._take(key, str)
        if not (value.strip() and value.isprintable() and len(value) <= LONGEST_TEXT):
            raise self._wrong(key, value, _TYPE_NAMES[str])
        return value

    def flag(self, key: str) -> bool:
        """Return a boolean."""
        return self._take(key, bool)

    def whole(self, key: str, allowed: range) -> int:
        """Return an integer within a range."""
        value = self._take(key, int)
        if value not in allowed:
            raise self._wrong(key, value, _limits(allowed))
        return value

    def number(self, key: str) -> float:
        """Return an integer or decimal number."""
        return self._as_number(key, self._any(key))

    def wholes(self, key: str, count: int, allowed: range) -> tuple[int, ...]:
        """Return a list of exactly `count` integers within a range."""
        values = self._take(key, list)
        if len(values) != count or any(type(v) is not int or v not in allowed for v in values):
            wanted = _(
                "a list of {count} whole numbers, {limits}", count=count, limits=_limits(allowed)
            )
            raise self._wrong(key, values, wanted)
        return tuple(values)

    def numbers(self, key: str, count: int) -> tuple[float, ...]:
        """Return a list of exactly `count` numbers."""
        return self._as_numbers(key, self._any(key), count)

    def rows(self, key: str, count: int) -> tuple[tuple[float, ...], ...]:
        """Return a square matrix, a list of `count` lists of `count` numbers."""
        rows = self._take(key, list)
        if len(rows) != count:
            raise self._wrong(key, rows, _("{count} rows of {count} numbers", count=count))
        return tuple(self._as_numbers(key, row, count) for row in rows)

    def choice(self, key: str, allowed: Sequence[T]) -> T:
        """Return one of the allowed values."""
        value = self._any(key)
        for option in allowed:
            if type(value) is type(option) and value == option:
                return option
        raise self._wrong(key, value, _("one of {options}", options=", ".join(map(str, allowed))))

    def table(self, key: str) -> StrictTable:
        """Return a nested table."""
        return StrictTable(self._take(key, dict), f"{self._path}{key}.")

    def tables(self, key: str) -> list[StrictTable]:
        """Return a list of nested tables."""
        values = self._take(key, list)
        if not all(isinstance(value, dict) for value in values):
            raise self._wrong(key, values, _("a list of tables"))
        return [
            StrictTable(value, f"{self._path}{key}[{index}].") for index, value in enumerate(values)
        ]

    def done(self) -> None:
        """Refuse the table if it holds a key that nobody asked for: it is most often misspelt."""
        unknown = sorted(set(self._fields) - set(self._asked))
        if unknown:
            known = ", ".join(dict.fromkeys(self._asked))
            raise InputError(
                "unknown key {path}{key}; known keys here: {known}",
                path=self._path,
                key=unknown[0],
                known=known,
            )

    def _any(self, key: str) -> Any:
        self._asked.append(key)
        if key not in self._fields:
            raise InputError("{path}{key} is missing", path=self._path, key=key)
        return self._fields[key]

    def _take(self, key: str, kind: type[T]) -> T:
        value = self._any(key)
        if type(value) is not kind:  # not isinstance: a TOML boolean is no whole number
            raise self._wrong(key, value, _TYPE_NAMES[kind])
        return value

    def _as_number(self, key: str, value: Any) -> float:
        if type(value) not in (int, float):
            raise self._wrong(key, value, _("a number"))
        return float(value)

    def _as_numbers(self, key: str, value: Any, count: int) -> tuple[float, ...]:
        if not isinstance(value, list) or len(value) != count:
            raise self._wrong(key, value, _("a list of {count} numbers", count=count))
        return tuple(self._as_number(key, item) for item in value)

    def _wrong(self, key: str, value: Any, allowed: str) -> InputError:
        return InputError(
            "{path}{key} is {value}; it takes {allowed}",
            path=self._path,
            key=key,
            value=reprlib.repr(value),
            allowed=allowed,
        )


def _limits(allowed: range) -> Message:
    return _("{low} to {high}", low=allowed.start, high=allowed.stop - 1)
