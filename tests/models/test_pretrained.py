"""Torchvision's weights; nothing here uses the network: downloads come from files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision

from edgetlc.errors import InputError
from edgetlc.models import pretrained
from edgetlc.models.architectures import ARCHITECTURES
from edgetlc.models.networks import Classifier
from edgetlc.models.pretrained import download_imagenet_weights, imagenet_weights
from edgetlc.progress import Silent, reporting


class Told(Silent):
    """Keeps the notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def told() -> Iterator[Told]:
    with reporting(reporter := Told()):
        yield reporter


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """PyTorch's folder of weights, empty."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    return tmp_path / "hub" / "checkpoints"


@pytest.fixture
def offered(place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A small file that stands where resnet18's weights would be downloaded from."""
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "made.pth")
    digits = hashlib.sha256((tmp_path / "made.pth").read_bytes()).hexdigest()[:8]
    source = (tmp_path / "made.pth").rename(tmp_path / f"resnet18-{digits}.pth")
    target = place / source.name
    found = source.as_uri(), target, digits
    monkeypatch.setattr(pretrained, "_place", lambda architecture: found)
    return source


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_network_has_weights_with_a_digest(place: Path, architecture: str) -> None:
    with pytest.raises(InputError, match=rf"no ImageNet weights of {architecture} at .*https://"):
        imagenet_weights(architecture)
    url, file, digits = pretrained._place(architecture)
    assert url.startswith("https://download.pytorch.org/models/")
    assert len(digits) == 8
    int(digits, 16)
    assert file.parent == place


def test_tensors_fit_the_classifier() -> None:
    """The names that torchvision's own loader expects are the backbone's."""
    for architecture in ("resnet34", "densenet169"):
        own = Classifier(architecture, 1000).backbone.state_dict()
        theirs = getattr(torchvision.models, architecture)(weights=None).state_dict()
        assert {n: t.shape for n, t in own.items()} == {n: t.shape for n, t in theirs.items()}


def test_download_is_announced_and_done_once(offered: Path, place: Path, told: Told) -> None:
    download_imagenet_weights("resnet18")
    assert told.notes == [f"downloading {offered.as_uri()} to {place}; its SHA-256 is checked"]
    assert imagenet_weights("resnet18").read_bytes() == offered.read_bytes()
    download_imagenet_weights("resnet18")
    assert len(told.notes) == 1


def test_download_with_another_digest_leaves_nothing(offered: Path, place: Path) -> None:
    offered.write_bytes(b"something else")
    with pytest.raises(InputError, match=r"cannot be downloaded .*hash"):
        download_imagenet_weights("resnet18")
    assert list(place.iterdir()) == []


def test_no_connection(offered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise OSError("Temporary failure in name resolution")

    monkeypatch.setattr(torch.hub, "download_url_to_file", refused)
    message = r"name resolution\); fetch it on a machine that is online and pass the file with --w"
    with pytest.raises(InputError, match=message):
        download_imagenet_weights("resnet18")


def test_damaged_file_is_refused(offered: Path) -> None:
    download_imagenet_weights("resnet18")
    file = imagenet_weights("resnet18")
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(InputError, match=f"{file.name} is damaged: its SHA-256 does not begin"):
        imagenet_weights("resnet18")


def test_unknown_network(place: Path) -> None:
    for call in (imagenet_weights, download_imagenet_weights):
        with pytest.raises(InputError, match="unknown network 'resnet99'"):
            call("resnet99")
