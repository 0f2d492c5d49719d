from __future__ import annotations

import numpy as np
import pytest

from edgetlc.calibration.confidence import confidence, refit


def test_by_hand() -> None:
    """Two classes, logits 0 and log 3: confidence 3/4 at temperature 1."""
    logits = np.array([[0, np.log(3)], [np.log(3), 0]], np.float32)
    found = confidence(logits, np.array([1, 1]), 1.0)
    assert found.loss == pytest.approx(-(np.log(0.75) + np.log(0.25)) / 2)
    assert found.excess == pytest.approx(0.75 - 0.5)
    assert found.error is None  # two photos say nothing of bins


def test_hot_logits() -> None:
    """Probabilities that float32 cannot hold give a finite loss."""
    logits = np.array([[0, 4000]], np.float32)
    assert confidence(logits, np.array([0]), 1.0).loss == pytest.approx(4000)


def test_refit_undoes_a_scale() -> None:
    """A compressed network whose logits are all doubled needs twice the temperature."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 600)
    logits = rng.normal(0, 1, (600, 3)).astype(np.float32)
    logits[np.arange(600), truth] += 1.5
    own = refit(logits, logits, truth, 1.0).after.temperature
    found = refit(logits, 2 * logits, truth, own)
    assert found.after.temperature == pytest.approx(2 * own, rel=1e-6)
    assert found.after.loss == pytest.approx(found.float_network.loss)
    assert found.before.excess > 0.05 > abs(found.after.excess)
    assert found.before.error is not None
    assert found.after.error is not None
    assert found.after.error < found.before.error
