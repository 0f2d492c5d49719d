"""How many threads PyTorch computes with, for as long as a block runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_lock = threading.Lock()
_blocks = 0  # that run now, in all threads
_outside = 1  # what the process computed with before the first of them


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let PyTorch compute on `count` threads in the block; the whole process's setting.

    With one, work that is shared out photo by photo does not wait for threads that share a photo:
    these take three to ten times longer to meet than to compute.

    A thread that begins in another's block takes that block's number for the usual one, so the last
    block to end restores what was set before the first.
    """
    global _blocks, _outside
    before = torch.get_num_threads()
    with _lock:
        _outside = _outside if _blocks else before
        _blocks += 1
    torch.set_num_threads(count)
    try:
        yield
    finally:
        with _lock:
            _blocks -= 1
            torch.set_num_threads(before if _blocks else _outside)
