from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import pytest

from edgetlc.calibration import accuracy_control
from edgetlc.calibration.accuracy_control import (
    ControlledNetwork,
    control_accuracy,
    hardest_photos,
    ordered_steps,
)
from edgetlc.calibration.layers import macs, quantized_layers
from edgetlc.calibration.measurement import Validation, compare, logits_of
from edgetlc.calibration.preparation import FinishedSteps
from edgetlc.calibration.qdq import with_float_layers
from edgetlc.calibration.quantizer import quantize

SEED = 2
NEVER = -1.0  # no network loses less than nothing
Network = Callable[..., onnx.ModelProto]


class Notes(FinishedSteps):
    """Finished steps in memory; it may lose power after some."""

    def __init__(self, room: int = 1000) -> None:
        self.room = room
        self.kept: dict[str, Any] = {}

    def get(self, name: str) -> Any | None:
        return self.kept.get(name)

    def put(self, name: str, document: Any) -> None:
        if len(self.kept) == self.room:
            raise KeyboardInterrupt
        self.kept[name] = document


@pytest.fixture(scope="module")
def hard(small_network: Network) -> onnx.ModelProto:
    """In float the same as any; int8 crushes the activation between b and c."""
    return small_network(SEED, outlier=300)


@pytest.fixture(scope="module")
def easy(small_network: Network) -> onnx.ModelProto:
    return small_network(SEED)


@pytest.fixture(scope="module")
def judges(easy: onnx.ModelProto, validation: Validation) -> Validation:
    """The images with float's answers for truth, so that float is always right."""
    truth = logits_of(easy, validation).argmax(axis=1)
    return Validation(validation.inputs, truth, validation.cameras, validation.roles)


@pytest.fixture(scope="module")
def hard_quantized(hard: onnx.ModelProto, judges: Validation) -> onnx.ModelProto:
    return quantize(hard, judges.inputs).model


@pytest.fixture(scope="module")
def easy_quantized(easy: onnx.ModelProto, judges: Validation) -> onnx.ModelProto:
    return quantize(easy, judges.inputs).model


def test_what_holds_already_stays_int8(
    easy: onnx.ModelProto, easy_quantized: onnx.ModelProto, judges: Validation
) -> None:
    controlled = control_accuracy(easy, easy_quantized, logits_of(easy, judges), judges, 0.05)
    assert controlled.measurement.holds(0.05)
    assert controlled.model is easy_quantized
    assert controlled.float_fallback == ()
    assert controlled.measurement.photos == 60


@pytest.fixture(scope="module")
def controlled(
    hard: onnx.ModelProto, hard_quantized: onnx.ModelProto, judges: Validation
) -> ControlledNetwork:
    return control_accuracy(hard, hard_quantized, logits_of(hard, judges), judges, 0.05)


def test_a_crushed_activation_brings_both_its_layers_back(
    hard: onnx.ModelProto,
    hard_quantized: onnx.ModelProto,
    judges: Validation,
    controlled: ControlledNetwork,
) -> None:
    """Neither alone helps, because their common activation is int8 for the other's sake."""
    exact = logits_of(hard, judges)
    before = compare(exact, logits_of(hard_quantized, judges), judges)
    assert not before.holds(0.2)
    assert [step.layer for step in controlled.float_fallback] == ["b", "c"]
    assert controlled.measurement.holds(0.05)
    assert quantized_layers(controlled.model) == ("a", "d", "e")
    one = compare(exact, logits_of(with_float_layers(hard_quantized, hard, ["c"]), judges), judges)
    assert not one.holds(0.05)


def test_the_log_tells_how_things_stood(
    hard: onnx.ModelProto, judges: Validation, controlled: ControlledNetwork
) -> None:
    found = compare(logits_of(hard, judges), logits_of(controlled.model, judges), judges)
    assert found == controlled.measurement
    for step in controlled.float_fallback:
        assert 0.5 < step.effect <= 1
        assert step.worst_camera == found.worst.camera
        assert (step.worst_drop, step.worst_rise) == (found.worst_drop, found.worst_rise)


