"""A wheelhouse: one folder from which a board without internet installs edgetlc and a bundle.

wheels/           every wheel that the board needs, edgetlc's and pip's among them
requirements.txt  their exact versions and SHA-256, for `pip install --require-hashes`
<name>.etlc       the bundle
install.sh        checks the board, installs without network, runs the self-test
README.txt        how to, in Chinese and English
wheelhouse.json   the record: `Wheelhouse`
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from packaging.metadata import Metadata
from packaging.utils import parse_wheel_filename

import edgetlc
from edgetlc.errors import InputError
from edgetlc.export.wheels import (
    INSTALLER,
    OWN,
    Target,
    fetch_all,
    needed_glibc,
    own_wheel,
    read_metadata,
)
from edgetlc.files import sha256_file, whole_folder, write_json, write_text
from edgetlc.outputs import refuse_existing
from edgetlc.progress import note
from edgetlc.runtime.archive import pack
from edgetlc.runtime.bundle import ARCHIVE_SUFFIX, Bundle

RECORD_FILE = "wheelhouse.json"
_BOARD_FILES = Path(__file__).parent / "board"
_WORKSTATION_EXTRAS = {"toolchain", "dev"}


@dataclass(frozen=True)
class Package:
    """One wheel: its package, version, file name, size and SHA-256 (64 hexadecimal digits)."""

    name: str
    version: str
    file: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Wheelhouse:
    """What a wheelhouse holds.

    Attributes:
        created: UTC time, ISO 8601.
        glibc: the oldest that will do, such as `2.28`.
        bundle: its file name.
        bytes: of the wheels and the bundle together.
        packages: edgetlc first.
    """

    created: str
    edgetlc: str
    machine: str
    python: str
    glibc: str
    extras: tuple[str, ...]
    bundle: str
    bundle_digest: str
    bytes: int
    packages: tuple[Package, ...]


def make_wheelhouse(
    bundle: Bundle,
    output: Path,
    target: Target,
    *,
    extras: Sequence[str] = (),
    wheel: Path | None = None,
    overwrite: bool = False,
) -> Wheelhouse:
    """Write a wheelhouse, whole or not at all. pip uses the network for it, as it is configured.

    Args:
        bundle: what the board will classify with.
        output: the folder to write.
        target: the board.
        extras: of edgetlc: `openvino`, `heic`.
        wheel: edgetlc's own wheel; None finds it as `own_wheel` tells.
        overwrite: replace a wheelhouse that is there.

    Raises:
        InputError: output exists, unknown extra, or pip is missing, fails or has no fitting wheel.
        BundleError: the bundle is damaged.
    """
    refuse_existing(output, overwrite)
    name = re.sub(r"[^\w.-]+", "_", bundle.path.resolve().stem) + ARCHIVE_SUFFIX
    with whole_folder(output, overwrite=overwrite, marker=RECORD_FILE) as folder:
        packed, place = pack(bundle, folder / name), folder / "wheels"
        place.mkdir()
        own = own_wheel(wheel, target, place)
        _check_extras(read_metadata(own), extras)
        note("pip looks for the wheels that {target} needs", target=target)
        files = fetch_all(own, extras, target, place)
        packages = tuple(map(_package, files))
        for one in packages:
            note("{file}: {size:.1f} MB", file=one.file, size=one.bytes / 1e6)
        glibc = max(map(needed_glibc, files))
        pip = next(package.file for package in packages if package.name == INSTALLER)
        write_text(folder / "requirements.txt", _requirements(packages, target))
        words = {"target": str(target), "machine": target.machine, "python": target.python}
        words |= {"numbers": target.python.replace(".", ", "), "glibc": str(glibc), "pip": pip}
        _write_board_file(folder / "install.sh", {**words, "bundle": shlex.quote(name)})
        _write_board_file(folder / "README.txt", {**words, "bundle": name})
        record = Wheelhouse(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            edgetlc=edgetlc.__version__,
            machine=target.machine,
            python=target.python,
            glibc=f"2.{glibc}",
            extras=tuple(sorted(set(extras))),
            bundle=name,
            bundle_digest=bundle.digest,
            bytes=packed.stat().st_size + sum(package.bytes for package in packages),
            packages=packages,
        )
        write_json(folder / RECORD_FILE, asdict(record))
    return record


def _write_board_file(path: Path, words: Mapping[str, str]) -> None:
    """Write the file of this name in `board`, each `@word@` filled in."""
    text = (_BOARD_FILES / path.name).read_text(encoding="utf-8")
    write_text(path, re.sub(r"@(\w+)@", lambda found: words[found[1]], text))


def _check_extras(own: Metadata, extras: Sequence[str]) -> None:
    offered = {str(extra) for extra in own.provides_extra or ()} - _WORKSTATION_EXTRAS
    unknown = sorted(set(extras) - offered)
    if unknown:
        raise InputError(
            "{name} {version} has no extra {extra!r} for a board; it has {offered}",
            name=OWN,
            version=own.version,
            extra=unknown[0],
            offered=", ".join(sorted(offered)) or "none",
        )


def _package(wheel: Path) -> Package:
    name, version = parse_wheel_filename(wheel.name)[:2]
    return Package(str(name), str(version), wheel.name, wheel.stat().st_size, sha256_file(wheel))


def _requirements(packages: Sequence[Package], target: Target) -> str:
    lines = [f"# {target}: every package of this wheelhouse, for pip's --require-hashes."]
    lines += [f"{p.name}=={p.version} --hash=sha256:{p.sha256}" for p in packages]
    return "\n".join(lines) + "\n"
