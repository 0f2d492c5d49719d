"""The graph step of the pixel contract in PyTorch: the twin of what every exported model holds."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor, nn

from edgetlc.runtime.contract import PixelContract

_STRIP = 16  # target pixels


def resize_weights(length: int, extent: int, size: int) -> Tensor:
    """Return the antialiased bilinear weights that resample the middle of one axis to `size`.

    A triangle of half-width max(scale, 1) source pixels around each target pixel's centre, each
    row normalised to sum 1 (Pillow's `BILINEAR`, torchvision's `antialias=True`).

    Distances are computed in units of 1 / (2 size) source pixels, in which they are whole numbers
    and float32 holds them exactly; so no engine's rounding can make them differ.

    Of `length` source pixels the middle `extent` become `size`; the weights are
    float32[size, length].
    """
    centres = (2 * torch.arange(size) + 1) * extent + (length - extent) * size
    positions = (2 * torch.arange(length) + 1) * size
    distance = (positions[None, :] - centres[:, None]).abs().to(torch.float32)
    weights = torch.clamp(1 - distance / (2 * max(extent, size)), min=0)
    return weights / weights.sum(dim=1, keepdim=True)


@lru_cache(maxsize=64)  # photos of one camera have one size
def weight_strips(length: int, extent: int, size: int) -> tuple[tuple[slice, Tensor], ...]:
    """Return `resize_weights` in strips of rows, each without the source pixels that it weighs 0.

    A strip reaches over a few source pixels more than it has rows, so products with the strips
    take a fifth of the time of one with the whole. Each is its source pixels and
    float32[up to 16, as many].
    """
    strips = []
    for rows in torch.split(resize_weights(length, extent, size), _STRIP):
        weighed = rows.any(dim=0).nonzero()
        source = slice(int(weighed[0]), int(weighed[-1]) + 1)
        strips.append((source, rows[:, source].contiguous()))
    return tuple(strips)


class PixelStep(nn.Module):
    """Resize to size x size and normalise: uint8[N, H, W, 3] to float32[N, 3, size, size]."""

    mean: Tensor
    std: Tensor

    def __init__(self, contract: PixelContract) -> None:
        super().__init__()
        self.contract = contract
        self.register_buffer("mean", torch.tensor(contract.mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(contract.std).view(1, 3, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the network's input, normalised."""
        return (self.resize(pixels) / 255 - self.mean) / self.std

    def resize(self, pixels: Tensor) -> Tensor:
        """Return grey levels float32[N, 3, size, size], 0 to 255, not rounded."""
        height, width = pixels.shape[1:3]
        square = min(height, width)
        window = (square, square) if self.contract.geometry == "crop" else (height, width)
        rows = weight_strips(height, window[0], self.contract.size)
        columns = weight_strips(width, window[1], self.contract.size)
        device = pixels.device
        planes = pixels.permute(0, 3, 1, 2).to(torch.float32).contiguous()
        low = torch.cat([w.to(device) @ planes[:, :, at] for at, w in rows], dim=2)
        return torch.cat([low[..., at] @ w.T.to(device) for at, w in columns], dim=3)
