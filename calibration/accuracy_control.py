"""Accuracy control: layers go back to float until the worst camera loses no more than allowed.

Vocabulary:
    effect   how much nearer to float's the answers come when one layer alone goes back, as a share:
             1 is all of the way, below 0 is further away (errors of layers cancel in part)
    hardest  photos that show an effect best: those whose answer changed, and the nearest misses
    step     a layer, or two neighbours of which neither helps without the other, because the
             activation between them stays int8 for as long as one of them is
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import onnx
from numpy.typing import NDArray

from edgetlc.calibration.layers import macs, neighbours, quantized_layers
from edgetlc.calibration.measurement import Measurement, Validation, compare, logits_of
from edgetlc.calibration.preparation import FinishedSteps
from edgetlc.calibration.qdq import with_float_layers
from edgetlc.locale import _
from edgetlc.progress import progress
from edgetlc.threads import in_order

HARDEST_PHOTOS = 24
LARGEST_FLOAT_SHARE = 0.5
"""With more of the work in float, the network is hardly faster than the float one."""

_TOGETHER = 0.1
"""Two neighbours make one step if together they have this much more effect than one by one."""

Logits = NDArray[np.float32]
Layers = tuple[str, ...]


@dataclass(frozen=True)
class Fallback:
    """One layer that went back to float, its step's effect, and how things stood after that."""

    layer: str
    effect: float
    worst_camera: str
    worst_drop: float
    worst_rise: float


@dataclass(frozen=True)
class ControlledNetwork:
    """What accuracy control made; its measurement tells whether the bound is kept.

    Attributes:
        model: int8 with some layers in float; where the bound is not kept, as far as it got.
        float_fallback: these layers, in the order in which they went back.
        logits: float32[n, C], its answers on the validation part.
    """

    model: onnx.ModelProto
    float_fallback: tuple[Fallback, ...]
    logits: Logits
    measurement: Measurement


def control_accuracy(
    network: onnx.ModelProto,
    quantized: onnx.ModelProto,
    float_logits: Logits,
    validation: Validation,
    max_drop: float,
    *,
    steps: FinishedSteps | None = None,
) -> ControlledNetwork:
    """Put layers back to float until no camera loses more than `max_drop`.

    The largest effect goes first, and whatever went back stays. It stops without success before
    half of the layers' work is in float: what is left of int8 would not be worth its risk.

    Args:
        network: the float network.
        quantized: what `calibration.quantize` made of it.
        float_logits: float32[n, C], what `network` answers to the n validation photos.
        validation: the photos that decide.
        max_drop: largest drop and rise, a share of a camera's photos, 0 to 1.
        steps: keeps effects, so that an interrupted control goes on where it was.
    """
    model, logits = quantized, logits_of(quantized, validation)
    measurement = compare(float_logits, logits, validation)
    if measurement.holds(max_drop):
        return ControlledNetwork(model, (), logits, measurement)
    rows = hardest_photos(float_logits, logits, validation)
    hardest, logits_there = validation.subset(rows), float_logits[rows]
    effects = partial(_effects, network, quantized, hardest, logits_there, steps)
    cost = macs(network)
    budget = LARGEST_FLOAT_SHARE * sum(cost[name] for name in quantized_layers(quantized))
    fallback: list[Fallback] = []
    for layers, effect in ordered_steps(quantized, effects):
        done = [entry.layer for entry in fallback]
        names = [name for name in layers if name not in done]
        budget -= sum(cost[name] for name in names)
        if not names:
            continue
        if budget < 0:
            break
        model = with_float_layers(quantized, network, [*done, *names])
        logits = logits_of(model, validation)
        measurement = compare(float_logits, logits, validation)
        state = (measurement.worst.camera, measurement.worst_drop, measurement.worst_rise)
        fallback += [Fallback(name, effect, *state) for name in names]
        if measurement.holds(max_drop):
            break
    return ControlledNetwork(model, tuple(fallback), logits, measurement)


def hardest_photos(
    float_logits: Logits, logits: Logits, validation: Validation, count: int = HARDEST_PHOTOS
) -> list[int]:
    """Return the rows of photos on which effects are measured.

    Of every camera the hardest photo, whatever the `count`, then the others by how hard they are:
    first those whose answer changed, then those whose two best classes are nearest to each other.
    Logits are float32[n, C].
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


def ordered_steps(
    quantized: onnx.ModelProto, effects: Callable[[Sequence[Layers]], list[float]]
) -> list[tuple[Layers, float]]:
    """Return the steps in which layers go back to float with their effects, the largest first.

    `effects` measures the effect of each of several sets of layers.
    """
    sets = [*((name,) for name in quantized_layers(quantized)), *neighbours(quantized)]
    measured = dict(zip(sets, effects(sets), strict=True))

    def apart(layers: Layers) -> float:
        return sum(max(measured[name,], 0.0) for name in layers)

    steps = [
        (layers, effect)
        for layers, effect in measured.items()
        if len(layers) == 1 or effect - apart(layers) > _TOGETHER
    ]
    return sorted(steps, key=lambda step: -step[1])


def _effects(
    network: onnx.ModelProto,
    quantized: onnx.ModelProto,
    photos: Validation,
    float_logits: Logits,
    steps: FinishedSteps | None,
    sets: Sequence[Layers],
) -> list[float]:
    """Return the effect of each set of layers on the photos; several are measured at once."""

    def distance(model: onnx.ModelProto) -> float:
        """Return the mean squared distance of the logits from float's.

        What is common to all classes of a photo changes no answer and is left out.
        """
        moved = logits_of(model, photos, workers=1) - float_logits
        return float(np.square(moved - moved.mean(axis=1, keepdims=True)).mean())

    def effect_of(layers: Layers) -> float:
        return 1 - distance(with_float_layers(quantized, network, layers)) / whole

    whole = distance(quantized)
    key = hashlib.sha256(quantized.SerializeToString(deterministic=True)).hexdigest()[:16]
    names = {layers: f"effect {key} {' '.join(layers)}" for layers in sets}
    kept = {layers: steps.get(name) if steps else None for layers, name in names.items()}
    known: dict[Layers, float] = {x: effect for x, effect in kept.items() if effect is not None}
    missing = [layers for layers in sets if layers not in known]
    measured = in_order(effect_of, missing)
    for layers, effect in progress(measured, _("effects of layers"), len(missing)):
        known[layers] = effect
        if steps:
            steps.put(names[layers], effect)
    return [known[layers] for layers in sets]
