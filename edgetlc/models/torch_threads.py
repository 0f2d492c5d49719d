"""How many threads PyTorch computes with, for as long as a block runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let PyTorch compute on `count` threads in the block; the whole process's setting.

    With one, work that is shared out photo by photo does not wait for threads that share a photo:
    these take three to ten times longer to meet than to compute.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
