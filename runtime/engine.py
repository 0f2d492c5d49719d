"""What every engine does: from the host step's pixels to probabilities and evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgetlc.errors import BundleError
from edgetlc.locale import _
from edgetlc.runtime.pixels import Pixels


@dataclass(frozen=True)
class Output:
    """What a model answers for N photos of one size.

    Attributes:
        probabilities: float32[N, C], rows sum to 1.
        evidence: float32[N, C, h, w], the class-activation maps.
        images: float32[N, 3, size, size], the pixel step's result; only where it was asked for.
    """

    probabilities: NDArray[np.float32]
    evidence: NDArray[np.float32]
    images: NDArray[np.float32] | None = None


Arrays = Sequence[NDArray[np.float32]]
ANSWER = ("probabilities", "evidence")
ANSWER_AND_IMAGES = (*ANSWER, "images")


class Engine(Protocol):
    """A loaded model."""

    @property
    def name(self) -> str:
        """Engine and version, such as `onnxruntime 1.32.0`."""
        ...

    def run(self, pixels: Pixels, images: bool = False) -> Output:
        """Classify uint8[N, H, W, 3], the host step's result.

        Args:
            pixels: N photos of one size.
            images: also return what the model's pixel step made of them.

        Raises:
            BundleError: the model is not one that takes `pixels` and gives these outputs.
        """
        ...


def photo_by_photo(
    answer: Callable[[Pixels, Sequence[str]], Arrays], pixels: Pixels, names: Sequence[str]
) -> Output:
    """Return the answers for N photos, each computed alone.

    A photo's answer must not depend on its neighbours, to the last bit: ONNX Runtime 1.32 adds up
    the mean over positions in an order that changes with the photo's place in a batch.
    """
    if len(pixels) <= 1:
        return Output(*answer(pixels, names))
    alone = [answer(pixels[i : i + 1], names) for i in range(len(pixels))]
    return Output(*map(np.concatenate, zip(*alone, strict=True)))


def cannot_load(engine: str, error: Exception) -> BundleError:
    """Return what to raise where an engine refuses a model."""
    return BundleError(_("{engine} cannot load the model: {reason}", engine=engine, reason=error))


def cannot_run(engine: str, error: Exception) -> BundleError:
    """Return what to raise where a model does not answer as a bundle's model must."""
    return BundleError(_("{engine} cannot run the model: {reason}", engine=engine, reason=error))
