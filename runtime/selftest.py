"""The self-test: does this machine decode and classify as the machine that wrote the bundle did?"""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edgetlc.errors import BundleError
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.engines import available_engines
from edgetlc.runtime.golden import GoldenInput, GoldenOutput, GoldenSet, read_golden
from edgetlc.runtime.pixels import decode
from edgetlc.runtime.schema import Precision

PIXEL_TOLERANCE = 2
"""Grey levels by which another JPEG decoder may differ in any pixel."""
PROBABILITY_TOLERANCE: dict[Precision, float] = {"fp32": 1e-3, "int8": 5e-2}
"""Largest change of any probability; int8 kernels of other processors round differently."""


@dataclass(frozen=True)
class PixelResult:
    """Golden photos after this machine's host step, against the expected pixels.

    Attributes:
        photos: how many.
        largest: largest difference of any sample, in grey levels; None where a shape differs.
        passed: within the tolerance.
    """

    photos: int
    largest: int | None
    passed: bool


@dataclass(frozen=True)
class ModelResult:
    """One model on one engine, against what it answered at export.

    Attributes:
        model: its id.
        engine: engine and version here.
        written_by: engine and version at export.
        inputs: golden inputs replayed.
        changed: inputs whose most probable class changed.
        largest: largest difference of any probability.
        passed: no change, and within the tolerance.
    """

    model: str
    engine: str
    written_by: str
    inputs: int
    changed: int
    largest: float
    passed: bool


@dataclass(frozen=True)
class SelfTest:
    """The whole answer; `passed` only if every part passed."""

    bundle_digest: str
    machine: str
    pixels: PixelResult
    models: tuple[ModelResult, ...]
    passed: bool

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON document."""
        return asdict(self)


def selftest(bundle: Bundle) -> SelfTest:
    """Replay the golden vectors on every engine installed here.

    Raises:
        BundleError: no golden vectors, damaged files, or no engine here runs a model of the bundle.
    """
    golden = read_golden(bundle)
    pixels = _check_pixels(golden.inputs, bundle.manifest.contract.size)
    installed = available_engines()
    models = tuple(
        _check_model(bundle, golden, expected)
        for expected in golden.outputs
        if expected.engine in installed
    )
    if not models:
        raise BundleError(f"no engine here ({', '.join(installed)}) runs a model of the bundle")
    passed = pixels.passed and all(model.passed for model in models)
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return SelfTest(bundle.digest, machine, pixels, models, passed)


def _check_pixels(inputs: Iterable[GoldenInput], size: int) -> PixelResult:
    differences: list[int] = []
    for one in inputs:
        found = decode(one.photo, size).pixels
        if found.shape != one.pixels.shape:
            return PixelResult(len(differences) + 1, None, False)
        differences.append(int(np.abs(found.astype(int) - one.pixels).max()))
    largest = max(differences, default=0)
    return PixelResult(len(differences), largest, largest <= PIXEL_TOLERANCE)


def _check_model(bundle: Bundle, golden: GoldenSet, expected: GoldenOutput) -> ModelResult:
    record = bundle.model(expected.model)
    engine = bundle.load(record, expected.engine)
    answers = np.stack([engine.run(one.pixels[None]).probabilities[0] for one in golden.inputs])
    if answers.shape != expected.probabilities.shape:
        raise BundleError(
            f"{record.id} answers {answers.shape} values, its golden outputs are "
            f"{expected.probabilities.shape}; get the bundle again"
        )
    changed = int((answers.argmax(1) != expected.probabilities.argmax(1)).sum())
    largest = float(np.abs(answers - expected.probabilities).max())
    passed = changed == 0 and largest <= PROBABILITY_TOLERANCE[record.precision]
    return ModelResult(
        record.id, engine.name, expected.written_by, len(answers), changed, largest, passed
    )
