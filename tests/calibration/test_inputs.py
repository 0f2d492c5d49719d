from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgetlc.calibration import inputs as module
from edgetlc.calibration.inputs import network_inputs
from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import ImageError, InputError
from edgetlc.models.pixel_step import PixelStep
from edgetlc.progress import Silent, reporting
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.pixels import decode, decode_or_reason

CONTRACT = PixelContract(size=32)


def of_contract(photo: Photo, contract: PixelContract = CONTRACT) -> NDArray[np.float32]:
    pixels = decode(photo.path, contract.size).pixels
    return PixelStep(contract)(torch.tensor(pixels)[None]).numpy()


@pytest.fixture
def photos(photo_set: PhotoSet) -> tuple[Photo, ...]:
    return photo_set.part("train").photos[:9]


@pytest.fixture
def broken(tmp_path: Path) -> Photo:
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0 cut off")
    return Photo(path, "disc", "iphone-11", part="train")


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> Counter[Path]:
    """How often each file was decoded."""
    counts: Counter[Path] = Counter()

    def counted(path: Path, size: int) -> object:
        counts[path] += 1
        return decode_or_reason(path, size)

    monkeypatch.setattr(module, "decode_or_reason", counted)
    return counts


class TestInputs:
    @pytest.mark.parametrize(
        "contract", [CONTRACT, PixelContract(48, "crop", mean=(0.1, 0.5, 0.9), std=(0.5, 0.2, 2))]
    )
    def test_they_are_the_pixel_step_s_to_the_bit(
        self, photos: tuple[Photo, ...], contract: PixelContract
    ) -> None:
        with network_inputs(photos, contract) as inputs:
            assert inputs.photos == photos
            assert inputs.unreadable == ()
            assert len(inputs) == len(photos)
            for photo, image in zip(photos, inputs, strict=True):
                assert image.dtype == np.float32
                np.testing.assert_array_equal(image, of_contract(photo, contract))

    def test_each_photo_is_decoded_once_however_often_it_is_read(
        self, photos: tuple[Photo, ...], decodings: Counter[Path]
    ) -> None:
        with network_inputs(photos, CONTRACT) as inputs:
            first, again = list(inputs), list(inputs)
        assert decodings == {photo.path: 1 for photo in photos}
        np.testing.assert_array_equal(first, again)

    def test_a_sequence_in_every_way(self, photos: tuple[Photo, ...]) -> None:
        with network_inputs(photos, CONTRACT) as inputs:
            every = list(inputs)
            np.testing.assert_array_equal(inputs[-1], every[8])
            np.testing.assert_array_equal(inputs[7:2:-2], [every[7], every[5], every[3]])
            assert inputs[20:] == []
            for beyond in (9, -10):
                with pytest.raises(IndexError):
                    inputs[beyond]

    def test_what_a_reader_writes_into_one_stays_its_own(self, photos: tuple[Photo, ...]) -> None:
        with network_inputs(photos, CONTRACT) as inputs:
            inputs[0][:] = 7
            assert float(np.abs(inputs[0]).max()) < 7

    def test_threads_may_share_them(self, photos: tuple[Photo, ...]) -> None:
        rows = list(range(9)) * 30
        with network_inputs(photos, CONTRACT) as inputs, ThreadPoolExecutor(8) as pool:
            expected = list(inputs)
            for row, image in zip(rows, pool.map(inputs.__getitem__, rows), strict=True):
                np.testing.assert_array_equal(image, expected[row])

    def test_nothing_is_left_behind(self, photos: tuple[Photo, ...], tmp_path: Path) -> None:
        with network_inputs(photos, CONTRACT, folder=tmp_path) as inputs:
            assert len(inputs[0]) == 1
        assert list(tmp_path.iterdir()) == []
        with pytest.raises(ValueError, match="closed file"):
            inputs[0]

    @pytest.fixture
    def two_threads(self) -> Iterator[None]:
        torch.set_num_threads(2)
        yield
        torch.set_num_threads(1)

    @pytest.mark.usefixtures("two_threads")
    def test_the_caller_s_threads_are_as_before(self, photos: tuple[Photo, ...]) -> None:
        during = []

        class Watching(Silent):
            def progress(self, items: Any, description: str, total: int | None) -> Any:
                for item in items:
                    during.append(torch.get_num_threads())
                    yield item

        with reporting(Watching()), network_inputs(photos, CONTRACT):
            assert torch.get_num_threads() == 2
        assert during == [1] * len(photos)

    def test_progress_is_shown(self, photos: tuple[Photo, ...]) -> None:
        shown = []

        class Watching(Silent):
            def progress(self, items: Any, description: str, total: int | None) -> Any:
                shown.append((description, total))
                yield from items

        with reporting(Watching()), network_inputs(photos, CONTRACT, description="look"):
            assert shown == [("look", 9)]


