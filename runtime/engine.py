"""What every engine does: from the host step's pixels to probabilities and evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgetlc.errors import BundleError
from edgetlc.runtime.pixels import Pixels
from edgetlc.runtime.schema import Format


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


@dataclass(frozen=True)
class EngineEntry:
    """What the table `edgetlc.runtime.engines.ENGINES` says of an engine.

    Attributes:
        module: the Python module that must be installed.
        extra: of edgetlc, which installs it; empty where it is part of every installation.
        formats: of models that it runs.
        open: loads a model from its files' contents, the model first, with this many threads.
        isa_variable: the environment variable that holds it to an older processor's instruction
            set, read when it is loaded; empty where there is none.
    """

    module: str
    extra: str
    formats: tuple[Format, ...]
    open: Callable[[Sequence[bytes], int | None], Engine]
    isa_variable: str = ""

    @property
    def installed(self) -> bool:
        """Whether it can be loaded here."""
        return find_spec(self.module) is not None


class PhotoByPhoto:
    """An engine that computes each of N photos alone; a subclass says how it answers one.

    A photo's answer must not depend on its neighbours, to the last bit: ONNX Runtime 1.32 adds up
    the mean over positions in an order that changes with the photo's place in a batch.
    """

    name: str

    def run(self, pixels: Pixels, images: bool = False) -> Output:
        """Classify uint8[N, H, W, 3]; see `Engine`."""
        names = ("probabilities", "evidence", "images")[: 3 if images else 2]
        try:
            if len(pixels) <= 1:
                return Output(*self.answer(pixels, names))
            alone = [self.answer(pixels[i : i + 1], names) for i in range(len(pixels))]
        except Exception as error:  # engines raise their own types, few documented as stable
            engine = self.name.split()[0]
            raise BundleError(
                "{engine} cannot run the model: {reason}", engine=engine, reason=error
            ) from None
        return Output(*map(np.concatenate, zip(*alone, strict=True)))

    def answer(self, pixels: Pixels, names: Sequence[str]) -> Sequence[NDArray[np.float32]]:
        """Return the model's outputs of these names for uint8[1, H, W, 3]."""
        raise NotImplementedError
