"""Dropout, label smoothing and class weights do what their settings say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from edgetlc.data.photos import PhotoSet
from edgetlc.models.networks import Classifier
from edgetlc.runtime.contract import PixelContract
from edgetlc.training.config import TrainingConfig
from edgetlc.training.objective import Objective
from edgetlc.training.rng import kept_features
from edgetlc.training.train import Epoch, train

pytestmark = pytest.mark.usefixtures("stateless")

CPU = torch.device("cpu")
WHOLE = slice(None)
TARGETS = torch.tensor([0, 0, 0, 0, 0, 1, 1, 2])  # of the training part
LOGITS = torch.tensor([[2.0, 0.0, 1.0], [0.0, 1.0, 0.5], [1.0, 1.0, 3.0], [0.5, 0.0, 0.0]])
BATCH = torch.tensor([0, 1, 2, 0])


def objective(**settings: Any) -> Objective:
    return Objective(TrainingConfig("slim-resnet18", **settings), TARGETS, 3, CPU)


class TestClassWeights:
    def test_balanced_weighs_by_n_over_classes_times_count(self) -> None:
        """By hand: 8 / (3 x 5), 8 / (3 x 2), 8 / (3 x 1)."""
        each = F.cross_entropy(LOGITS, BATCH, reduction="none")
        weights = torch.tensor([8 / 15, 8 / 6, 8 / 3, 8 / 15])
        expected = (weights * each).sum() / weights.sum()
        found = objective(class_weights="balanced")(LOGITS, BATCH, WHOLE)
        assert found == pytest.approx(float(expected))

    def test_over_the_training_part_every_class_counts_the_same(self) -> None:
        """The loss is the mean of the classes' mean losses, whatever their photos."""
        logits = torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
        each = F.cross_entropy(logits, TARGETS, reduction="none")
        means = [float(each[label == TARGETS].mean()) for label in range(3)]
        found = objective(class_weights="balanced")(logits, TARGETS, WHOLE)
        assert float(found) == pytest.approx(sum(means) / 3)

    def test_none_is_the_plain_mean(self) -> None:
        found = objective(class_weights="none")(LOGITS, BATCH, WHOLE)
        assert found == pytest.approx(float(F.cross_entropy(LOGITS, BATCH)))


class TestLabelSmoothing:
    def test_by_hand(self) -> None:
        """A share of 0.3 of each target goes to all three classes alike: 0.8, 0.1, 0.1."""
        target = torch.full((4, 3), 0.1)
        target[torch.arange(4), BATCH] = 0.8
        expected = -(target * LOGITS.log_softmax(1)).sum(1).mean()
        found = objective(label_smoothing=0.3)(LOGITS, BATCH, WHOLE)
        assert found == pytest.approx(float(expected))

    def test_certainty_is_no_longer_the_best_answer(self) -> None:
        smooth, sure = objective(label_smoothing=0.1), torch.tensor([[50.0, 0.0, 0.0]])
        less_sure, target = torch.tensor([[3.0, 0.0, 0.0]]), torch.tensor([0])
        assert smooth(less_sure, target, WHOLE) < smooth(sure, target, WHOLE)
        assert objective()(sure, target, WHOLE) < objective()(less_sure, target, WHOLE)


@pytest.mark.parametrize(
    "settings", [{}, {"class_weights": "balanced"}, {"label_smoothing": 0.1}], ids=str
)
def test_shares_of_a_batch_add_up_to_it(settings: dict[str, Any]) -> None:
    loss = objective(**settings)
    parts = [loss(LOGITS[rows], BATCH, rows) for rows in (slice(0, 1), slice(1, 4))]
    assert float(sum(parts)) == pytest.approx(float(loss(LOGITS, BATCH, WHOLE)))


class TestDropout:
    def test_the_share_is_dropped_and_the_mean_kept(self) -> None:
        kept = kept_features(0.3, 0, 1, 0, (500, 200))
        assert kept.unique().tolist() == pytest.approx([0.0, 1 / 0.7])
        # 100 000 draws: the share within five standard deviations.
        assert float((kept == 0).float().mean()) == pytest.approx(0.3, abs=0.0075)
        assert float(kept.mean()) == pytest.approx(1, abs=0.011)

    def test_the_linear_layer_sees_what_is_kept(self) -> None:
        """As torch.nn.Dropout between pooling and the linear layer."""
        torch.manual_seed(0)
        network, images = Classifier("slim-resnet18", 3).eval(), torch.randn(2, 3, 64, 64)
        kept = kept_features(0.5, 0, 1, 0, (2, 128))
        seen: list[torch.Tensor] = []
        hook = network.backbone.avgpool.register_forward_hook(  # type: ignore[union-attr, operator]
            lambda module, inputs, output: seen.append(output)
        )
        network.backbone(images)
        hook.remove()
        expected = network.head(seen[0].flatten(1) * kept)
        torch.testing.assert_close(network(images, kept)[0], expected, rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def few(photo_set: PhotoSet) -> PhotoSet:
    """Six training photos of each class, and the validation part."""
    chosen = [p for p in photo_set.photos if p.part == "val"]
    for label in photo_set.labels:
        chosen += [p for p in photo_set.part("train").photos if p.label == label][:6]
    return replace(photo_set, photos=tuple(chosen))


def losses(photos: PhotoSet, folder: Path, **settings: Any) -> list[Epoch]:
    config = TrainingConfig("slim-resnet18", 1, 6, contract=PixelContract(size=32), **settings)
    return [replace(epoch, seconds=0) for epoch in train(photos, config, folder).epochs]


def test_equal_classes_need_no_weights(few: PhotoSet, tmp_path: Path) -> None:
    plain = losses(few, tmp_path / "plain")
    assert losses(few, tmp_path / "balanced", class_weights="balanced") == plain
    fewer = replace(few, photos=few.photos[:-3])
    unequal = losses(fewer, tmp_path / "unequal")
    assert losses(fewer, tmp_path / "unequal-balanced", class_weights="balanced") != unequal


@pytest.mark.parametrize("settings", [{"dropout": 0.5}, {"label_smoothing": 0.2}], ids=str)
def test_training_uses_the_setting(
    few: PhotoSet, tmp_path: Path, settings: dict[str, float]
) -> None:
    assert losses(few, tmp_path / "a", **settings) != losses(few, tmp_path / "b")


def test_nothing_of_it_is_left_in_the_network(few: PhotoSet, tmp_path: Path) -> None:
    """The validation loss is the plain cross-entropy, of the network without dropout."""
    from edgetlc.models.checkpoint import load_checkpoint
    from edgetlc.training.evaluate import evaluate

    settings: dict[str, Any] = {"dropout": 0.9, "label_smoothing": 0.5}
    (epoch,) = losses(few, tmp_path, **settings)
    checkpoint = replace(load_checkpoint(tmp_path), temperature=1.0)
    answers = evaluate(checkpoint, few.part("val"))
    told = -torch.tensor(answers.probabilities)[range(6), answers.truth.tolist()].log().mean()
    assert epoch.val_loss == pytest.approx(float(told), rel=0.02)  # pixels of whole grey levels
    assert epoch.val_accuracy == answers.right.mean()
