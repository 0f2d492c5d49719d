from __future__ import annotations

import numpy as np
import pytest

from edgetlc.runtime.overlay import central_square, overlay

GREY = np.full((60, 80, 3), 128, np.uint8)


def test_no_evidence_leaves_the_photo() -> None:
    for evidence in (np.zeros((7, 7), np.float32), np.full((7, 7), -3, np.float32)):
        np.testing.assert_array_equal(np.asarray(overlay(GREY, evidence)), GREY)


def test_the_strongest_place_turns_red_and_the_weakest_stays() -> None:
    evidence = np.full((3, 4), -1, np.float32)
    evidence[0, 3] = 5  # top right
    seen = np.asarray(overlay(GREY, evidence)).astype(int)
    assert seen.shape == GREY.shape
    red, green, blue = seen[5, 74]
    assert red > 180
    assert max(green, blue) < 80
    np.testing.assert_array_equal(seen[55, 5], (128, 128, 128))


def test_the_map_is_stretched_over_the_whole_photo() -> None:
    evidence = np.array([[0, 1]], np.float32)
    seen = np.asarray(overlay(GREY, evidence)).astype(int)
    changed = np.abs(seen - 128).sum(axis=2).mean(axis=0)
    assert changed[:10].max() < 5 < 100 < changed[-10:].min()
    np.testing.assert_array_equal(seen, seen[:1].repeat(60, axis=0))


def test_any_scale_of_evidence_looks_the_same() -> None:
    evidence = np.random.default_rng(0).normal(size=(4, 4)).astype(np.float32)
    first, scaled = (np.asarray(overlay(GREY, e)).astype(int) for e in (evidence, 50 * evidence))
    assert np.abs(first - scaled).max() <= 1


class TestCrop:
    """The network saw the central square only."""

    COLOURED = np.dstack([np.full((60, 100), v, np.uint8) for v in (200, 120, 40)])
    EVIDENCE = np.array([[0, 1], [0, 1]], np.float32)

    def test_what_was_not_seen_is_dark_and_grey(self) -> None:
        seen = np.asarray(overlay(self.COLOURED, self.EVIDENCE, "crop")).astype(int)
        assert seen.shape == self.COLOURED.shape
        for outside in (seen[:, :20], seen[:, 80:]):
            assert np.ptp(outside) == 0
            assert outside.max() < 0.5 * self.COLOURED.mean() + 10

    @pytest.mark.parametrize("turned", [False, True])
    def test_the_square_is_what_the_network_saw(self, turned: bool) -> None:
        photo = self.COLOURED.transpose(1, 0, 2) if turned else self.COLOURED
        rows, columns = central_square(*photo.shape[:2])
        seen = np.asarray(overlay(photo, self.EVIDENCE, "crop"))
        alone = np.asarray(overlay(photo[rows, columns], self.EVIDENCE))
        np.testing.assert_array_equal(seen[rows, columns], alone)
        assert alone.shape[:2] == (60, 60)

    def test_odd_sides(self) -> None:
        assert central_square(7, 4) == (slice(1, 5), slice(0, 4))
        assert central_square(5, 5) == (slice(0, 5), slice(0, 5))
