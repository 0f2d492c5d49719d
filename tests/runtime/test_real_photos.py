from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from edgetlc.errors import ImageError
from edgetlc.runtime.pixels import decode

pytestmark = pytest.mark.real

SIZE = 224
NO_PHOTOS = (".gif", ".jp2")
CUT = "Google_Pixel_6__python-pillow_ultrahdr.jpg"  # ends within its picture


@pytest.fixture(scope="module")
def photos(shared_data: Path) -> list[tuple[Path, dict[str, Any]]]:
    folder = shared_data / "exif_photos"
    entries = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return [(folder / entry["file"], entry) for entry in entries]


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.slow
def test_every_photo_comes_out_with_the_promised_short_side(photos) -> None:
    refused = []
    for path, _ in photos:
        try:
            found = decode(path, SIZE)
        except ImageError:
            refused.append(path)
            continue
        short, declared = min(found.pixels.shape[:2]), min(found.declared)
        if declared >= SIZE:
            assert SIZE <= short < 2 * SIZE, path
        else:
            assert short == declared, path
    assert len(photos) > 150
    for path in refused:
        assert path.suffix in NO_PHOTOS or path.name == CUT, path


def test_photos_taken_upright_come_out_upright(photos) -> None:
    turned = 0
    for path, entry in photos:
        if entry["format"] == "JPEG" and path.name != CUT:
            found = decode(path, SIZE)
            width, height = found.declared
            on_its_side = (entry["orientation"] or 1) >= 5
            turned += on_its_side
            upright = (width, height) if on_its_side else (height, width)
            portrait = upright[0] > upright[1]
            assert (found.pixels.shape[0] > found.pixels.shape[1]) == portrait, path
    assert turned > 15


@pytest.mark.parametrize("name", ["landscape", "portrait"])
def test_eight_orientations_of_one_photo_look_the_same(name: str, shared_data: Path) -> None:
    folder = shared_data / "exif_photos" / "orientation"
    upright = decode(folder / f"exif-samples_{name}_1.jpg").pixels.astype(int)
    for orientation in range(2, 9):
        found = decode(folder / f"exif-samples_{name}_{orientation}.jpg").pixels.astype(int)
        assert found.shape == upright.shape
        # Each was encoded anew; another orientation would be tens of grey levels off.
        assert abs(found - upright).mean() < 8, orientation


NOTED = {
    "Pillow_mode_16bit.png": "first of 3 frames",
    "Pillow_delay.png": "first of 5 frames",
    "pillow_heif_empty_icc.heic": "first of 2 frames",
    "sharp_animated-loop-3.webp": "first of 10 frames",
    "sharp_rotating-squares.webp": "first of 9 frames",
    "Apple_iPhone_SE_2nd_generation__math1p_IMG_20240325_0003.heif": "first of 2 frames",
    "Pillow_icc-after-SOF.jpg": "colour profile ignored (cannot open profile",
    "sharp_16-bit-grey-alpha.png": "colour profile ignored (it is for GRAY",
}


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.slow
def test_notes_are_few_and_known(photos) -> None:
    found = {}
    for path, _ in photos:
        try:
            notes = decode(path, SIZE).notes
        except ImageError:
            continue
        if notes:
            (found[path.name],) = notes
    assert set(found) == set(NOTED)
    for name, note in found.items():
        assert note.startswith(NOTED[name])


@pytest.mark.parametrize("folder", ["phones", "orientation"])
def test_a_photo_gives_the_same_from_its_file_and_as_a_pil_image(
    folder: str, shared_data: Path
) -> None:
    for path in sorted((shared_data / "exif_photos" / folder).glob("*.[jJ][pP]*")):
        if path.name == CUT:
            continue
        from_file = decode(path, SIZE).pixels.astype(int)
        with Image.open(path) as image:
            found = decode(image, SIZE).pixels
        difference = abs(found - from_file)  # DCT scaling here, box means there
        assert difference.max() <= 24, path
        assert difference.mean() < 0.5, path
