"""The pixel contract's vectors, and real photos, through the app's host step in both browsers."""

from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgetlc.runtime.pixels import decode

VECTORS = Path(__file__).parents[2] / "docs" / "pixel-contract" / "vectors"
LISTED = json.loads((VECTORS / "vectors.json").read_text(encoding="utf-8"))
NOT_HERE = {"TIFF": "raw", "HEIF": "browser"}  # what the app refuses, and how
READ = (".jpg", ".jpeg", ".mpo", ".png", ".webp", ".avif")  # by the app in these browsers
TABLES_OF_RGB = 8  # grey levels of single samples: Little CMS bends its lattice for them

HostStep = Callable[[Path, list[Path]], dict[Path, dict[str, Any]]]


@pytest.fixture(scope="module")
def decoded(host_step: HostStep, small_app: Path) -> dict[str, Any]:
    files = [VECTORS / one["file"] for one in (*LISTED["host"], *LISTED["refused"])]
    return {file.name: answer for file, answer in host_step(small_app / "app", files).items()}


@pytest.mark.parametrize("vector", LISTED["host"], ids=lambda one: one["file"])
def test_vector(vector: dict[str, Any], decoded: dict[str, Any]) -> None:
    answer = decoded[vector["file"]]
    if vector["container"] in NOT_HERE:
        assert answer["reason"] == NOT_HERE[vector["container"]]
        return
    with Image.open(VECTORS / vector["expected"]) as image:
        expected = np.asarray(image)
    assert answer["pixels"].shape == expected.shape
    difference = np.abs(answer["pixels"].astype(int) - expected)
    allowed = vector["tolerance"]
    if vector["file"] == "webp-alpha.webp":
        allowed = {"max": 2, "mean": 0.5}  # browsers keep alpha premultiplied
    if vector["container"] == "JPEG" and "profile" not in vector["covers"]:
        allowed = {"max": 0, "mean": 0}
    assert difference.max() <= allowed["max"]
    assert difference.mean() <= allowed["mean"]
    if vector["container"] != "AVIF":
        assert len(answer["notes"]) == len(vector["notes"])
        for note, beginning in zip(answer["notes"], vector["notes"], strict=True):
            assert note.startswith(beginning)


@pytest.mark.parametrize("vector", LISTED["refused"], ids=lambda one: one["file"])
def test_refusal(vector: dict[str, Any], decoded: dict[str, Any]) -> None:
    expected = {
        "refused-cut.tif": "raw",  # no TIFF at all
        "refused-empty.jpg": "unknown",
    }.get(vector["file"], vector["reason"])
    assert decoded[vector["file"]]["reason"] == expected


@pytest.mark.real
@pytest.mark.parametrize("kind", ["colour", "orientation", "containers"])
def test_real_photos(host_step: HostStep, small_app: Path, shared_data: Path, kind: str) -> None:
    """Display P3, CMYK with and without a profile, XYB, grey profiles, EXIF 1 to 8, MPO, AVIF."""
    found = sorted((shared_data / "exif_photos" / kind).iterdir())
    photos = [file for file in found if file.suffix.lower() in READ]
    assert len(photos) >= 10
    beyond = {}
    for file, answer in host_step(small_app / "app", photos).items():
        if "reason" in answer:
            beyond[file.name] = answer["reason"]
            continue
        expected = decode(file, 32).pixels
        difference = np.abs(answer["pixels"].astype(int) - expected)
        if difference.max() > (TABLES_OF_RGB if file.name.endswith("profile_big.jpg") else 1):
            beyond[file.name] = int(difference.max())
    assert beyond == {}


def test_table_profiles(host_step: HostStep, small_app: Path, tmp_path: Path) -> None:
    """Profiles of tables, in their three kinds, against Little CMS."""
    rng = np.random.default_rng(5)
    photos = []
    for name, (mode, profile) in table_profiles().items():
        samples = rng.integers(0, 256, (24, 32, len(mode)), np.uint8).repeat(8, 0).repeat(8, 1)
        photos.append(tmp_path / f"{name}.jpg")
        Image.fromarray(samples, mode).save(photos[-1], quality=95, icc_profile=profile)
    for file, answer in host_step(small_app / "app", photos).items():
        assert answer["notes"] == [], file.name
        difference = np.abs(answer["pixels"].astype(int) - decode(file, 32).pixels)
        assert difference.max() <= (TABLES_OF_RGB if file.stem == "rgb16" else 1), file.name
        assert difference.mean() < 0.1, file.name


