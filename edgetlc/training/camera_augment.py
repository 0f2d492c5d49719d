"""Camera augmentation: training photos shown as cameras that nobody has might have taken them.

A look (`edgetlc.devices.simulation`) is drawn anew for each photo, from the cameras' profiles and
from between and beyond them, so that a camera never seen lies inside of what was drawn. Resolution,
white balance, colour matrix, tone, contrast, sharpening, noise and JPEG follow in the order of
`edgetlc.data.rendering`, which `edgetlc data simulate` uses too.

The photos have the network's size already, where a pixel stands for several of the camera's:
sharpening, noise and JPEG reach further there than in the camera's own file. Training may be
harder than the field.

The profiles' numbers are invented (`measured = false`), and the run's provenance says so.

`CameraAugmentation` is part of a configuration, so this module loads PyTorch and Pillow only where
images change.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgetlc.config import option
from edgetlc.devices.profiles import Cameras
from edgetlc.devices.simulation import RANGES, Simulation
from edgetlc.errors import InputError
from edgetlc.locale import _

if TYPE_CHECKING:
    from torch import Tensor

_TOGETHER = (
    ("white_balance", "colour_matrix"),
    ("tone", "contrast"),
    ("sharpening", "noise"),
    ("scale", "jpeg_quality"),
)
"""Numbers that are mixed alike; one camera's colours may meet another's sharpening."""
_NEUTRAL = Simulation()


def known_looks(folder: Path | None = None) -> dict[str, Simulation]:
    """Return the looks of the known cameras by their ids, microscopes left out.

    The user's own camera profiles in `folder` extend or override them.
    """
    cameras = Cameras.load(folder)
    return {camera.id: camera.simulation for camera in cameras if camera.kind != "microscope"}


@dataclass(frozen=True)
class CameraAugmentation:
    """How often and how far photos are shown as other cameras'.

    Attributes:
        looks: camera id to its look; two or more; those of the known cameras unless told.
        strength: 0 changes nothing but the JPEG file's quality, 1 is as far as the looks go, 2
            twice as far.
        beyond: how far past two looks their mixture may go, as a share of their distance, 0 to 1.
        simulated: what these looks are; never measurements of a camera.
    """

    looks: Mapping[str, Simulation] = field(default_factory=known_looks)
    probability: float = option(
        0.5,
        _(
            "Show this share of the training photos, 0 to 1, as other cameras might have taken "
            "them (simulated: colours, tone, sharpness, noise, JPEG, resolution). Try 0.5."
        ),
        flag="--camera-augment",
        metavar="SHARE",
        shown="",
    )
    strength: float = option(
        1.0,
        _("How far camera augmentation goes: 1 as far as the cameras' profiles, 0 to 2."),
        flag="--camera-strength",
    )
    beyond: float = 0.5
    simulated: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        if len(self.looks) < 2:
            raise InputError(
                "camera augmentation mixes looks of {cameras}; it needs two cameras or more",
                cameras=", ".join(self.looks) or _("no camera"),
            )
        for name, largest in (("probability", 1), ("strength", 2), ("beyond", 1)):
            value = getattr(self, name)
            if not 0 <= value <= largest:  # also refuses NaN
                raise InputError(
                    "camera augmentation {name} is {value:g}; use 0 to {most}",
                    name=name,
                    value=value,
                    most=largest,
                )

    def without(self, camera: str | None) -> CameraAugmentation:
        """Return a copy that does not know this camera's look."""
        return replace(self, looks={id_: k for id_, k in self.looks.items() if id_ != camera})

    def batch(self, images: Tensor, generators: Sequence[np.random.Generator]) -> Tensor:
        """Return changed copies of images, uint8[N, 3, S, S], with a generator for each of them.

        The work is done on the CPU, about 3 ms for each changed image of 224 x 224.
        """
        import torch

        pairs = zip(images.cpu(), generators, strict=True)
        return torch.stack([self._one(*pair) for pair in pairs]).to(images.device)

    def draw(self, generator: np.random.Generator) -> Simulation | None:
        """Return the look of a photo, or None for one that stays as it is."""
        if generator.random() >= self.probability:
            return None
        looks = list(self.looks.values())
        mixed: dict[str, Any] = {}
        for names in _TOGETHER:
            one, other = (looks[place] for place in generator.permutation(len(looks))[:2])
            share = generator.uniform(-self.beyond, 1 + self.beyond)
            mixed |= {name: self._mixed(name, one, other, share) for name in names}
        quality = int(np.rint(mixed.pop("jpeg_quality")))
        subsampling = looks[generator.integers(len(looks))].chroma_subsampling
        return Simulation(**mixed, jpeg_quality=quality, chroma_subsampling=subsampling)

    def _mixed(self, name: str, one: Simulation, other: Simulation, share: float) -> Any:
        """Return a number, or nested tuples of them, within the range that a look may have."""
        neutral, a, b = (np.asarray(getattr(look, name)) for look in (_NEUTRAL, one, other))
        value = neutral + self.strength * (a + share * (b - a) - neutral)
        low, high = RANGES[name]
        if name == "colour_matrix":  # clipping would colour grey
            inside = low <= value.min() and value.max() <= high
            return _tuples(value if inside else a)
        return _tuples(value.clip(low, high))

    def _one(self, image: Tensor, generator: np.random.Generator) -> Tensor:
        import torch
        from PIL import Image

        from edgetlc.data.rendering import render_look

        look = self.draw(generator)
        if look is None:
            return image
        pixels = np.ascontiguousarray(image.permute(1, 2, 0).numpy())
        file = io.BytesIO(render_look(pixels, look, int(generator.integers(2**63))))
        with Image.open(file) as rendered:
            whole = rendered.resize((image.shape[2], image.shape[1]), Image.Resampling.BILINEAR)
        return torch.from_numpy(np.array(whole)).permute(2, 0, 1).contiguous()


def _tuples(value: NDArray[np.float64]) -> Any:
    """Return an array as nested tuples of floats, as a look holds them."""
    return tuple(_tuples(row) for row in value) if value.ndim else float(value)
