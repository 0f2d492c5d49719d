"""Damaged and hostile photos: in bounded memory and time, each comes out as pixels or one line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.random import Generator

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "docs" / "pixel-contract" / "vectors"
MUTATIONS_PER_FILE = 6
ADDRESS_SPACE = 2 << 30
SECONDS = 10

# Prints, for every file in order: the outcome and the seconds; then the peak of resident memory.
GUARDED = """
import hashlib, json, resource, sys, time, warnings
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
warnings.simplefilter("ignore")
from edgetlc.errors import ImageError
from edgetlc.runtime.stream import decoded_photos

paths = [Path(line) for line in Path(sys.argv[1]).read_text().splitlines()]
outcomes, start = [], time.monotonic()
for path, decoded in decoded_photos(paths, 32, workers=2):
    if isinstance(decoded, ImageError):
        outcome = str(decoded)
    else:
        outcome = [*decoded.pixels.shape, hashlib.sha256(decoded.pixels.tobytes()).hexdigest()]
    outcomes.append((outcome, time.monotonic() - start))
    start = time.monotonic()
status = Path("/proc/self/status")  # getrusage would count what the parent had, too
lines = status.read_text().splitlines() if status.exists() else []
peak = sum(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
print(json.dumps([outcomes, peak]))
"""


def guarded(paths: list[Path], folder: Path) -> tuple[list[tuple[Any, float]], int]:
    listed = folder / "files.txt"
    listed.write_text("\n".join(map(str, paths)))
    ran = subprocess.run(
        [sys.executable, "-c", GUARDED, str(listed), str(ADDRESS_SPACE)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    outcomes, peak = json.loads(ran.stdout)
    assert len(outcomes) == len(paths)
    return outcomes, peak


def cut(data: bytearray, rng: Generator) -> None:
    del data[int(rng.integers(1, len(data))) :]


def flip_bits(data: bytearray, rng: Generator) -> None:
    for place in rng.integers(0, len(data), 1 + len(data) // 500):
        data[place] ^= 1 << int(rng.integers(0, 8))


def change_the_head(data: bytearray, rng: Generator) -> None:
    for place in rng.integers(4, min(len(data), 200), 6):
        data[place] = int(rng.choice((0, 1, 0x7F, 0x80, 0xFF, int(rng.integers(0, 256)))))


def overwrite(data: bytearray, rng: Generator) -> None:
    start = int(rng.integers(0, len(data)))
    length = min(int(rng.integers(1, 200)), len(data) - start)
    data[start : start + length] = rng.bytes(length)


def insert(data: bytearray, rng: Generator) -> None:
    place = int(rng.integers(0, len(data)))
    data[place:place] = rng.bytes(int(rng.integers(1, 100)))


def repeat(data: bytearray, rng: Generator) -> None:
    start = int(rng.integers(0, len(data)))
    data[start:start] = data[start : start + int(rng.integers(1, 2000))] * int(rng.integers(1, 20))


MUTATIONS: tuple[Callable[[bytearray, Generator], None], ...] = (
    cut,
    flip_bits,
    change_the_head,
    overwrite,
    insert,
    repeat,
)


def test_mutated_photos_come_out_as_pixels_or_one_line(tmp_path: Path) -> None:
    """Six mutations of every vector, good ones between them, in two threads and 2 GiB."""
    listed = json.loads((VECTORS / "vectors.json").read_text(encoding="utf-8"))["host"]
    good = [VECTORS / vector["file"] for vector in listed]
    paths: list[Path] = []
    for number, path in enumerate(good):
        for kind, mutate in enumerate(MUTATIONS):
            data = bytearray(path.read_bytes())
            mutate(data, np.random.default_rng([number, kind]))
            paths.append(tmp_path / f"{number:03}-{kind}{path.suffix}")
            paths[-1].write_bytes(data)
        paths.append(path)
    clean, _ = guarded(good, tmp_path)
    mixed, peak = guarded(paths, tmp_path)
    assert len(paths) - len(good) >= 500
    assert [outcome for outcome, _ in mixed[len(MUTATIONS) :: len(MUTATIONS) + 1]] == [
        outcome for outcome, _ in clean
    ]
    for path, (outcome, seconds) in zip(paths, mixed, strict=True):
        assert seconds < SECONDS, path.name
        assert outcome, path.name
        assert "\n" not in outcome, path.name
    refused = sum(isinstance(outcome, str) for outcome, _ in mixed)
    assert len(good) < refused < len(paths) - len(good)  # some mutations do no harm
    assert peak < 800_000_000


@pytest.mark.real
def test_hostile_files_come_out_as_pixels_or_one_line(shared_data: Path, tmp_path: Path) -> None:
    """Truncated, corrupt and fuzzed files, and bombs that would fill any memory."""
    folder = shared_data / "bad_images"
    paths = sorted(
        path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".json", ".md")
    )
    outcomes, peak = guarded(paths, tmp_path)
    assert len(outcomes) == 250
    for path, (outcome, seconds) in zip(paths, outcomes, strict=True):
        assert seconds < SECONDS, path
        assert outcome, path
        assert "\n" not in outcome, path
    bombs = {"65536-uint32-limit.png", "16384x16384.png", "giant-image.jpg", "200MP.heic"}
    refused = {
        path.name.rpartition("_")[2]
        for path, (outcome, _) in zip(paths, outcomes, strict=True)
        if isinstance(outcome, str) and "pixels declared" in outcome
    }
    assert bombs <= refused
    assert peak < 800_000_000
