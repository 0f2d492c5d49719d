"""Too little memory, said in one line that names a batch size to try."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from edgetlc.errors import InputError

_TYPES = (MemoryError, torch.OutOfMemoryError)
_WORDS = ("DefaultCPUAllocator", "bad_alloc", "could not create a memory object")


@contextmanager
def memory_explained(batch_size: int) -> Iterator[None]:
    """Name a batch size to try where the memory of the GPU or the machine does not suffice.

    Raises:
        InputError: it does not.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not (isinstance(error, _TYPES) or any(words in str(error) for words in _WORDS)):
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
