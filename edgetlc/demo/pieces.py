"""The invented herb pieces of the demo: what a slice of each kind looks like.

A kind is told by its outline and by the texture of its cut face, never by its colour: hue,
lightness, contrast, size and pose are drawn from the same distributions for every kind, and the
texture is brought to zero mean and unit deviation. The counterfeit has the outline of kind A and
another texture, as where a root with growth rings is sold for one with rays.

Vocabulary:
    outline  distance of the edge from the centre over the angle, with mean square 1
    face     the cut surface, described in polar coordinates (`Face`)
    texture  the pattern of the face that makes its kind
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgetlc.demo.noise import Field, smooth_noise, smoothstep
from edgetlc.runtime.classes import ClassInfo

Outline = Literal["round", "scalloped", "elongated"]
Texture = Literal["rays", "rings", "spots", "fibres"]

_ANGLES = 1024
"""Steps of the outline's table of radii."""


@dataclass(frozen=True)
class Kind:
    """One invented kind of piece, of which the demo draws so many photos."""

    info: ClassInfo
    number: int
    photos: int
    outline: Outline
    texture: Texture

    @property
    def code(self) -> str:
        """Its 16 digits in the standard's file name; no real material's begin with 9999."""
        return f"9999{self.number:012}"


KINDS = (
    Kind(ClassInfo("demo-a", "演示饮片甲", "demo piece A", "genuine"), 1, 100, "round", "rays"),
    Kind(
        ClassInfo("demo-b", "演示饮片乙", "demo piece B", "genuine"), 2, 250, "scalloped", "spots"
    ),
    Kind(
        ClassInfo("demo-c", "演示饮片丙", "demo piece C", "genuine"), 3, 150, "elongated", "fibres"
    ),
    Kind(
        ClassInfo("demo-x", "演示伪品（仿甲）", "demo counterfeit of A", "counterfeit"),
        4,
        201,
        "round",
        "rings",
    ),
)
"""Three genuine kinds and a counterfeit, with the photo counts of the standard's Annex A."""


@dataclass(frozen=True)
class Piece:
    """One slice on the table.

    Attributes:
        x, y: centre in pixels.
        radius: pixels; a disc of this radius has the slice's area.
        angle: rotation in radians.
        colour: (R, G, B) of the light part of the face, 0..1.
        contrast: amplitude of the texture, 0..1.
    """

    x: float
    y: float
    radius: float
    angle: float
    colour: tuple[float, float, float]
    contrast: float
    seed: int


@dataclass(frozen=True)
class Face:
    """Coordinates of a slice's patch, float32[h, w] each.

    Attributes:
        angle: radians in the slice's own frame.
        distance: from the centre, in radii.
        rim: distance from the centre over the edge's distance; 1 on the outline.
    """

    angle: Field
    distance: Field
    rim: Field
    radius: float


@dataclass(frozen=True)
class Patch:
    """A drawn slice, whose first pixel lies at (left, top) in the photo.

    Attributes:
        colour: float32[h, w, 3], 0..1, already lit.
        cover: float32[h, w], share of the pixel that the slice covers.
    """

    left: int
    top: int
    colour: Field
    cover: Field


def draw_piece(kind: Kind, piece: Piece, light: tuple[float, float]) -> Patch:
    """Draw one slice; `light` is the (x, y) direction towards the light, length up to 1."""
    rng = np.random.default_rng(piece.seed)
    radii = outline(kind.outline, rng)
    reach = int(np.ceil(piece.radius * float(radii.max()))) + 2
    left, top = round(piece.x) - reach, round(piece.y) - reach
    face, cover = _face(piece, radii, reach, piece.x - left, piece.y - top)
    pattern = _standardised(texture(kind.texture, face, rng), face)
    return Patch(left, top, _paint(piece, face, pattern, light, rng), cover)


def outline(shape: Outline, rng: np.random.Generator) -> Field:
    """Return the radii of an outline at equal steps of the angle, float32[1024], mean square 1."""
    angle = np.linspace(0, 2 * np.pi, _ANGLES, endpoint=False)
    radii = np.ones(_ANGLES)
    if shape == "elongated":
        aspect = rng.uniform(1.9, 2.6)
        radii = 1 / np.hypot(np.cos(angle) / aspect**0.5, np.sin(angle) * aspect**0.5)
    elif shape == "scalloped":
        lobes, phase = int(rng.integers(6, 10)), rng.uniform(0, 2 * np.pi)
        warped = angle + 0.12 * np.sin(angle + phase) + 0.06 * np.sin(2 * angle + 3 * phase)
        radii = 1 + rng.uniform(0.2, 0.28) * np.abs(np.cos(lobes * warped / 2)) ** 0.8
    for order in range(2, 9):
        wave = np.cos(order * angle + rng.uniform(0, 2 * np.pi))
        radii = radii * (1 + rng.normal(0, 0.035 / order**0.7) * wave)
    scaled: Field = (radii / np.sqrt(np.mean(radii**2))).astype(np.float32)
    return scaled


def _face(piece: Piece, radii: Field, reach: int, x: float, y: float) -> tuple[Face, Field]:
    """Return the polar coordinates of a patch of side 2 x reach and the slice's cover."""
    side = np.arange(2 * reach + 1, dtype=np.float32)
    dx, dy = side[None, :] - np.float32(x), side[:, None] - np.float32(y)
    angle = np.arctan2(dy, dx) - np.float32(piece.angle)
    distance = np.hypot(dx, dy) / np.float32(piece.radius)
    step = (angle * np.float32(_ANGLES / (2 * np.pi))).astype(np.int32) % _ANGLES
    edge = radii[step]
    cover = np.clip((edge - distance) * np.float32(piece.radius) + 0.5, 0, 1)
    return Face(angle, distance, distance / edge, piece.radius), cover


