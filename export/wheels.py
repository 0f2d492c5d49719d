"""The wheels that another machine needs: pip fetches them one by one.

pip evaluates environment markers for the Python that runs it, not for the one asked for. So it
only fetches single wheels here; which ones are needed is read from the wheels' own metadata, for
the target.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

import edgetlc
from edgetlc.errors import InputError
from edgetlc.export.wheel import Target, Wheel, read_wheel

OWN = "edgetlc"
_INSTALLER = Requirement("pip")  # boards often have Python without it


def fetch_all(
    own: Wheel, extras: Iterable[str], target: Target, folder: Path, say: Callable[[str], None]
) -> tuple[Wheel, ...]:
    """Fetch every wheel that `own` and its extras need on the target, and pip's.

    A package that is installed here is fetched in that very version, which is the one tried.

    Args:
        own: edgetlc's wheel, in `folder`.
        extras: of edgetlc.
        target: the machine that the wheels are for.
        folder: where they go.
        say: told of each one.

    Returns:
        The wheels, `own` first; each requirement of each is met by one of them.

    Raises:
        InputError: pip finds none that fits, or two requirements do not go together.
    """
    wheels = {own.name: own}
    followed = {(own.name, frozenset[str]())}
    waiting = deque((need, own) for need in (_INSTALLER, *own.needs(extras, target)))
    while waiting:
        need, asking = waiting.popleft()
        name = canonicalize_name(need.name)
        if name not in wheels:
            wheels[name] = _fetch(need, target, folder)
            say(f"{wheels[name].path.name}: {wheels[name].path.stat().st_size / 1e6:.1f} MB")
        wheel = wheels[name]
        if not need.specifier.contains(wheel.version, prereleases=True):
            raise InputError(
                f"{asking.name} {asking.version} asks for {need}, which does not go with "
                f"{wheel.name} {wheel.version}; mend this installation (pip check)"
            )
        if (name, frozenset(need.extras)) not in followed:
            followed.add((name, frozenset(need.extras)))
            waiting.extend((new, wheel) for new in wheel.needs(need.extras, target))
    return tuple(wheels.values())


def own_wheel(given: Path | None, target: Target, folder: Path) -> Wheel:
    """Put edgetlc's own wheel into `folder`.

    Args:
        given: the wheel to take; None builds one from the source folder that this installation
            comes from, or fetches the installed version.
        target: the machine that it is for.
        folder: where it goes.

    Raises:
        InputError: no wheel of edgetlc, or none to be had.
    """
    source = given or _source()
    if source is None:
        return _fetch(Requirement(OWN), target, folder)
    if source.is_dir():
        _build(source, folder)
        (source,) = folder.glob(f"{OWN}-*.whl")
    elif source.is_file():
        source = Path(shutil.copy(source, folder))
    else:
        raise InputError(f"no wheel at {source}")
    wheel = read_wheel(source, target)
    if wheel.name != OWN:
        raise InputError(f"{source.name} is a wheel of {wheel.name}, not of {OWN}")
    return wheel


def _source() -> Path | None:
    """Return the folder or wheel on this machine that edgetlc runs or was installed from."""
    checkout = Path(edgetlc.__file__).resolve().parents[1]
    if (checkout / "pyproject.toml").is_file():
        return checkout
    record = metadata.distribution(OWN).read_text("direct_url.json")
    parts = urlsplit(json.loads(record)["url"]) if record else None
    if parts is None or parts.scheme != "file":
        return None
    path = Path(unquote(parts.path))
    return path if path.is_dir() or (path.suffix == ".whl" and path.is_file()) else None


def _build(source: Path, folder: Path) -> None:
    """Build edgetlc's wheel, with nothing written to `source`, where stale files would be kept."""
    with tempfile.TemporaryDirectory() as scratch:
        place = shlex.quote(scratch)
        places = f"build --build-base={place} egg_info --egg-base={place}"
        option = f"--config-settings=--global-option={places}"
        _pip(
            f"a wheel of {source}",
            "wheel",
            "--no-deps",
            option,
            f"--wheel-dir={folder}",
            str(source),
        )


def _fetch(need: Requirement, target: Target, folder: Path) -> Wheel:
    if need.url is not None:
        raise InputError(f"{need} names an address, which is refused")
    name = canonicalize_name(need.name)
    wanted = f"{name}{_installed(name) or need.specifier}"
    platforms = (f"--platform={platform}" for platform in target.platforms)
    _pip(
        f"a wheel of {wanted} for {target}",
        *("download", "--no-deps", "--only-binary=:all:", "--implementation=cp"),
        *(f"--python-version={target.python}", *platforms, f"--dest={folder}", wanted),
    )
    found = [p for p in folder.glob("*.whl") if parse_wheel_filename(p.name)[0] == name]
    if not found:
        raise InputError(f"pip fetched no wheel of {wanted} for {target}")
    return read_wheel(found[0], target)


def _installed(name: str) -> str | None:
    """Return `==version` of a package that is installed here; pip itself is taken as it comes."""
    if name == _INSTALLER.name:
        return None
    try:
        return f"=={Version(metadata.version(name)).public}"
    except metadata.PackageNotFoundError:
        return None


def _pip(what: str, *words: str) -> None:
    """Run pip.

    Args:
        what: its purpose, for the error.
        words: its command line.

    Raises:
        InputError: pip is not installed or failed; says pip's last error.
    """
    command = [sys.executable, "-m", "pip", *words, "--disable-pip-version-check", "--no-input"]
    ran = subprocess.run(  # noqa: S603 - no shell; names come from parsed requirements
        command, capture_output=True, text=True, errors="replace", check=False
    )
    if "No module named pip" in ran.stderr:
        raise InputError("pip is not installed here; 'python -m ensurepip' brings it")
    if ran.returncode != 0:
        lines = [line for line in (ran.stdout + ran.stderr).splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR:")] or lines or ["nothing"]
        offline = (
            " (it cannot reach its package index)" if "connection broken" in ran.stderr else ""
        )
        last = errors[-1].removeprefix("ERROR: ")
        raise InputError(f"{what}: pip failed{offline}; it says: {last}")
