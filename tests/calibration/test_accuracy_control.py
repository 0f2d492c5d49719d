from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import pytest

from edgetlc.calibration import accuracy_control
from edgetlc.calibration.accuracy_control import Held, hold, steps, telling_photos
from edgetlc.calibration.float_fallback import restored
from edgetlc.calibration.layers import quantized_layers, work
from edgetlc.calibration.measurement import Validation, answer, compare
from edgetlc.calibration.quantizer import quantize

SEED = 2
NEVER = -1.0  # no network loses less than nothing
Network = Callable[..., onnx.ModelProto]


class Notes(dict[str, Any]):
    """A memory; it may lose power after some entries."""

    def __init__(self, room: int = 1000) -> None:
        super().__init__()
        self.room = room

    def put(self, name: str, value: Any) -> None:
        if len(self) == self.room:
            raise KeyboardInterrupt
        self[name] = value


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
    truth = answer(easy, validation).argmax(axis=1)
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
    held = hold(easy, easy_quantized, answer(easy, judges), judges, 0.05)
    assert held.holds
    assert held.model is easy_quantized
    assert held.restored == ()
    assert held.measurement.photos == 60


@pytest.fixture(scope="module")
def held(hard: onnx.ModelProto, hard_quantized: onnx.ModelProto, judges: Validation) -> Held:
    return hold(hard, hard_quantized, answer(hard, judges), judges, 0.05)


def test_a_crushed_activation_brings_both_its_layers_back(
    hard: onnx.ModelProto, hard_quantized: onnx.ModelProto, judges: Validation, held: Held
) -> None:
    """Neither alone helps, because their common activation is int8 for the other's sake."""
    exact = answer(hard, judges)
    before = compare(exact, answer(hard_quantized, judges), judges)
    assert not before.holds(0.2)
    assert [step.layer for step in held.restored] == ["b", "c"]
    assert held.holds
    assert quantized_layers(held.model) == ("a", "d", "e")
    one = compare(exact, answer(restored(hard_quantized, hard, ["c"]), judges), judges)
    assert not one.holds(0.05)


def test_the_log_tells_how_things_stood(
    hard: onnx.ModelProto, judges: Validation, held: Held
) -> None:
    found = compare(answer(hard, judges), answer(held.model, judges), judges)
    assert found == held.measurement
    for step in held.restored:
        assert 0.5 < step.effect <= 1
        assert step.worst_camera == found.worst_camera
        assert (step.worst_drop, step.worst_rise) == (found.worst_drop, found.worst_rise)


def test_it_stops_before_half_of_the_work_is_float(
    hard: onnx.ModelProto, hard_quantized: onnx.ModelProto, judges: Validation
) -> None:
    held = hold(hard, hard_quantized, answer(hard, judges), judges, NEVER)
    assert not held.holds
    assert held.restored
    cost = work(hard)
    in_float = sum(cost[step.layer] for step in held.restored)
    assert in_float <= 0.5 * sum(cost[name] for name in quantized_layers(hard_quantized))
    left = {step.layer for step in held.restored}
    assert set(quantized_layers(held.model)) == set("abcde") - left


def test_the_largest_effect_goes_first(quantized: onnx.ModelProto) -> None:
    """Neighbours are one step only where together they do much more than one by one."""
    alone = {"a": 0.1, "b": 0.2, "c": -0.3, "d": 0.0, "e": 0.05}
    together = {("a", "b"): 0.35, ("b", "c"): 0.31, ("d", "e"): 0.9}

    def effects(sets: Sequence[tuple[str, ...]]) -> list[float]:
        return [together[s] if len(s) == 2 else alone[s[0]] for s in sets]  # type: ignore[index]

    found = [(step.layers, step.effect) for step in steps(quantized, effects)]
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
    held: Held,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    notes = Notes(room=5)
    with pytest.raises(KeyboardInterrupt):
        hold(hard, hard_quantized, answer(hard, judges), judges, 0.05, memory=notes)
    assert len(notes) == 5
    measured = []
    real = accuracy_control.restored

    def counted(model: onnx.ModelProto, original: onnx.ModelProto, names: Any) -> Any:
        measured.append(tuple(names))
        return real(model, original, names)

    monkeypatch.setattr(accuracy_control, "restored", counted)
    notes.room = 1000
    again = hold(hard, hard_quantized, answer(hard, judges), judges, 0.05, memory=notes)
    assert again.restored == held.restored
    assert again.model == held.model
    assert len(notes) == 8  # five layers, three pairs of neighbours
    assert len(measured) == 3 + 1  # what was missing, and the step


def test_effects_of_another_network_are_not_taken(
    easy: onnx.ModelProto,
    easy_quantized: onnx.ModelProto,
    hard: onnx.ModelProto,
    hard_quantized: onnx.ModelProto,
    judges: Validation,
) -> None:
    notes = Notes()
    hold(hard, hard_quantized, answer(hard, judges), judges, NEVER, memory=notes)
    hold(easy, easy_quantized, answer(easy, judges), judges, NEVER, memory=notes)
    assert len(notes) == 16


def test_telling_photos() -> None:
    """Each camera's most telling photo, then changed answers, then the nearest misses."""
    margins = [0.9, 0.1, 0.5, 0.2, 0.3, 0.8]
    after = np.array([[1, 1 - margin] for margin in margins], np.float32)
    before = after.copy()
    before[[0, 5]] = before[[0, 5], ::-1]  # answered differently by float
    images = [np.zeros((1, 3, 8, 8), np.float32)] * 6
    photos = Validation(images, np.zeros(6, np.int64), tuple("pppqqp"), ("genuine", "genuine"))
    assert telling_photos(before, after, photos, 4) == [5, 3, 0, 1]
    assert telling_photos(before, after, photos, 1) == [5, 3]  # every camera is represented
    assert sorted(telling_photos(before, after, photos)) == list(range(6))
