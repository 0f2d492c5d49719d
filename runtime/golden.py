"""Golden vectors: photos in the bundle with the pixels and answers that they must give anywhere.

`golden/golden.json` lists them:

    {"inputs": [{"photo": "golden/00.jpg", "pixels": "golden/00.png"}, ...],
     "outputs": [{"model": "onnx-int8", "engine": "onnxruntime", "written_by": "onnxruntime 1.32.0",
                  "probabilities": [[...], ...]}, ...]}

`photo` tests the host step: it must decode to `pixels`. `pixels` test the model: each model and
engine must give `probabilities`, one row per input, that the shipped file itself gave at export.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from edgetlc.errors import BundleError, ImageError
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.pixels import Pixels, decode

GOLDEN_FILE = "golden/golden.json"


@dataclass(frozen=True)
class GoldenInput:
    """A photo's bytes and the uint8[H, W, 3] that the host step must make of it."""

    name: str
    photo: bytes
    pixels: Pixels


@dataclass(frozen=True)
class GoldenOutput:
    """What one model answered on one engine: float32[inputs, C]."""

    model: str
    engine: str
    written_by: str
    probabilities: NDArray[np.float32]


@dataclass(frozen=True)
class GoldenSet:
    """A bundle's golden vectors."""

    inputs: tuple[GoldenInput, ...]
    outputs: tuple[GoldenOutput, ...]


def read_golden(bundle: Bundle) -> GoldenSet:
    """Read a bundle's golden vectors.

    Raises:
        BundleError: there are none, or they are damaged.
    """
    if GOLDEN_FILE not in bundle.manifest.files:
        raise BundleError(
            "{bundle} holds no golden vectors; export it again with --data", bundle=bundle.path
        )
    content = bundle.read(GOLDEN_FILE)
    try:
        document = json.loads(content)
        inputs = tuple(
            GoldenInput(photo, bundle.read(photo), decode(bundle.read(pixels)).pixels)
            for photo, pixels in map(itemgetter("photo", "pixels"), document["inputs"])
        )
        outputs = tuple(
            GoldenOutput(
                **{**entry, "probabilities": np.asarray(entry["probabilities"], np.float32)}
            )
            for entry in document["outputs"]
        )
    except (KeyError, TypeError, ValueError, ImageError) as error:
        raise BundleError("{file} is not valid: {reason}", file=GOLDEN_FILE, reason=error) from None
    if not inputs:
        raise BundleError("{file} names no photo; export the bundle again", file=GOLDEN_FILE)
    return GoldenSet(inputs, outputs)