class TestUnreadable:
    def test_they_are_passed_over_with_the_reason(
        self, photos: tuple[Photo, ...], broken: Photo
    ) -> None:
        with network_inputs([photos[0], broken, photos[1]], CONTRACT) as inputs:
            assert inputs.photos == photos[:2]
            ((photo, reason),) = inputs.unreadable
            assert photo == broken
            assert reason == str(decode_or_reason(broken.path, 32))
            np.testing.assert_array_equal(inputs[1], of_contract(photos[1]))

    def test_one_of_the_same_class_and_camera_takes_the_place(
        self, photo_set: PhotoSet, broken: Photo, decodings: Counter[Path]
    ) -> None:
        training = photo_set.part("train").photos
        alike = [p for p in training if (p.label, p.camera) == ("disc", "iphone-11")]
        others = [p for p in training if p not in alike]
        spare = [others[0], alike[1], alike[2]]
        with network_inputs([broken, alike[0]], CONTRACT, replacements=spare) as inputs:
            assert inputs.photos == (alike[0], alike[1])
            np.testing.assert_array_equal(inputs[1], of_contract(alike[1]))
        assert set(decodings) == {broken.path, alike[0].path, alike[1].path}

    def test_else_the_next_of_all(self, photos: tuple[Photo, ...], broken: Photo) -> None:
        unlike = replace(broken, label="stick", camera=None)
        with network_inputs([unlike], CONTRACT, replacements=photos[3:5]) as inputs:
            assert inputs.photos == photos[3:4]

    def test_replacements_may_be_unreadable_too(
        self, photos: tuple[Photo, ...], broken: Photo
    ) -> None:
        bad = [replace(broken, batch=str(n)) for n in range(4)]
        with network_inputs([*bad[:2], photos[0]], CONTRACT, replacements=bad[2:]) as inputs:
            assert inputs.photos == photos[:1]
            assert [photo for photo, _ in inputs.unreadable] == bad
        spare = [*bad[2:], *photos[1:3]]
        with network_inputs([*bad[:2], photos[0]], CONTRACT, replacements=spare) as inputs:
            assert set(inputs.photos) == set(photos[:3])

    def test_not_one_readable(self, broken: Photo) -> None:
        with (
            pytest.raises(InputError, match=r"^none of 2 photos can be read: \w"),
            network_inputs([broken, broken], CONTRACT),
        ):
            pytest.fail("there is nothing to work on")

    def test_no_room_is_told_before_the_work(
        self, photos: tuple[Photo, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        usage = module.shutil.disk_usage(tmp_path)
        monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage._replace(free=100_000))
        monkeypatch.setattr(module, "decode_or_reason", lambda *_: pytest.fail("it decodes"))
        with (
            pytest.raises(InputError, match=r"9 photos take 0 MB in .*, where 0 MB are free"),
            network_inputs(photos, CONTRACT, folder=tmp_path),
        ):
            pytest.fail("there is no room")


STRATA = st.sampled_from([("bark", "a"), ("bark", "b"), ("root", None)])


@given(
    st.lists(st.tuples(STRATA, st.booleans()), min_size=1, max_size=12),
    st.lists(st.tuples(STRATA, st.booleans()), max_size=12),
)
def test_as_many_as_wanted_while_there_are_replacements(
    wanted: list[tuple[tuple[str, str | None], bool]],
    spare: list[tuple[tuple[str, str | None], bool]],
) -> None:
    """Photos are readable or not; `load` stands in for decoding."""
    photos = [
        Photo(Path(f"/{n}"), *stratum, simulated=good)
        for n, (stratum, good) in enumerate([*wanted, *spare])
    ]
    chosen, reserve = photos[: len(wanted)], photos[len(wanted) :]
    image = np.zeros(0, np.float32)
    found = list(
        module._loaded(lambda p: image if p.simulated else ImageError("bad"), chosen, reserve)
    )
    tried = [photo for photo, _ in found]
    assert tried[: len(chosen)] == chosen
    assert len(set(tried)) == len(tried)
    readable = [photo for photo in tried if photo.simulated]
    assert len(readable) <= len(chosen)
    if len(readable) < len(chosen):
        assert set(tried) == set(photos)  # all were tried
    assert isinstance(found[0][1], ImageError) is not chosen[0].simulated
