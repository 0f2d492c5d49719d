"""Evidence as pictures: the photo, the class-activation overlay, and both with a caption."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from edgetlc.errors import ImageError
from edgetlc.files import write_bytes
from edgetlc.results.fonts import chinese_font, drawable, load_font
from edgetlc.results.icons import icon_name, icon_picture
from edgetlc.results.records import RunInfo
from edgetlc.results.safe_text import ANNOTATED_SUFFIX, OVERLAY_SUFFIX, picture_name, visible
from edgetlc.results.wording import KNOWN_BY, ROLES, STATUS, UNKNOWN, percent, percent_needed
from edgetlc.runtime.contract import Geometry
from edgetlc.runtime.overlay import overlay
from edgetlc.runtime.pixels import decode
from edgetlc.runtime.prediction import NOT_SURE_EN, NOT_SURE_ZH, Prediction

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
    """Return a photo and its overlay at a size for people.

    The network saw a small version; this decodes the photo again.

    Args:
        prediction: with its arrays.
        content: the photo's bytes.
        geometry: of the bundle's pixel contract.
        side: longest side of each picture, in pixels.
    """
    try:
        pixels = decode(content, side).pixels
    except ImageError:  # too large to decode at this size, yet not at the network's
        pixels, geometry = prediction.pixels, "squash"
    shown = Image.fromarray(pixels)
    shown.thumbnail((side, side), Image.Resampling.BOX)
    return Evidence(shown, overlay(np.asarray(shown), prediction.evidence, geometry))


def write_overlay(folder: Path, prediction: Prediction, seen: Evidence) -> Path:
    """Write the overlay to `folder` as a PNG file."""
    stream = io.BytesIO()
    seen.overlay.save(stream, "PNG", compress_level=4)
    path = folder / picture_name(prediction.file, OVERLAY_SUFFIX)
    write_bytes(path, stream.getvalue())
    return path


def write_annotated(folder: Path, prediction: Prediction, seen: Evidence, run: RunInfo) -> Path:
    """Write the annotated picture to `folder` as a JPEG file."""
    stream = io.BytesIO()
    annotated(prediction, seen, run).save(stream, "JPEG", quality=92, subsampling=0)
    path = folder / picture_name(prediction.file, ANNOTATED_SUFFIX)
    write_bytes(path, stream.getvalue())
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
    height = top + max(sum(_line_height(size) for size, _, _ in lines), _SIGN) + _MARGIN
    canvas = Image.new("RGB", (width + 2 * _MARGIN, height), _WHITE)
    canvas.paste(seen.photo, (_MARGIN, _MARGIN))
    canvas.paste(seen.overlay, (_MARGIN + seen.photo.width + _GAP, _MARGIN))
    name = icon_name(prediction.decision, prediction.label.role)
    sign = icon_picture(name, _SIGN, _COLOURS[name])
    canvas.paste(sign, (_MARGIN, top), sign)
    draw = ImageDraw.Draw(canvas)
    y = top
    for size, colour, text in lines:
        draw.text((left, y), text, fill=colour, font=load_font(size))
        y += _line_height(size)
    return canvas


def _line_height(size: int) -> int:
    return round(1.4 * size)


def _caption(p: Prediction, run: RunInfo) -> list[tuple[int, tuple[int, int, int], str]]:
    """Return lines of the caption as size, colour and text."""
    chinese = chinese_font() is not None

    def words(zh: str, en: str) -> str:
        return " ".join(dict.fromkeys(w for w in ((zh if chinese else ""), en) if w))

    label, runner_up = words(p.label.zh, p.label.en), words(p.runner_up.zh, p.runner_up.en)
    colour = _COLOURS[icon_name(p.decision, p.label.role)]
    if p.decision == "not_sure":
        head = [(_LARGE, colour, words("", NOT_SURE_EN))]
        head += [(_LARGE, colour, NOT_SURE_ZH)] if chinese else []
        head += [(_TEXT, _INK, f"{words('最可能', 'most likely')}: {label}")]
    else:
        role = words(*ROLES[p.label.role])
        head = [(_LARGE, colour, f"{label} - {role}" if role else label)]
    confidence = f"{words('置信度', 'confidence')} {percent(p.confidence)}"
    needed = f"{words('需要', 'needed')} {percent_needed(p.needed)}"
    second = f"{words('次选', 'runner-up')} {runner_up} {percent(p.runner_up_confidence)}"
    by = f" ({words(*KNOWN_BY[p.camera.by])})" if p.camera.by else ""
    camera = f"{words('设备', 'camera')} {p.camera.camera or words(*UNKNOWN)}{by}"
    verified = f"{words('验证', 'verification')} {words(*STATUS[p.verified])}"
    cautions = [
        (_TEXT, _COLOURS["counterfeit"], f"! {text}")
        for caution in p.cautions
        for text in ((caution.zh,) if chinese else ()) + (caution.en,)
    ]
    right = words(
        "右图：模型作出判断的依据，红色最强", "right: where the network saw it, strongest in red"
    )
    source = f"{Path(p.file).name} · {run.model} · {run.engine} · {run.bundle[:16]}"
    return [
        *head,
        (_TEXT, _INK, f"{confidence} ({needed}) · {second}"),
        (_TEXT, _INK, f"{camera} · {verified}"),
        *cautions,
        (_SMALL, _PALE, right),
        (_SMALL, _PALE, source),
    ]


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
