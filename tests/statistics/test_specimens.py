from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.errors import InputError
from edgetlc.statistics.specimens import is_first, number_specimens, one_each


def test_specimens_are_numbered_by_first_appearance() -> None:
    found = number_specimens(["b", "a", None, "b", None, "a"], 6)
    assert found.tolist() == [0, 1, 2, 0, 3, 1]
    assert is_first(found).tolist() == [True, True, True, False, True, False]
    assert number_specimens(np.array([7, 3, 7]), 3).tolist() == [0, 1, 0]


def test_an_id_is_never_mistaken_for_an_unknown_one() -> None:
    assert number_specimens([0, None, 1, ("alone", 1)], 4).tolist() == [0, 1, 2, 3]


def test_photos_are_chosen_in_turn() -> None:
    # Five specimens of three photos each, photographed by cameras 0, 1, 2 in that order.
    specimens, cameras = np.repeat(np.arange(5), 3), np.tile(np.arange(3), 5)
    assert cameras[one_each(specimens)].tolist() == [0, 1, 2, 0, 1]


@given(st.lists(st.none() | st.integers(0, 6), max_size=40))
def test_every_specimen_gives_one_photo(groups: list[int | None]) -> None:
    specimens = number_specimens(groups, len(groups))
    assert specimens[one_each(specimens)].tolist() == list(range(is_first(specimens).sum()))


def test_one_id_per_photo() -> None:
    with pytest.raises(InputError, match="2 specimen ids for 3 photos"):
        number_specimens(["a", "b"], 3)
