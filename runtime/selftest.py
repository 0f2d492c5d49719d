"""The self-test: does this machine decode and classify as the machine that wrote the bundle did?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

import edgetlc
from edgetlc.config import from_document
from edgetlc.errors import BundleError, InputError
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.engines import available_engines
from edgetlc.runtime.golden import GoldenInput, GoldenOutput, GoldenSet, read_golden
from edgetlc.runtime.machine import Machine, this_machine
from edgetlc.runtime.pixels import decode
from edgetlc.runtime.schema import Precision

KIND = "edgetlc-selftest"
SCHEMA = 1
PIXEL_TOLERANCE = 2
"""Grey levels by which another JPEG decoder may differ in any pixel."""
PROBABILITY_TOLERANCE: dict[Precision, float] = {"fp32": 1e-3, "int8": 5e-2}
"""Largest change of any probability; int8 kernels of other processors round differently."""


@dataclass(frozen=True)
class PhotoPixels:
    """One golden photo after this machine's host step, against the expected pixels.

    Attributes:
        largest: largest difference of any sample, in grey levels; None where the size differs.
        differing: how many of the samples differ; None where the size differs.
    """

    photo: str
    largest: int | None
    differing: int | None
    samples: int


@dataclass(frozen=True)
class PixelResult:
    """The host step on this machine; `passed` within the tolerance on every photo."""

    photos: tuple[PhotoPixels, ...]
    passed: bool

    @property
    def largest(self) -> int | None:
        """Largest difference of all, in grey levels; None where a size differs."""
        known = [photo.largest for photo in self.photos if photo.largest is not None]
        return max(known, default=0) if len(known) == len(self.photos) else None


@dataclass(frozen=True)
class PhotoAnswer:
    """One golden input's answer here, against what the bundle's writer got.

    Attributes:
        expected, found: class that was most probable at export, and that is here.
        largest: largest difference of any probability; 0 where they are bit for bit the same, to
            the seven digits that the bundle keeps.
    """

    photo: str
    expected: str
    found: str
    largest: float


@dataclass(frozen=True)
class ModelResult:
    """One model on one engine.

    Attributes:
        model: its id.
        engine, written_by: engine and version here and at export.
        answers: one for each golden input.
        passed: no changed answer, and within the tolerance.
    """

    model: str
    engine: str
    written_by: str
    answers: tuple[PhotoAnswer, ...]
    passed: bool

    @property
    def changed(self) -> int:
        """Inputs whose most probable class changed."""
        return sum(answer.expected != answer.found for answer in self.answers)

    @property
    def largest(self) -> float:
        """Largest difference of any probability."""
        return max((answer.largest for answer in self.answers), default=0.0)


@dataclass(frozen=True)
class SelfTest:
    """The whole answer; `passed` only if every part passed.

    Attributes:
        created: UTC time, ISO 8601.
        edgetlc: version that tested.
        models: every model on every engine here.
    """

    bundle_digest: str
    created: str
    edgetlc: str
    machine: Machine
    pixels: PixelResult
    models: tuple[ModelResult, ...]

    @property
    def passed(self) -> bool:
        """Whether this machine decodes and answers as the bundle's writer did."""
        return self.pixels.passed and all(model.passed for model in self.models)

    def to_json(self) -> dict[str, Any]:
        """Return the report that `edgetlc answers judge --merge` reads."""
        return {"kind": KIND, "schema": SCHEMA, "passed": self.passed, **asdict(self)}

    @staticmethod
    def from_json(document: Any) -> SelfTest:
        """Return the self-test a report tells of.

        Raises:
            InputError: it is no self-test report, or a damaged one.
        """
        fields = dict(document) if isinstance(document, Mapping) else {}
        kind, schema, passed = (fields.pop(name, None) for name in ("kind", "schema", "passed"))
        if (kind, schema, type(passed)) != (KIND, SCHEMA, bool):
            raise InputError(
                "not a self-test report: kind {kind!r}, schema {schema!r}", kind=kind, schema=schema
            )
        try:
            return from_document(fields, SelfTest, whole=True)
        except InputError as error:
            raise InputError("not a self-test report: {reason}", reason=error) from None


def selftest(bundle: Bundle) -> SelfTest:
    """Replay the golden vectors on every engine installed here.

    Raises:
        BundleError: no golden vectors, damaged files, or no engine here runs a model of the bundle.
    """
    golden = read_golden(bundle)
    installed = available_engines()
    pixels = _check_pixels(golden.inputs, bundle.manifest.contract.size)
    models = tuple(
        _check_model(bundle, golden, expected)
        for expected in golden.outputs
        if expected.engine in installed
    )
    if not models:
        raise BundleError(
            "no engine here ({installed}) runs a model of the bundle",
            installed=", ".join(installed),
        )
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return SelfTest(bundle.digest, now, edgetlc.__version__, this_machine(), pixels, models)


def _check_pixels(inputs: Iterable[GoldenInput], size: int) -> PixelResult:
    photos = tuple(_compare(one, size) for one in inputs)
    passed = all(p.largest is not None and p.largest <= PIXEL_TOLERANCE for p in photos)
    return PixelResult(photos, passed)


def _compare(golden: GoldenInput, size: int) -> PhotoPixels:
    pixels = decode(golden.photo, size).pixels
    if pixels.shape != golden.pixels.shape:
        return PhotoPixels(golden.name, None, None, golden.pixels.size)
    difference = np.abs(pixels.astype(int) - golden.pixels)
    differing = int(np.count_nonzero(difference))
    return PhotoPixels(golden.name, int(difference.max()), differing, golden.pixels.size)


def _check_model(bundle: Bundle, golden: GoldenSet, expected: GoldenOutput) -> ModelResult:
    record = bundle.model(expected.model)
    engine = bundle.load(record, expected.engine)
    answers = np.stack([engine.run(one.pixels[None]).probabilities[0] for one in golden.inputs])
    names = [info.name for info in bundle.manifest.classes]
    shape = (len(golden.inputs), len(names))
    if not answers.shape == expected.probabilities.shape == shape:
        raise BundleError(
            "{id} answers {shape} values, its golden outputs are {expected}; get the bundle again",
            id=record.id,
            shape=answers.shape,
            expected=expected.probabilities.shape,
        )
    compared = tuple(
        PhotoAnswer(
            one.name,
            names[before.argmax()],
            names[after.argmax()],
            float(np.abs(after - before).max()),
        )
        for one, before, after in zip(golden.inputs, expected.probabilities, answers, strict=True)
    )
    result = ModelResult(record.id, engine.name, expected.written_by, compared, passed=True)
    passed = not result.changed and result.largest <= PROBABILITY_TOLERANCE[record.precision]
    return result if passed else replace(result, passed=False)
