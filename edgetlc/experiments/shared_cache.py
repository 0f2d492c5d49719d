"""Several runs on the same photos: each photo is decoded once for all of them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from edgetlc.training.config import TrainingConfig
from edgetlc.training.distributed import started_by_torchrun

CACHE_FOLDER = "cache"


@contextmanager
def decoded_once(config: TrainingConfig, output: Path) -> Iterator[TrainingConfig]:
    """Yield settings whose runs share decoded photos, in `output`/cache until the block ends.

    A cache that the user named is taken as it is, and kept.
    """
    if config.cache is not None:
        yield config
        return
    cache = output / CACHE_FOLDER
    try:
        yield replace(config, cache=cache, cache_limit=sys.maxsize)
    finally:
        if started_by_torchrun().main:
            shutil.rmtree(cache, ignore_errors=True)
