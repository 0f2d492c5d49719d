"""Random draws of a training sample, fixed by who draws: seed, epoch and the sample's index.

Nothing else decides: not the order of the samples, the batch, the worker, the rank or the device.
So an epoch can be repeated on its own, and two processes that share an epoch draw as one would.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
import torch
from torch import Tensor


class Purpose(IntEnum):
    """What is drawn; each purpose has a stream of its own, so that one leaves the others alone."""

    ANNEX_A = 0
    CAMERA = 1
    ORDER = 2
    DROPOUT = 3


def generators(
    purpose: Purpose, seed: int, epoch: int, indices: Sequence[int]
) -> list[np.random.Generator]:
    """Return one generator for each sample, by its index in the training part; 8 us each."""
    return [np.random.default_rng((purpose, seed, epoch, int(index))) for index in indices]


def order(seed: int, epoch: int, count: int) -> tuple[int, ...]:
    """Return the indices 0 to `count` - 1 in the order that an epoch takes them."""
    draws = np.random.default_rng((Purpose.ORDER, seed, epoch))
    return tuple(draws.permutation(count).tolist())


def kept_features(share: float, seed: int, epoch: int, step: int, shape: tuple[int, int]) -> Tensor:
    """Return what dropout multiplies a step's features by, float32[N, D]: 0 or 1 / (1 - share).

    `shape` is (N, D), the images of all processes together and the features; `share`, 0 to below 1,
    of them is dropped.
    """
    draws = np.random.default_rng((Purpose.DROPOUT, seed, epoch, step))
    return torch.from_numpy((draws.random(shape, np.float32) >= share) / np.float32(1 - share))
