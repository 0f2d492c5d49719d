from __future__ import annotations

import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import ImageError, InputError
from edgetlc.files import sha256_file
from edgetlc.models.pixel_step import PixelStep
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.pixels import decode
from edgetlc.training import cache as module
from edgetlc.training.cache import Entry, ImageCache
from edgetlc.training.config import TrainingConfig
from edgetlc.training.images import load_images
from edgetlc.training.train import train

pytestmark = pytest.mark.usefixtures("stateless")

SMALL = PixelContract(size=32)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by the file's length at every photo that is decoded."""
    lengths: list[int] = []

    def counted(data: bytes, size: int) -> Any:
        lengths.append(len(data))
        return decode(data, size)

    monkeypatch.setattr(module, "decode", counted)
    return lengths


@pytest.fixture
def photo(few: PhotoSet, tmp_path: Path) -> Photo:
    """A copy of one photo, to be changed."""
    first = few.photos[0]
    copy = tmp_path / first.path.name
    copy.write_bytes(first.path.read_bytes())
    return replace(first, path=copy)


def entry_files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def added(cache: ImageCache, photo: Photo) -> Entry:
    entry = cache.add(photo)
    assert isinstance(entry, Entry)
    return entry


def test_image_is_the_contract_s_rounded(photo: Photo, tmp_path: Path) -> None:
    cache = ImageCache(tmp_path / "cache", SMALL)
    entry = added(cache, photo)
    exact = PixelStep(SMALL).resize(torch.tensor(decode(photo.path, 32).pixels)[None])[0]
    image = cache.read(entry)
    assert (image.shape, image.dtype) == ((3, 32, 32), np.uint8)
    assert np.array_equal(image, exact.round().to(torch.uint8).numpy())
    assert entry.digest == sha256_file(photo.path)


class TestOneDecode:
    def test_of_each_photo_over_runs_and_epochs(
        self, few: PhotoSet, tmp_path: Path, decoded: list[int]
    ) -> None:
        config = TrainingConfig("slim-resnet18", 2, 6, contract=SMALL, cache=tmp_path / "cache")
        train(few, config, tmp_path / "1")
        assert len(decoded) == len(few.photos)
        train(few, config, tmp_path / "2")
        assert len(decoded) == len(few.photos)
        assert len(entry_files(tmp_path / "cache")) == len(few.photos)

    def test_of_each_configuration(self, photo: Photo, tmp_path: Path, decoded: list[int]) -> None:
        for contract in (SMALL, replace(SMALL, size=64), replace(SMALL, geometry="crop"), SMALL):
            cache = ImageCache(tmp_path / "cache", contract)
            assert cache.read(added(cache, photo)).shape[1] == contract.size
        assert len(decoded) == 3

    def test_normalisation_is_no_other_configuration(
        self, photo: Photo, tmp_path: Path, decoded: list[int]
    ) -> None:
        for mean in ((0.5, 0.5, 0.5), (0.1, 0.2, 0.3)):
            added(ImageCache(tmp_path / "cache", replace(SMALL, mean=mean)), photo)
        assert len(decoded) == 1

    def test_without_a_cache_nothing_is_left(
        self, few: PhotoSet, tmp_path: Path, decoded: list[int]
    ) -> None:
        run = train(few, TrainingConfig("slim-resnet18", 2, 6, contract=SMALL), tmp_path / "run")
        assert len(decoded) == len(few.photos)
        assert all(path.is_file() for path in run.folder.iterdir())


class TestDamage:
    @pytest.mark.parametrize(
        "damage",
        [
            lambda content: b"",
            lambda content: content[:-1],
            lambda content: content + b"\0",
            lambda content: content[:100] + bytes([content[100] ^ 1]) + content[101:],
            lambda content: bytes([content[0] ^ 1]) + content[1:],
        ],
    )
    def test_entry_is_decoded_again(
        self,
        photo: Photo,
        tmp_path: Path,
        decoded: list[int],
        damage: Callable[[bytes], bytes],
    ) -> None:
        cache = ImageCache(tmp_path / "cache", SMALL)
        entry = added(cache, photo)
        before = cache.read(entry).copy()
        (file,) = entry_files(tmp_path / "cache")
        whole = file.read_bytes()
        file.write_bytes(damage(whole))
        assert np.array_equal(cache.read(entry), before)
        assert len(decoded) == 2
        assert file.read_bytes() == whole

    def test_entry_that_is_gone_too(self, photo: Photo, tmp_path: Path, decoded: list[int]) -> None:
        cache = ImageCache(tmp_path / "cache", SMALL)
        entry = added(cache, photo)
        cache.trim(0)
        assert cache.read(entry).any()
        assert len(decoded) == 2

    def test_photo_that_became_another(self, photo: Photo, tmp_path: Path) -> None:
        cache = ImageCache(tmp_path / "cache", SMALL)
        entry = added(cache, photo)
        Image.new("RGB", (64, 64), "red").save(photo.path)
        cache.trim(0)
        with pytest.raises(InputError, match="was changed while the run used it"):
            cache.read(entry)
        assert added(cache, photo).digest != entry.digest

    def test_photo_that_cannot_be_read(self, photo: Photo, tmp_path: Path) -> None:
        photo.path.write_bytes(b"\xff\xd8\xff\xe0 no photo")
        assert isinstance(ImageCache(tmp_path / "cache", SMALL).add(photo), ImageError)
        assert entry_files(tmp_path / "cache") == []


