"""Ctrl-C, kept from the processes that read and augment photos."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Keep Ctrl-C back until the block ends; processes that it starts never see one.

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
