"""Photos to the network's inputs: time against bare decoding, memory against their number.

    python tests/bench/calibration.py -o bench-out

3,000 JPEGs of 12 MP, 60 different ones under 50 names each. Both ways take turns of 60 photos with
as many threads as processors, until each has seen all. Memory is the peak of a process that makes
the inputs and then reads them all, as a quantizer does; once of 300 photos, once of 3,000.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from figures import Figure, slower, table
from materials import SIZE, save_photo, scene
from turns import quiet_environment

from edgetlc.calibration.inputs import network_inputs
from edgetlc.data.photos import Photo
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.pixels import decode_or_reason
from edgetlc.threads import in_order

_DISTINCT = 60
_PHOTOS = 3000
_FEW = 300
_MOST_OVER_DECODING = 1.10
_MOST_MEMORY_GROWTH = 1.05
_MEGA = 1e6  # bytes


def main() -> None:
    """Measure and print the table; with `--peak`, tell of one number of photos in this process."""
    parser = argparse.ArgumentParser(description="The figures of calibration photos.")
    parser.add_argument("-o", "--output", type=Path, default=Path("bench-out"))
    parser.add_argument("--turns", type=int, default=_PHOTOS // _DISTINCT)
    parser.add_argument("--peak", type=int, metavar="PHOTOS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    photos = _photos(options.output.absolute())
    if options.peak:
        print(_peak_memory(photos[: options.peak]))
        return
    few, many = (_in_process(options.output, count) for count in (_FEW, _PHOTOS))
    name = f"peak memory: {_PHOTOS} photos, {_FEW}"
    memory = Figure(name, many, few, many / few, _MOST_MEMORY_GROWTH, unit="MB")
    print(table([*_times(photos, options.turns), memory]))


def _photos(root: Path) -> list[Path]:
    """Return the photos and make those that are missing; other benches share the first of them."""
    folder = root / "calibration"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(_DISTINCT):
        photo = root / "photos" / f"{number:02}.jpg"
        if not photo.exists():
            save_photo(photo, scene(number))
        for name in range(number, _PHOTOS, _DISTINCT):
            if not (folder / f"{name:04}.jpg").exists():
                os.link(photo, folder / f"{name:04}.jpg")
    return sorted(folder.iterdir())


def _times(photos: Sequence[Path], turns: int) -> list[Figure]:
    """Return the figures of wall and of processor time, in ms of a photo."""
    ways: tuple[Callable[[Sequence[Path]], None], ...] = (_inputs, _decode)
    wall: dict[str, list[float]] = {way.__name__: [] for way in ways}
    busy: dict[str, list[float]] = {way.__name__: [] for way in ways}
    for way in ways:
        way(photos[:_DISTINCT])  # loads libraries, and files into the system's cache
    for turn in range(turns):
        first = turn * _DISTINCT % _PHOTOS
        for way in ways:
            start, start_busy = time.perf_counter(), time.process_time()
            way(photos[first : first + _DISTINCT])
            busy[way.__name__].append(1e3 * (time.process_time() - start_busy) / _DISTINCT)
            wall[way.__name__].append(1e3 * (time.perf_counter() - start) / _DISTINCT)
        print(f"  turn {turn + 1} of {turns}", file=sys.stderr)
    found = (
        (statistics.median(of["_inputs"]), statistics.median(of["_decode"])) for of in (wall, busy)
    )
    (ours, floor), (ours_busy, floor_busy) = found
    name = "network inputs: bare decode"
    return [
        slower(name, ours, floor, _MOST_OVER_DECODING, remark="wall time of a photo"),
        Figure(name, ours_busy, floor_busy, ours_busy / floor_busy, None, remark="processor time"),
    ]


def _inputs(photos: Sequence[Path]) -> None:
    with network_inputs([Photo(path, "any") for path in photos], PixelContract(SIZE)):
        pass


def _decode(photos: Sequence[Path]) -> None:
    for _ in in_order(lambda path: decode_or_reason(path, SIZE), photos):
        pass


def _peak_memory(photos: Sequence[Path]) -> float:
    """Return this process's peak in MB while it makes the inputs and reads them."""
    import resource

    with network_inputs([Photo(path, "any") for path in photos], PixelContract(SIZE)) as inputs:
        assert all(image.shape == (1, 3, SIZE, SIZE) for image in inputs)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / _MEGA


def _in_process(output: Path, count: int) -> float:
    ran = subprocess.run(
        [sys.executable, __file__, "-o", output, "--peak", str(count)],
        env=quiet_environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(ran.stdout)


if __name__ == "__main__":
    main()
