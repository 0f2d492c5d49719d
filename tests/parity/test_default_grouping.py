"""What counts once unless told otherwise: a piece, and its photos whatever their number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgetlc.data.photos import Photo
from edgetlc.parity.rule import Rule
from edgetlc.parity.tally import outcomes
from edgetlc.parity.verdict import judge
from edgetlc.parity.verify import _GROUPINGS, CollectionConfig

RUNS, MARGIN = 250, 0.02
PHOTO = Photo(Path("/a.jpg"), "herb")


def default_ids(photos: list[Photo]) -> list[str | None]:
    return [_GROUPINGS[CollectionConfig().group](photo) for photo in photos]


def test_a_piece_is_named_within_its_class_and_a_group_stands_in_for_it() -> None:
    photos = [
        replace(PHOTO, piece="1", group="cluster"),
        replace(PHOTO, piece="1", label="other"),
        replace(PHOTO, group="cluster"),
        PHOTO,
    ]
    ids = default_ids(photos)
    assert ids[3] is None
    assert len({*ids}) == 4


@pytest.mark.parametrize(
    ("pieces", "alike", "by_photo", "by_piece"),
    [
        pytest.param(30, 0.3, 0.16, 0.0, marks=pytest.mark.slow),
        pytest.param(30, 1.0, 0.55, 0.0, marks=pytest.mark.slow),
        (150, 1.0, 0.20, 0.049),
    ],
)
def test_photos_of_one_piece_prove_no_more_than_one(
    pieces: int, alike: float, by_photo: float, by_piece: float
) -> None:
    """A true harm of the margin, 5 photos a piece: PASS with photos as independent, as it once was
    by default, and now. Of a piece's photos all turn, or as many as a beta distribution with the
    correlation `alike` says.
    """
    rng = np.random.default_rng(3)
    photos = [replace(PHOTO, piece=f"{i // 5}") for i in range(5 * pieces)]
    ids, truth = default_ids(photos), np.zeros(5 * pieces, int)
    passed = {"photo": 0, "piece": 0}
    for _ in range(RUNS):
        if alike == 1:
            rates = rng.random(pieces) < MARGIN
        else:
            known = (1 - alike) / alike
            rates = rng.beta(MARGIN * known, (1 - MARGIN) * known, pieces)
        turned = (rng.random(5 * pieces) < np.repeat(rates, 5)).astype(int)
        for unit, groups in (("photo", None), ("piece", ids)):
            tally = outcomes(truth, turned, truth, groups).tally()
            passed[unit] += judge([tally], Rule(MARGIN))[0].verdict == "PASS"
    assert passed["photo"] / RUNS == pytest.approx(by_photo, abs=0.1)
    assert passed["piece"] / RUNS <= by_piece + 3 * np.sqrt(by_piece / RUNS)
