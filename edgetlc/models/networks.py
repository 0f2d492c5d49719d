"""The classifiers: the networks of `edgetlc.models.architectures` with class-activation maps."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edgetlc.models.architectures import architecture_of


class Classifier(nn.Module):
    """A network that also tells where in the photo it sees each class.

    Global average pooling followed by one linear layer (what all these networks end in) is the
    mean over positions of the linear layer applied at each position. So the class-activation map
    (Zhou et al., 2016) costs one 1x1 convolution and the logits are its mean plus the bias.
    """

    def __init__(self, architecture: str, classes: int) -> None:
        super().__init__()
        self._entry = architecture_of(architecture)
        self.architecture = architecture
        self.backbone = self._entry.build(architecture, classes)

    @property
    def head(self) -> nn.Linear:
        """The linear layer from features to classes."""
        layer = self.backbone.get_submodule(self._entry.head)
        assert isinstance(layer, nn.Linear)
        return layer

    def forward(self, images: Tensor, kept: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return logits and evidence.

        Images are normalised, float32[N, 3, S, S]; logits are float32[N, C]; evidence, float32[N,
        C, S/32, S/32], is how much each position adds to each class's logit. Dropout, while the
        network learns, leaves of the features the factors `kept`, float32[N, D].
        """
        head, features = self.head, self._entry.features(self.backbone, images)
        if kept is not None:  # on the maps: their mean is what the linear layer would see
            features = features * kept[:, :, None, None]
        evidence = F.conv2d(features, head.weight[:, :, None, None])
        return evidence.mean(dim=(2, 3)) + head.bias, evidence


def channels_last(tensor: Tensor) -> Tensor:
    """Return the tensor in the memory layout that convolutions are fastest in."""
    return tensor.contiguous(memory_format=torch.channels_last)
