"""A photo's scene: one to three slices on a table, lit from one side.

`plan` decides everything that varies, from distributions that are the same for every kind; `draw`
turns the plan into pixels. A `Look` is what the slices of one batch have in common.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from edgetlc.demo.noise import Field, smooth_noise
from edgetlc.demo.pieces import Kind, Patch, Piece, draw_piece

Ground = Literal["paper", "wood", "cloth", "stone"]

_RADIUS = {1: (0.32, 0.4), 2: (0.25, 0.29), 3: (0.2, 0.23)}
"""Range of a slice's radius by the number of slices, in short sides of the photo."""
_MARGIN = 1.1
"""Least distance of a slice's centre from the photo's edge, in radii."""
_GAP = 1.15
"""Distance of two centres that is enough, in sums of the radii."""
_LAYOUTS = 200


@dataclass(frozen=True)
class Look:
    """Colour of a batch: hue in degrees, saturation and lightness 0..1 of the cut face."""

    hue: float
    saturation: float
    lightness: float


@dataclass(frozen=True)
class Scene:
    """Everything that makes one photo.

    Attributes:
        size: (width, height) in pixels.
        ground_colour: its (R, G, B), 0..1.
        light: (x, y) direction towards the light, length 0.5 to 1.
        falloff: relative loss of light from the lit side to the far side, 0..0.5.
        shadow: darkness of the cast shadow, 0..1.
    """

    kind: Kind
    pieces: tuple[Piece, ...]
    size: tuple[int, int]
    ground: Ground
    ground_colour: tuple[float, float, float]
    light: tuple[float, float]
    falloff: float
    shadow: float
    seed: int


