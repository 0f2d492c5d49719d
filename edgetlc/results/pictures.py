"""Evidence as pictures: the photo, the class-activation overlay, and both with a caption."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from edgetlc.devices.profiles import CameraProfile
from edgetlc.errors import ImageError
from edgetlc.files import whole_file, write_bytes
from edgetlc.locale import Language, _, visible
from edgetlc.results.fonts import chinese_font, drawable, load_font
from edgetlc.results.icons import icon_name, icon_picture
from edgetlc.results.records import RunInfo, record
from edgetlc.results.safe_text import picture_name
from edgetlc.results.wording import NOT_SURE, ROLE_NAMES, both, circumstances, remarks
from edgetlc.runtime.classifier import Classifier
from edgetlc.runtime.contract import Geometry
from edgetlc.runtime.overlay import overlay
from edgetlc.runtime.photo_files import ANNOTATED_SUFFIX, OVERLAY_SUFFIX
from edgetlc.runtime.pixels import decode
from edgetlc.runtime.prediction import Prediction

SIDE = 640
"""Longest side of each picture in pixels."""
_MARGIN, _GAP, _SIGN, _NARROWEST = 24, 12, 96, 900
_LARGE, _TEXT, _SMALL = 34, 20, 16  # pixels
_LONGEST = 400  # characters of one text of the caption
_WHITE, _INK, _PALE = (255, 255, 255), (17, 17, 17), (90, 90, 90)
_COLOURS = {
    "genuine": (22, 101, 52),
    "counterfeit": (179, 38, 30),
    "answer": (29, 78, 137),
    "not_sure": (138, 90, 0),
}


@dataclass(frozen=True)
class Evidence:
    """The upright photo, and the same with its class-activation map laid over it."""

    photo: Image.Image
    overlay: Image.Image


def evidence(
    prediction: Prediction, content: bytes, geometry: Geometry, side: int = SIDE
) -> Evidence:
    """Return a photo, decoded again, and its overlay; `side` is the longest, in pixels."""
    try:
        pixels = decode(content, side).pixels
    except ImageError:  # too large to decode at this size, yet not at the network's
        pixels, geometry = prediction.pixels, "squash"
    shown = Image.fromarray(pixels)
    shown.thumbnail((side, side), Image.Resampling.BOX)
    return Evidence(shown, overlay(np.asarray(shown), prediction.evidence, geometry))


@dataclass(frozen=True)
class PhotoSheet:
    """What a report says of one photo."""

    camera: CameraProfile | None  # that took it; None where it is unknown
    simulated: bool  # whether edgetlc itself rendered the photo
    sha256: str  # of the photo's file, 64 hexadecimal digits
    photo: bytes  # JPEG files of the upright photo, without and with its class-activation map
    overlay: bytes


def photo_sheet(
    classifier: Classifier, prediction: Prediction, content: bytes, seen: Evidence
) -> PhotoSheet:
    """Return the sheet of a photo, `content`, to which a classifier answered."""
    camera = prediction.camera.camera
    return PhotoSheet(
        camera=None if camera is None else classifier.cameras.get(camera),
        simulated=prediction.camera.simulated,
        sha256=hashlib.sha256(content).hexdigest(),
        photo=jpeg(seen.photo),
        overlay=jpeg(seen.overlay),
    )


def jpeg(image: Image.Image, quality: int = 85, subsampling: int = 2) -> bytes:
    """Return an image as a JPEG file; `subsampling` 0 keeps coloured text sharp."""
    stream = io.BytesIO()
    image.convert("RGB").save(stream, "JPEG", quality=quality, subsampling=subsampling)
    return stream.getvalue()


def write_overlay(folder: Path, prediction: Prediction, seen: Evidence) -> Path:
    """Write the overlay to `folder` as a PNG file."""
    path = folder / picture_name(prediction.file, OVERLAY_SUFFIX)
    with whole_file(path) as stream:
        seen.overlay.save(stream, "PNG", compress_level=4)
    return path


def write_annotated(folder: Path, prediction: Prediction, seen: Evidence, run: RunInfo) -> Path:
    """Write the annotated picture to `folder` as a JPEG file."""
    path = folder / picture_name(prediction.file, ANNOTATED_SUFFIX)
    write_bytes(path, jpeg(annotated(prediction, seen, run), quality=92, subsampling=0))
    return path


def annotated(prediction: Prediction, seen: Evidence, run: RunInfo) -> Image.Image:
    """Return photo and overlay side by side, and below them what was answered.

    The caption is in Chinese and English where the system has a font with Chinese characters, in
    English elsewhere; a character that the font lacks is written as `?`.
    """
    width = max(2 * seen.photo.width + _GAP, _NARROWEST)
    left = _MARGIN + _SIGN + 2 * _GAP
    lines = [
        (size, colour, piece)
        for size, colour, text in _caption(prediction, run)
        for piece in _wrapped(text, load_font(size), _MARGIN + width - left)
    ]
    top = _MARGIN + seen.photo.height + 2 * _GAP
    *starts, end = accumulate((round(1.4 * size) for size, _, _ in lines), initial=top)
    height = max(end, top + _SIGN) + _MARGIN
    canvas = Image.new("RGB", (width + 2 * _MARGIN, height), _WHITE)
    canvas.paste(seen.photo, (_MARGIN, _MARGIN))
    canvas.paste(seen.overlay, (_MARGIN + seen.photo.width + _GAP, _MARGIN))
    name = icon_name(prediction.decision, prediction.label.role)
    sign = icon_picture(name, _SIGN, _COLOURS[name])
    canvas.paste(sign, (_MARGIN, top), sign)
    draw = ImageDraw.Draw(canvas)
    for y, (size, colour, text) in zip(starts, lines, strict=True):
        draw.text((left, y), text, fill=colour, font=load_font(size))
    return canvas


def _caption(p: Prediction, run: RunInfo) -> list[tuple[int, tuple[int, int, int], str]]:
    """Return lines of the caption as size, colour and text."""
    chinese = chinese_font() is not None
    languages: tuple[Language, ...] = ("zh", "en") if chinese else ("en",)
    one = record(p) if chinese else {**record(p), "zh": "", "runner_up_zh": ""}
    colour, red = _COLOURS[icon_name(p.decision, p.label.role)], _COLOURS["counterfeit"]
    if p.decision == "not_sure":
        lines = [(_LARGE, colour, NOT_SURE.translated(language)) for language in languages]
    else:
        role = ROLE_NAMES.get(p.label.role)
        roles = " ".join(role.translated(language) for language in languages) if role else ""
        label = both(one["zh"], one["en"])
        lines = [(_LARGE, colour, f"{label} - {roles}" if roles else label)]
    where = _("right: where the network saw it, strongest in red")
    for language in languages:
        told = " · ".join(message.translated(language) for message in circumstances(one))
        lines += [(_TEXT, _INK, told)]
        lines += [(_TEXT, red, line.translated(language)) for line in remarks(one, language)]
        lines += [(_SMALL, _PALE, where.translated(language))]
    origin = f"{Path(p.file).name} · {run.model} · {run.engine} · {run.bundle[:16]}"
    return [*lines, (_SMALL, _PALE, origin)]


def _wrapped(text: str, font: Any, width: float) -> Sequence[str]:
    """Return text in lines of at most `width` pixels, broken at spaces, else anywhere."""
    rest = drawable(font, visible(text[:_LONGEST] + ("..." if len(text) > _LONGEST else "")))
    advance = {c: font.getlength(c) for c in set(rest)}
    lines: list[str] = []
    while True:
        used = accumulate(advance[c] for c in rest)
        fitting = next((n for n, end in enumerate(used) if end > width), len(rest))
        if fitting == len(rest):
            return [*lines, rest]
        space = rest.rfind(" ", 0, fitting + 1)
        cut = space if space > fitting // 2 else max(fitting, 1)
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
