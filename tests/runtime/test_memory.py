"""What decoding takes, measured in another process as the peak of its resident memory (Linux)."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgetlc.errors import ImageError
from edgetlc.runtime import limits
from edgetlc.runtime.contract import reductions
from edgetlc.runtime.limits import MAX_MEMORY, MAX_MEMORY_BUFFERED
from edgetlc.runtime.pixels import decode
from edgetlc.runtime.sources import open_source

MB = 1_000_000
SLACK = 30 * MB  # bands at work, the allocator's rounding
needs_proc = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="peaks are read from Linux's /proc"
)

MEASURE = """
import json, sys
from pathlib import Path
import PIL.ImageCms
from edgetlc.errors import ImageError
from edgetlc.runtime.pixels import decode

def kilobytes(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])

def growth(file, size):
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = kilobytes("VmRSS")
    decode(Path(file), size)
    return 1024 * (kilobytes("VmHWM") - before)

small, jobs = json.loads(sys.argv[1])
for file in small:
    decode(Path(file), 32)  # loads the decoders
print(json.dumps([growth(*job) for job in jobs]))
"""

Growth = Callable[[Path, int], int]


@pytest.fixture(scope="module")
def growth(tmp_path_factory: pytest.TempPathFactory) -> Growth:
    """`growth(file, size)`: bytes that the process grows by, at most, while it decodes the file."""
    folder = tmp_path_factory.mktemp("small")
    small = []
    for suffix in ("jpg", "png", "tif", "webp", "avif"):
        small.append(str(folder / f"small.{suffix}"))
        Image.new("RGB", (48, 40)).save(small[-1])

    def measured(file: Path, size: int) -> int:
        jobs = json.dumps([small, [[str(file), size]]])
        command = [sys.executable, "-W", "error", "-c", MEASURE, jobs]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert ran.returncode == 0, ran.stderr[-2000:]
        (found,) = json.loads(ran.stdout)
        return int(found)

    return measured


def pattern(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Return a large image that costs little to draw: a noisy tile, repeated."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    noise = np.random.default_rng(7).integers(90, 130, (256, 256, bands), np.uint8)
    tile = Image.fromarray(noise.squeeze(), mode if bands != 3 else None)
    row = Image.new(mode, (width, 256))
    for left in range(0, width, 256):
        row.paste(tile, (left, 0))
    image = Image.new(mode, (width, height))
    for top in range(0, height, 256):
        image.paste(row, (0, top))
    return image


def long_jpeg(path: Path, width: int, rows: int) -> int:
    """Write a baseline 4:2:0 JPEG of one row of blocks, repeated by restart markers; return MB."""
    one = path.with_suffix(".row.jpg")
    pattern(width, 32).save(one, quality=90, restart_marker_rows=1)
    data = one.read_bytes()
    frame = data.index(b"\xff\xc0\0\x11")
    scan = data.index(b"\xff\xda")
    start = scan + 2 + struct.unpack_from(">H", data, scan + 2)[0]
    row = data[start : data.index(b"\xff\xd0", start)]
    header = data[: frame + 5] + struct.pack(">H", 16 * rows) + data[frame + 7 : start]
    with path.open("wb") as stream:
        stream.write(header + row)
        stream.writelines(bytes((0xFF, 0xD0 + i % 8)) + row for i in range(rows - 1))
        stream.write(b"\xff\xd9")
    return path.stat().st_size // MB


@needs_proc
@pytest.mark.parametrize(
    ("width", "rows", "size", "most"),
    [
        (8160, 383, 224, 150),  # 50 MP
        (8160, 383, 1024, 150),
        (12000, 563, 224, 150),  # 108 MP
        (16320, 765, 224, 300),  # 200 MP
        (16320, 765, 1024, 300),
    ],
)
def test_a_baseline_jpeg_stays_within_the_promise(
    width: int, rows: int, size: int, most: int, growth: Growth, tmp_path: Path
) -> None:
    file = tmp_path / "photo.jpg"
    assert long_jpeg(file, width, rows) > width * 16 * rows / 8 / MB  # as large as real ones
    assert growth(file, size) < most * MB


@needs_proc
def test_a_progressive_jpeg_near_the_limit_stays_within_the_promise(
    growth: Growth, tmp_path: Path
) -> None:
    file = tmp_path / "photo.jpg"
    pattern(10240, 8192).save(file, quality=75, progressive=True)  # 84 MP
    needed = open_source(file).memory(8)
    assert 0.9 * MAX_MEMORY_BUFFERED < needed < MAX_MEMORY_BUFFERED
    assert growth(file, 224) < 300 * MB


@needs_proc
@pytest.mark.parametrize("mode", ["RGB", pytest.param("RGBA", marks=pytest.mark.slow)])
def test_a_png_near_the_limit_takes_what_was_estimated(
    mode: str, growth: Growth, tmp_path: Path
) -> None:
    file = tmp_path / "photo.png"
    Image.new(mode, (11000, 10000), (10, 200, 90, 128)[: len(mode)]).save(file, compress_level=1)
    needed = open_source(file).memory(8)
    assert 0.9 * MAX_MEMORY < needed < MAX_MEMORY
    assert growth(file, 224) < needed + SLACK


PACKED = {"compression": "tiff_lzw"}
KINDS = {
    "progressive 4:4:4.jpg": ("RGB", {"progressive": True, "subsampling": 0}),
    "progressive CMYK.jpg": ("CMYK", {"progressive": True}),
    "progressive grey.jpg": ("L", {"progressive": True}),
    "RGB.png": ("RGB", {"compress_level": 1}),
    "RGBA.png": ("RGBA", {"compress_level": 1}),
    "grey.png": ("L", {"compress_level": 1}),
    "plain.tif": ("RGB", {}),
    "turned.tif": ("RGB", {"tiffinfo": {274: 6}}),
    "one strip.tif": ("RGB", {**PACKED, "tiffinfo": {278: 3000}}),
    "strips.tif": ("RGB", PACKED),
    "lossy.webp": ("RGB", {"method": 0}),
    "lossless.webp": ("RGBA", {"method": 0, "lossless": True, "quality": 0}),
    "420.avif": ("RGB", {"speed": 10}),
    "444 alpha.avif": ("RGBA", {"speed": 10, "subsampling": "4:4:4"}),
}
QUICK = ("progressive CMYK.jpg", "RGBA.png", "turned.tif", "strips.tif", "lossy.webp", "420.avif")


@needs_proc
@pytest.mark.parametrize(
    "kind", [*QUICK, *(pytest.param(k, marks=pytest.mark.slow) for k in KINDS if k not in QUICK)]
)
def test_every_kind_takes_what_was_estimated(kind: str, growth: Growth, tmp_path: Path) -> None:
    mode, options = KINDS[kind]
    file = tmp_path / kind
    pattern(4000, 3000, mode).save(file, **options)
    s, _ = reductions(4000, 3000, 224)
    assert growth(file, 224) < open_source(file).memory(s) + SLACK


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(4000, 3000), (8160, 6144)])  # 12 and 50 MP
def test_a_heic_takes_what_was_estimated(
    width: int, height: int, growth: Growth, tmp_path: Path
) -> None:
    heif = pytest.importorskip("pillow_heif")
    file = tmp_path / "photo.heic"
    heif.from_pillow(pattern(width, height)).save(file, quality=30, tile_size=512)
    assert open_source(file).memory(1) < MAX_MEMORY
    assert growth(file, 224) < open_source(file).memory(1) + SLACK


def test_what_is_beyond_the_limit_is_refused_before_decoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pattern(64, 48).save(tmp_path / "a.jpg", progressive=True)
    data = (tmp_path / "a.jpg").read_bytes()
    at = data.index(b"\xff\xc2\0\x11") + 5
    large = data[:at] + struct.pack(">HH", 9_000, 12_000) + data[at + 4 :]
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("decoded"))
    with pytest.raises(ImageError, match=r"this progressive JPEG would take 332 MB .*290 are al"):
        decode(large, 224)


def test_threads_wait_until_their_memory_fits() -> None:
    reserve = limits._Memory(100).reserve
    together, most, order = [0], [0], threading.Lock()

    def work(needed: int) -> None:
        with reserve(needed):
            with order:
                together[0] += needed
                most[0] = max(most[0], together[0])
            time.sleep(0.002)
            with order:
                together[0] -= needed

    sizes = [60, 30, 30, 90, 10, 50, 100, 250, 5] * 3
    threads = [threading.Thread(target=work, args=(size,)) for size in sizes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
        assert not thread.is_alive()
    assert most[0] == 250  # the one that alone is too much, and it was alone
    assert together[0] == 0


def test_memory_is_given_back_after_an_error(tmp_path: Path) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "a.jpg")
    cut = (tmp_path / "a.jpg").read_bytes()[:-60]
    for _ in range(3):
        with pytest.raises(ImageError):
            decode(cut, 32)
    memory = limits.reserve_memory.__self__
    assert memory._used == 0
