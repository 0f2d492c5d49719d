"""The networks that can be trained, in one table: torchvision's, under torchvision's names.

To add one is to add an entry: training, pretrained weights, export, quantization, comparison, the
command line and every message that lists networks ask the table. What a network must be: global
average pooling, then one linear layer (dropout between them is allowed). Nothing here imports
PyTorch, so that the command line can list the names at once.

The DenseNet that the standard's Annex B describes layer by layer is torchvision's `densenet169`,
although the text calls it DenseNet-161; both are offered.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgetlc.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor, nn


def _torchvision(name: str, classes: int) -> nn.Module:
    import torchvision

    return torchvision.models.get_model(name, weights=None, num_classes=classes)  # type: ignore[no-any-return]


def _torchvision_weights(name: str) -> str:
    import torchvision

    return torchvision.models.get_model_weights(name).DEFAULT.url  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Architecture:
    """What the table says of a network."""

    # From the network and float32[N, 3, S, S] to what is pooled, float32[N, D, S/32, S/32].
    features: Callable[[Any, Tensor], Tensor]
    head: str  # the linear layer from pooled features to classes
    # From the name and a number of classes to a network with random weights.
    build: Callable[[str, int], nn.Module] = _torchvision
    # From the name to its ImageNet weights; the file's name ends in first digits of its SHA-256.
    weights_url: Callable[[str], str] = _torchvision_weights
    # A regular expression for tensors that published files name otherwise, and its replacement.
    renamed: tuple[str, str] | None = None

    def name_today(self, tensor: str) -> str:
        """Return what the network calls a tensor of a published file."""
        return re.sub(*self.renamed, tensor) if self.renamed else tensor


def _resnet_features(net: Any, images: Tensor) -> Tensor:
    stem = net.maxpool(net.relu(net.bn1(net.conv1(images))))
    features: Tensor = net.layer4(net.layer3(net.layer2(net.layer1(stem))))
    return features


def _densenet_features(net: Any, images: Tensor) -> Tensor:
    features: Tensor = net.features(images)
    return features.relu()


_RESNET = Architecture(_resnet_features, head="fc")
_DENSENET = Architecture(
    _densenet_features,
    head="classifier",
    renamed=(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2"),  # `norm.1` is `norm1` today
)
ARCHITECTURES: dict[str, Architecture] = {
    **dict.fromkeys(("resnet18", "resnet34", "resnet50"), _RESNET),
    **dict.fromkeys(("densenet121", "densenet161", "densenet169"), _DENSENET),
}


def architecture_of(name: str) -> Architecture:
    """Return the table's entry of a network.

    Raises:
        InputError: it is not one of `ARCHITECTURES`.
    """
    if name not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise InputError("unknown network {name!r}; choose one of {known}", name=name, known=known)
    return ARCHITECTURES[name]
