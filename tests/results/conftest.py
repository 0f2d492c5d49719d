from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgetlc.devices.identify import Identification
from edgetlc.locale import Message
from edgetlc.results.records import RunInfo
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.prediction import Prediction
from edgetlc.runtime.verification import Caution

CLASSES = (
    ClassInfo("chenpi", "陈皮", "aged tangerine peel", "genuine"),
    ClassInfo("jupi", "橘皮", "tangerine peel", "counterfeit"),
    ClassInfo("gouqi", "枸杞子", "wolfberry", "unspecified"),
)
Predict = Callable[..., Prediction]


def own_caution(code: str, en: str, zh: str) -> Caution:
    """A caution that the catalogue does not hold."""
    return type("OwnCaution", (Caution,), {"zh": zh})(code, Message(en, "", {}, ""))  # type: ignore[no-any-return]


@pytest.fixture
def run() -> RunInfo:
    """What answered."""
    return RunInfo("0123456789abcdef" * 4, "onnx-int8", "onnxruntime 1.32.0", "a board", CLASSES)


@pytest.fixture
def predicted() -> Predict:
    """`predicted("a.jpg", confidence=0.5, ...)` returns a prediction with these fields."""

    def make(file: str = "photos/a.jpg", **changes: object) -> Prediction:
        first = Prediction(
            file=file,
            decision="answer",
            label=CLASSES[0],
            confidence=0.9731,
            needed=0.9,
            runner_up=CLASSES[1],
            runner_up_confidence=0.02,
            probabilities={"chenpi": 0.9731, "jupi": 0.02, "gouqi": 0.0069},
            camera=Identification(Path(file), "iphone-11", "exif", None),
            verified="UNTESTED",
            cautions=(own_caution("camera-untested", "camera was not verified", "设备未验证"),),
            notes=("first of 12 frames",),
            pixels=np.full((48, 64, 3), 120, np.uint8),
            evidence=np.arange(4, dtype=np.float32).reshape(2, 2),
        )
        return replace(first, **changes)  # type: ignore[arg-type]

    return make
