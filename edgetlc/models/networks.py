"""The classifiers: torchvision's ResNets and DenseNets, with their class-activation maps.

The DenseNet that the standard's Annex B describes layer by layer is torchvision's `densenet169`,
although the text calls it DenseNet-161; both are offered under torchvision's names.
"""

from __future__ import annotations

import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F

from edgetlc.errors import InputError

ARCHITECTURES = (
    "resnet18",
    "resnet34",
    "resnet50",
    "densenet121",
    "densenet161",
    "densenet169",
)


class Classifier(nn.Module):
    """A torchvision network that also tells where in the photo it sees each class.

    Global average pooling followed by one linear layer (what all these networks end in) is the
    mean over positions of the linear layer applied at each position. So the class-activation map
    (Zhou et al., 2016) costs one 1x1 convolution and the logits are its mean plus the bias.
    """

    def __init__(self, architecture: str, classes: int) -> None:
        super().__init__()
        check_architecture(architecture)
        self.architecture = architecture
        self.backbone: nn.Module = getattr(torchvision.models, architecture)(
            weights=None, num_classes=classes
        )

    @property
    def head(self) -> nn.Linear:
        """The linear layer from features to classes."""
        layer = self.backbone.fc if hasattr(self.backbone, "fc") else self.backbone.classifier
        assert isinstance(layer, nn.Linear)
        return layer

    def forward(self, images: Tensor, kept: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return logits and evidence.

        Args:
            images: float32[N, 3, S, S], normalised.
            kept: float32[N, D], factors of the features; what dropout leaves of them while the
                network learns.

        Returns:
            logits float32[N, C], and evidence float32[N, C, S/32, S/32]: how much each position
            adds to each class's logit.
        """
        head, features = self.head, self._features(images)
        if kept is not None:  # on the maps: their mean is what the linear layer would see
            features = features * kept[:, :, None, None]
        evidence = F.conv2d(features, head.weight[:, :, None, None])
        return evidence.mean(dim=(2, 3)) + head.bias, evidence

    def _features(self, images: Tensor) -> Tensor:
        """Return the last feature maps, float32[N, D, S/32, S/32]."""
        net = self.backbone
        if isinstance(net, torchvision.models.DenseNet):
            return F.relu(net.features(images))
        stem = net.maxpool(net.relu(net.bn1(net.conv1(images))))  # type: ignore[operator]
        features: Tensor = net.layer4(net.layer3(net.layer2(net.layer1(stem))))  # type: ignore[operator]
        return features


def check_architecture(name: str) -> None:
    """Refuse a network that is not offered.

    Raises:
        InputError: it is not one of `ARCHITECTURES`.
    """
    if name not in ARCHITECTURES:
        raise InputError(f"unknown network {name!r}; choose one of {', '.join(ARCHITECTURES)}")


def channels_last(tensor: Tensor) -> Tensor:
    """Return the tensor in the memory layout that convolutions are fastest in."""
    return tensor.contiguous(memory_format=torch.channels_last)
