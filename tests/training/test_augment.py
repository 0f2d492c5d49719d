from __future__ import annotations

import pytest
import torch
from torch import Tensor

from edgetlc.training.augment import Augmentation, seed_epoch

STILL = {"shift": 0.0, "scale": 0.0, "rotation": 0.0}


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def _noise(size: int = 64) -> Tensor:
    return torch.randint(0, 256, (3, size, size), dtype=torch.uint8)


def test_annex_a_s_numbers_are_the_defaults() -> None:
    assert Augmentation().probability == 0.5
    assert Augmentation().brightness_contrast == 0.1


def test_keeps_shape_and_type() -> None:
    transform = Augmentation(probability=1.0).transform()
    for size in (32, 65):
        changed = transform(_noise(size))
        assert (changed.shape, changed.dtype) == ((3, size, size), torch.uint8)


def test_probability_zero_changes_nothing() -> None:
    transform = Augmentation(probability=0.0).transform()
    image = _noise()
    assert all(torch.equal(transform(image), image) for _ in range(50))


def test_each_flip_happens_half_of_the_time() -> None:
    transform = Augmentation(brightness_contrast=0.0, **STILL).transform()
    image = torch.zeros(3, 2, 2, dtype=torch.uint8)
    image[:, 0, 0] = 255  # where this corner goes tells which flips happened
    corners = torch.stack([transform(image)[0].flatten() for _ in range(1000)])
    counts = (corners == 255).sum(dim=0)  # unchanged, horizontal, vertical, both
    assert counts.sum() == 1000
    assert 440 <= counts[1] + counts[3] <= 560
    assert 440 <= counts[2] + counts[3] <= 560
    assert 200 <= counts[3] <= 300  # independent of each other


def _light_factors(probability: float, photos: int) -> tuple[Tensor, Tensor]:
    """Return the brightness and contrast factors found in a two-tone image, float64[photos] each.

    Contrast c scales the distance from the mean, brightness b scales everything, in either order:
    the mean becomes b x mean, the distance of the tones b x c x distance.
    """
    transform = Augmentation(probability=probability, **STILL).transform()
    image = torch.full((3, 2, 8), 40, dtype=torch.uint8)
    image[:, :, 4:] = 200
    changed = torch.stack([transform(image)[0] for _ in range(photos)]).double()
    low, high = changed.amin(dim=(1, 2)), changed.amax(dim=(1, 2))
    brightness = (low + high) / 240
    return brightness, (high - low) / 160 / brightness


def test_light_stays_within_ten_percent_and_uses_the_range() -> None:
    for factor in _light_factors(1.0, 300):
        assert factor.min() >= 0.9 - 0.015  # whole grey levels blur the factor
        assert factor.max() <= 1.1 + 0.015
        assert factor.min() < 0.93
        assert factor.max() > 1.07
        assert factor.mean() == pytest.approx(1.0, abs=0.02)


def test_light_changes_half_of_the_photos() -> None:
    brightness, contrast = _light_factors(0.5, 1000)
    unchanged = (brightness == 1) & (contrast == 1)
    assert 440 <= unchanged.sum() <= 570  # a few draws change nothing


def test_shift_scale_and_rotation_stay_within_their_ranges() -> None:
    transform = Augmentation(brightness_contrast=0.0).transform()
    image = torch.zeros(3, 65, 65, dtype=torch.uint8)
    image[:, 31:34, 31:34] = 255
    grid = torch.arange(65, dtype=torch.float64) - 32
    moved = 0
    for _ in range(200):
        # The fill colour is below 128, so only the bright square counts.
        bright = (transform(image)[0] >= 128).double()
        x, y = (bright.sum(0) @ grid / bright.sum(), bright.sum(1) @ grid / bright.sum())
        assert max(abs(x), abs(y)) <= 0.0625 * 65 + 1.5
        moved += bool(abs(x) > 0.5 or abs(y) > 0.5)
    assert 70 <= moved <= 120


def test_corners_are_filled_with_the_mean_colour() -> None:
    turned = Augmentation(probability=1.0, brightness_contrast=0.0, shift=0.0, scale=0.0)
    image = torch.zeros(3, 64, 64, dtype=torch.uint8)
    corners = [turned.transform()(image)[:, 0, 0].tolist() for _ in range(20)]
    assert [124, 116, 104] in corners


def test_an_epoch_can_be_repeated_on_its_own() -> None:
    transform, image = Augmentation().transform(), _noise()

    def drawn(seed: int, epoch: int) -> Tensor:
        seed_epoch(seed, epoch)
        return torch.stack([transform(image) for _ in range(8)])

    assert torch.equal(drawn(5, 2), drawn(5, 2))
    assert not torch.equal(drawn(5, 2), drawn(5, 3))
    assert not torch.equal(drawn(5, 2), drawn(6, 2))
