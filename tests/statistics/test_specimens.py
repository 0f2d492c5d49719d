from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.errors import InputError
from edgetlc.statistics.specimens import draws, number_specimens, one_each


def test_specimens_are_numbered_by_first_appearance() -> None:
    found = number_specimens(["b", "a", None, "b", None, "a"], 6)
    assert found.tolist() == [0, 1, 2, 0, 3, 1]
    assert number_specimens(np.array([7, 3, 7]), 3).tolist() == [0, 1, 0]


def test_an_id_is_never_mistaken_for_an_unknown_one() -> None:
    assert number_specimens([0, None, 1, ("alone", 1)], 4).tolist() == [0, 1, 2, 3]


def test_the_lowest_lot_of_each_specimen_counts() -> None:
    specimens, lots = np.array([0, 1, 0, 1, 2]), np.array([5, 1, 3, 2, 9])
    assert one_each(specimens, lots).tolist() == [2, 1, 4]
    assert one_each(specimens, np.zeros(5, np.int64)).tolist() == [0, 1, 4]


def test_a_lot_is_the_content_s_and_nothing_else_s() -> None:
    names = [f"{n:064x}" for n in range(4000)]
    found = draws(names)
    assert draws(names[::-1]).tolist() == found.tolist()[::-1]
    assert len(set(found.tolist())) == 4000
    assert 0 <= found.min() < found.max() < 2**56
    # No photo has a better chance than another of its specimen, whatever its place.
    chosen = one_each(np.arange(4000) // 4, found) % 4
    assert np.bincount(chosen, minlength=4).min() > 190  # 250 of 1000 expected, deviation 14


@given(st.lists(st.none() | st.integers(0, 6), max_size=40))
def test_every_specimen_gives_one_photo(groups: list[int | None]) -> None:
    specimens = number_specimens(groups, len(groups))
    found = specimens[one_each(specimens, draws(map(str, range(len(groups)))))]
    assert found.tolist() == sorted(set(specimens.tolist()))


def test_one_id_per_photo() -> None:
    with pytest.raises(InputError, match="2 specimen ids for 3 photos"):
        number_specimens(["a", "b"], 3)
