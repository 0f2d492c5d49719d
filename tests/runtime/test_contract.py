from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.config import from_document
from edgetlc.errors import InputError
from edgetlc.runtime.contract import PixelContract, reductions

SIDES = st.integers(1, 20_000)
SIZES = st.integers(32, 1024)


@pytest.mark.parametrize(
    ("width", "height", "size", "expected"),
    [
        (4032, 3024, 224, (4, 3)),  # 12 MP: 3024 / 4 = 756 = 3.4 x 224
        (4000, 3000, 224, (4, 3)),
        (16320, 12240, 224, (8, 6)),  # 200 MP: 12240 / 8 = 1530
        (3024, 1792, 224, (4, 2)),  # 1792 / 4 is exactly 2 x 224
        (3024, 1791, 224, (2, 4)),  # one pixel fewer: 896 of 2
        (896, 896, 224, (2, 2)),
        (895, 895, 224, (1, 3)),
        (448, 448, 224, (1, 2)),
        (447, 600, 224, (1, 1)),
        (100, 80, 224, (1, 1)),
    ],
)
def test_reductions_by_hand(width: int, height: int, size: int, expected: tuple[int, int]) -> None:
    assert reductions(width, height, size) == expected
    assert reductions(height, width, size) == expected


@given(SIDES, SIDES, SIZES)
def test_the_short_side_ends_between_size_and_twice_size(
    width: int, height: int, size: int
) -> None:
    s, k = reductions(width, height, size)
    short = min(width, height)
    after_s = -(-short // s)
    result = -(-after_s // k)
    if short >= size:
        assert size <= result < 2 * size
    else:
        assert (s, k) == (1, 1)


@given(SIDES, SIDES, SIZES)
def test_s_is_the_largest_that_leaves_twice_the_size_and_k_the_largest_that_leaves_size(
    width: int, height: int, size: int
) -> None:
    s, k = reductions(width, height, size)
    short = min(width, height)
    allowed = [scale for scale in (2, 4, 8) if short / scale >= 2 * size]
    assert s == max(allowed, default=1)
    after_s = -(-short // s)
    assert k == max(1, after_s // size)


def test_a_contract_survives_json() -> None:
    contract = PixelContract(size=96, geometry="crop", mean=(0.1, 0.2, 0.3), std=(1.0, 2.0, 3.0))
    document = {**asdict(contract), "mean": list(contract.mean), "std": list(contract.std)}
    assert from_document(document, PixelContract, whole=True) == contract


@pytest.mark.parametrize(
    "change",
    [
        {"size": 31},
        {"size": 1025},
        {"size": 224.5},
        {"size": "224"},
        {"size": True},
        {"geometry": "stretch"},
        {"mean": (0.5, 0.5)},
        {"mean": (0.5, 0.5, float("nan"))},
        {"std": (0.5, 0.0, 0.5)},
        {"std": (0.5, float("inf"), 0.5)},
    ],
)
def test_a_contract_out_of_range_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        PixelContract(**change)
    with pytest.raises(InputError):
        from_document({**asdict(PixelContract()), **change}, PixelContract, whole=True)


@pytest.mark.parametrize(
    "document", [None, [], {}, {"size": 224}, {**asdict(PixelContract()), "mean": 5}]
)
def test_what_is_no_contract_is_refused(document: object) -> None:
    with pytest.raises(InputError, match=r"no table|is missing|mean is 5"):
        from_document(document, PixelContract, whole=True)


def test_another_version_or_an_unknown_field_is_refused() -> None:
    known = asdict(PixelContract())
    with pytest.raises(InputError, match="pixel contract 2, this edgetlc knows 1"):
        from_document({**known, "version": 2}, PixelContract)
    with pytest.raises(InputError, match="gamma"):
        from_document({**known, "gamma": 2.2}, PixelContract)
