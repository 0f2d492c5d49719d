"""One record per photo, and what answered: the content of every results file.

A *record* is `Prediction.to_json()`, or for a photo that cannot be classified its file, the
decision `unreadable` and the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.classifier import Classifier
from edgetlc.runtime.machine import this_machine
from edgetlc.runtime.prediction import Prediction, Unreadable

Record = Mapping[str, Any]
KIND, SCHEMA = "edgetlc-classification", 1
UNREADABLE = "unreadable"


@dataclass(frozen=True)
class RunInfo:
    """What answered.

    Attributes:
        bundle: digest of the bundle, 64 hexadecimal digits.
        model: id in the bundle.
        engine: engine and version.
        machine: where, one line.
        classes: in the bundle's order.
    """

    bundle: str
    model: str
    engine: str
    machine: str
    classes: tuple[ClassInfo, ...]

    @staticmethod
    def of(classifier: Classifier) -> RunInfo:
        """Return what an open classifier is."""
        bundle = classifier.bundle
        return RunInfo(
            bundle.digest,
            classifier.model.id,
            classifier.engine.name,
            str(this_machine()),
            bundle.manifest.classes,
        )

    def to_json(self) -> dict[str, str]:
        """Return what every results file says of where its answers come from."""
        return {
            "bundle": self.bundle,
            "model": self.model,
            "engine": self.engine,
            "machine": self.machine,
        }


def record(one: Prediction | Unreadable) -> Record:
    """Return the record of what `Classifier.classify_all` says of one photo."""
    if isinstance(one, Unreadable):
        return {"file": one.file, "decision": UNREADABLE, "reason": one.reason}
    return one.to_json()
