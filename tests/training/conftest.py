from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from edgetlc.data.photos import PhotoSet


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """The same sums on every machine, and quicker than two threads on a busy one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def few(photo_set: PhotoSet) -> PhotoSet:
    """Six training photos of each class, and the validation part."""
    counts: dict[str, int] = {}
    chosen = []
    for photo in photo_set.photos:
        if photo.part == "train":
            counts[photo.label] = counts.get(photo.label, 0) + 1
        if photo.part == "val" or (photo.part == "train" and counts[photo.label] <= 6):
            chosen.append(photo)
    return replace(photo_set, photos=tuple(chosen))
