"""What the classifier says of one photo, and what a program gets of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgetlc.devices.identify import Identification
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.pixels import Pixels
from edgetlc.runtime.policy import Decision
from edgetlc.runtime.verification import CameraStatus, Caution


@dataclass(frozen=True)
class Prediction:
    """What the classifier says of one photo.

    Attributes:
        file: the photo, by the name it was given.
        decision: `answer`, or `not_sure`: send the piece to the laboratory.
        label, runner_up: the most probable class and the second.
        confidence, runner_up_confidence: their probabilities, 0 to 1.
        needed: the confidence that an answer with this label needs, 0 to 1.
        probabilities: class name to probability, in the bundle's order.
        camera: which camera took the photo, as far as it can be told.
        verified: what the bundle's own verification says of this camera.
        cautions: what to know before relying on the answer.
        notes: what the user should know of the file.
        pixels: uint8[H, W, 3], what the model saw: the photo, or its central square.
        evidence: float32[h, w], where it saw the label.
    """

    file: str
    decision: Decision
    label: ClassInfo
    confidence: float
    needed: float
    runner_up: ClassInfo
    runner_up_confidence: float
    probabilities: Mapping[str, float]
    camera: Identification
    verified: CameraStatus
    cautions: tuple[Caution, ...]
    notes: tuple[str, ...]
    pixels: Pixels
    evidence: NDArray[np.float32]

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
            "needed": self.needed,
            "runner_up": self.runner_up.name,
            "runner_up_zh": self.runner_up.zh,
            "runner_up_en": self.runner_up.en,
            "runner_up_confidence": self.runner_up_confidence,
            "probabilities": dict(self.probabilities),
            "camera": self.camera.camera,
            "camera_by": self.camera.by,
            "camera_conflict": self.camera.conflict,
            "verified": self.verified,
            "cautions": [caution.to_json() for caution in self.cautions],
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Unreadable:
    """A photo that cannot be classified, and why."""

    file: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return the file and the reason."""
        return asdict(self)
