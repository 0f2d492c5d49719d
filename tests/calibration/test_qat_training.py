"""Quantization-aware training: what rounding costs is learnt back, and nothing else changes."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor

from edgetlc.calibration.config import QatConfig
from edgetlc.calibration.int8_network import Int8Network
from edgetlc.calibration.qat import train_int8
from edgetlc.calibration.quantizer import quantize
from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.export.network import network_graph
from edgetlc.models.checkpoint import load_checkpoint
from edgetlc.models.networks import Classifier
from edgetlc.runtime.contract import PixelContract
from edgetlc.training.cache import ImageCache
from edgetlc.training.images import ImageSet, load_images
from edgetlc.training.objective import distance_to

CONTRACT = PixelContract(size=64)
SPREAD = 200.0


@dataclass(frozen=True)
class Case:
    """A float network that int8 does not suit, quantized, and images to learn from and to judge."""

    classifier: Classifier
    network: onnx.ModelProto
    quantized: onnx.ModelProto
    training: ImageSet
    judges: Tensor

    def learner(self) -> Int8Network:
        return Int8Network(self.quantized, self.network)

    def trained(self, **settings: Any) -> onnx.ModelProto:
        learner = self.learner()
        how = QatConfig(**{"batch_size": 8, **settings})
        train_int8(learner, self.classifier, self.training, CONTRACT, how)
        return learner.model()

    def distance(self, model: onnx.ModelProto) -> float:
        """Return how far ONNX Runtime's answers are from the float network's, in nats."""
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        logits = session.run(["logits"], {"images": self.judges.numpy()})[0]
        with torch.inference_mode():
            expected, _ = self.classifier(self.judges)
        return float(distance_to(expected, torch.from_numpy(logits), 1.0))


def uneven(classifier: Classifier) -> Classifier:
    """Return the same function with hidden channels of very different sizes.

    A channel that is multiplied before a ReLU and divided behind it changes nothing in float. In
    int8, all channels of an activation share one step, and small ones lose their digits (what
    cross-layer equalisation undoes: Nagel et al., 2019).
    """
    same = deepcopy(classifier)
    rng = np.random.default_rng(0)
    with torch.no_grad():
        for name, block in same.backbone.named_modules():
            if name.count(".") == 1 and name.startswith("layer"):
                factors = np.exp(rng.uniform(0, np.log(SPREAD), block.bn1.num_features))
                factor = torch.tensor(factors, dtype=torch.float32)
                block.bn1.weight *= factor
                block.bn1.bias *= factor
                block.conv2.weight /= factor[None, :, None, None]
    return same


@pytest.fixture(scope="module")
def case(tiny_run: Path, photo_set: PhotoSet, tmp_path_factory: pytest.TempPathFactory) -> Case:
    classifier = uneven(load_checkpoint(tiny_run).classifier).eval()
    network = network_graph(classifier, CONTRACT.size)
    cache = ImageCache(tmp_path_factory.mktemp("decoded"), CONTRACT)
    training = load_images(photo_set.part("train"), cache, "")
    held_out = load_images(photo_set.part("val", "test"), cache, "")
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (CONTRACT.mean, CONTRACT.std))
    seen, judges = (
        (each.images(range(len(each.targets))) / 255 - mean) / std for each in (training, held_out)
    )
    images = [image[None].numpy() for image in seen[:16]]
    return Case(classifier, network, quantize(network, images).model, training, judges)


@pytest.mark.slow
def test_the_case_is_the_same_function_and_hard_for_int8(case: Case, tiny_run: Path) -> None:
    with torch.inference_mode():
        expected, _ = load_checkpoint(tiny_run).classifier(case.judges)
        found, _ = case.classifier(case.judges)
    assert (found - expected).abs().max() < 1e-3
    assert case.distance(case.network) < 1e-6
    assert case.distance(case.quantized) > 0.02


@pytest.mark.slow
def test_training_brings_the_answers_back(case: Case) -> None:
    """Judged by the engine, on photos that it has not seen."""
    assert case.distance(case.trained(batch_size=4, epochs=3)) < case.distance(case.quantized) / 2


def test_the_teacher_stays_as_it_is(case: Case) -> None:
    before = deepcopy(case.classifier.state_dict())
    case.trained()
    after = case.classifier.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert not case.classifier.training


@pytest.mark.slow
def test_a_seed_gives_the_same_network(case: Case) -> None:
    first = case.trained(seed=1)
    torch.rand(7)  # what was drawn before does not matter
    assert case.trained(seed=1) == first
    assert case.trained(seed=2) != first


def test_loss_that_is_no_number(case: Case) -> None:
    broken = deepcopy(case.classifier)
    torch.nn.init.constant_(broken.head.bias, float("nan"))
    with pytest.raises(InputError, match=r"the loss is nan at epoch 1, step 0.*quantize without"):
        replace(case, classifier=broken).trained()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"epochs": 0}, "epochs 0"),
        ({"batch_size": 1}, "batch size 1"),
        ({"learning_rate": 0.0}, "learning rate must be above 0"),
        ({"learning_rate": float("nan")}, "learning rate must be above 0"),
        ({"device": "tpu"}, "unknown device 'tpu'"),
    ],
)
def test_settings_out_of_range(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        QatConfig(**wrong)
