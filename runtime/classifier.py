"""Classifying photos on site: open a bundle once, then ask it about photos.

classifier = Classifier.open("herbs.etlc")
prediction = classifier.classify("photo.jpg")
print(prediction.label.zh, prediction.confidence)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgetlc.devices.identify import Identification, identify
from edgetlc.devices.profiles import Cameras
from edgetlc.errors import BundleError, ImageError
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.contract import Geometry
from edgetlc.runtime.engines import Engine
from edgetlc.runtime.pixels import Decoded, Pixels, decode
from edgetlc.runtime.schema import DecisionPolicy, ModelRecord
from edgetlc.runtime.stream import decoded_photos

Decision = Literal["answer", "not_sure"]


@dataclass(frozen=True)
class Prediction:
    """What the classifier says of one photo.

    Attributes:
        file: the photo.
        decision: `answer`, or `not_sure`: send the piece to the laboratory.
        label: the most probable class.
        confidence: its probability, 0 to 1.
        runner_up: the second most probable class.
        runner_up_confidence: its probability.
        probabilities: class name to probability, in the bundle's order.
        camera: which camera took the photo, as far as it can be told.
        notes: what the user should know of the file.
        pixels: uint8[H, W, 3], what the model saw: the photo, or its central square.
        evidence: float32[h, w], where it saw the label.
    """

    file: str
    decision: Decision
    label: ClassInfo
    confidence: float
    runner_up: ClassInfo
    runner_up_confidence: float
    probabilities: Mapping[str, float]
    camera: Identification
    notes: tuple[str, ...]
    pixels: Pixels
    evidence: NDArray[np.float32]

    def without_arrays(self) -> Prediction:
        """Return the prediction with empty pixels and evidence, to keep thousands of them."""
        nothing = np.zeros((0, 0, 3), np.uint8)
        return replace(self, pixels=nothing, evidence=np.zeros((0, 0), np.float32))

    def to_json(self) -> dict[str, Any]:
        """Return the prediction without its arrays."""
        return {
            "file": self.file,
            "decision": self.decision,
            "label": self.label.name,
            "zh": self.label.zh,
            "en": self.label.en,
            "role": self.label.role,
            "confidence": self.confidence,
            "runner_up": self.runner_up.name,
            "runner_up_confidence": self.runner_up_confidence,
            "probabilities": dict(self.probabilities),
            "camera": self.camera.camera,
            "camera_by": self.camera.by,
            "camera_conflict": self.camera.conflict,
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Unreadable:
    """A photo that cannot be classified, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Classifier:
    """An open bundle with one of its models loaded."""

    bundle: Bundle
    model: ModelRecord
    engine: Engine
    cameras: Cameras

    @staticmethod
    def open(
        bundle: Path | str,
        *,
        model: str | None = None,
        engine: str | None = None,
        threads: int | None = None,
        cameras: Cameras | None = None,
    ) -> Classifier:
        """Open a bundle for classification.

        Args:
            bundle: a bundle's folder or `.etlc` file.
            model: id of one of its models; None takes int8 ONNX where there is one.
            engine: `onnxruntime` or `openvino`; None takes the model's preferred one.
            threads: processor threads; None leaves the choice to the engine.
            cameras: the profiles to recognise cameras by; None takes the built-in ones.

        Raises:
            BundleError: no bundle there, or a damaged one.
            InputError: no such model or engine.
        """
        opened = Bundle.open(Path(bundle))
        record = opened.model(model)
        loaded = opened.load(record, engine, threads)
        return Classifier(opened, record, loaded, cameras or Cameras.load())

    def classify(self, photo: Path | str) -> Prediction:
        """Classify one photo.

        Raises:
            ImageError: the file is no photo, damaged or too large.
        """
        path = Path(photo)
        return self._answer(path, decode(path, self.bundle.manifest.contract.size))

    def classify_all(self, photos: Iterable[Path]) -> Iterator[Prediction | Unreadable]:
        """Classify many photos in order; decoding runs ahead in threads, in bounded memory.

        A photo that cannot be read yields an `Unreadable` and the rest go on.
        """
        for path, decoded in decoded_photos(photos, self.bundle.manifest.contract.size):
            if isinstance(decoded, ImageError):
                yield Unreadable(str(path), str(decoded))
            else:
                yield self._answer(path, decoded)

    def _answer(self, path: Path, decoded: Decoded) -> Prediction:
        output = self.engine.run(decoded.pixels[None])
        manifest = self.bundle.manifest
        probabilities = output.probabilities[0]
        if probabilities.shape != (len(manifest.classes),) or not np.isfinite(probabilities).all():
            raise BundleError(
                f"model {self.model.id} answered {probabilities.shape[0]} values for "
                f"{len(manifest.classes)} classes, or not numbers; get the bundle again"
            )
        # Stable: of two equal classes the earlier one, as `argmax` has it everywhere else.
        first, second = (int(i) for i in np.argsort(-probabilities, kind="stable")[:2])
        confidence = float(probabilities[first])
        return Prediction(
            file=str(path),
            decision=decide(confidence, manifest.decision),
            label=manifest.classes[first],
            confidence=confidence,
            runner_up=manifest.classes[second],
            runner_up_confidence=float(probabilities[second]),
            probabilities={
                info.name: float(p) for info, p in zip(manifest.classes, probabilities, strict=True)
            },
            camera=identify(path, self.cameras),
            notes=decoded.notes,
            pixels=_seen(decoded.pixels, manifest.contract.geometry),
            evidence=output.evidence[0, first],
        )


def decide(confidence: float, policy: DecisionPolicy) -> Decision:
    """Return whether a confidence is enough for an answer."""
    return "answer" if confidence >= policy.reject_below else "not_sure"


def _seen(pixels: Pixels, geometry: Geometry) -> Pixels:
    if geometry == "squash":
        return pixels
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]
