from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import InputError
from edgetlc.export.golden import COUNT, golden_files
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.contract import PixelContract, reductions
from edgetlc.runtime.pixels import decode


@pytest.fixture
def photos(tmp_path: Path) -> list[Photo]:
    """Twelve photos of 2400 x 1800 pixels with a place in their EXIF; the first cannot be read."""
    y, x = np.mgrid[0:1800, 0:2400].astype(np.float32)
    photos = []
    for number in range(12):
        path = tmp_path / f"{number}.jpg"
        wave = 128 + 100 * np.sin(x / 90 + number) * np.cos(y / 70)
        image = Image.fromarray(wave.astype(np.uint8)).convert("RGB")
        exif = Image.Exif()
        exif[0x010F], exif[0x013B] = "Phone", "Owner of the phone"
        exif.get_ifd(0x8825)[1] = "N"
        image.save(path, quality=80, exif=exif)
        photos.append(Photo(path, "a"))
    photos[0].path.write_bytes(b"no photo")
    return photos


def test_the_first_readable_photos_without_their_metadata(photos: list[Photo]) -> None:
    contract = PixelContract(size=64)
    files = golden_files(photos, contract, [], {})
    document = json.loads(files["golden/golden.json"])
    assert len(document["inputs"]) == COUNT
    assert document["outputs"] == []
    for entry in document["inputs"]:
        jpeg = files[entry["photo"]]
        assert b"Exif" not in jpeg
        assert b"Owner" not in jpeg
        with Image.open(io.BytesIO(files[entry["pixels"]])) as image:
            np.testing.assert_array_equal(decode(jpeg, 64).pixels, np.asarray(image))
    assert len(files) == 2 * COUNT + 1


def test_a_large_photo_stays_large_enough_for_both_reductions(photos: list[Photo]) -> None:
    for size in (64, 224):
        files = golden_files(photos[1:2], PixelContract(size=size), [], {})
        with Image.open(io.BytesIO(files["golden/00.jpg"])) as image:
            s, k = reductions(*image.size, size)
        assert s >= 2
        assert k >= 2


def test_without_a_readable_photo_there_is_no_self_test(photos: list[Photo]) -> None:
    with pytest.raises(InputError, match="none of 1 photos for the self-test can be read"):
        golden_files(photos[:1], PixelContract(), [], {})


def test_golden_photos_come_from_the_validation_part(
    tiny_bundle: Path, photo_set: PhotoSet
) -> None:
    bundle = Bundle.open(tiny_bundle)
    golden = [name for name in bundle.manifest.files if name.endswith(".jpg")]
    validation = [decode(photo.path).pixels for photo in photo_set.part("val").photos]
    assert len(golden) == len(validation) == 6
    for name in golden:
        pixels = decode(bundle.read(name)).pixels.astype(int)
        closest = min(
            np.abs(pixels - other).mean() for other in validation if other.shape == pixels.shape
        )
        assert closest < 2
