"""A folder of 200 photos: `classify_all` against a loop of `classify`, and whether they agree."""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from figures import Figure, faster
from materials import Materials
from turns import Contestant, rounds

from edgetlc.runtime.classifier import Classifier
from edgetlc.runtime.engines import ENGINES
from edgetlc.runtime.prediction import Prediction

_TARGET = 1.7


def measure(materials: Materials, python: Path, turns: int) -> list[Figure]:
    """Return the figure of each engine, from `turns` passes over the folder each way."""
    figures = []
    for engine in ENGINES:
        words = (materials.bundle, engine, materials.folder)
        contestants = {
            name: Contestant(python, name, *words) for name in ("one_by_one", "together")
        }
        with ExitStack() as stack:
            for contestant in contestants.values():
                stack.enter_context(contestant)
            times = rounds(contestants, turns)
        photos = len(list(materials.folder.iterdir()))
        median = {name: statistics.median(values) / photos for name, values in times.items()}
        figures.append(
            faster(
                f"{photos} photos: one by one, {engine}",
                median["together"],
                median["one_by_one"],
                _TARGET,
                remark="ms each; " + _agreement(materials, engine),
            )
        )
    return figures


def _agreement(materials: Materials, engine: str) -> str:
    """Say whether both ways give the same bits.

    Raises:
        AssertionError: they do not.
    """
    photos = sorted(materials.folder.iterdir())
    alone = Classifier.open(materials.bundle, engine=engine)
    shared = Classifier.open(materials.bundle, engine=engine, threads=1)
    for photo, found in zip(photos, shared.classify_all(photos), strict=True):
        expected = alone.classify(photo)
        assert isinstance(found, Prediction), found
        assert found.probabilities == expected.probabilities, photo
        assert np.array_equal(found.evidence, expected.evidence), photo
    return "answers identical"
