"""Names that people get wrong or cannot tell apart: of classes, and of files that tell of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from pathlib import Path

from edgetlc.errors import InputError
from edgetlc.locale import Message, _, some_of
from edgetlc.runtime.photo_files import Aside, entries_of

_UNSEEN = ("Cc", "Cf", "Zl", "Zp", "Zs")  # control, format (zero-width), separators


def refuse_lookalikes(names: Iterable[str]) -> None:
    """Refuse names that differ only in case, blanks, characters that do not show, or composition.

    Raises:
        InputError: there are two such; it says what differs.
    """
    seen: dict[str, str] = {}
    for name in sorted(set(names)):
        other = seen.setdefault(skeleton(name), name)
        if other != name:
            raise InputError(
                "classes {one!r} and {other!r} differ only in {what}; give them one name",
                one=other,
                other=name,
                what=_difference(other, name),
            )


def nearest(name: str, known: Collection[str]) -> Message:
    """Return which class was most likely meant by a name that none has."""
    for one in known:
        if skeleton(one) == skeleton(name):
            return _("{near!r} differs in {what}", near=one, what=_difference(name, one))
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return _("did you mean {near!r}?", near=near[0])
    return _("there are {known}", known=some_of(sorted(known)))


def refuse_misnamed(path: Path) -> None:
    """Refuse to go on without a file that is there under a name nearly right.

    Other capitals are one such; a suffix too many is another, which Windows hides: what looks like
    `classes.toml` there is `classes.toml.txt`.

    Raises:
        InputError: the file is not there, but one that was surely meant for it.
    """
    meant = (path.name, f"{path.name}.txt", f"{path.name}{path.suffix}")
    below = [] if path.is_file() else entries_of(path.parent)
    for there in () if isinstance(below, Aside) else below:
        if there.name.casefold() in meant and there.is_file():
            raise InputError(
                "{there} is not read; name it {name}, or move it away", there=there, name=path.name
            )


def skeleton(name: str) -> str:
    """Return what people see of a name, whatever its case."""
    composed = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(c for c in composed if unicodedata.category(c) not in _UNSEEN)


def _difference(one: str, other: str) -> Message:
    """Return in what two names of one skeleton differ."""
    if one.casefold() == other.casefold():
        return _("small and capital letters")
    if "".join(one.split()) == "".join(other.split()):
        return _("blanks")
    apart = sorted(set(one) ^ set(other))
    points = ", ".join(f"U+{ord(c):04X}" for c in apart)
    return _("characters that look alike or do not show ({points})", points=points)
