"""The field runtime: from a photo's bytes to a decision, with numpy, Pillow and an engine.

The stable surface, which keeps its names and meanings within a major version:

    from edgetlc.runtime import Classifier, Prediction, Unreadable

Everything else is found in the modules and may move between minor versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgetlc.runtime.classifier import Classifier
    from edgetlc.runtime.prediction import Prediction, Unreadable

__all__ = ["Classifier", "Prediction", "Unreadable"]

_WHERE = {"Classifier": "classifier", "Prediction": "prediction", "Unreadable": "prediction"}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and only then: most commands need none of it."""
    from importlib import import_module

    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"edgetlc.runtime.{_WHERE[name]}"), name)
