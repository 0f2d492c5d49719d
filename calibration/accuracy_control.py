"""Accuracy control: layers go back to float until the worst camera loses no more than allowed.

Vocabulary:
    effect   how much nearer to float's the answers come when one layer alone goes back, as a share:
             1 is all of the way, below 0 is further away (errors of layers cancel in part)
    telling  photos that show an effect best: those whose answer changed, and the nearest misses
    step     a layer, or two neighbours of which neither helps without the other, because the
             activation between them stays int8 for as long as one of them is
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import onnx
from numpy.typing import NDArray

from edgetlc.calibration.float_fallback import restored
from edgetlc.calibration.layers import neighbours, quantized_layers, work
from edgetlc.calibration.measurement import Measurement, Validation, answer, compare
from edgetlc.progress import progress
from edgetlc.threads import in_order

TELLING_PHOTOS = 24
LARGEST_FLOAT_SHARE = 0.5
"""With more of the work in float, the network is hardly faster than the float one."""

_TOGETHER = 0.1
"""Two neighbours make one step if together they have this much more effect than one by one."""

Logits = NDArray[np.float32]


class Memory(Protocol):
    """Keeps what has been measured, so that an interrupted control goes on where it was."""

    def get(self, name: str) -> Any | None:
        """Return what was put under the name, or None."""
        ...

    def put(self, name: str, value: Any) -> None:
        """Keep a JSON value."""
        ...


@dataclass(frozen=True)
class Restored:
    """One layer that went back to float, and how things stood after its step.

    Attributes:
        layer: its name.
        effect: of its step, at most 1.
        worst_camera: the camera that compression harms most.
        worst_drop: largest drop of any camera.
        worst_rise: largest rise of the false-genuine rate.
    """

    layer: str
    effect: float
    worst_camera: str
    worst_drop: float
    worst_rise: float


@dataclass(frozen=True)
class Held:
    """What accuracy control made.

    Attributes:
        model: int8 with the restored layers in float; where `holds` is false, as far as it got.
        restored: the layers, in the order in which they went back.
        logits: float32[n, C], its answers on the validation part.
        measurement: of these.
        holds: whether the bound is kept.
    """

    model: onnx.ModelProto
    restored: tuple[Restored, ...]
    logits: Logits
    measurement: Measurement
    holds: bool


@dataclass(frozen=True)
class Step:
    """Layers that go back together, and their effect."""

    layers: tuple[str, ...]
    effect: float


def hold(
    network: onnx.ModelProto,
    quantized: onnx.ModelProto,
    float_logits: Logits,
    validation: Validation,
    max_drop: float,
    *,
    memory: Memory | None = None,
) -> Held:
    """Put layers back to float until no camera loses more than `max_drop`.

    The largest effect goes first, and whatever went back stays. It stops without success before
    half of the layers' work is in float: what is left of int8 would not be worth its risk.

    Args:
        network: the float network.
        quantized: what `calibration.quantize` made of it.
        float_logits: float32[n, C], what `network` answers.
        validation: the n photos that decide.
        max_drop: largest drop and rise, a share of a camera's photos, 0 to 1.
        memory: keeps effects; None keeps nothing.
    """
    logits = answer(quantized, validation)
    found = compare(float_logits, logits, validation)
    if found.holds(max_drop):
        return Held(quantized, (), logits, found, True)
    rows = telling_photos(float_logits, logits, validation)
    effects = _Effects(network, quantized, validation.subset(rows), float_logits[rows], memory)
    cost = work(network)
    budget = LARGEST_FLOAT_SHARE * sum(cost[name] for name in quantized_layers(quantized))
    model = quantized
    log: list[Restored] = []
    for step in steps(quantized, effects.of):
        names = [name for name in step.layers if name not in {entry.layer for entry in log}]
        budget -= sum(cost[name] for name in names)
        if not names:
            continue
        if budget < 0:
            break
        model = restored(quantized, network, [*(entry.layer for entry in log), *names])
        logits = answer(model, validation)
        found = compare(float_logits, logits, validation)
        state = (found.worst_camera, found.worst_drop, found.worst_rise)
        log += [Restored(name, step.effect, *state) for name in names]
        if found.holds(max_drop):
            break
    return Held(model, tuple(log), logits, found, found.holds(max_drop))


def telling_photos(
    float_logits: Logits, logits: Logits, validation: Validation, count: int = TELLING_PHOTOS
) -> list[int]:
    """Return the rows of photos on which effects are measured.

    Of every camera the photo that tells most, then the others by what they tell: first those whose
    answer changed, then those whose two best classes are nearest to each other.

    Args:
        float_logits: float32[n, C].
        logits: float32[n, C], the quantized network's.
        validation: the n photos.
        count: how many are wanted; one of each camera in any case.
    """
    second, first = np.sort(logits, axis=1)[:, -2:].T
    same = float_logits.argmax(axis=1) == logits.argmax(axis=1)
    order = np.lexsort((first - second, same)).tolist()
    cameras: dict[str, int] = {}
    for row in order:
        cameras.setdefault(validation.cameras[row], row)
    chosen = list(cameras.values())
    others = [row for row in order if row not in set(chosen)]
    return chosen + others[: max(0, count - len(chosen))]


def steps(
    quantized: onnx.ModelProto,
    effects: Callable[[Sequence[tuple[str, ...]]], list[float]],
) -> list[Step]:
    """Return the steps in which layers go back to float, the largest effect first.

    Args:
        quantized: the quantized network.
        effects: measures the effect of each of several sets of layers.
    """
    alone = [(name,) for name in quantized_layers(quantized)]
    pairs = neighbours(quantized)
    measured = dict(zip([*alone, *pairs], effects([*alone, *pairs]), strict=True))
    joint = [
        pair
        for pair in pairs
        if measured[pair] - sum(max(measured[name,], 0.0) for name in pair) > _TOGETHER
    ]
    found = [Step(layers, measured[layers]) for layers in [*alone, *joint]]
    return sorted(found, key=lambda step: -step.effect)


class _Effects:
    """Measures effects on a few photos, and remembers them."""

    def __init__(
        self,
        network: onnx.ModelProto,
        quantized: onnx.ModelProto,
        photos: Validation,
        float_logits: Logits,
        memory: Memory | None,
    ) -> None:
        self._network, self._quantized = network, quantized
        self._photos = photos
        self._float_logits = float_logits
        self._memory = memory
        self._distance = self._distance_of(quantized)
        self._key = hashlib.sha256(quantized.SerializeToString(deterministic=True)).hexdigest()[:16]

    def of(self, sets: Sequence[tuple[str, ...]]) -> list[float]:
        """Return the effect of each set of layers; several are measured at once."""
        known = {layers: self._remembered(layers) for layers in sets}
        missing = [layers for layers in sets if known[layers] is None]
        measured = in_order(self._effect, missing)
        for layers, effect in progress(measured, "effects of layers", len(missing)):
            known[layers] = effect
            if self._memory is not None:
                self._memory.put(self._name(layers), effect)
        return [effect for effect in known.values() if effect is not None]

    def _name(self, layers: Iterable[str]) -> str:
        return f"effect {self._key} {' '.join(layers)}"

    def _remembered(self, layers: Iterable[str]) -> float | None:
        return None if self._memory is None else self._memory.get(self._name(layers))

    def _effect(self, layers: Iterable[str]) -> float:
        model = restored(self._quantized, self._network, layers)
        return 1 - self._distance_of(model) / self._distance

    def _distance_of(self, model: onnx.ModelProto) -> float:
        """Return the mean squared distance of the logits from float's.

        What is common to all classes of a photo changes no answer and is left out.
        """
        moved = answer(model, self._photos, workers=1) - self._float_logits
        return float(np.square(moved - moved.mean(axis=1, keepdims=True)).mean())
