from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgetlc.errors import ImageError
from edgetlc.runtime import pixels
from edgetlc.runtime.pixels import Decoded, decode_or_reason
from edgetlc.threads import in_order


def decoded_photos(
    paths: Iterable[Path], workers: int | None = None
) -> Iterator[tuple[Path, Decoded | ImageError]]:
    return in_order(lambda path: decode_or_reason(path, 32), paths, workers)


@pytest.fixture
def greys(tmp_path: Path) -> list[Path]:
    """30 photos whose grey level is their number; every seventh is no photo."""
    paths = [tmp_path / f"{number:02}.png" for number in range(30)]
    for number, path in enumerate(paths):
        Image.new("L", (40, 40), number).save(path)
        if number % 7 == 6:
            path.write_bytes(b"no photo")
    return paths


@pytest.mark.parametrize("workers", [1, 2, 5, None])
def test_photos_come_in_order_and_bad_ones_as_their_reason(greys: list[Path], workers) -> None:
    found = list(decoded_photos(greys, workers))
    assert [path for path, _ in found] == greys
    for number, (_, decoded) in enumerate(found):
        if number % 7 == 6:
            assert isinstance(decoded, ImageError)
        else:
            assert not isinstance(decoded, ImageError)
            assert np.unique(decoded.pixels).tolist() == [number]


def test_at_most_three_photos_per_worker_are_read_ahead(greys: list[Path]) -> None:
    asked: list[Path] = []

    def paths() -> Iterator[Path]:
        for path in greys:
            asked.append(path)
            yield path

    photos = decoded_photos(paths(), workers=2)
    for taken in range(1, 6):
        next(photos)
        assert len(asked) <= taken + 6
    photos.close()


def test_leaving_early_ends_the_threads(greys: list[Path]) -> None:
    for _ in decoded_photos(greys, workers=2):
        break
    assert not [t for t in threading.enumerate() if t.name.startswith("worker")]


def test_a_defect_is_not_taken_for_a_bad_photo(greys: list[Path], monkeypatch) -> None:
    def broken(path: Path, size: int) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(pixels, "decode", broken)
    with pytest.raises(ZeroDivisionError):
        list(decoded_photos(greys))
