"""How `edgetlc data simulate` renders a photo as one camera might have taken it.

The numbers of the built-in profiles are invented: nobody has measured these cameras here. They only
make the cameras differ from one another as plainly as real ones do, and every set rendered with
them is marked as simulated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from edgetlc.errors import InputError

Subsampling = Literal["4:2:0", "4:4:4"]
Triple = tuple[float, float, float]
Matrix = tuple[Triple, Triple, Triple]

RANGES = {
    "white_balance": (0.85, 1.15),
    "colour_matrix": (-1.0, 2.0),
    "tone": (0.8, 1.25),
    "contrast": (-0.2, 0.3),
    "sharpening": (0.0, 1.5),
    "noise": (0.0, 6.0),
    "scale": (0.5, 1.0),
    "jpeg_quality": (70, 97),
}
"""Smallest and largest value of every number."""

_IDENTITY: Matrix = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


@dataclass(frozen=True)
class Simulation:
    """A camera's rendering; the defaults leave colour, tone and size as they are.

    Attributes:
        white_balance: gains of red, green and blue, each 0.85 to 1.15.
        colour_matrix: 3 x 3, applied to a column (r, g, b); entries -1 to 2, rows sum to 1 so that
            grey stays grey.
        tone: exponent on values in 0 to 1, from 0.8 (brighter) to 1.25 (darker).
        contrast: strength of an S-curve, -0.2 (flatter) to 0.3 (steeper).
        sharpening: amount of an unsharp mask, 0 to 1.5.
        noise: standard deviation of the noise, 0 to 6 of 255 grey levels.
        scale: short side of the rendered photo over the source's, 0.5 to 1.
        jpeg_quality: 70 to 97, libjpeg's scale.
        chroma_subsampling: `4:2:0` or `4:4:4`.
        measured: whether the numbers come from measurements of the camera.

    Raises:
        InputError: a value is outside its range.
    """

    white_balance: Triple = (1.0, 1.0, 1.0)
    colour_matrix: Matrix = _IDENTITY
    tone: float = 1.0
    contrast: float = 0.0
    sharpening: float = 0.0
    noise: float = 0.0
    scale: float = 1.0
    jpeg_quality: int = 95
    chroma_subsampling: Subsampling = "4:2:0"
    measured: bool = False

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            for value in _numbers(getattr(self, name)):
                if not low <= value <= high:  # also refuses NaN
                    raise InputError(
                        "{name} is {value:g}; it takes {low:g} to {high:g}",
                        name=name,
                        value=value,
                        low=low,
                        high=high,
                    )
        for row in self.colour_matrix:
            if not math.isclose(sum(row), 1.0, abs_tol=1e-6):
                raise InputError(
                    "colour_matrix has a row of sum {total:g}; every row sums to 1", total=sum(row)
                )


def _numbers(value: Any) -> list[float]:
    """Return a number, or those of nested tuples, in one list."""
    return [n for part in value for n in _numbers(part)] if isinstance(value, tuple) else [value]
