"""One wheel, and the machine it is for: does it fit, and what does it ask for there?"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from packaging import tags
from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import parse_wheel_filename

from edgetlc.errors import InputError

NEWEST_GLIBC = 41
"""Minor version of the newest glibc that a wheel may ask for: Debian 13's."""
_OLDEST_GLIBC = {"x86_64": 5, "aarch64": 17}
_OLD_NAMES = {"manylinux1": 5, "manylinux2010": 12, "manylinux2014": 17}


@dataclass(frozen=True)
class Target:
    """The machine that wheels are for: Linux with glibc, and CPython.

    Attributes:
        machine: `x86_64` or `aarch64`.
        python: such as `3.11`.
    """

    machine: str
    python: str

    def __str__(self) -> str:
        return f"Linux {self.machine}, Python {self.python}"

    @cached_property
    def platforms(self) -> tuple[str, ...]:
        """Platform tags, those that ask for the oldest glibc first: pip prefers them in order."""
        names = []
        for minor in range(_OLDEST_GLIBC[self.machine], NEWEST_GLIBC + 1):
            names += [name for name, old in _OLD_NAMES.items() if old == minor]
            names.append(f"manylinux_2_{minor}")
        return tuple(f"{name}_{self.machine}" for name in names)

    @cached_property
    def tags(self) -> frozenset[tags.Tag]:
        """Every wheel tag that fits."""
        major, minor = map(int, self.python.split("."))
        name = f"cp{major}{minor}"
        own = tags.cpython_tags((major, minor), [name], self.platforms)
        return frozenset([*own, *tags.compatible_tags((major, minor), name, self.platforms)])

    @cached_property
    def environment(self) -> dict[str, str]:
        """What environment markers are evaluated with (PEP 508)."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }


@dataclass(frozen=True)
class Wheel:
    """One wheel that fits the target.

    Attributes:
        path: the file.
        name: of the package, in its normal form.
        version: as written in its name.
        glibc: minor version of the glibc it asks for (2.`glibc`); 0 for pure Python.
        requires: what it asks for, markers and all.
        extras: the extras it offers.
    """

    path: Path
    name: str
    version: str
    glibc: int
    requires: tuple[Requirement, ...]
    extras: frozenset[str]

    def needs(self, extras: Iterable[str], target: Target) -> Iterator[Requirement]:
        """Yield what the wheel asks for with these extras on the target."""
        for requirement in self.requires:
            marker = requirement.marker
            if marker is None or any(
                marker.evaluate({**target.environment, "extra": extra}) for extra in ("", *extras)
            ):
                yield requirement


def read_wheel(path: Path, target: Target) -> Wheel:
    """Read a wheel's name and metadata, and check that it fits the target.

    Raises:
        InputError: no wheel, damaged, or made for another machine or Python.
    """
    try:
        name, version, _, offered = parse_wheel_filename(path.name)
        found = _metadata(path)
        requires, pythons = found.requires_dist or [], found.requires_python or SpecifierSet()
        extras = frozenset(map(str, found.provides_extra or ()))
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is not a readable wheel: {error}") from None
    fitting = [_glibc(tag.platform) for tag in offered & target.tags]
    if not fitting or not pythons.contains(target.python):
        raise InputError(f"{path.name} does not fit {target}")
    return Wheel(path, str(name), str(version), min(fitting), tuple(requires), extras)


def _metadata(path: Path) -> Metadata:
    with zipfile.ZipFile(path) as archive:
        inside = [n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n)]
        return Metadata.from_email(
            archive.read(inside[0] if inside else "METADATA"), validate=False
        )


def _glibc(platform: str) -> int:
    """Return the minor version of the glibc that a platform tag asks for."""
    match = re.match(r"manylinux_2_(\d+)_", platform)
    return int(match[1]) if match else _OLD_NAMES.get(platform.split("_")[0], 0)
