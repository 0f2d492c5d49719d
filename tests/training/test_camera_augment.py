from __future__ import annotations

import io
import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats
from torch import Tensor

from edgetlc.data.rendering import render_look
from edgetlc.devices.profiles import Cameras
from edgetlc.devices.simulation import RANGES, Simulation
from edgetlc.errors import InputError
from edgetlc.training.camera_augment import CameraAugmentation
from edgetlc.training.rng import Purpose, generators

PLAIN = Simulation()
WARM = Simulation(white_balance=(1.1, 1.0, 0.9), tone=1.1, noise=4.0, scale=0.6, jpeg_quality=80)
COLD = Simulation(white_balance=(0.9, 1.0, 1.1), tone=0.9, noise=2.0, scale=0.8, jpeg_quality=90)
TWO = {"warm": WARM, "cold": COLD}
NUMBERS = ("tone", "contrast", "sharpening", "noise", "scale", "jpeg_quality")


def rngs(count: int, seed: int = 0) -> list[np.random.Generator]:
    return generators(Purpose.CAMERA, seed, 1, range(count))


def looks(augmentation: CameraAugmentation, count: int = 500) -> list[Simulation]:
    drawn = [augmentation.draw(generator) for generator in rngs(count)]
    return [look for look in drawn if look is not None]


def photos(count: int = 1, size: int = 48) -> Tensor:
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    waves = [torch.sin(x / a + y / b) for a, b in ((9.0, 14.0), (-11.0, 8.0), (16.0, -7.0))]
    one = (127 + 90 * torch.stack(waves)).round().to(torch.uint8)
    return one.repeat(count, 1, 1, 1)


@pytest.fixture(scope="module")
def built_in() -> CameraAugmentation:
    return CameraAugmentation(probability=1.0)


class TestLooks:
    def test_probability_is_the_share_of_changed_photos(self) -> None:
        changed = len(looks(CameraAugmentation(TWO, 0.3), 2000))
        low, high = stats.binom.interval(1 - 1e-6, 2000, 0.3)
        assert low <= changed <= high

    @pytest.mark.parametrize("name", NUMBERS)
    def test_mixtures_lie_between_two_cameras(self, name: str) -> None:
        values = [getattr(look, name) for look in looks(CameraAugmentation(TWO, 1.0, beyond=0))]
        ends = sorted((getattr(WARM, name), getattr(COLD, name)))
        assert ends[0] <= min(values)
        assert max(values) <= ends[1]
        if ends[0] < ends[1]:
            assert min(values) < ends[0] + 0.1 * (ends[1] - ends[0])
            assert max(values) > ends[1] - 0.1 * (ends[1] - ends[0])

    def test_beyond_reaches_past_them_within_what_a_camera_may_be(self) -> None:
        found = looks(CameraAugmentation(TWO, 1.0, beyond=0.5))
        noises = [look.noise for look in found]
        assert 1.0 <= min(noises) < 1.2  # half their distance of 2 past each
        assert 4.8 < max(noises) <= 5.0
        for name in NUMBERS:
            low, high = RANGES[name]
            assert all(low <= getattr(look, name) <= high for look in found)

    def test_grey_stays_grey(self, built_in: CameraAugmentation) -> None:
        for look in looks(replace(built_in, strength=2.0, beyond=1.0)):
            assert np.allclose(np.sum(look.colour_matrix, axis=1), 1)

    def test_colours_of_one_camera_meet_the_sharpness_of_another(self) -> None:
        found = looks(CameraAugmentation(TWO, 1.0, beyond=0))
        red = [look.white_balance[0] for look in found]
        assert abs(np.corrcoef(red, [look.noise for look in found])[0, 1]) < 0.3

    def test_strength_zero_is_a_plain_camera(self) -> None:
        found = looks(CameraAugmentation(TWO, 1.0, strength=0.0))
        assert {replace(look, chroma_subsampling="4:2:0") for look in found} == {PLAIN}

    def test_strength_scales_the_distance_from_a_plain_camera(self) -> None:
        half, whole = (
            looks(CameraAugmentation(TWO, 1.0, strength=strength, beyond=0))
            for strength in (0.5, 1.0)
        )
        assert np.allclose([look.noise for look in half], [look.noise / 2 for look in whole])
        assert np.allclose([look.tone for look in half], [(1 + look.tone) / 2 for look in whole])

    def test_a_held_out_camera_s_look_is_not_drawn(self) -> None:
        strange = replace(PLAIN, noise=6.0, tone=0.8, white_balance=(1.15, 1.0, 0.85))
        same = {"one": PLAIN, "two": PLAIN, "held out": strange}
        assert any(look.noise > 0 for look in looks(CameraAugmentation(same, 1.0)))
        without = CameraAugmentation(same, 1.0).without("held out")
        assert {look.noise for look in looks(without)} == {0.0}
        assert {look.white_balance for look in looks(without)} == {PLAIN.white_balance}

    def test_every_phone_lies_within_what_the_others_give(
        self, built_in: CameraAugmentation
    ) -> None:
        for camera, own in built_in.looks.items():
            drawn = looks(built_in.without(camera), 300)
            for name in NUMBERS:
                values = [getattr(look, name) for look in drawn]
                assert min(values) <= getattr(own, name) <= max(values), (camera, name)

    def test_microscopes_are_left_out(self, built_in: CameraAugmentation) -> None:
        known = {camera.id for camera in Cameras.load() if camera.kind != "microscope"}
        assert set(built_in.looks) == known


