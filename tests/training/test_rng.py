from __future__ import annotations

import numpy as np

from edgetlc.training.rng import Purpose, generators


def drawn(purpose: Purpose, seed: int, epoch: int, indices: list[int]) -> list[float]:
    return [float(g.random()) for g in generators(purpose, seed, epoch, indices)]


def test_a_sample_draws_the_same_in_any_company() -> None:
    together = drawn(Purpose.ANNEX_A, 1, 2, [7, 3, 5])
    assert together == [drawn(Purpose.ANNEX_A, 1, 2, [i])[0] for i in (7, 3, 5)]


def test_purpose_seed_epoch_and_index_all_matter() -> None:
    one = drawn(Purpose.ANNEX_A, 1, 2, [3])
    others = [
        drawn(Purpose.CAMERA, 1, 2, [3]),
        drawn(Purpose.ANNEX_A, 2, 2, [3]),
        drawn(Purpose.ANNEX_A, 1, 3, [3]),
        drawn(Purpose.ANNEX_A, 1, 2, [4]),
        drawn(Purpose.ANNEX_A, 2, 1, [3]),  # nor may seed and epoch change places
    ]
    assert len({tuple(values) for values in (one, *others)}) == 6


def test_neighbouring_samples_are_independent() -> None:
    values = np.array(drawn(Purpose.ANNEX_A, 0, 1, list(range(4000))))
    assert abs(np.corrcoef(values[1:], values[:-1])[0, 1]) < 5 / np.sqrt(4000)
    assert abs(values.mean() - 0.5) < 5 * np.sqrt(1 / 12 / 4000)
