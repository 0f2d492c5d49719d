"""Templates to pages: whatever is printed is escaped, and a message stands in both languages.

write_page(Path("report.html"), "search.html.jinja", result=result)
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

import edgetlc
from edgetlc.devices.camera import UNKNOWN_CAMERA
from edgetlc.devices.profiles import Cameras
from edgetlc.files import whole_file
from edgetlc.locale import LANGUAGES, Language, Message, _, in_both, n_, p_, said, spoken, visible
from edgetlc.results.icons import ICONS
from edgetlc.results.pictures import jpeg
from edgetlc.results.wording import percent, percent_given, percent_needed
from edgetlc.runtime.classes import ClassInfo

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_BUFFERED = 200  # expressions of a template that are written at once
_LONGEST = 200  # characters of one value


def write_page(path: Path, template: str, language: Language | None = None, **values: Any) -> None:
    """Write a page, whole or not at all, piece by piece; replaces an older one.

    It opens in `language`, or in the one that this process speaks. Where a value is an iterator,
    its items need not fit in memory together.
    """
    with whole_file(path) as stream:
        for piece in page(template, language, **values):
            stream.write(piece.encode("utf-8", "replace"))


def page(template: str, language: Language | None = None, **values: Any) -> Iterator[str]:
    """Yield the pieces of a page; arguments as of `write_page`."""
    stream = environment().get_template(template).stream(language=language or spoken(), **values)
    stream.enable_buffering(_BUFFERED)
    return iter(stream)


@cache
def environment() -> Environment:
    """Return what fills the templates; a name that a template misspells is an error."""
    found = Environment(
        loader=PackageLoader("edgetlc.pages", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printed,
    )
    found.globals |= {"_": _, "n_": n_, "p_": p_, "ICONS": ICONS, "POLICY": POLICY}
    found.globals |= {"version": edgetlc.__version__, "bilingual": bilingual}
    for change in (percent, percent_given, percent_needed, plain, tspans, picture, leaves):
        found.filters[change.__name__] = change
    found.filters["nearest"] = "{:.2%}".format
    found.filters["points"] = lambda line: " ".join(f"{x:g},{y:g}" for x, y in line)
    return found


def _printed(value: Any) -> Any:
    """Return what stands for a value: a dash for what is not known, one line for any text."""
    if value is None:
        return "–"
    return visible(value) if type(value) is str else value


def bilingual(en: str, zh: str) -> Markup:
    """Return a name that comes in both languages, such as a class's."""
    return Markup(in_both(en, zh))  # noqa: S704 - escaped there


@dataclass(frozen=True)
class Names:
    """What cameras and classes are called; cameras are the standard's unless given."""

    cameras: Cameras = field(default_factory=Cameras.load)
    classes: Sequence[ClassInfo] = ()

    def camera(self, id_: str | None) -> Markup | Message | str:
        """Return a camera's name; its id where no profile tells."""
        if id_ in (None, UNKNOWN_CAMERA):
            return p_("camera", "unknown")
        if id_ not in self.cameras:
            return id_
        profile = self.cameras.get(id_)
        return bilingual(profile.en, profile.zh)

    def label(self, name: str | None) -> Markup | str | None:
        """Return a class's labels, with its folder's name where neither is that."""
        info = next((info for info in self.classes if info.name == name), None)
        if info is None:
            return name
        labels = bilingual(info.en, info.zh)
        return labels if name in (info.zh, info.en) else Markup("{} ({})").format(labels, name)


def tspans(message: Message) -> Markup:
    """Return a message for an SVG `<text>`."""
    pair = message.translated("en"), message.translated("zh")
    return Markup(in_both(*pair, tag="tspan"))  # noqa: S704 - escaped there


def plain(text: Any) -> str:
    """Return a text in both languages for an attribute or a `<title>`, which hold no elements."""
    return " · ".join(dict.fromkeys(visible(str(said(text, at))) for at in LANGUAGES))


def picture(image: Image.Image | bytes) -> str:
    """Return an image, or a JPEG file, as a `data:` address."""
    content = image if isinstance(image, bytes) else jpeg(image)
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode('ascii')}"


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield the values of nested tables, named by their paths, each at most 200 characters long."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, f"{name}.{key}" if name else str(key))
        return
    text = "–" if value is None else str(value)
    yield name, text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