def test_it_stops_before_half_of_the_work_is_float(
    hard: onnx.ModelProto, hard_quantized: onnx.ModelProto, judges: Validation
) -> None:
    controlled = control_accuracy(hard, hard_quantized, logits_of(hard, judges), judges, NEVER)
    assert not controlled.measurement.holds(NEVER)
    assert controlled.float_fallback
    cost = macs(hard)
    in_float = sum(cost[step.layer] for step in controlled.float_fallback)
    assert in_float <= 0.5 * sum(cost[name] for name in quantized_layers(hard_quantized))
    left = {step.layer for step in controlled.float_fallback}
    assert set(quantized_layers(controlled.model)) == set("abcde") - left


def test_the_largest_effect_goes_first(quantized: onnx.ModelProto) -> None:
    """Neighbours are one step only where together they do much more than one by one."""
    alone = {"a": 0.1, "b": 0.2, "c": -0.3, "d": 0.0, "e": 0.05}
    together = {("a", "b"): 0.35, ("b", "c"): 0.31, ("d", "e"): 0.9}

    def effects(sets: Sequence[tuple[str, ...]]) -> list[float]:
        return [together[s] if len(s) == 2 else alone[s[0]] for s in sets]  # type: ignore[index]

    found = ordered_steps(quantized, effects)
    assert found == [
        (("d", "e"), 0.9),
        (("b", "c"), 0.31),
        (("b",), 0.2),
        (("a",), 0.1),
        (("e",), 0.05),
        (("d",), 0.0),
        (("c",), -0.3),
    ]


def test_an_interrupted_control_goes_on_where_it_was(
    hard: onnx.ModelProto,
    hard_quantized: onnx.ModelProto,
    judges: Validation,
    controlled: ControlledNetwork,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    notes = Notes(room=5)
    with pytest.raises(KeyboardInterrupt):
        control_accuracy(hard, hard_quantized, logits_of(hard, judges), judges, 0.05, steps=notes)
    assert len(notes.kept) == 5
    measured = []
    real = accuracy_control.with_float_layers

    def counted(model: onnx.ModelProto, original: onnx.ModelProto, names: Any) -> Any:
        measured.append(tuple(names))
        return real(model, original, names)

    monkeypatch.setattr(accuracy_control, "with_float_layers", counted)
    notes.room = 1000
    again = control_accuracy(
        hard, hard_quantized, logits_of(hard, judges), judges, 0.05, steps=notes
    )
    assert again.float_fallback == controlled.float_fallback
    assert again.model == controlled.model
    assert len(notes.kept) == 8  # five layers, three pairs of neighbours
    assert len(measured) == 3 + 1  # what was missing, and the step


def test_effects_of_another_network_are_not_taken(
    easy: onnx.ModelProto,
    easy_quantized: onnx.ModelProto,
    hard: onnx.ModelProto,
    hard_quantized: onnx.ModelProto,
    judges: Validation,
) -> None:
    notes = Notes()
    control_accuracy(hard, hard_quantized, logits_of(hard, judges), judges, NEVER, steps=notes)
    control_accuracy(easy, easy_quantized, logits_of(easy, judges), judges, NEVER, steps=notes)
    assert len(notes.kept) == 16


def test_hardest_photos() -> None:
    """Each camera's hardest photo, then changed answers, then the nearest misses."""
    margins = [0.9, 0.1, 0.5, 0.2, 0.3, 0.8]
    after = np.array([[1, 1 - margin] for margin in margins], np.float32)
    before = after.copy()
    before[[0, 5]] = before[[0, 5], ::-1]  # answered differently by float
    images = [np.zeros((1, 3, 8, 8), np.float32)] * 6
    photos = Validation(images, np.zeros(6, np.int64), tuple("pppqqp"), ("genuine", "genuine"))
    assert hardest_photos(before, after, photos, 4) == [5, 3, 0, 1]
    assert hardest_photos(before, after, photos, 1) == [5, 3]  # every camera is represented
    assert sorted(hardest_photos(before, after, photos)) == list(range(6))