def test_many_at_once_leave_one_whole_entry(photo: Photo, tmp_path: Path) -> None:
    caches = [ImageCache(tmp_path / "cache", SMALL) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        entries = list(pool.map(lambda cache: added(cache, photo), caches))
        images = list(pool.map(lambda cache: cache.read(entries[0]), caches))
    assert len(set(entries)) == 1
    assert all(np.array_equal(image, images[0]) for image in images)
    assert len(entry_files(tmp_path / "cache")) == 1


class TestLimit:
    @pytest.fixture
    def cache(self, few: PhotoSet, tmp_path: Path) -> ImageCache:
        """Four entries, the first used the longest time ago."""
        cache = ImageCache(tmp_path / "cache", SMALL)
        for age, photo in enumerate(few.photos[:4]):
            file = self.file(cache, added(cache, photo))
            os.utime(file, (1e9 + age, 1e9 + age))
        return cache

    @staticmethod
    def file(cache: ImageCache, entry: Entry) -> Path:
        (file,) = cache.folder.rglob(entry.digest)
        return file

    def test_the_longest_unused_go(self, cache: ImageCache, few: PhotoSet) -> None:
        added(cache, few.photos[0])  # used again, so the second is the oldest
        digests = [sha256_file(photo.path) for photo in few.photos[:4]]
        cache.trim(4 * cache.entry_bytes)
        assert len(entry_files(cache.folder)) == 4
        cache.trim(3 * cache.entry_bytes)
        assert {f.name for f in entry_files(cache.folder)} == {*digests} - {digests[1]}
        cache.trim(2 * cache.entry_bytes - 1)
        assert {f.name for f in entry_files(cache.folder)} == {digests[0]}

    def test_other_files_in_the_folder_stay(self, cache: ImageCache) -> None:
        """A user may name the folder of the photos themselves."""
        own = [cache.folder / "a.jpg", cache.folder / "herb" / "b.jpg"]
        own += [cache.folder / "herb" / "x" / "c.jpg", cache.folder / "y" / "z" / ("0" * 64)]
        for file in own:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"a photo")
        (cache.folder / "empty").mkdir()
        cache.remove()
        assert entry_files(cache.folder) == sorted(own)
        assert (cache.folder / "empty").is_dir()

    def test_removal_leaves_nothing_of_its_own(self, cache: ImageCache) -> None:
        cache.remove()
        assert not cache.folder.exists()

    def test_what_a_killed_run_was_writing_goes_too(self, cache: ImageCache) -> None:
        (file,) = cache.folder.rglob(entry_files(cache.folder)[0].name)
        file.rename(file.with_name(f"{file.name}.{'0' * 32}"))
        cache.remove()
        assert not cache.folder.exists()

    def test_a_run_that_would_not_fit_is_refused(self, few: PhotoSet, tmp_path: Path) -> None:
        cache = ImageCache(tmp_path, SMALL)
        needed = len(few.photos) * cache.entry_bytes
        cache.check_room(len(few.photos), needed)
        config = TrainingConfig(
            "slim-resnet18", contract=SMALL, cache=tmp_path / "cache", cache_limit=needed - 1
        )
        with pytest.raises(InputError, match=re.escape("give a larger --cache-limit")):
            train(few, config, tmp_path / "run")
        assert not (tmp_path / "run").exists()


def test_order_and_targets_are_the_photos(few: PhotoSet, tmp_path: Path) -> None:
    images = load_images(few, ImageCache(tmp_path, SMALL), "reading")
    assert [entry.photo for entry in images.entries] == list(few.photos)
    assert images.targets.tolist() == [few.index(photo) for photo in few.photos]
    taken = images.images([5, 0])
    assert (taken.shape, taken.dtype) == ((2, 3, 32, 32), torch.uint8)
    assert torch.equal(taken[1], images.images([0])[0])
