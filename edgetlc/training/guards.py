"""Around the training loop: too little memory said in one line, Ctrl-C kept from workers."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from edgetlc.errors import InputError


@contextmanager
def memory_explained(batch_size: int) -> Iterator[None]:
    """Name a batch size to try where the memory of the GPU or the machine does not suffice.

    Raises:
        InputError: it does not.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not _out_of_memory(error):
            raise
    else:
        return
    # Outside of the handler: the error would keep the tensors that did fit alive.
    smaller = f"--batch-size {batch_size // 2}" if batch_size >= 4 else "a smaller --size"
    raise InputError(f"out of memory with --batch-size {batch_size}; try {smaller}")


def _out_of_memory(error: Exception) -> bool:
    told = ("DefaultCPUAllocator", "bad_alloc", "could not create a memory object")
    types = (MemoryError, torch.OutOfMemoryError)
    return isinstance(error, types) or any(words in str(error) for words in told)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back until the block ends; processes that it starts never see one.

    A worker that a terminal's Ctrl-C ends makes PyTorch raise, or wait for it, before this process
    can end in order.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
