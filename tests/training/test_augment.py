"""What Annex A says of augmentation, measured on what is drawn and on the pixels."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import combinations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as torchvision

from edgetlc.errors import InputError
from edgetlc.training.augment import ANNEX_A, FILL, LIMITS, OWN_CHOICE, Augmentation
from edgetlc.training.rng import Purpose, generators

MANY = 4000
CHANCE = 1e-6  # of a correct implementation failing a bound below, were the draws not fixed
OFF = Augmentation().with_settings(["none"])


def rngs(count: int, seed: int = 0, epoch: int = 1) -> list[np.random.Generator]:
    return generators(Purpose.ANNEX_A, seed, epoch, range(count))


def noise(count: int = 1, size: int = 64) -> Tensor:
    source = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8, generator=source)


def smooth(size: int = 96) -> Tensor:
    """A photo without edges, in which a wrong place shows as a wrong grey level."""
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    waves = [torch.sin(x / a + y / b) for a, b in ((9.0, 14.0), (-11.0, 8.0), (16.0, -7.0))]
    return (127 + 90 * torch.stack(waves))[None].round().to(torch.uint8)


def assert_rate(count: int, rate: float, n: int = MANY) -> None:
    """The exact binomial bounds of the number of times something of this rate happens."""
    low, high = stats.binom.interval(1 - CHANCE, n, rate)
    assert low <= count <= high


def parameters(augmentation: Augmentation, count: int = MANY) -> dict[str, NDArray[np.float64]]:
    """Return what was drawn, from the maps that are applied."""
    drawn = augmentation.draw(rngs(count))
    sources = drawn.sources.numpy().astype(np.float64)
    turn = np.linalg.inv(sources[:, :, :2])
    shift = -np.einsum("nij,nj->ni", turn, sources[:, :, 2]) / 2
    return {
        "shift_x": shift[:, 0],
        "shift_y": shift[:, 1],
        "scale": np.sqrt(np.linalg.det(turn)) - 1,
        "rotation": np.degrees(np.arctan2(turn[:, 1, 0], turn[:, 0, 0])),
        "brightness": drawn.brightness.numpy().astype(np.float64) - 1,
        "contrast": drawn.contrast.numpy().astype(np.float64) - 1,
    }


class TestAnnexA:
    def test_legible_numbers_are_the_defaults(self) -> None:
        chances = (ANNEX_A.horizontal_flip, ANNEX_A.vertical_flip, ANNEX_A.affine, ANNEX_A.light)
        assert chances == (0.5, 0.5, 0.5, 0.5)
        assert (ANNEX_A.brightness, ANNEX_A.contrast) == (0.1, 0.1)
        assert set(OWN_CHOICE) == {"shift", "scale", "rotation"}
        assert Augmentation() == ANNEX_A

    def test_each_step_happens_half_of_the_time_on_its_own(self) -> None:
        drawn = ANNEX_A.draw(rngs(MANY))
        lit = (drawn.brightness != 1) | (drawn.contrast != 1)
        steps = (drawn.horizontal, drawn.vertical, drawn.moved, lit)
        for step in steps:
            assert_rate(int(step.sum()), 0.5)
        for one, other in combinations(steps, 2):
            assert_rate(int((one & other).sum()), 0.25)

    def test_what_is_named_together_happens_together(self) -> None:
        found = parameters(ANNEX_A)
        moved = np.abs(found["rotation"]) > 1e-3
        assert np.array_equal(moved, np.abs(found["shift_x"]) > 1e-6)
        assert_rate(int((np.abs(found["scale"]) > 1e-6).sum()), 0.5)
        assert np.array_equal(found["brightness"] != 0, found["contrast"] != 0)

    @pytest.mark.parametrize(
        ("name", "largest"),
        [
            ("shift_x", 0.0625),
            ("shift_y", 0.0625),
            ("scale", 0.1),
            ("rotation", 45.0),
            ("brightness", 0.1),
            ("contrast", 0.1),
        ],
    )
    def test_ranges_are_uniform_and_reach_their_ends(self, name: str, largest: float) -> None:
        values = parameters(replace(ANNEX_A, affine=1, light=1))[name]
        assert np.abs(values).max() <= largest * (1 + 1e-4)
        assert values.min() < -0.99 * largest
        assert values.max() > 0.99 * largest
        assert stats.kstest(values, "uniform", (-largest, 2 * largest)).pvalue > CHANCE


class TestSettings:
    @pytest.mark.parametrize("name", LIMITS)
    @pytest.mark.parametrize("value", [-0.01, float("nan"), float("inf"), 1000.0])
    def test_nonsense_is_refused(self, name: str, value: float) -> None:
        with pytest.raises(InputError, match=f"augmentation {name} is .*; it takes 0 to "):
            Augmentation(**{name: value})

    def test_every_field_has_a_limit(self) -> None:
        assert [field.name for field in fields(Augmentation)] == list(LIMITS)
        assert Augmentation(**LIMITS)

    def test_texts_change_one_thing_each(self) -> None:
        changed = ANNEX_A.with_settings(["rotation=20", "light=0.8"])
        assert changed == replace(ANNEX_A, rotation=20.0, light=0.8)

    def test_none_switches_all_off_and_what_follows_on_again(self) -> None:
        changed = ANNEX_A.with_settings(["none", "vertical_flip=1"])
        image = noise()
        assert torch.equal(changed.batch(image, rngs(1)), image.flip(2))

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("rotate=20", "use none or NAME=VALUE with horizontal_flip, .*contrast$"),
            ("rotation", "use none or NAME=VALUE"),
            ("rotation=much", "rotation is 'much'; it takes a number"),
            ("rotation=-3", "rotation is -3; it takes 0 to 180"),
            ("shift=1", "shift is 1; it takes 0 to 0.5"),
        ],
    )
    def test_other_texts_are_refused(self, text: str, message: str) -> None:
        with pytest.raises(InputError, match=message):
            ANNEX_A.with_settings([text])


class TestPixels:
    @pytest.mark.parametrize("size", [32, 65])
    def test_shape_type_and_source_are_kept(self, size: int) -> None:
        images = noise(8, size)
        before = images.clone()
        changed = ANNEX_A.batch(images, rngs(8))
        assert (changed.shape, changed.dtype) == (images.shape, torch.uint8)
        assert torch.equal(images, before)
        assert not torch.equal(changed, images)

    def test_off_changes_nothing(self) -> None:
        images = noise(50)
        assert torch.equal(OFF.batch(images, rngs(50)), images)

    def test_flips_move_pixels_and_change_none(self) -> None:
        images, drawn = noise(40), replace(ANNEX_A, affine=0, light=0).draw(rngs(40))
        changed = replace(ANNEX_A, affine=0, light=0).batch(images, rngs(40))
        for row, image in enumerate(images):
            axes = [2] * bool(drawn.horizontal[row]) + [1] * bool(drawn.vertical[row])
            assert torch.equal(changed[row], image.flip(axes))

    def test_shift_scale_and_rotation_are_torchvision_s(self) -> None:
        image, size = smooth(), 96
        moving = replace(OFF, affine=1.0, rotation=30.0)
        for seed in range(12):
            one = parameters_of(moving, seed)
            expected = torchvision.affine(
                image.float() - torch.tensor(FILL).view(1, 3, 1, 1),
                angle=one["rotation"],
                translate=[one["shift_x"] * size, one["shift_y"] * size],
                scale=1 + one["scale"],
                shear=[0.0, 0.0],
                interpolation=InterpolationMode.BILINEAR,
            ) + torch.tensor(FILL).view(1, 3, 1, 1)
            found = moving.batch(image, rngs(1, seed)).float()
            assert (found - expected).abs().max() <= 0.51  # rounded once

    def test_light_is_torchvision_s_color_jitter(self) -> None:
        image = (noise() // 2 + 60).float() / 255  # nothing reaches black or white
        lit = replace(OFF, light=1.0)
        for seed in range(12):
            one = parameters_of(lit, seed)
            found = lit.batch((image * 255).to(torch.uint8), rngs(1, seed)).float()
            expected = torchvision.adjust_brightness(image, 1 + one["brightness"])
            expected = torchvision.adjust_contrast(expected, 1 + one["contrast"]) * 255
            assert (found - expected).abs().max() <= 0.6

    def test_bared_corners_are_the_mean_colour(self) -> None:
        turned = replace(OFF, affine=1.0, shift=0.0, scale=0.0)
        black = torch.zeros(20, 3, 64, 64, dtype=torch.uint8)
        corners = turned.batch(black, rngs(20))[:, :, 0, 0].tolist()
        assert [int(level) for level in FILL] in corners

    def test_white_and_black_stay_in_range(self) -> None:
        extreme = torch.tensor([0, 255], dtype=torch.uint8).repeat(32).view(1, 1, 8, 8)
        changed = Augmentation(light=1.0, brightness=0.9, contrast=0.9, affine=0).batch(
            extreme.expand(30, 3, 8, 8), rngs(30)
        )
        assert changed.max() == 255
        assert changed.min() == 0


def parameters_of(augmentation: Augmentation, seed: int) -> dict[str, float]:
    """Return what the first sample of a seed draws."""
    drawn = augmentation.draw(rngs(1, seed))
    turn = torch.linalg.inv(drawn.sources[0, :, :2].double())
    shift = -turn @ drawn.sources[0, :, 2].double() / 2
    return {
        "rotation": float(torch.rad2deg(torch.atan2(turn[1, 0], turn[0, 0]))),
        "scale": float(torch.linalg.det(turn).sqrt() - 1),
        "shift_x": float(shift[0]),
        "shift_y": float(shift[1]),
        "brightness": float(drawn.brightness[0]) - 1,
        "contrast": float(drawn.contrast[0]) - 1,
    }


class TestDraws:
    def test_an_image_gives_the_same_bytes_in_any_batch(self) -> None:
        images = noise(16)
        together = ANNEX_A.batch(images, rngs(16))
        for row in (0, 7, 15):
            alone = generators(Purpose.ANNEX_A, 0, 1, [row])
            assert torch.equal(together[row], ANNEX_A.batch(images[row : row + 1], alone)[0])

    def test_a_whole_batch_at_once_is_the_same_up_to_rounding(self) -> None:
        """The path of a GPU."""
        images = noise(16)
        at_once = ANNEX_A.draw(rngs(16)).apply(images)
        apart = ANNEX_A.batch(images, rngs(16)).int() - at_once.int()
        assert apart.abs().max() <= 1

    def test_another_epoch_or_seed_changes_otherwise(self) -> None:
        images = noise(8)
        first = ANNEX_A.batch(images, rngs(8))
        assert not torch.equal(first, ANNEX_A.batch(images, rngs(8, epoch=2)))
        assert not torch.equal(first, ANNEX_A.batch(images, rngs(8, seed=1)))

    def test_switching_a_step_off_leaves_the_others_as_they_were(self) -> None:
        without = replace(ANNEX_A, horizontal_flip=0.0, light=0.0).draw(rngs(100))
        whole = ANNEX_A.draw(rngs(100))
        assert torch.equal(without.vertical, whole.vertical)
        assert torch.equal(without.sources, whole.sources)
        assert not without.horizontal.any()
