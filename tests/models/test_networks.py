from __future__ import annotations

from pathlib import Path

import onnx.reference
import pytest
import torch

from edgetlc.errors import InputError
from edgetlc.export.network import network_graph
from edgetlc.models.architectures import ARCHITECTURES, Architecture
from edgetlc.models.checkpoint import Checkpoint, load_checkpoint, load_weights, save_checkpoint
from edgetlc.models.cost import costs_of
from edgetlc.models.networks import Classifier
from edgetlc.models.pretrained import imagenet_weights
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.contract import PixelContract

OFFERED = tuple(ARCHITECTURES)  # before the fixtures add one
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
    assert set(PARAMETERS) == set(OFFERED)
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
        *(pytest.param(name, 224, marks=pytest.mark.slow) for name in OFFERED),
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


class Stub(torch.nn.Module):
    """The smallest network that the table's terms allow, with another name for its head."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.maps = torch.nn.Conv2d(3, 8, 3, stride=32)
        self.end = torch.nn.Sequential(torch.nn.Dropout(0.2), torch.nn.Linear(8, classes))


def test_a_network_is_added_by_an_entry_of_the_table(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Built, saved, loaded, given published weights, timed, exported, listed: all by the table."""
    entry = Architecture(
        features=lambda net, images: net.maps(images),
        head="end.1",
        build=lambda name, classes: Stub(classes),
        weights_url=lambda name: f"https://example.org/{name}-12345678.pth",
        renamed=(r"^old\.", ""),
    )
    monkeypatch.setitem(ARCHITECTURES, "stub", entry)
    with pytest.raises(InputError, match=r"choose one of .*densenet169, .*stub$"):
        Classifier("resnet99", 2)
    with pytest.raises(InputError, match=r"no ImageNet weights of stub .*stub-12345678\.pth"):
        imagenet_weights("stub")
    stub = Classifier("stub", 2).eval()
    names = ClassInfo("a", "a", "a"), ClassInfo("b", "b", "b")
    save_checkpoint(tmp_path / "stub.safetensors", Checkpoint(stub, names, PixelContract(size=64)))
    loaded = load_checkpoint(tmp_path / "stub.safetensors").classifier
    images = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(loaded(images)[0], stub(images)[0])
    published = {f"old.{name}": tensor for name, tensor in stub.backbone.state_dict().items()}
    torch.save(published, tmp_path / "published.pth")
    assert load_weights(Classifier("stub", 2), tmp_path / "published.pth").not_found == ()
    assert costs_of({"stub": stub}, 64)["stub"].parameters == parameters(stub)
    exported = onnx.reference.ReferenceEvaluator(network_graph(stub, 64))
    logits = torch.from_numpy(exported.run(None, {"images": images.numpy()})[0])
    assert torch.allclose(logits, stub(images)[0], atol=1e-5)
