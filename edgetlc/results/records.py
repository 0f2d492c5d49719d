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
    """What answered."""

    bundle: str  # digest of the bundle, 64 hexadecimal digits
    model: str  # id in the bundle
    engine: str  # engine and version
    machine: str  # where, one line
    classes: tuple[ClassInfo, ...]  # in the bundle's order

    @staticmethod
    def of(classifier: Classifier) -> RunInfo:
        """Return what an open classifier is."""
        bundle = classifier.bundle
        model, engine, machine = classifier.model.id, classifier.engine.name, str(this_machine())
        return RunInfo(bundle.digest, model, engine, machine, bundle.manifest.classes)

    def to_json(self) -> dict[str, str]:
        """Return what every results file says of where its answers come from."""
        return {name: getattr(self, name) for name in ("bundle", "model", "engine", "machine")}


def record(one: Prediction | Unreadable) -> Record:
    """Return the record of what `Classifier.classify_all` says of one photo."""
    if isinstance(one, Unreadable):
        return {"file": one.file, "decision": UNREADABLE, "reason": one.reason}
    return one.to_json()
