"""What is installed: packages and bytes of the field's environment and of the toolchain."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from figures import Figure, faster
from turns import quiet_environment

_LIST = """
import json
from importlib.metadata import distributions
def size(one):
    return sum(f.locate().stat().st_size for f in one.files or () if f.locate().is_file())
print(json.dumps({d.name.lower(): [size(d), d.requires or []] for d in distributions()}))
"""
_TOOLS = {"pip", "setuptools", "wheel"}
_MOST_PACKAGES = 15
_TIMES_SMALLER = 20


def measure(field: Path, workstation: Path) -> list[Figure]:
    """Return the figures of two environments, given by their Pythons.

    The workstation's also holds what develops edgetlc; only what its extra `toolchain` asks for,
    and what that asks for in turn, is counted.
    """
    base = {name: size for name, (size, _) in _installed(field).items() if name not in _TOOLS}
    have = _installed(workstation)
    sizes = [have[name][0] for name in _closure(have, "edgetlc", "toolchain")]
    packages = float(len(base))
    return [
        Figure("base install", packages, float(len(sizes)), packages, _MOST_PACKAGES, unit="pkgs"),
        faster(
            "base install: the toolchain's",
            sum(base.values()) / 1e6,
            sum(sizes) / 1e6,
            _TIMES_SMALLER,
            unit="MB",
        ),
    ]


def _installed(python: Path) -> dict[str, tuple[int, list[str]]]:
    """Return every distribution's bytes and requirements by its normalised name."""
    ran = subprocess.run(
        [python, "-c", _LIST], env=quiet_environment(), capture_output=True, text=True, check=True
    )
    return {_normal(name): tuple(about) for name, about in json.loads(ran.stdout).items()}


def _closure(have: dict[str, tuple[int, list[str]]], name: str, extra: str = "") -> set[str]:
    """Return the installed distributions that one needs, with one of its extras."""
    found: set[str] = set()
    waiting = [(name, extra)]
    while waiting:
        name, extra = waiting.pop()
        if name in found or name not in have:
            continue
        found.add(name)
        for requirement in have[name][1]:
            needed, _, marker = requirement.partition(";")
            if "extra" in marker and f'"{extra}"' not in marker.replace("'", '"'):
                continue
            match = re.match(r"[\w.-]+", needed)
            assert match
            waiting.append((_normal(match[0]), ""))
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
