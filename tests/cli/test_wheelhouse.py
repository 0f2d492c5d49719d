"""`edgetlc bundle wheelhouse`: the real pip against a folder of tiny wheels made here, offline."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable
from importlib import metadata, resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgetlc.errors import InputError
from edgetlc.export.wheelhouse import make_wheelhouse
from edgetlc.export.wheels import Target, fetch_all, needed_glibc, own_wheel, read_metadata
from edgetlc.runtime.bundle import Bundle

Run = Callable[..., Any]

FOR = [(machine, python) for machine in ("x86_64", "aarch64") for python in ("3.11", "3.12")]
NUMPY = metadata.version("numpy")
HERE = (platform.machine(), f"{sys.version_info.major}.{sys.version_info.minor}")
BUNDLED_PIP = sorted(Path(str(resources.files("ensurepip") / "_bundled")).glob("pip-*.whl"))
SCRIPTS = "[console_scripts]\nedgetlc = edgetlc_fake:main\n"
FAKE_PROGRAM = """
import pathlib, sys
def main():
    command, bundle, option, report = sys.argv[1:]
    assert (command, option) == ("selftest", "--results-file")
    pathlib.Path(report).write_text("{}")
    sys.exit(STATUS or pathlib.Path(bundle).read_bytes()[:2] != b"PK")
"""


def write_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    tag: str = "py3-none-any",
    requires: tuple[str, ...] = (),
    extras: tuple[str, ...] = (),
    python: str = ">=3.8",
    files: dict[str, str] | None = None,
) -> Path:
    """Write a wheel as pip takes it."""
    info = f"{name}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Python: {python}", *(f"Provides-Extra: {extra}" for extra in extras)]
    lines += [f"Requires-Dist: {need}" for need in requires]
    content = {
        **(files or {f"{name}.py": ""}),
        f"{info}/METADATA": "\n".join(lines) + "\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = ""
    for file, text in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += f"{file},sha256={digest.decode()},{len(text.encode())}\n"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in {**content, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(file, text)
    return path


def native(version: str, glibc: int, machine: str) -> str:
    return (
        f"cp{version.replace('.', '')}-cp{version.replace('.', '')}-manylinux_2_{glibc}_{machine}"
    )


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels that pip finds. `gone` and `windows_only` are not among them."""
    folder = tmp_path_factory.mktemp("index")
    for machine, python in FOR:
        write_wheel(folder, "numpy", NUMPY, native(python, 28, machine))
        write_wheel(folder, "numpy", "99.0", native(python, 28, machine))
        write_wheel(folder, "lens", "1.0", native(python, 35, machine), ("leaf>=1",))
        write_wheel(folder, "lens", "1.0", native(python, 31, machine), ("leaf>=1",))
    write_wheel(folder, "leaf", "1.0", requires=("stem[long] ; python_version < '3.12'",))
    write_wheel(folder, "leaf", "2.0", requires=("stem[long] ; python_version < '3.12'",))
    write_wheel(folder, "stem", requires=("root ; extra == 'long'",), extras=("long",))
    write_wheel(folder, "root")
    write_wheel(folder, "root", "0.5", python=">=3.99")
    write_wheel(folder, "arm_only", requires=("leaf<2",))
    if BUNDLED_PIP:
        shutil.copy(BUNDLED_PIP[-1], folder)
    else:
        write_wheel(folder, "pip")
    return folder


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel called edgetlc, whose program does what `install.sh` asks of it."""
    return write_own(tmp_path_factory.mktemp("own"))


def write_own(folder: Path, *more: str, status: int = 0) -> Path:
    return write_wheel(
        folder,
        "edgetlc",
        "9.0",
        requires=(
            *more,
            "numpy>=2.0",
            "arm-only ; platform_machine == 'aarch64'",
            "windows-only ; sys_platform == 'win32'",
            "lens ; extra == 'heic'",
        ),
        extras=("heic", "toolchain"),
        files={
            "edgetlc_fake.py": FAKE_PROGRAM.replace("STATUS", str(status)),
            "edgetlc-9.0.dist-info/entry_points.txt": SCRIPTS,
        },
    )


@pytest.fixture(autouse=True)
def offline(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    see_only(index, monkeypatch)


def see_only(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pip see nothing but the folder of wheels."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("PYTHONPATH", raising=False)  # the board has none
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))


def test_everything_the_board_needs_is_there(
    edgetlc: Run, index: Path, small_bundle: Path, own: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "usb"
    ran = edgetlc(*words_for(small_bundle, own, folder), "--extra", "heic", "--json")
    assert ran.status == 0, ran.err
    document, progress = ran.json(), ran.err
    versions = {package["name"]: package["version"] for package in document["packages"]}
    assert next(iter(versions)) == "edgetlc"
    pip = versions.pop("pip")
    assert (index / f"pip-{pip}-py3-none-any.whl").is_file()
    # numpy as installed here, not the newest; leaf below 2 for arm-only, which lens agrees with.
    assert versions == {
        "edgetlc": "9.0", "numpy": NUMPY, "arm-only": "1.0", "lens": "1.0",
        "leaf": "1.0", "stem": "1.0", "root": "1.0",
    }  # fmt: skip
    assert document["extras"] == ["heic"]
    assert document["glibc"] == "2.31"  # of two wheels that fit, the one for older systems
    assert {p.name for p in folder.iterdir()} == {
        "wheels", "colours.etlc", "requirements.txt", "install.sh", "README.txt", "wheelhouse.json"
    }  # fmt: skip
    assert Bundle.open(folder / "colours.etlc").check() == ()
    assert document["bundle_digest"] == Bundle.open(small_bundle).digest
    assert progress.count(".whl: ") == len(document["packages"])
    record = json.loads((folder / "wheelhouse.json").read_text(encoding="utf-8"))
    assert {"folder": str(folder), **record} == document


@pytest.fixture(scope="module")
def made_here(
    small_bundle: Path, own: Path, index: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A wheelhouse for this machine; tests copy it."""
    folder = tmp_path_factory.mktemp("made") / "usb stick"
    with pytest.MonkeyPatch.context() as monkeypatch:
        see_only(index, monkeypatch)
        make_wheelhouse(Bundle.open(small_bundle), folder, Target(*HERE), wheel=own)
    return folder


