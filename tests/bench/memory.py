"""Memory above the loaded model for large photos; `python memory.py BUNDLE PHOTO` tells of one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from figures import Figure, not_measured
from turns import quiet_environment

_MEGA = 1e6  # bytes
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def measure(bundle: Path, photos: dict[str, tuple[Path, float]], python: Path) -> list[Figure]:
    """Return a figure for each photo: its name to its file and the most MB it may take."""
    figures = []
    for name, (photo, most) in photos.items():
        title = f"memory: {name}"
        ran = subprocess.run(
            [python, __file__, bundle, photo],
            env=quiet_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            figures.append(not_measured(title, ran.stderr.strip().splitlines()[-1]))
            continue
        taken = float(ran.stdout) / _MEGA
        figures.append(Figure(title, taken, None, taken, most, unit="MB"))
    return figures


def _peak_above_model(bundle: str, photo: str) -> int:
    """Return the bytes by which classifying a photo raises this process's peak of memory."""
    from edgetlc.runtime.classifier import Classifier

    classifier = Classifier.open(bundle)
    _RESET.write_text("5")  # the peak of loading is not a photo's
    loaded = _resident("VmRSS")
    classifier.classify(photo)
    return _resident("VmHWM") - loaded


def _resident(key: str) -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(key))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    print(_peak_above_model(*sys.argv[1:]))
