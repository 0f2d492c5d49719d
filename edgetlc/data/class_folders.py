"""A photo folder `<class>/<file>`: what it holds, and what it holds besides."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from edgetlc.data.photos import Photo
from edgetlc.locale import _
from edgetlc.runtime.photo_files import Aside, entries_of, hidden, judged, photos_in

MANIFEST_FILE = "manifest.csv"
"""A photo folder that holds a file of this name is described by it."""


@dataclass(frozen=True)
class ClassFolders:
    """What lies in a photo folder; `empty` are the classes without a photo."""

    photos: tuple[Photo, ...]
    aside: tuple[Aside, ...]
    empty: tuple[str, ...]


def read_class_folders(root: Path) -> ClassFolders:
    """Return the photos of the class folders in `root`, and all that is set aside there.

    A class folder may be a link. Beside the class folders only photos are looked for: what else
    lies there, such as `classes.toml`, belongs there.
    """
    photos: list[Photo] = []
    aside: list[Aside] = []
    empty: list[str] = []
    below = entries_of(root.absolute())
    if isinstance(below, Aside):
        return ClassFolders((), (below,), ())
    for place in below:
        if passed := hidden(place):
            aside.append(passed)
        elif place.is_dir():
            held = photos_in(place)
            aside += held.aside
            photos += (Photo(file, place.name) for file in held.photos)
            if not held.photos:
                empty.append(place.name)
        elif (passed := judged(place)) is None:
            aside.append(Aside(place, _("a photo in no class folder"), "warning"))
        elif passed.severity == "error":
            aside.append(passed)
    return ClassFolders(tuple(photos), tuple(aside), tuple(empty))


def not_listed(photos: Collection[Photo], listed: Collection[Photo]) -> list[Aside]:
    """Return the photos in class folders that the folder's own manifest does not list."""
    known = {photo.path for photo in listed}
    reason = _("not listed in the folder's {manifest}", manifest=MANIFEST_FILE)
    return [Aside(photo.path, reason, "warning") for photo in photos if photo.path not in known]
