from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from edgetlc.data import duplicates
from edgetlc.data.duplicates import DECODED_SIZE, SIMILAR, connected, near_duplicates, thumbnail
from edgetlc.data.likeness import likeness
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


def test_a_thumbnail_is_grey_and_square() -> None:
    small = thumbnail(np.full((40, 90, 3), 200, np.uint8))
    assert (small.shape, small.dtype) == ((DECODED_SIZE, DECODED_SIZE), np.uint8)
    assert np.unique(small).tolist() == [200]


CHANGES: dict[str, Callable[[Image.Image], bytes]] = {
    "quality": lambda image: jpeg(image, 20),
    "size": lambda image: jpeg(image.resize((image.width // 4, image.height // 4))),
    "darker": lambda image: jpeg(ImageEnhance.Brightness(image).enhance(0.7)),
    "flatter": lambda image: jpeg(ImageEnhance.Contrast(image).enhance(0.6)),
    "bluer": lambda image: jpeg(image.convert("RGB", (0.8, 0, 0, 0, 0, 0.9, 0, 0, 0, 0, 1, 0))),
    "grey": lambda image: jpeg(image.convert("L")),
    "mirrored": lambda image: jpeg(ImageOps.mirror(image)),
    "quarter turn": lambda image: jpeg(image.transpose(Image.Transpose.ROTATE_90)),
    "half turn": lambda image: jpeg(image.rotate(180)),
}
MOVES: dict[str, Callable[[Image.Image], bytes]] = {
    "cropped by 2 %": lambda image: jpeg(image.crop(_box(image, 0.02, 0.02, 0.98, 0.98))),
    "cropped by 5 %": lambda image: jpeg(image.crop(_box(image, 0.05, 0.05, 0.95, 0.95))),
    "shifted by 5 %": lambda image: jpeg(image.crop(_box(image, 0.05, 0.05, 1, 1))),
    "tilted": lambda image: jpeg(
        image.rotate(2, Image.Resampling.BICUBIC).crop(_box(image, 0.05, 0.05, 0.95, 0.95))
    ),
}


def _box(image: Image.Image, *shares: float) -> tuple[float, ...]:
    return tuple(share * side for share, side in zip(shares, image.size * 2, strict=True))


@pytest.mark.parametrize("change", (CHANGES | MOVES).values(), ids=CHANGES | MOVES)
def test_a_picture_saved_otherwise_is_a_near_duplicate(
    change: Callable[[Image.Image], bytes],
) -> None:
    photos = [seen(texture(1)), seen(texture(2)), seen(change(texture(1)))]
    assert list(near_duplicates(photos)) == [(0, 2)]


def test_different_pictures_are_not() -> None:
    assert list(near_duplicates([seen(texture(seed)) for seed in range(60)])) == []


def scene(seed: int, stand: str) -> Image.Image:
    """A drawn scene: on every photo the same stand, and on it a piece that only the seed decides.

    The pieces are an eighth to a quarter of the photo wide, brown, with six to twelve corners.
    """
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:360, 0:360]
    shade = 230 - 40 * ((x - 180) ** 2 + (y - 180) ** 2) / 360**2
    image = Image.fromarray(np.repeat(shade[..., None], 3, 2).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    if stand in ("ruler", "card"):
        draw.rectangle((20, 310, 340, 345), "white", "black")
        for tick in range(25, 340, 7):
            draw.line((tick, 310, tick, 325), "black", 1)
    if stand == "card":
        for number, colour in enumerate(("red", "green", "blue", "yellow", "grey", "black")):
            draw.rectangle((20 + 30 * number, 12, 44 + 30 * number, 54), colour)
    angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(6, 13)))
    radii = rng.uniform(22, 44, len(angles))
    middle = rng.integers(165, 195, 2)
    corners = np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None] + middle
    brown = tuple(rng.integers((120, 70, 20), (170, 110, 60)).tolist())
    draw.polygon([tuple(corner) for corner in corners.tolist()], brown)
    noisy = np.asarray(image) + rng.normal(0, 3, (360, 360, 3))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_where_two_photos_overlap_they_are_compared(
    move: Callable[[Image.Image], bytes],
) -> None:
    for seed in range(2):
        one, other = scene(seed, "card"), scene(seed + 1, "card")
        same = likeness(seen(one), seen(move(one)))
        assert same > likeness(seen(one), seen(move(other))) + 0.2
        assert likeness(seen(texture(seed)), seen(move(texture(seed)))) >= SIMILAR


@pytest.mark.parametrize("stand", ["plain", "ruler", "card"])
def test_pieces_on_one_stand_are_told_apart_and_their_copies_found(stand: str) -> None:
    pieces = [scene(seed, stand) for seed in range(40)]
    copies = [seen(change(piece)) for piece, change in zip(pieces, CHANGES.values(), strict=False)]
    pairs = set(near_duplicates([*map(seen, pieces), *copies]))
    assert pairs == {(number, 40 + number) for number in range(len(CHANGES))}


def test_a_photo_without_edges_resembles_nothing() -> None:
    photos = [np.full((DECODED_SIZE, DECODED_SIZE), grey, np.uint8) for grey in (0, 128, 128, 255)]
    assert list(near_duplicates(photos)) == []
    assert list(near_duplicates([])) == []
    assert list(near_duplicates(photos[:1])) == []


def test_many_of_one_picture_are_chained_whatever_their_order() -> None:
    photos = [seen(jpeg(texture(number % 5), 60 + number)) for number in range(20)]
    expected = [tuple(range(first, 20, 5)) for first in range(5)]
    assert connected(20, near_duplicates(photos)) == expected
    order = np.random.default_rng(0).permutation(20).tolist()
    shuffled = near_duplicates([photos[number] for number in order])
    found = {tuple(sorted((order[i], order[j]))) for i, j in shuffled}
    assert found == set(near_duplicates(photos))


def test_comparing_grows_slower_than_the_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times the photos: 16 times the pairs, 8 times the forms compared."""
    compared = 0
    nearest = duplicates._nearest

    def counted(asking: Any, queries: Any, listed: Any, *rest: Any) -> Any:
        nonlocal compared
        compared += len(asking) * len(listed)
        return nearest(asking, queries, listed, *rest)

    monkeypatch.setattr(duplicates, "_nearest", counted)
    rng = np.random.default_rng(0)
    photos = list(rng.integers(0, 256, (1600, DECODED_SIZE, DECODED_SIZE), np.uint8))
    counts = []
    for number in (400, 1600):
        compared = 0
        duplicates._candidates(photos[:number])
        counts.append(compared)
    assert 6 < counts[1] / counts[0] < 10


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


@pytest.mark.slow
@pytest.mark.real
def test_real_photos_saved_again_are_found_and_different_coins_told_apart(
    shared_data: Path,
) -> None:
    files = sorted((shared_data / "coin_phone" / "images").rglob("*.jpg"))
    photos = [thumbnail(decode(file, DECODED_SIZE).pixels) for file in files]
    again = []
    for file in files[::4]:
        with Image.open(file) as photo:
            again.append(seen(jpeg(photo.convert("RGB"), quality=60)))
    pairs = set(near_duplicates([*photos, *again]))
    files += files[::4]
    assert all(files[i].parent == files[j].parent for i, j in pairs)
    sets = [set(members) for members in connected(len(files), pairs)]
    copies = [{4 * index, len(photos) + index} for index in range(len(again))]
    found = [copy for copy in copies if any(copy <= members for members in sets)]
    assert len(found) >= 0.95 * len(copies)
