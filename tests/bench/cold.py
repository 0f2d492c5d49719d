"""`edgetlc predict BUNDLE PHOTO` as a whole process, against the shortest script that does it."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from figures import Figure, slower
from materials import SIZE, Materials
from turns import quiet_environment

from edgetlc.runtime.contract import reductions

_BARE = """
import sys
import numpy as np
import onnxruntime
from PIL import Image
model, photo, s, k = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
with Image.open(photo) as image:
    image.draft("RGB", (image.width // s, image.height // s))
    pixels = np.asarray(image.reduce(k))
print(session.run(None, {"pixels": pixels[None]})[0].argmax())
"""


def measure(materials: Materials, installs: Mapping[str, Path], turns: int) -> list[Figure]:
    """Return the figure for each installation: name to its Python."""
    s, k = reductions(4000, 3000, SIZE)
    bare = ("-c", _BARE, materials.model, materials.photo, s, k)
    predict = ("-m", "edgetlc", "predict", materials.bundle, materials.photo)
    commands = {
        (install, side): [str(word) for word in (python, *words)]
        for install, python in installs.items()
        for side, words in (("ours", predict), ("bare", bare))
    }
    times: dict[tuple[str, str], list[float]] = {key: [] for key in commands}
    for turn in range(turns + 1):
        for key, command in commands.items():
            elapsed = _run(command, materials.root)
            if turn:  # the first one fills caches and compiles modules
                times[key].append(elapsed)
    return [
        slower(
            f"cold process, {install}: bare script",
            statistics.median(times[install, "ours"]),
            statistics.median(times[install, "bare"]),
            1.5,
        )
        for install in installs
    ]


def _run(command: list[str], folder: Path) -> float:
    """Return the milliseconds that a process takes; it runs where no source tree is in the way."""
    start = time.perf_counter()
    subprocess.run(
        command, cwd=folder, env=quiet_environment(), stdout=subprocess.DEVNULL, check=True
    )
    return 1e3 * (time.perf_counter() - start)
