"""The wheels that another machine needs, resolved and fetched by pip.

pip fetches for another machine (`--platform`, `--python-version`), but evaluates environment
markers such as `platform_machine == "aarch64"` for the Python that runs it, and so leaves packages
out. `_RESOLVER` has it evaluate them for the target, and refuses a pip in which that has no effect.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.metadata import Metadata
from packaging.utils import parse_wheel_filename

import edgetlc
from edgetlc.errors import InputError
from edgetlc.locale import Message, _

OWN = "edgetlc"
INSTALLER = "pip"  # boards often have Python without it
NEWEST_GLIBC = 41
"""Minor version of the newest glibc that a wheel may ask for: Debian 13's."""
_OLDEST_GLIBC = {"x86_64": 5, "aarch64": 17}
_OLD_NAMES = {"1": 5, "2010": 12, "2014": 17}
_RESOLVER = """\
import json, sys
from pip._internal.cli.main import main
from pip._vendor.packaging import markers
target = json.loads(sys.argv.pop(1))
markers.default_environment = target.copy
if not all(markers.Marker(f"{name} == '{v}'").evaluate() for name, v in target.items()):
    sys.exit("ERROR: this pip evaluates markers for its own machine only; 23.2 to 26.3 can do more")
sys.exit(main(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Target:
    """The machine that wheels are for: Linux with glibc, and CPython of a version like `3.11`."""

    machine: str
    python: str

    def __str__(self) -> str:
        return f"Linux {self.machine}, Python {self.python}"

    @cached_property
    def platforms(self) -> tuple[str, ...]:
        """Platform tags, those that ask for the oldest glibc first: pip prefers them in order."""
        names = []
        for minor in range(_OLDEST_GLIBC[self.machine], NEWEST_GLIBC + 1):
            names += [f"manylinux{name}" for name, old in _OLD_NAMES.items() if old == minor]
            names.append(f"manylinux_2_{minor}")
        return tuple(f"{name}_{self.machine}" for name in names)

    @cached_property
    def environment(self) -> dict[str, str]:
        """What environment markers are evaluated with (PEP 508)."""
        full = f"{self.python}.0"
        return {
            "python_version": self.python,
            "python_full_version": full,
            "implementation_name": "cpython",
            "implementation_version": full,
            "platform_python_implementation": "CPython",
            "os_name": "posix",
            "sys_platform": "linux",
            "platform_system": "Linux",
            "platform_machine": self.machine,
            "platform_release": "",
            "platform_version": "",
        }


def fetch_all(own: Path, extras: Sequence[str], target: Target, folder: Path) -> tuple[Path, ...]:
    """Fetch every wheel that `own` and its extras need on the target, and pip's.

    A package that is installed here is fetched in that very version, which is the one tried. The
    wheels go into `folder`, where `own` is already, and are returned, `own` first.

    Raises:
        InputError: pip finds none that fits, or two requirements do not go together.
    """
    versions = {d.name: d.version.split("+")[0] for d in metadata.distributions() if d.name}
    for name in (OWN, INSTALLER):
        versions.pop(name, None)
    with tempfile.TemporaryDirectory() as scratch:
        constraints = Path(scratch) / "constraints.txt"
        constraints.write_text("\n".join(f"{n}=={v}" for n, v in versions.items()), "utf-8")
        needs = (f"{OWN}[{','.join(extras)}] @ {own.resolve().as_uri()}", INSTALLER)
        _download(target, folder, f"--constraint={constraints}", *needs)
    return own, *sorted(path for path in folder.glob("*.whl") if path != own)


def own_wheel(given: Path | None, target: Target, folder: Path) -> Path:
    """Put edgetlc's own wheel into the empty `folder`, and return it there.

    None given builds one from the source folder that this installation comes from, or fetches the
    installed version.

    Raises:
        InputError: no wheel of edgetlc, or none to be had.
    """
    source = given or _source()
    if source is None:
        _download(target, folder, "--no-deps", f"{OWN}=={metadata.version(OWN)}")
    elif source.is_dir():
        _build(source, folder)
    elif source.is_file():
        shutil.copy(source, folder)
    else:
        raise InputError("no wheel at {path}", path=source)
    (wheel,) = folder.iterdir()
    return wheel


def read_metadata(wheel: Path) -> Metadata:
    """Return what edgetlc's own wheel says of itself.

    Raises:
        InputError: no wheel, damaged, another package's, or it needs something from an address.
    """
    try:
        name = parse_wheel_filename(wheel.name)[0]
        with zipfile.ZipFile(wheel) as archive:
            inside = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
            said = Metadata.from_email(archive.read(inside[0]), validate=False)
        needs = said.requires_dist or []
    except (ValueError, IndexError, zipfile.BadZipFile) as error:
        raise InputError(
            "{path} is not a readable wheel: {reason}", path=wheel, reason=error
        ) from None
    if name != OWN:
        raise InputError("{file} is a wheel of {name}, not of edgetlc", file=wheel.name, name=name)
    for need in needs:
        if need.url is not None:
            raise InputError("{need} names an address, which is refused", need=need)
    return said


def needed_glibc(wheel: Path) -> int:
    """Return the minor version of the glibc that a wheel asks for (2.x); 0 for pure Python."""
    asked = re.findall(r"manylinux(_2_)?(\d+)_", wheel.name)
    return min((int(n) if new else _OLD_NAMES[n] for new, n in asked), default=0)


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
        words = ("-m", "pip", "wheel", "--no-deps", option, f"--wheel-dir={folder}", str(source))
        _pip(_("a wheel of {source}", source=source), *words)


def _download(target: Target, folder: Path, *words: str) -> None:
    _pip(
        _("wheels for {target}", target=target),
        *("-c", _RESOLVER, json.dumps(target.environment), "download", "--only-binary=:all:"),
        *("--implementation=cp", f"--python-version={target.python}", f"--dest={folder}"),
        *(f"--platform={platform}" for platform in target.platforms),
        *words,
    )


def _pip(purpose: Message, *words: str) -> None:
    """Run a Python that runs pip; an error says what it was for, and why in pip's words."""
    command = [sys.executable, *words, "--disable-pip-version-check", "--no-input"]
    ran = subprocess.run(  # noqa: S603 - no shell; names come from metadata
        command, capture_output=True, text=True, errors="replace", check=False
    )
    if re.search("No module named '?pip", ran.stderr):
        raise InputError("pip is not installed here; 'python -m ensurepip' brings it")
    if ran.returncode == 0:
        return
    conflict = re.search(r"The conflict is caused by:\n((?: +.+\n)+)", ran.stdout)
    if conflict:
        raise InputError(
            "{purpose}: {conflict}; versions installed here are kept (constraint): mend this "
            "installation (pip check)",
            purpose=purpose,
            conflict="; ".join(line.strip() for line in conflict[1].splitlines()),
        )
    lines = [line for line in (ran.stdout + ran.stderr).splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")] or lines[-1:] or ["nothing"]
    reason = errors[0].removeprefix("ERROR: ")
    if "connection broken" in ran.stderr:
        raise InputError(
            "{purpose}: pip failed (it cannot reach its package index); it says: {reason}",
            purpose=purpose,
            reason=reason,
        )
    raise InputError("{purpose}: pip failed; it says: {reason}", purpose=purpose, reason=reason)
