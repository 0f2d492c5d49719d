"""Icons that tell decisions apart by their shape alone, on a screen, in print and in a picture.

    genuine      a circle with a check mark
    counterfeit  an octagon with a cross
    answer       a square with a check mark: an answer with a label that is neither
    not_sure     a diamond with a question mark
    unreadable   a triangle with an exclamation mark

An icon is an outline and the strokes in it, in a square of side 100, y down.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image, ImageDraw

Point = tuple[float, float]
Line = tuple[Point, ...]


@dataclass(frozen=True)
class Icon:
    """An outline, which is closed, and open strokes in it."""

    outline: Line
    strokes: tuple[Line, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """Everything to draw, as open lines; the outline overlaps itself, so that it has no gap."""
        return ((*self.outline, *self.outline[:2]), *self.strokes)


def icon_name(decision: str, role: str = "unspecified") -> str:
    """Return which icon a decision on a class of this role has."""
    if decision == "answer":
        return role if role in ("genuine", "counterfeit") else "answer"
    return decision


def _arc(x: float, y: float, radius: float, start: float, end: float, corners: int) -> Line:
    """Return points on a circle, from and to these angles in degrees, clockwise from the right."""
    angles = (math.radians(start + (end - start) * i / corners) for i in range(corners + 1))
    return tuple(
        (round(x + radius * math.cos(a), 1), round(y + radius * math.sin(a), 1)) for a in angles
    )


_CHECK: Line = ((28, 52), (44, 68), (73, 36))
_CROSS: tuple[Line, ...] = (((34, 34), (66, 66)), ((66, 34), (34, 66)))
_QUESTION: tuple[Line, ...] = ((*_arc(50, 41, 13, -180, 90, 14), (50, 60)), ((50, 69), (50, 78)))
_EXCLAMATION: tuple[Line, ...] = (((50, 34), (50, 62)), ((50, 73), (50, 82)))

ICONS: Mapping[str, Icon] = {
    "genuine": Icon(_arc(50, 50, 44, 0, 360, 48)[:-1], (_CHECK,)),
    "counterfeit": Icon(_arc(50, 50, 47, 22.5, 382.5, 8)[:-1], _CROSS),
    "answer": Icon(((10, 10), (90, 10), (90, 90), (10, 90)), (_CHECK,)),
    "not_sure": Icon(((50, 2), (98, 50), (50, 98), (2, 50)), _QUESTION),
    "unreadable": Icon(((50, 6), (97, 92), (3, 92)), _EXCLAMATION),
}


def icon_picture(name: str, side: int, colour: tuple[int, int, int]) -> Image.Image:
    """Return one of `ICONS` as an RGBA picture of side x side pixels on nothing."""
    fine = 4 * side  # Pillow's lines are not smooth; drawn larger and reduced they are
    mask = Image.new("L", (fine, fine))
    draw = ImageDraw.Draw(mask)
    for line in ICONS[name].lines:
        points = [(x * fine / 100, y * fine / 100) for x, y in line]
        draw.line(points, fill=255, width=fine // 11, joint="curve")
    picture = Image.new("RGBA", (side, side), colour)
    picture.putalpha(mask.reduce(4))
    return picture
