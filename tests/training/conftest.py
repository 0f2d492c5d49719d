from __future__ import annotations

from dataclasses import replace

import pytest

from edgetlc.data.photos import PhotoSet


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
