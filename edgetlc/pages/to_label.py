"""The photos that somebody has to look at, without a word of what was answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from edgetlc.devices.profiles import Cameras
from edgetlc.locale import Message
from edgetlc.pages.gallery import pixels_of
from edgetlc.pages.render import Names
from edgetlc.pages.render import write_page as write
from edgetlc.parity.store import PhotoRow
from edgetlc.runtime.bundle import Bundle

SIDE = 720
"""Longest side of a picture in pixels: to be judged by eye."""


def write_page(path: Path, photos: Sequence[PhotoRow], bundle: Bundle, cameras: Cameras) -> None:
    """Write the photos as one HTML file, whole or not at all; replaces an older one."""
    names = Names(cameras, bundle.manifest.classes)
    write(
        path,
        "to_label.html.jinja",
        photos=_pictured(photos),
        count=len(photos),
        simulated=any(photo.simulated for photo in photos),
        classes=bundle.manifest.classes,
        camera_name=names.camera,
        class_name=names.label,
    )


def _pictured(
    photos: Sequence[PhotoRow],
) -> Iterator[tuple[PhotoRow, Image.Image | None, Message | None]]:
    """Yield photos with their pictures or why there is none, one at a time in memory."""
    for photo in photos:
        pixels = pixels_of(photo.path, photo.sha256, SIDE)
        if isinstance(pixels, Message):
            yield photo, None, pixels
            continue
        image = Image.fromarray(pixels)
        image.thumbnail((SIDE, SIDE))
        yield photo, image, None