def texture(pattern: Texture, face: Face, rng: np.random.Generator) -> Field:
    """Return the pattern of a face, float32[h, w], of any mean and scale."""
    return {"rays": _rays, "rings": _rings, "spots": _spots, "fibres": _fibres}[pattern](face, rng)


def _rays(face: Face, rng: np.random.Generator) -> Field:
    """Lines from the centre to the rim, unevenly spaced and long, as the rays of a root."""
    warp = 0.35 * _wobble(face, rng, 0.4)
    for order in (1, 2, 3):
        wave = np.sin(order * face.angle + np.float32(rng.uniform(0, 2 * np.pi)))
        warp += np.float32(rng.normal(0, 0.5)) * wave
    rays = np.cos(int(rng.integers(12, 17)) * face.angle + warp)
    return _sharpened(rays) * smoothstep(0.03, 0.3, face.distance)


def _rings(face: Face, rng: np.random.Generator) -> Field:
    """Closed lines around the centre, as growth rings or anomalous vascular rings."""
    turns = rng.uniform(3.2, 4.4) * face.rim + rng.uniform(0, 1)
    turns += 0.11 * _wobble(face, rng, 0.5) + 0.12 * np.sin(5 * face.rim + rng.uniform(0, 6))
    return _sharpened(np.cos((2 * np.pi * turns).astype(np.float32)))


def _spots(face: Face, rng: np.random.Generator) -> Field:
    """Scattered round spots, as oil cavities or scattered bundles."""
    count = int(rng.integers(26, 40))
    order = np.arange(count)
    place = np.sqrt((order + 0.5) / count) * 0.86
    turn = order * np.pi * (3 - 5**0.5) + rng.uniform(0, 2 * np.pi)
    x = place * np.cos(turn) + rng.normal(0, 0.04, count)
    y = place * np.sin(turn) + rng.normal(0, 0.04, count)
    size = rng.uniform(0.05, 0.085, count)
    u, v = face.rim * np.cos(face.angle), face.rim * np.sin(face.angle)
    nearest = np.full_like(face.rim, 9)
    for i in range(count):
        squared = (u - np.float32(x[i])) ** 2 + (v - np.float32(y[i])) ** 2
        np.minimum(nearest, squared * np.float32(1 / size[i] ** 2), out=nearest)
    return 1 - smoothstep(0.3, 2.6, nearest + 0.25 * _wobble(face, rng, 0.06))


def _fibres(face: Face, rng: np.random.Generator) -> Field:
    """Wavy lines along the slice, as the fibres of a stem cut aslant."""
    across = face.distance * np.sin(face.angle)
    along = face.distance * np.cos(face.angle)
    lines = rng.uniform(5.2, 6.6) * across + rng.uniform(0, 1)
    bend = 0.28 * _wobble(face, rng, 0.6) + rng.uniform(-0.4, 0.4) * along**2
    return _sharpened(np.cos((2 * np.pi * (lines + bend)).astype(np.float32)))


def _sharpened(wave: Field) -> Field:
    """Return the wave with narrow crests and wide troughs, as lines on a ground."""
    return (0.5 + 0.5 * wave) ** np.float32(1.6)


def _wobble(face: Face, rng: np.random.Generator, cell: float) -> Field:
    """Return smooth noise over the face; `cell` is its bump width in radii."""
    return smooth_noise(rng, face.rim.shape, max(2.0, cell * face.radius))


def _standardised(pattern: Field, face: Face) -> Field:
    """Return the pattern with mean 0 and deviation 1 on the face, limited to two deviations."""
    inside = pattern[face.rim < 1]
    scaled: Field = (pattern - inside.mean()) / (inside.std() + np.float32(1e-6))
    return scaled.clip(-2, 2)


def _paint(
    piece: Piece, face: Face, pattern: Field, light: tuple[float, float], rng: np.random.Generator
) -> Field:
    """Return the lit colours of a face, float32[h, w, 3]."""
    mottle, grain = _wobble(face, rng, 0.5), _wobble(face, rng, 0.0)
    worn = pattern * (0.85 + 0.25 * _wobble(face, rng, 0.25))
    tone = 0.5 - piece.contrast * 0.5 * worn + 0.09 * mottle + 0.07 * grain
    bark = smoothstep(0.9, 0.96, face.rim + 0.012 * grain) * np.float32(rng.uniform(0.3, 0.7))
    tone = np.clip(tone, 0, 1) * (1 - bark)
    dome = np.sqrt(np.clip(1 - face.rim**8, 0, 1)) * np.float32(0.12 * piece.radius)
    height = dome - worn * np.float32(piece.contrast) + grain * np.float32(0.3)
    down, right = np.gradient(height)
    shade = 1 - np.clip(0.17 * (right * light[0] + down * light[1]), -0.35, 0.35)
    bright = np.asarray(piece.colour, dtype=np.float32)
    dark = bright * np.array([0.4, 0.3, 0.22], dtype=np.float32)
    lit = (dark + (bright - dark) * tone[..., None]) * shade[..., None]
    colours: Field = np.clip(lit, 0, 1).astype(np.float32)
    return colours
