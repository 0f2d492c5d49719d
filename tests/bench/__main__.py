"""`make bench`: the field's figures, side by side in one run.

    python tests/bench -o bench-out

Everything it works on is generated and kept in the output folder, so the second run is quicker.
Each figure has a module: `warm` (one photo, and the peers), `cold` (a whole process), `folder`
(200 photos), `memory`, `install`. The table is printed and written to `field.json`.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import cold
import folder
import install
import memory
import peers
import warm
from figures import Figure, table
from materials import large_photos, prepare

from edgetlc.files import write_json

_PROCESSORS = 2


def main() -> None:
    """Measure, print the table and write it."""
    options = _options()
    _keep_to_processors()
    root = options.output.absolute()
    _tell("preparing photos, bundle and the peers' models")
    materials = prepare(root)
    here, base, apart = Path(sys.executable), options.base.absolute(), options.peers.absolute()
    installs = {"workstation": here} | ({"base install": base} if base.exists() else {})
    others = peers.prepare(materials, apart)
    turns = options.turns
    groups: dict[str, Callable[[], list[Figure]]] = {
        "warm": lambda: warm.measure(materials, here, others, apart, turns),
        "cold": lambda: cold.measure(materials, installs, turns),
        "folder": lambda: folder.measure(materials, here, max(3, turns // 2)),
        "memory": lambda: memory.measure(materials.bundle, large_photos(root), here),
        "install": lambda: install.measure(base, here),
    }
    figures: list[Figure] = []
    for name in options.only or groups:
        _tell(f"measuring: {name}")
        figures += groups[name]()
    print(_machine())
    print(table(figures))
    document = {"machine": _machine(), "figures": [figure.to_json() for figure in figures]}
    write_json(root / "field.json", document)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description="The field's figures.")
    parser.add_argument("-o", "--output", type=Path, default=Path("bench-out"))
    parser.add_argument("--base", type=Path, default=Path(".venv-base/bin/python"))
    parser.add_argument("--peers", type=Path, default=Path(".venv-bench/bin/python"))
    parser.add_argument("--turns", type=int, default=12, help="of each contestant")
    groups = ("warm", "cold", "folder", "memory", "install")
    parser.add_argument("--only", action="append", choices=groups, help="may be repeated")
    return parser.parse_args()


def _keep_to_processors() -> None:
    """Use two processors, as the figures say, where the machine has more; children inherit it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:_PROCESSORS])


def _machine() -> str:
    busy = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"generated photos; {_PROCESSORS} processors of {os.cpu_count()}, {system}{busy}"


def _tell(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
