from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edgetlc.devices import exif
from edgetlc.devices.identify import identify
from edgetlc.devices.profiles import Cameras

pytestmark = pytest.mark.real

EXPECTED = {
    ("Apple", "iPhone 11"): "iphone-11",
    ("Canon", "Canon EOS 5D Mark II"): "canon-5d-mark-ii-iii",
    ("Canon", "Canon EOS 5D Mark III"): "canon-5d-mark-ii-iii",
}
MEMORY = 1 << 30  # bytes of address space


@pytest.fixture
def photos(shared_data: Path) -> list[tuple[Path, dict[str, Any]]]:
    folder = shared_data / "exif_photos"
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return [(folder / entry["file"], entry) for entry in manifest]


def test_every_photo_is_identified_as_its_manifest_says(photos, cameras: Cameras) -> None:
    counts = {"iphone-11": 0, "canon-5d-mark-ii-iii": 0}
    for path, entry in photos:
        found = identify(path, cameras)
        assert found.camera == EXPECTED.get((entry["make"], entry["model"])), path
        assert found.conflict is None, path
        if found.camera:
            counts[found.camera] += 1
    assert counts == {"iphone-11": 2, "canon-5d-mark-ii-iii": 6}


def test_make_and_model_are_read_as_the_manifest_says(photos) -> None:
    heic = exif.heic_readable()
    for path, entry in photos:
        if heic or entry["format"] != "HEIF":
            expected = (entry["make"] or None, entry["model"] or None)
            assert exif.read_camera_tags(path)[:2] == expected, path


def test_without_the_heic_extra(photos, cameras, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exif, "_formats", lambda: tuple(set(exif._FORMATS) - {"HEIF"}))
    heics = [path for path, entry in photos if entry["format"] == "HEIF"]
    assert heics
    assert {identify(path, cameras).camera for path in heics} == {None}


def test_broken_and_hostile_files_are_unknown_and_cost_little(shared_data: Path) -> None:
    code = f"""
import pathlib, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
from edgetlc.devices.identify import identify
from edgetlc.devices.profiles import Cameras
cameras = Cameras.load()
files = [p for p in pathlib.Path(sys.argv[1]).rglob("*") if p.is_file()]
for file in files:
    start = time.perf_counter()
    found = identify(file, cameras)
    assert found.camera is None and found.conflict is None, found
    assert time.perf_counter() - start < 10, file
print(len(files))
"""
    bad = shared_data / "bad_images"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(bad)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > 200