def plan(kind: Kind, look: Look, rng: np.random.Generator, short_side: int = 480) -> Scene:
    """Return a random scene; nothing but `kind` itself depends on the kind."""
    size = (short_side * 4 // 3, short_side)
    if rng.random() < 0.5:
        size = (size[1], size[0])
    turn = rng.uniform(0, 2 * np.pi)
    strength = rng.uniform(0.5, 1)
    ground = get_args(Ground)[int(rng.integers(4))]
    return Scene(
        kind=kind,
        pieces=_lay(look, size, rng),
        size=size,
        ground=ground,
        ground_colour=_ground_colour(ground, rng),
        light=(float(strength * np.cos(turn)), float(strength * np.sin(turn))),
        falloff=float(rng.uniform(0, 0.45)),
        shadow=float(rng.uniform(0.25, 0.6)),
        seed=int(rng.integers(2**63)),
    )


def _lay(look: Look, size: tuple[int, int], rng: np.random.Generator) -> tuple[Piece, ...]:
    """Place one to three slices apart from each other."""
    count = int(rng.choice((1, 2, 3), p=(0.4, 0.35, 0.25)))
    radii = rng.uniform(*_RADIUS[count], count) * min(size)
    contrast = float(rng.uniform(0.55, 0.8))
    return tuple(
        Piece(
            x=float(x),
            y=float(y),
            radius=float(radius),
            angle=float(rng.uniform(0, 2 * np.pi)),
            colour=_face_colour(look, rng),
            contrast=contrast,
            seed=int(rng.integers(2**63)),
        )
        for (x, y), radius in zip(_centres(radii, size, rng), radii, strict=True)
    )


def _centres(
    radii: NDArray[np.float64], size: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return a random layout, float64[pieces, 2], (x, y) in pixels.

    It is the first of many that keeps the slices apart, or the one that comes nearest to it.
    """
    free = np.asarray(size) - 2 * _MARGIN * radii[:, None]
    layouts = _MARGIN * radii[:, None] + free * rng.uniform(0, 1, (_LAYOUTS, len(radii), 2))
    i, j = np.triu_indices(len(radii), 1)
    gaps = np.hypot(*np.moveaxis(layouts[:, i] - layouts[:, j], 2, 0)) / (radii[i] + radii[j])
    closest = gaps.min(axis=1, initial=9)
    chosen: NDArray[np.float64] = layouts[np.argmax(np.minimum(closest, _GAP))]
    return chosen


def _face_colour(look: Look, rng: np.random.Generator) -> tuple[float, float, float]:
    hue = (look.hue + rng.normal(0, 4)) / 360 % 1
    lightness = float(np.clip(look.lightness + rng.normal(0, 0.05), 0.3, 0.9))
    saturation = float(np.clip(look.saturation + rng.normal(0, 0.06), 0.1, 0.8))
    return colorsys.hls_to_rgb(hue, lightness, saturation)


def _ground_colour(ground: Ground, rng: np.random.Generator) -> tuple[float, float, float]:
    """Return a colour that such a ground may have, as (R, G, B), 0..1."""
    ranges = {
        "paper": ((0, 360), (0.8, 0.95), (0, 0.25)),
        "wood": ((16, 38), (0.3, 0.72), (0.15, 0.45)),
        "cloth": ((0, 360), (0.3, 0.8), (0.05, 0.35)),
        "stone": ((0, 360), (0.35, 0.8), (0, 0.1)),
    }[ground]
    hue, lightness, saturation = (rng.uniform(*between) for between in ranges)
    return colorsys.hls_to_rgb(hue / 360, lightness, saturation)


def draw(scene: Scene) -> NDArray[np.uint8]:
    """Return the scene's pixels, uint8[H, W, 3], sRGB."""
    rng = np.random.default_rng(scene.seed)
    canvas = _ground(scene, rng)
    patches = [draw_piece(scene.kind, piece, scene.light) for piece in scene.pieces]
    _cast_shadows(canvas, patches, scene)
    for patch in patches:
        _lay_patch(canvas, patch)
    canvas *= _illumination(scene)[..., None]
    pixels: NDArray[np.uint8] = np.clip(canvas * 255 + 0.5, 0, 255).astype(np.uint8)
    return pixels


def _ground(scene: Scene, rng: np.random.Generator) -> Field:
    """Return the empty table, float32[H, W, 3]."""
    shape = (scene.size[1], scene.size[0])
    grain = smooth_noise(rng, shape, 1.7)
    if scene.ground == "paper":
        relief = 0.012 * smooth_noise(rng, shape, 45) + 0.012 * grain
    elif scene.ground == "wood":
        relief = 0.11 * _wood_grain(shape, rng) + 0.015 * grain
    elif scene.ground == "cloth":
        relief = 0.05 * _weave(shape, rng) + 0.025 * grain + 0.03 * smooth_noise(rng, shape, 90)
    else:
        speckle = smooth_noise(rng, shape, 5)
        relief = 0.05 * smooth_noise(rng, shape, 40) + 0.05 * speckle + 0.02 * grain
    colour = np.asarray(scene.ground_colour, dtype=np.float32)
    table: Field = np.clip(colour * (1 + relief[..., None]), 0, 1)
    return table


def _wood_grain(shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """Return year rings cut lengthwise, with fine pores along them."""
    rows = np.arange(shape[0], dtype=np.float32)[:, None]
    rings = rows / np.float32(rng.uniform(14, 26)) + 1.6 * smooth_noise(rng, shape, (110, 420))
    saw = rings - np.floor(rings)
    pores = smooth_noise(rng, shape, (2, 45))
    streaks = smooth_noise(rng, shape, (9, 300))
    relief: Field = saw * saw - 0.33 + 0.22 * pores + 0.3 * streaks
    return relief


def _weave(shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """Return the over and under of threads, turned by a few degrees."""
    rows = np.arange(shape[0], dtype=np.float32)[:, None]
    columns = np.arange(shape[1], dtype=np.float32)[None, :]
    turn, pitch = rng.uniform(-0.2, 0.2), np.pi / rng.uniform(5, 9)
    right, down = np.float32(pitch * np.cos(turn)), np.float32(pitch * np.sin(turn))
    warp = np.abs(np.sin(columns * right + rows * down))
    weft = np.sin(rows * right - columns * down)
    woven: Field = warp * np.sign(weft) + np.abs(weft) - np.float32(0.6)
    return woven


def _cast_shadows(canvas: Field, patches: list[Patch], scene: Scene) -> None:
    """Darken the table away from the light, softly, in place."""
    height, width = canvas.shape[:2]
    mask = Image.new("L", (width, height))
    reach = 0.022 * min(scene.size)
    for patch in patches:
        cover = Image.fromarray((patch.cover * 255).astype(np.uint8))
        dx, dy = (round(-reach * part) for part in scene.light)
        mask.paste(255, (patch.left + dx, patch.top + dy), cover)
    soft = np.asarray(mask.filter(ImageFilter.GaussianBlur(reach * 0.6)), dtype=np.float32)
    canvas *= 1 - soft[..., None] * np.float32(scene.shadow / 255)


def _lay_patch(canvas: Field, patch: Patch) -> None:
    """Lay a slice over the canvas, in place; what hangs over the photo's edge is cut."""
    height, width = canvas.shape[:2]
    rows, columns = patch.cover.shape
    top, left = max(patch.top, 0), max(patch.left, 0)
    bottom, right = min(patch.top + rows, height), min(patch.left + columns, width)
    inside = np.s_[top - patch.top : bottom - patch.top, left - patch.left : right - patch.left]
    under = canvas[top:bottom, left:right]
    under += (patch.colour[inside] - under) * patch.cover[inside][..., None]


def _illumination(scene: Scene) -> Field:
    """Return the light on the table, float32[H, W], 1 on the lit side."""
    width, height = scene.size
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    side = (x * np.float32(scene.light[0]) + y * np.float32(scene.light[1]) + 2) / 4
    lit = 1 - scene.falloff * (1 - side)
    corner = 1 - 0.06 * (x * x + y * y)
    return (lit * corner).astype(np.float32)
