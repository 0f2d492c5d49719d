from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from edgetlc.training.temperature import HIGHEST, LOWEST, fit_temperature


def _loss(temperature: float, logits: NDArray[np.float32], targets: NDArray[np.int64]) -> float:
    chosen = log_softmax(logits.astype(np.float64) / temperature, axis=1)
    return -float(chosen[np.arange(len(targets)), targets].mean())


def _validation(seed: int, sharpness: float) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return logits that overstate (sharpness > 1) or understate what they know."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(400, 5)) * 1.5
    chances = np.exp(truth) / np.exp(truth).sum(axis=1, keepdims=True)
    targets = np.array([rng.choice(5, p=row) for row in chances])
    return (truth * sharpness).astype(np.float32), targets


@pytest.mark.parametrize("sharpness", [0.2, 1.0, 6.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_scipy_finds_the_same_minimum(seed: int, sharpness: float) -> None:
    logits, targets = _validation(seed, sharpness)
    found = fit_temperature(logits, targets)
    expected = minimize_scalar(
        lambda log_t: _loss(np.exp(log_t), logits, targets),
        bounds=(np.log(LOWEST), np.log(HIGHEST)),
        method="bounded",
        options={"xatol": 1e-9},
    )
    assert found == pytest.approx(np.exp(expected.x), rel=1e-4)


def test_temperature_undoes_a_known_sharpness() -> None:
    logits, targets = _validation(3, 4.0)
    assert fit_temperature(logits, targets) == pytest.approx(4.0, rel=0.15)


def test_scaling_the_logits_scales_the_temperature() -> None:
    logits, targets = _validation(4, 1.0)
    plain = fit_temperature(logits, targets)
    assert fit_temperature(3 * logits, targets) == pytest.approx(3 * plain, rel=1e-4)


def test_stays_within_its_limits() -> None:
    right = np.eye(3, dtype=np.float32)[[0, 1, 2]]
    targets = np.array([0, 1, 2])
    assert fit_temperature(right, targets) == pytest.approx(1.0, rel=1e-6)  # no error seen
    mostly = np.repeat(8 * right, 40, axis=0) + np.float32([[0.02, 0.01, 0]])
    assert LOWEST <= fit_temperature(mostly, np.r_[np.repeat(targets, 40)[:-1], 0]) < HIGHEST
    assert fit_temperature(right, targets[::-1].copy()) == pytest.approx(HIGHEST, rel=1e-6)


def test_huge_logits_do_not_overflow() -> None:
    logits = np.array([[3e4, -3e4], [-3e4, 3e4], [3e4, -3e4]], np.float32)
    assert LOWEST <= fit_temperature(logits, np.array([0, 1, 1])) <= HIGHEST
