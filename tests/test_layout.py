"""The package list, the folders, their links and the wheel agree; nothing names a workplace."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "setuptools"
]
PACKAGES: list[str] = SETUPTOOLS["packages"]
PLACES: dict[str, str] = SETUPTOOLS["package-dir"]
# Sub-packages that live in the repository's root; what is inside them needs no link of its own.
LINKED = sorted(package for package in PLACES if package.count(".") == 1)


def folder_of(package: str) -> Path:
    """Return where a package's files are, without following links."""
    if package in PLACES:
        return ROOT / PLACES[package]
    parent, _, name = package.rpartition(".")
    return folder_of(parent) / name


def git(*words: str) -> str:
    try:
        ran = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no git repository here: {error}")
    return ran.stdout


def repository_files() -> list[Path]:
    """Return what is, or is about to be, part of the repository; links are not followed."""
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    paths = (ROOT / name for name in listed.split("\0") if name)
    return [path for path in paths if path.is_symlink() or path.is_file()]


@pytest.mark.parametrize("package", PACKAGES)
def test_package_is_a_folder_with_an_init(package: str) -> None:
    folder = folder_of(package)
    assert folder.is_dir()
    assert not folder.is_symlink()
    assert (folder / "__init__.py").read_text(encoding="utf-8").startswith('"""')


def test_every_folder_with_modules_is_listed() -> None:
    inside = {p.parent for p in (ROOT / "edgetlc").rglob("*.py") if "__pycache__" not in p.parts}
    for package in LINKED:
        inside |= {p.parent for p in folder_of(package).rglob("*.py")}
    listed = {folder_of(package) for package in PACKAGES}
    links = {ROOT / "edgetlc" / package.rpartition(".")[2] for package in LINKED}
    assert {folder for folder in inside if folder not in links} == listed


def test_package_list_has_no_repeats_and_every_place_is_used() -> None:
    assert len(set(PACKAGES)) == len(PACKAGES)
    assert set(PLACES) <= set(PACKAGES)


@pytest.mark.parametrize("package", LINKED)
def test_link_leads_to_the_folder(package: str) -> None:
    link = ROOT / "edgetlc" / package.rpartition(".")[2]
    assert link.is_symlink()
    assert link.readlink() == Path("..", PLACES[package])
    assert link.resolve() == folder_of(package)


def test_no_other_links() -> None:
    links = {path for path in repository_files() if path.is_symlink()}
    assert links == {ROOT / "edgetlc" / package.rpartition(".")[2] for package in LINKED}


def test_tools_skip_the_links() -> None:
    """Without it, every finding in a linked folder is reported twice."""
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]
    links = {f"edgetlc/{package.rpartition('.')[2]}" for package in LINKED}
    assert set(ruff["extend-exclude"]) == links


# Put together here, so that this file does not hold them.
FORBIDDEN = tuple(
    first + second
    for first, second in (
        ("/wo", "rk/"),
        ("/ro", "ot/"),
        ("/ho", "me/"),
        ("bash_", "jobs"),
        (".lib", "rary"),
        (".mir", "ror/"),
        ("anth", "ropic"),
        ("clau", "de"),
        ("chat", "gpt"),
    )
)


def test_nothing_names_the_workplace() -> None:
    found = []
    for path in repository_files():
        if path.is_symlink():
            continue
        text = path.read_bytes().decode("utf-8", "replace").lower()
        found += [f"{path.relative_to(ROOT)}: {word}" for word in FORBIDDEN if word in text]
    assert found == []


def test_the_search_finds_what_it_looks_for() -> None:
    """A guard that cannot fail would pass for ever."""
    assert any(path == Path(__file__) for path in repository_files())
    assert all(word == word.lower() for word in FORBIDDEN)
    here = Path(__file__).read_text(encoding="utf-8").lower()
    assert [word for word in FORBIDDEN if word in here] == []


def test_no_generated_or_large_file_is_tracked() -> None:
    for path in repository_files():
        assert "__pycache__" not in path.parts
        assert path.suffix not in {".pyc", ".onnx", ".ort", ".safetensors", ".pth", ".etlc"}
        most = 3_000_000 if path.name == "built.tar.xz" else 1_000_000  # the phone app's engine
        assert path.is_symlink() or path.stat().st_size < most, path


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository's files, so that no build folder of earlier times is picked up."""
    copy = tmp_path_factory.mktemp("source")
    for path in repository_files():
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target, follow_symlinks=False)
    return copy


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(output)]
    built = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (file,) = output.glob("*.whl")
    return file


def modules() -> dict[str, Path]:
    """Return every module's name in the wheel, and its file here."""
    return {
        f"{package.replace('.', '/')}/{file.name}": file
        for package in PACKAGES
        for file in folder_of(package).glob("*.py")
    }


PAGE_FILES = (".jinja", ".css")


@pytest.mark.slow
class TestWheel:
    def test_holds_every_module_and_nothing_else(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if ".dist-info/" not in name]
            assert len(set(names)) == len(names)
            profiles = (ROOT / "devices" / "profiles").glob("*.toml")
            data = {f"edgetlc/devices/profiles/{file.name}" for file in profiles}
            data |= {"edgetlc/py.typed", "edgetlc/runtime/web/built.tar.xz"}
            native = (ROOT / "runtime/native").rglob("*.*")
            pages = (p for p in (ROOT / "edgetlc/pages").iterdir() if p.suffix in PAGE_FILES)
            catalogues = (ROOT / "edgetlc/locale").rglob("*.mo")
            data |= {f"edgetlc/{file.relative_to(ROOT).as_posix()}" for file in native}
            data |= {file.relative_to(ROOT).as_posix() for file in (*pages, *catalogues)}
            data |= {f"edgetlc/export/board/{name}" for name in ("install.sh", "README.txt")}
            assert set(names) == set(modules()) | data
            for name, file in modules().items():
                assert archive.read(name) == file.read_bytes()

    def test_every_module_can_be_imported(self, wheel: Path, tmp_path: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(tmp_path / "site")
        names = [name.removesuffix(".py").removesuffix("/__init__") for name in modules()]
        names = [name.replace("/", ".") for name in names if not name.endswith("__main__")]
        code = (
            "import importlib, sys, edgetlc\n"
            "assert edgetlc.__file__.startswith(sys.argv[1]), edgetlc.__file__\n"
            "for name in sys.argv[2:]:\n"
            "    module = importlib.import_module(name)\n"
            "    assert module.__file__.startswith(sys.argv[1]), module.__file__\n"
            "from edgetlc.devices.profiles import Cameras\n"
            "print(len(list(Cameras.load())))\n"
        )
        site = str(tmp_path / "site")
        ran = subprocess.run(
            [sys.executable, "-c", code, site, *names],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": site},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        assert int(ran.stdout) == len(list((ROOT / "devices" / "profiles").glob("*.toml")))


@pytest.mark.slow
def test_sdist_builds_the_same_wheel(source: Path, wheel: Path, tmp_path: Path) -> None:
    """`python -m build` goes through the sdist, where linked folders are easily lost."""
    command = [sys.executable, "-m", "build", "--no-isolation", "-o", str(tmp_path)]
    built = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (again,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as first, zipfile.ZipFile(again) as second:
        assert sorted(first.namelist()) == sorted(second.namelist())
