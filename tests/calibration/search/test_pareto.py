from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from edgetlc.calibration.search.core import front

VALUES = st.integers(0, 5).map(float)  # few, so that ties are common
POINTS = st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=12)
EXACT = (0, 0, 0)
PLAY = (0, 1, 1.5)

Point = tuple[float, ...]


def beats(one: Point, other: Point, play: Point = EXACT) -> bool:
    gains = [(a - b, most) for a, b, most in zip(one, other, play, strict=True)]
    return not any(gain < -most for gain, most in gains) and any(g > most for g, most in gains)


@given(POINTS)
def test_nothing_beats_the_front_and_the_front_beats_the_rest(points: list[Point]) -> None:
    places = front(points, EXACT)
    best = [points[place] for place in places]
    assert best
    assert not any(beats(point, one) for point in points for one in best)
    rest = [point for place, point in enumerate(points) if place not in places]
    assert all(any(beats(one, point) for one in best) for point in rest)


@given(POINTS)
def test_with_play_the_front_is_never_empty_and_never_beaten(points: list[Point]) -> None:
    places = front(points, PLAY)
    assert places
    assert not any(beats(point, points[place], PLAY) for point in points for place in places)
    rest = [point for place, point in enumerate(points) if place not in places]
    assert all(any(beats(other, point, PLAY) for other in points) for point in rest)


@given(POINTS, st.randoms())
def test_order_does_not_matter(points: list[Point], shuffle: random.Random) -> None:
    mixed = list(points)
    shuffle.shuffle(mixed)
    for play in (EXACT, PLAY):
        found = (sorted(every[i] for i in front(every, play)) for every in (points, mixed))
        assert len(set(map(tuple, found))) == 1


def test_what_differs_by_noise_shares_its_fate() -> None:
    assert front([(1, 2), (1, 2), (0, 2)], (0, 0)) == (0, 1)
    assert front([(1, 2), (1, 2.5), (0, 2)], (0, 1)) == (0, 1)
    assert front([(1, 2), (1, 3.5)], (0, 1)) == (1,)
    assert front([(1, 2), (2, 1), (1, 1)], (0, 0)) == (0, 1)
