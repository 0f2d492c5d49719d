from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from edgetlc.training.config import TrainingConfig
from edgetlc.training.objective import Objective
from edgetlc.training.rng import kept_features

CPU = torch.device("cpu")
LOGITS = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.5, 0.0], [0.0, 3.0, 0.0], [1.0, 0.0, 1.0]])
TARGETS = torch.tensor([0, 1, 1, 2])
ALL = slice(0, 4)


def log_share(row: int, target: int) -> float:
    """Return the natural logarithm of a softmax, by hand."""
    values = LOGITS[row].tolist()
    return values[target] - math.log(sum(map(math.exp, values)))


def test_plain_loss_is_the_mean_cross_entropy() -> None:
    objective = Objective(TrainingConfig(), TARGETS, 3, CPU)
    expected = -sum(log_share(row, t) for row, t in enumerate(TARGETS.tolist())) / 4
    assert float(objective(LOGITS, TARGETS, ALL)) == pytest.approx(expected, rel=1e-6)


def test_label_smoothing_by_hand() -> None:
    objective = Objective(TrainingConfig(label_smoothing=0.3), TARGETS, 3, CPU)
    expected = 0.0
    for row, target in enumerate(TARGETS.tolist()):
        uniform = sum(log_share(row, other) for other in range(3)) / 3
        expected -= (0.7 * log_share(row, target) + 0.3 * uniform) / 4
    assert float(objective(LOGITS, TARGETS, ALL)) == pytest.approx(expected, rel=1e-6)


class TestClassWeights:
    def test_balanced_ones_by_hand(self) -> None:
        training = torch.tensor([0] * 6 + [1] * 3 + [2])
        objective = Objective(TrainingConfig(class_weights="balanced"), training, 3, CPU)
        assert objective.weights.tolist() == pytest.approx([10 / 18, 10 / 9, 10 / 3])

    def test_every_class_counts_the_same(self) -> None:
        """Copies of one class's photos change nothing where each class is told as badly."""
        balanced = TrainingConfig(class_weights="balanced")
        logits = torch.tensor([[1.0, 0.0]] * 9 + [[1.0, 0.0]])
        targets = torch.tensor([0] * 9 + [1])
        loss = Objective(balanced, targets, 2, CPU)(logits, targets, slice(0, 10))
        one_each = F.cross_entropy(logits[-2:], targets[-2:])
        assert float(loss) == pytest.approx(float(one_each), rel=1e-6)

    def test_agrees_with_pytorch_s_own_mean(self) -> None:
        config = TrainingConfig(class_weights="balanced", label_smoothing=0.1)
        objective = Objective(config, TARGETS, 3, CPU)
        expected = F.cross_entropy(LOGITS, TARGETS, weight=objective.weights, label_smoothing=0.1)
        assert float(objective(LOGITS, TARGETS, ALL)) == pytest.approx(float(expected), rel=1e-6)


@given(st.integers(1, 3), st.sampled_from(["none", "balanced"]))
def test_shares_add_up_to_the_batch(cut: int, weights: str) -> None:
    config = TrainingConfig(class_weights=weights, label_smoothing=0.2)  # type: ignore[arg-type]
    objective = Objective(config, TARGETS, 3, CPU)
    parts = [objective(LOGITS[rows], TARGETS, rows) for rows in (slice(0, cut), slice(cut, 4))]
    whole = float(objective(LOGITS, TARGETS, ALL))
    assert float(sum(parts)) == pytest.approx(whole, rel=1e-6)


class TestDropout:
    def test_share_and_scale(self) -> None:
        kept = kept_features(0.25, 0, 1, 0, (64, 512))
        dropped = float((kept == 0).float().mean())
        assert dropped == pytest.approx(0.25, abs=0.01)
        assert kept.unique().tolist() == pytest.approx([0, 4 / 3])
        assert kept.dtype == torch.float32

    def test_every_step_draws_anew_and_again_the_same(self) -> None:
        def drawn(seed: int, epoch: int, step: int) -> torch.Tensor:
            return kept_features(0.5, seed, epoch, step, (4, 64))

        assert torch.equal(drawn(0, 1, 0), drawn(0, 1, 0))
        others = [drawn(0, 1, 1), drawn(0, 2, 0), drawn(1, 1, 0)]
        assert not any(torch.equal(drawn(0, 1, 0), other) for other in others)
