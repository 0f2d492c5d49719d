from __future__ import annotations

import pytest
import torch

from edgetlc.errors import InputError
from edgetlc.models.networks import ARCHITECTURES, Classifier

# Of torchvision's documentation, for 1000 classes.
PARAMETERS = {
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "densenet121": 7_978_856,
    "densenet161": 28_681_000,
    "densenet169": 14_149_480,
}


def parameters(network: Classifier) -> int:
    return sum(tensor.numel() for tensor in network.parameters())


def test_the_networks_are_torchvision_s() -> None:
    assert set(PARAMETERS) == set(ARCHITECTURES)
    for name in ("resnet18", "resnet50", "densenet121"):
        assert parameters(Classifier(name, 1000)) == PARAMETERS[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet34", "densenet161", "densenet169"])
def test_the_larger_networks_are_torchvision_s(name: str) -> None:
    assert parameters(Classifier(name, 1000)) == PARAMETERS[name]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("resnet18", 100),
        ("densenet121", 64),
        *(pytest.param(name, 224, marks=pytest.mark.slow) for name in ARCHITECTURES),
    ],
)
def test_the_logits_are_the_backbone_s(name: str, size: int) -> None:
    """The mean of the class-activation map and the bias are what pooling and the head give."""
    torch.manual_seed(0)
    classifier = Classifier(name, 5).eval()
    images = torch.randn(2, 3, size, size)
    with torch.inference_mode():
        logits, evidence = classifier(images)
        expected = classifier.backbone(images)
    assert evidence.shape[:2] == (2, 5)
    assert torch.allclose(logits, expected, atol=1e-4 * float(expected.abs().max()))
    recovered = evidence.mean(dim=(2, 3)) + classifier.head.bias
    assert torch.allclose(recovered, expected, atol=1e-4 * float(expected.abs().max()))


def test_the_evidence_is_where_the_piece_is() -> None:
    """A photo's patch moved by one stride of the network moves its evidence by one place."""
    torch.manual_seed(0)
    classifier = Classifier("resnet18", 3).eval()
    here, there = torch.zeros(2, 1, 3, 160, 160)
    patch = torch.randn(3, 32, 32)
    here[0, :, 32:64, 32:64] = patch
    there[0, :, 64:96, 64:96] = patch
    with torch.inference_mode():
        nothing = classifier(torch.zeros(1, 3, 160, 160))[1]
        found = [(classifier(images)[1] - nothing)[0].abs().sum(dim=0) for images in (here, there)]
    places = [divmod(int(one.argmax()), one.shape[1]) for one in found]
    assert places[1] == (places[0][0] + 1, places[0][1] + 1)


@pytest.mark.parametrize("name", ["resnet101", "ResNet18", "", "densenet201"])
def test_an_unknown_network_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="choose one of resnet18, resnet34"):
        Classifier(name, 4)
