from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

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


GUARDED = """
import json, resource, sys, time, warnings
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
warnings.simplefilter("ignore")
from edgetlc.errors import ImageError
from edgetlc.runtime.pixels import decode
outcomes = {}
for path in sorted(Path(sys.argv[1]).rglob("*")):
    if path.is_file() and path.suffix not in (".json", ".md"):
        start = time.process_time()
        try:
            found = decode(path, 224)
            outcome = "x".join(map(str, found.pixels.shape))
        except ImageError as error:
            outcome = str(error)
        outcomes[str(path)] = (outcome, time.process_time() - start)
print(json.dumps(outcomes))
"""


def test_hostile_files_end_in_a_picture_or_one_line(shared_data: Path) -> None:
    """In 2 GiB of address space: no crash, no other exception, no second spent on any file."""
    done = subprocess.run(
        [sys.executable, "-c", GUARDED, str(shared_data / "bad_images")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    outcomes = json.loads(done.stdout)
    assert len(outcomes) == 250
    for path, (outcome, seconds) in outcomes.items():
        assert outcome, path
        assert "\n" not in outcome, path
        assert seconds < 2, path
    bombs = {"65536-uint32-limit.png", "16384x16384.png", "giant-image.jpg", "200MP.heic"}
    for path, (outcome, _) in outcomes.items():
        if path.rpartition("_")[2] in bombs:
            assert "pixels declared" in outcome, path