class TestRefusals:
    @pytest.mark.parametrize("few", [{}, {"warm": WARM}])
    def test_fewer_than_two_looks(self, few: dict[str, Simulation]) -> None:
        with pytest.raises(InputError, match="needs two cameras or more"):
            CameraAugmentation(few)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"probability": 1.1},
            {"probability": float("nan")},
            {"strength": 2.5},
            {"strength": -1},
            {"beyond": 3},
        ],
    )
    def test_numbers_out_of_range(self, wrong: dict[str, Any]) -> None:
        (name,) = wrong
        with pytest.raises(InputError, match=f"camera augmentation {name} is .*; use 0 to"):
            CameraAugmentation(TWO, **wrong)


class TestPhotos:
    @pytest.mark.parametrize("size", [32, 49])
    def test_shape_type_and_source_are_kept(self, size: int) -> None:
        images = photos(4, size)
        before = images.clone()
        changed = CameraAugmentation(TWO, 1.0).batch(images, rngs(4))
        assert (changed.shape, changed.dtype) == (images.shape, torch.uint8)
        assert torch.equal(images, before)
        assert all(not torch.equal(one, image) for one, image in zip(changed, images, strict=True))

    def test_unchanged_photos_keep_their_bytes(self) -> None:
        images = photos(40)
        augmentation = CameraAugmentation(TWO, 0.5)
        changed = augmentation.batch(images, rngs(40))
        for row, generator in enumerate(rngs(40)):
            same = augmentation.draw(generator) is None
            assert torch.equal(changed[row], images[row]) == same

    def test_a_photo_gives_the_same_bytes_in_any_batch(self) -> None:
        augmentation = CameraAugmentation(TWO, 1.0)
        together = augmentation.batch(photos(6), rngs(6))
        alone = augmentation.batch(photos(1), generators(Purpose.CAMERA, 0, 1, [4]))
        assert torch.equal(together[4], alone[0])
        assert not torch.equal(together[4], together[5])

    def test_rendering_is_that_of_data_simulate(self) -> None:
        """Two cameras alike leave one look to draw."""
        image = photos(size=64)
        changed = CameraAugmentation({"a": WARM, "b": WARM}, 1.0, beyond=0).batch(image, rngs(1))
        file = io.BytesIO(render_look(image[0].permute(1, 2, 0).numpy(), WARM, 0))
        whole = Image.open(file).resize((64, 64), Image.Resampling.BILINEAR)
        expected = torch.from_numpy(np.array(whole)).permute(2, 0, 1).float()
        # The noise is drawn anew: 4 grey levels twice, a little less after the resize.
        assert (changed[0].float() - expected).std() < 1.42 * WARM.noise
        assert abs(float((changed[0].float() - expected).mean())) < 0.5

    def test_no_square_is_needed(self) -> None:
        wide = photos()[:, :, :30]
        assert CameraAugmentation(TWO, 1.0).batch(wide, rngs(1)).shape == wide.shape


def test_record_says_that_the_looks_are_simulated(built_in: CameraAugmentation) -> None:
    record = json.loads(json.dumps(asdict(built_in)))
    assert record["simulated"] is True
    assert record["probability"] == 1.0
    assert set(record["looks"]) == set(built_in.looks)
    assert all(look["measured"] is False for look in record["looks"].values())
