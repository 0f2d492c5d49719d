"""Confidence of a compressed network: its own temperature, and what became of the calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgetlc.statistics.reliability import reliability
from edgetlc.training.temperature import fit_temperature

Logits = NDArray[np.float32]


@dataclass(frozen=True)
class Confidence:
    """How well confidences agree with what is right, on validation photos.

    Attributes:
        temperature: divides the logits.
        loss: mean negative log-likelihood, in nats; lower is better.
        excess: mean confidence minus accuracy, -1 to 1; above 0 the network is too sure.
        error: expected calibration error, 0 to 1; None below 500 photos.
    """

    temperature: float
    loss: float
    excess: float
    error: float | None


@dataclass(frozen=True)
class Refit:
    """The float network, the int8 network at the float one's temperature, and at its own."""

    float_network: Confidence
    before: Confidence
    after: Confidence


def refit(
    float_logits: Logits, logits: Logits, truth: NDArray[np.int64], temperature: float
) -> Refit:
    """Fit the compressed network's temperature on validation photos and tell what it changes.

    Logits are float32[n, C] each, truth int64[n] class indices; the temperature is the float one's.
    """
    return Refit(
        confidence(float_logits, truth, temperature),
        confidence(logits, truth, temperature),
        confidence(logits, truth, fit_temperature(logits, truth)),
    )


def confidence(logits: Logits, truth: NDArray[np.int64], temperature: float) -> Confidence:
    """Measure confidences: logits float32[n, C], truth int64[n]."""
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    log_probabilities = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
    surest = np.exp(log_probabilities.max(axis=1))
    right = logits.argmax(axis=1) == truth
    calibration = reliability(surest, right)
    return Confidence(
        temperature,
        loss=-float(log_probabilities[np.arange(len(truth)), truth].mean()),
        excess=float(surest.mean() - right.mean()),
        error=calibration.error if calibration else None,
    )
