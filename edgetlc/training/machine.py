"""What the machine has to say while a network learns: number format, memory, Ctrl-C."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from edgetlc.errors import InputError
from edgetlc.runtime.machine import processor_flags
from edgetlc.training.config import Precision

_CPU_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}  # x86 by AVX-512 or AMX; ARM
_FIRST_GPU = (8, 0)  # NVIDIA Ampere
_MEMORY_ERRORS = (MemoryError, torch.OutOfMemoryError)
_MEMORY_WORDS = ("DefaultCPUAllocator", "bad_alloc", "could not create a memory object")


def learns_in_bf16(precision: Precision, device: torch.device) -> bool:
    """Return whether the convolutions learn in bfloat16; `auto` where `device` has it natively.

    It halves the memory traffic and, where the processor multiplies it natively, more than doubles
    the speed; elsewhere it is emulated and slower than float32. `torch.autocast` converts layer by
    layer: weights, their sums in the optimizer and the loss stay float32.
    """
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= _FIRST_GPU
    return bool(_CPU_FLAGS & processor_flags())


@contextmanager
def memory_explained(batch_size: int) -> Iterator[None]:
    """Name a batch size to try where the memory of the GPU or the machine does not suffice."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        told = any(words in str(error) for words in _MEMORY_WORDS)
        if not (told or isinstance(error, _MEMORY_ERRORS)):
            raise
    else:
        return
    # Outside of the handler: the error would keep the tensors that did fit alive.
    if batch_size >= 4:
        raise InputError(
            "out of memory with --batch-size {size}; try --batch-size {smaller}",
            size=batch_size,
            smaller=batch_size // 2,
        )
    raise InputError(
        "out of memory with --batch-size {size}; try a smaller --size", size=batch_size
    )


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Keep Ctrl-C back until the block ends; processes that it starts never see one.

    A worker that a terminal's Ctrl-C ends makes PyTorch raise, or wait for it, before this process
    can end in order.
    """
    if sys.platform == "win32":  # it has no masks
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
