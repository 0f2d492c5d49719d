from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from edgetlc.data import duplicates
from edgetlc.data.duplicates import DECODED_SIZE, connected, near_duplicates, thumbnail
from edgetlc.runtime.pixels import decode

Edges = list[tuple[int, int]]


def texture(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A picture of smooth random blobs; two seeds have nothing in common."""
    noise = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return data.getvalue()


def seen(image: Image.Image | bytes) -> NDArray[np.uint8]:
    data = image if isinstance(image, bytes) else jpeg(image)
    return thumbnail(decode(data, DECODED_SIZE).pixels)


def test_a_thumbnail_is_grey_and_28_pixels_wide() -> None:
    small = thumbnail(np.full((40, 90, 3), 200, np.uint8))
    assert (small.shape, small.dtype) == ((28, 28), np.uint8)
    assert np.unique(small).tolist() == [200]


@pytest.mark.parametrize(
    "change",
    [
        lambda image: jpeg(image, 20),
        lambda image: jpeg(image.resize((80, 60))),
        lambda image: jpeg(ImageEnhance.Brightness(image).enhance(0.7)),
        lambda image: jpeg(ImageEnhance.Contrast(image).enhance(0.6)),
        lambda image: jpeg(image.crop((3, 2, 317, 238))),
        lambda image: jpeg(image.convert("L")),
    ],
    ids=["quality", "size", "darker", "flatter", "cropped", "grey"],
)
def test_a_picture_saved_otherwise_is_a_near_duplicate(
    change: Callable[[Image.Image], bytes],
) -> None:
    photos = [seen(texture(1)), seen(texture(2)), seen(change(texture(1)))]
    assert list(near_duplicates(photos)) == [(0, 2)]


def test_different_pictures_are_not() -> None:
    assert list(near_duplicates([seen(texture(seed)) for seed in range(60)])) == []


def test_photos_on_one_stand_are_told_apart() -> None:
    """Most of each photo is one graded background; a hash of signs takes them for one picture."""
    y, x = np.mgrid[0:240, 0:320]
    shade = 225 - 60 * ((x - 130) ** 2 + (y - 110) ** 2) / 320**2
    photos = []
    for seed in range(40):
        noise = np.random.default_rng(seed).normal(0, 2, (240, 320, 1))
        stand = Image.fromarray(np.repeat(shade[..., None] + noise, 3, 2).clip(0, 255).astype("u1"))
        stand.paste(texture(seed, (100, 100)), (110, 70))
        photos.append(seen(stand))
    assert list(near_duplicates(photos)) == []


def test_a_photo_without_edges_resembles_nothing() -> None:
    photos = [np.full((28, 28), grey, np.uint8) for grey in (0, 128, 128, 255)]
    assert list(near_duplicates(photos)) == []
    assert list(near_duplicates([])) == []


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    photos = [seen(jpeg(texture(seed % 5), 60 + seed)) for seed in range(14)]
    expected = [(i, j) for i in range(14) for j in range(i + 1, 14) if i % 5 == j % 5]
    assert sorted(near_duplicates(photos)) == expected
    monkeypatch.setattr(duplicates, "_BLOCK", 4)
    assert sorted(near_duplicates(photos)) == expected


@given(
    st.integers(1, 12).flatmap(
        lambda n: st.tuples(
            st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)))
        )
    )
)
def test_connected_sets(graph: tuple[int, Edges]) -> None:
    count, links = graph
    sets = connected(count, links)
    assert sorted(node for members in sets for node in members) == list(range(count))
    assert [members[0] for members in sets] == sorted(members[0] for members in sets)
    assert all(members == tuple(sorted(members)) for members in sets)
    found = {node: number for number, members in enumerate(sets) for node in members}
    assert all(found[one] == found[other] for one, other in links)
    reach = np.eye(count, dtype=bool)
    for one, other in links:
        reach[one, other] = reach[other, one] = True
    for _ in range(count):
        reach |= reach @ reach
    assert all(reach[i, j] == (found[i] == found[j]) for i in range(count) for j in range(count))


@pytest.mark.real
def test_real_photos_of_different_coins_are_told_apart(shared_data: Path) -> None:
    files = sorted((shared_data / "coin_phone" / "images").rglob("*.jpg"))
    pairs = list(near_duplicates([thumbnail(decode(file, DECODED_SIZE).pixels) for file in files]))
    assert len(pairs) > 150  # one coin in several photos
    assert all(files[i].parent == files[j].parent for i, j in pairs)