@pytest.mark.skipif(not BUNDLED_PIP, reason="this Python's ensurepip brings no wheel of pip")
@pytest.mark.skipif(
    sys.platform != "linux" or HERE not in FOR, reason=f"no wheels are made here for {HERE}"
)
class TestInstall:
    """`install.sh` on this machine, with nothing for pip but the folder."""

    @pytest.fixture
    def folder(self, made_here: Path, tmp_path: Path) -> Path:
        return Path(shutil.copytree(made_here, tmp_path / "usb stick"))

    def install(self, folder: Path, target: Path, **environment: str) -> Any:
        mine = {"PYTHON": sys.executable, "PIP_FIND_LINKS": "/nowhere", "PIP_NO_INDEX": "0"}
        return subprocess.run(
            ["sh", str(folder / "install.sh"), str(target)],
            env={**os.environ, **mine, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_it_installs_and_runs_the_self_test(self, folder: Path, tmp_path: Path) -> None:
        target = tmp_path / "板 1" / "edgetlc"
        ran = self.install(folder, target)
        assert ran.returncode == 0, ran.stderr
        assert f'"{target}/env/bin/edgetlc" predict "{target}/colours.etlc"' in ran.stdout
        assert {p.name for p in target.iterdir()} == {"env", "colours.etlc", "selftest.json"}
        python = str(target / "env" / "bin" / "python")
        listed = subprocess.run([python, "-m", "pip", "list", "--format=json"], capture_output=True)
        found = {
            (one["name"].replace("_", "-"), one["version"]) for one in json.loads(listed.stdout)
        }
        assert found == {(p["name"], p["version"]) for p in packages(folder)}
        again = self.install(folder, target)
        assert again.returncode == 2
        assert "is there already; name another" in again.stderr
        assert (target / "selftest.json").is_file()

    def test_a_changed_wheel_is_not_installed(self, folder: Path, tmp_path: Path) -> None:
        write_own(folder / "wheels", status=3)
        own = packages(folder)[0]
        content = (folder / "wheels" / own["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() != own["sha256"]
        ran = self.install(folder, tmp_path / "target")
        assert ran.returncode == 2
        assert "THESE PACKAGES DO NOT MATCH THE HASHES" in ran.stderr
        assert ran.stderr.splitlines()[-1].startswith("install.sh: the wheels cannot be installed")
        assert not (tmp_path / "target").exists()

    @pytest.mark.slow
    def test_a_self_test_that_fails_is_told(self, folder: Path, tmp_path: Path) -> None:
        (folder / "colours.etlc").write_bytes(b"no zip")
        ran = self.install(folder, tmp_path / "target")
        assert ran.returncode == 1
        assert "the self-test failed; do not rely on" in ran.stderr
        assert (tmp_path / "target" / "env").is_dir()

    def test_another_machine_python_or_glibc_is_refused(self, folder: Path, tmp_path: Path) -> None:
        script = (folder / "install.sh").read_text(encoding="utf-8")
        changes = {
            f'"{HERE[0]}"': ('"riscv64"', f"a {HERE[0]} machine; these files are for riscv64"),
            HERE[1].replace(".", ", "): ("3, 99", "this is CPython 3."),
            "(2, 28)": ("(2, 999)", "this is glibc 2."),
        }
        for old, (new, told) in changes.items():
            assert old in script
            (folder / "install.sh").write_text(script.replace(old, new), encoding="utf-8")
            ran = self.install(folder, tmp_path / "target")
            assert ran.returncode == 2, ran.stderr
            (line,) = ran.stderr.splitlines()
            assert line.startswith("install.sh: ")
            assert told in line
            assert not (tmp_path / "target").exists()

    def test_no_python_at_all(self, folder: Path, tmp_path: Path) -> None:
        tools = tmp_path / "bin"
        tools.mkdir()
        for name in ("sh", "dirname"):
            (tools / name).symlink_to(str(shutil.which(name)))
        ran = self.install(folder, tmp_path / "target", PYTHON="", PATH=str(tools))
        assert ran.returncode == 2
        assert "there is no python3 on this machine" in ran.stderr


def test_every_wheel_is_named_with_its_size_and_digest(made_here: Path) -> None:
    record = json.loads((made_here / "wheelhouse.json").read_text(encoding="utf-8"))
    total = (made_here / "colours.etlc").stat().st_size
    pins = (made_here / "requirements.txt").read_text(encoding="utf-8").splitlines()[1:]
    assert len(pins) == len(record["packages"]) == len(list((made_here / "wheels").iterdir()))
    for pin, package in zip(pins, record["packages"], strict=True):
        content = (made_here / "wheels" / package["file"]).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        assert pin == f"{package['name']}=={package['version']} --hash=sha256:{digest}"
        assert (package["bytes"], package["sha256"]) == (len(content), digest)
        total += len(content)
    assert record["bytes"] == total


def packages(folder: Path) -> list[dict[str, Any]]:
    document = json.loads((folder / "wheelhouse.json").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = document["packages"]
    return found


def damaged(bundle: Path, target: Path, linked_copy: Run) -> Path:
    copy: Path = linked_copy(bundle, target)
    (copy / "model.fp32.onnx").unlink()
    return copy


Wrong = Callable[[dict[str, Any]], dict[str, Any]]
WRONG: dict[str, tuple[Wrong, tuple[str, ...]]] = {
    "platform": (lambda p: {"--platform": "mips"}, ("mips", "x86_64", "aarch64")),
    "python": (lambda p: {"--python": "2.7"}, ("2.7", "3.11", "3.14")),
    "python without wheels": (
        lambda p: {"--python": "3.13"},
        ("wheels for Linux aarch64, Python 3.13: ", "numpy>=2.0", NUMPY),
    ),
    "extra": (lambda p: {"--extra": "pdf"}, ("no extra 'pdf' for a board; it has heic",)),
    "toolchain": (lambda p: {"--extra": "toolchain"}, ("no extra 'toolchain'", "it has heic")),
    "output exists": (lambda p: {"-o": p["tmp"]}, ("exists already", "--overwrite")),
    "no bundle": (lambda p: {"bundle": p["tmp"] / "gone"}, ("no bundle at",)),
    "damaged bundle": (
        lambda p: {"bundle": damaged(p["bundle"], p["tmp"] / "copy", p["copy"])},
        ("model.fp32.onnx is missing",),
    ),
    "no wheel": (lambda p: {"--wheel": p["tmp"] / "gone.whl"}, ("no wheel at", "gone.whl")),
    "another wheel": (
        lambda p: {"--wheel": p["index"] / "root-1.0-py3-none-any.whl"},
        ("root-1.0-py3-none-any.whl is a wheel of root, not of edgetlc",),
    ),
    "package that is nowhere": (
        lambda p: {"--wheel": write_own(p["tmp"] / "w", "gone>=2")},
        ("wheels for Linux aarch64, Python 3.11: pip failed; it says: ", "gone>=2"),
    ),
    "requirements that do not go together": (
        lambda p: {"--wheel": write_own(p["tmp"] / "w", "numpy>=98")},
        ("edgetlc 9.0 depends on numpy>=98; ", f"numpy=={NUMPY}", "pip check"),
    ),
    "requirement by address": (
        lambda p: {"--wheel": write_own(p["tmp"] / "w", "x @ https://example.org/x.whl")},
        ("names an address, which is refused",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_one_line_exit_code_2_and_nothing_left(
    name: str, edgetlc: Run, small_bundle: Path, own: Path, index: Path, linked_copy: Run,
    tmp_path: Path,
) -> None:  # fmt: skip
    wrong, told = WRONG[name]
    place = {"tmp": tmp_path, "bundle": small_bundle, "index": index, "copy": linked_copy}
    options = {"-o": tmp_path / "usb", "--platform": "aarch64", "--python": "3.11", "--wheel": own}
    options |= wrong(place)
    bundle = options.pop("bundle", small_bundle)
    before = set(tmp_path.iterdir())
    words = [word for option in options.items() for word in option]
    ran = edgetlc("bundle", "wheelhouse", bundle, *words, "--json")
    assert ran.status == 2
    assert "Traceback" not in ran.err
    assert ran.json()["exit_code"] == 2
    for text in told:
        assert text in ran.json()["error"]
    assert set(tmp_path.iterdir()) == before


def words_for(bundle: Path, own: Path, folder: Path) -> tuple[object, ...]:
    place = ("-o", folder, "--platform", "aarch64", "--python", "3.11", "--wheel", own)
    return ("bundle", "wheelhouse", bundle, *place)


def test_without_pip(
    edgetlc: Run, small_bundle: Path, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "bare"
    venv.create(bare, symlinks=True)
    monkeypatch.setattr(sys, "executable", str(bare / "bin" / "python"))
    ran = edgetlc(*words_for(small_bundle, own, tmp_path / "usb"))
    assert ran.status == 2
    last = ran.err.splitlines()[-1]
    assert last == "edgetlc: pip is not installed here; 'python -m ensurepip' brings it"


def test_without_network(
    edgetlc: Run, small_bundle: Path, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nothing listens there
    monkeypatch.setenv("PIP_RETRIES", "1")
    ran = edgetlc(*words_for(small_bundle, own, tmp_path / "usb"))
    assert ran.status == 2
    last = ran.err.splitlines()[-1]
    assert "pip failed (it cannot reach its package index); it says: " in last
    assert not (tmp_path / "usb").exists()


def test_a_folder_of_something_else_is_never_replaced(
    edgetlc: Run, small_bundle: Path, own: Path, tmp_path: Path
) -> None:
    (tmp_path / "usb").mkdir()
    (tmp_path / "usb" / "holiday.jpg").write_bytes(b"a photo")
    ran = edgetlc(*words_for(small_bundle, own, tmp_path / "usb"), "--overwrite")
    assert ran.status == 2
    assert "holds something else (no wheelhouse.json)" in ran.err
    assert (tmp_path / "usb" / "holiday.jpg").read_bytes() == b"a photo"


def test_another_board_needs_other_wheels_and_people_are_told(
    edgetlc: Run, small_bundle: Path, own: Path, tmp_path: Path
) -> None:
    place = ("-o", tmp_path / "usb", "--platform", "x86_64", "--python", "3.12", "--wheel", own)
    ran = edgetlc("bundle", "wheelhouse", small_bundle, *place)
    assert ran.status == 0, ran.err
    assert {p["name"] for p in packages(tmp_path / "usb")} == {"edgetlc", "numpy", "pip"}
    assert f"numpy-{NUMPY}-cp312-cp312-manylinux_2_28_x86_64.whl: 0.0 MB" in ran.err
    assert "for Linux x86_64 with Python 3.12 and glibc 2.28 or newer" in ran.out
    assert "on the board, in that folder: sh install.sh" in ran.out
    readme = (tmp_path / "usb" / "README.txt").read_text(encoding="utf-8")
    assert "sh install.sh" in readme
    assert "离线安装" in readme
    assert "@" not in readme + (tmp_path / "usb" / "install.sh").read_text(encoding="utf-8")


def test_platforms_ask_for_the_oldest_glibc_first() -> None:
    arm = Target("aarch64", "3.11")
    assert arm.platforms[:3] == (
        "manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_18_aarch64"
    )  # fmt: skip
    assert Target("x86_64", "3.11").platforms[0] == "manylinux1_x86_64"


def test_wheels_for_other_machines_do_not_fit(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {
        "cp311-cp311-manylinux_2_28_x86_64": ">=3.8",
        "cp312-cp312-manylinux_2_28_aarch64": ">=3.8",
        "cp312-abi3-manylinux_2_28_aarch64": ">=3.8",
        "cp311-cp311-musllinux_1_2_aarch64": ">=3.8",
        "cp311-cp311-manylinux_2_99_aarch64": ">=3.8",
        "py3-none-any": ">=3.12",
    }
    for tag, python in wrong.items():
        write_wheel(tmp_path / "index", "a", tag=tag, python=python)
    monkeypatch.setenv("PIP_FIND_LINKS", f"{index} {tmp_path / 'index'}")
    (tmp_path / "wheels").mkdir()
    own = write_own(tmp_path / "wheels", "a")
    with pytest.raises(
        InputError, match=r"^wheels for Linux aarch64, Python 3\.11: pip failed.* a "
    ):
        fetch_all(own, (), Target("aarch64", "3.11"), tmp_path / "wheels")


@pytest.mark.parametrize(
    ("tag", "glibc"),
    [
        ("py3-none-any", 0),
        ("cp310-abi3-manylinux2014_aarch64", 17),
        ("cp311-cp311-manylinux_2_27_aarch64.manylinux_2_28_aarch64", 27),
    ],
)
def test_the_glibc_a_wheel_asks_for(tag: str, glibc: int) -> None:
    assert needed_glibc(Path(f"a-1.0-{tag}.whl")) == glibc


def test_damaged_wheels_are_told(tmp_path: Path) -> None:
    for name, content in {"a-1.0-py3-none-any.whl": b"PK no zip", "a.whl": b""}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match="is not a readable wheel"):
            read_metadata(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "b-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("b.py", "")
    with pytest.raises(InputError, match="is not a readable wheel"):
        read_metadata(tmp_path / "b-1.0-py3-none-any.whl")


def test_a_pip_that_cannot_evaluate_markers_for_the_board_is_refused(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "pip"
    for name in ("", "_internal", "_internal/cli", "_vendor", "_vendor/packaging"):
        (package / name).mkdir()
        (package / name / "__init__.py").touch()
    (package / "_internal/cli/main.py").write_text("def main(words): return 0\n")
    marker = (
        "class Marker:\n    def __init__(self, text): pass\n    def evaluate(self): return False"
    )
    (package / "_vendor/packaging/markers.py").write_text(marker)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(InputError, match="this pip evaluates markers for its own machine only"):
        fetch_all(own, (), Target("aarch64", "3.11"), tmp_path)


@pytest.mark.parametrize("origin", ["wheel", "gone", "index"])
def test_edgetlc_itself_comes_from_where_it_was_installed_from(
    origin: str, own: Path, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not from sources, that is: as after `pip install edgetlc-9.0-py3-none-any.whl`."""
    monkeypatch.setattr("edgetlc.__file__", str(tmp_path / "site-packages/edgetlc/__init__.py"))
    place = {"wheel": own, "gone": tmp_path / own.name, "index": None}[origin]
    record = json.dumps({"url": place.as_uri(), "archive_info": {}}) if place else None
    installed = SimpleNamespace(read_text=lambda name: record)
    monkeypatch.setattr(metadata, "distribution", lambda name: installed)
    monkeypatch.setattr(metadata, "version", lambda name: "9.0")
    monkeypatch.setenv("PIP_FIND_LINKS", f"{index} {own.parent if origin == 'index' else ''}")
    target, folder = Target("aarch64", "3.11"), tmp_path / "wheels"
    folder.mkdir()
    if origin == "gone":
        with pytest.raises(InputError, match=r"^wheels for .* pip failed.*edgetlc==9\.0"):
            own_wheel(None, target, folder)
        return
    wheel = own_wheel(None, target, folder)
    assert wheel == folder / own.name
    assert wheel.read_bytes() == own.read_bytes()
    assert read_metadata(wheel).provides_extra == ["heic", "toolchain"]


@pytest.mark.slow
def test_real_wheels_on_this_machine_without_network(
    edgetlc: Run, tiny_bundle: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way: built and fetched with the network, installed and used without."""
    if HERE[0] not in ("x86_64", "aarch64") or sys.platform != "linux":
        pytest.skip(f"no wheelhouse for {HERE}")
    monkeypatch.undo()  # pip as it is configured here
    folder, target = tmp_path / "usb", tmp_path / "board"
    place = ("-o", folder, "--platform", HERE[0], "--python", HERE[1], "--json")
    sources = Path(__file__).parents[2]
    before = set(sources.iterdir())
    ran = edgetlc("bundle", "wheelhouse", tiny_bundle, *place)
    if "cannot reach its package index" in ran.err:
        pytest.skip("pip reaches no package index here")
    assert ran.status == 0, ran.err
    assert set(sources.iterdir()) == before, "building left files among the sources"
    cut_off = ["unshare", "--net", "--map-root-user"]
    alone = subprocess.run([*cut_off, "true"], check=False, capture_output=True).returncode == 0
    prefix = cut_off if alone else []
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHON": sys.executable}
    install = [*prefix, "sh", str(folder / "install.sh"), str(target)]
    done = subprocess.run(install, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    words = ["predict", str(target / f"{tiny_bundle.stem}.etlc"), str(photo), "--json"]
    program = [*prefix, str(target / "env" / "bin" / "edgetlc")]
    there = subprocess.run([*program, *words], env=environment, capture_output=True, check=True)
    here = edgetlc(*words)
    assert json.loads(there.stdout)["predictions"] == here.json()["predictions"]
