"""Options of `edgetlc train` that say how photos are changed at random while it learns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from edgetlc.training.augment import Augmentation
    from edgetlc.training.camera_augment import CameraAugmentation

Augment = Annotated[
    list[str] | None,
    typer.Option(
        "--augment",
        metavar="NAME=VALUE",
        help="Change a step of Annex A's augmentation; repeat it. Probabilities: horizontal_flip, "
        "vertical_flip, affine (of shift, scale and rotation), light (of brightness and contrast), "
        "0.5 each. Largest changes: brightness 0.1, contrast 0.1; and, which the annex does not "
        "legibly say, shift 0.0625 of the side, scale 0.1, rotation 45 degrees. 'none' switches "
        "all off.",
    ),
]
CameraAugment = Annotated[
    float,
    typer.Option(
        "--camera-augment",
        metavar="SHARE",
        help="Show this share of the training photos, 0 to 1, as other cameras might have taken "
        "them (simulated: colours, tone, sharpness, noise, JPEG, resolution). Try 0.5.",
    ),
]
CameraStrength = Annotated[
    float,
    typer.Option(
        "--camera-strength",
        help="How far --camera-augment goes: 1 as far as the cameras' profiles, 0 to 2.",
    ),
]


def augmentation(settings: Sequence[str] | None) -> Augmentation:
    """Return Annex A's augmentation, changed by `--augment`.

    Raises:
        InputError: an unknown name, or a value that is no number or outside its range.
    """
    from edgetlc.training.augment import ANNEX_A

    return ANNEX_A.with_settings(settings or ())


def camera_augmentation(
    share: float, strength: float, devices: Path | None
) -> CameraAugmentation | None:
    """Return the camera augmentation with the known cameras' looks; None for a share of 0.

    Raises:
        InputError: a number is outside its range, or a profile is not valid.
    """
    from edgetlc.training.camera_augment import CameraAugmentation, known_looks

    found = CameraAugmentation(known_looks(devices), share, strength)
    return found if share else None