def table_profiles() -> dict[str, tuple[str, bytes]]:
    """Return image modes and profiles by name, one for each kind of table."""
    return {
        "cmyk8": ("CMYK", profile(2, b"CMYK", b"Lab ", old_table(4, 5, wide=False))),
        "cmyk16": ("CMYK", profile(2, b"CMYK", b"Lab ", old_table(4, 6, wide=True))),
        "cmyk16-version4": ("CMYK", profile(4, b"CMYK", b"Lab ", old_table(4, 4, wide=True))),
        "rgb16": ("RGB", profile(2, b"RGB ", b"Lab ", old_table(3, 7, wide=True))),
        "rgb-curves-and-matrix": ("RGB", profile(4, b"RGB ", b"XYZ ", new_table())),
    }


def profile(version: int, space: bytes, connection: bytes, table: bytes) -> bytes:
    """Return an ICC profile that holds nothing but the table A2B0."""
    size = 128 + 4 + 12 + len(table)
    head = struct.pack(">I4sB3x4s4s4s", size, b"none", version, b"prtr", space, connection)
    head = head.ljust(36, b"\0") + b"acsp"
    head = head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)  # D50
    return head.ljust(128, b"\0") + struct.pack(">I4sII", 1, b"A2B0", 144, len(table)) + table


def old_table(channels: int, grid: int, *, wide: bool) -> bytes:
    """Return a tag `mft1` or `mft2` from ink or light to Lab, with curves that are not straight."""
    full, kind = (65280, ">u2") if wide else (255, ">u1")
    entries = 100 if wide else 256
    ramp = np.linspace(0, 1, entries)
    before = np.tile(ramp**1.3, channels)
    nodes = []
    for place in itertools.product(np.linspace(0, 1, grid), repeat=channels):
        paper = [(1 - ink) * (1 - place[3]) for ink in place[:3]] if channels == 4 else place
        light = 0.1 + 0.9 * float(np.dot(paper, (0.25, 0.6, 0.15)))
        nodes.append((light, 0.5 + 0.3 * (paper[0] - paper[1]), 0.5 + 0.3 * (paper[1] - paper[2])))
    head = b"mft2" if wide else b"mft1"
    head += struct.pack(">4x4B9i", channels, 3, grid, 0, *(65536, 0, 0, 0, 65536, 0, 0, 0, 65536))
    head += struct.pack(">2H", entries, entries) if wide else b""
    parts = (before, np.array(nodes).ravel(), np.tile(ramp**0.95, 3))
    return head + b"".join((part * full).round().astype(kind).tobytes() for part in parts)


def new_table() -> bytes:
    """Return a tag `mAB ` from RGB to XYZ with all five of its steps."""
    identity = b"curv" + struct.pack(">4xI", 0)
    gamma = b"para" + struct.pack(">4xH2xi", 0, round(1.8 * 65536))
    sampled = b"curv" + struct.pack(">4xI5H2x", 5, 0, 9000, 25000, 45000, 65535)
    matrix = [0.36, 0.30, 0.12, 0.19, 0.56, 0.06, 0.01, 0.08, 0.58, 0.002, 0.002, 0.002]
    grid = np.stack(np.meshgrid(*(np.linspace(0, 1, n) for n in (3, 4, 5)), indexing="ij"), -1)
    lattice = bytes((3, 4, 5)).ljust(16, b"\0") + b"\2\0\0\0"
    lattice += (grid**1.1 * 65535).round().astype(">u2").tobytes()
    steps = [
        identity * 3,
        struct.pack(">12i", *(round(v * 32768) for v in matrix)),
        gamma * 3,
        lattice,
        sampled * 3,
    ]
    places = np.cumsum([32, *map(len, steps)])[:5]
    return b"mAB " + struct.pack(">4x2B2x5I", 3, 3, *places) + b"".join(steps)
