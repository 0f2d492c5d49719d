"""Every command explains itself; no command needs the toolchain to do so."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from edgetlc.cli.app import app


def _commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, child in group.commands.items():
        if hasattr(child, "commands"):
            yield from _commands(child, (*path, name))
        else:
            yield (*path, name), child


ROOT = typer.main.get_command(app)
COMMANDS = dict(_commands(ROOT))
each_command = pytest.mark.parametrize("path", COMMANDS, ids=" ".join)


def test_every_promised_command_is_there() -> None:
    promised = {"demo", "train", "evaluate", "quantize", "export", "verify", "predict"}
    promised |= {"benchmark", "selftest", "devices list", "devices show", "devices identify"}
    promised |= {"data check", "data split", "data simulate", "bundle inspect", "bundle check"}
    promised |= {"runs list", "runs compare", "search", "answers collect", "answers judge"}
    promised |= {f"experiment {name}" for name in ("folds", "compare", "leave-camera-out")}
    assert promised <= {" ".join(path) for path in COMMANDS}


@each_command
def test_help_ends_in_an_example_of_the_command(
    path: tuple[str, ...], edgetlc: Callable[..., Any]
) -> None:
    shown = edgetlc(*path, "--help")
    assert (shown.status, shown.err) == (0, "")
    (example,) = re.findall(r"^ *Example: (edgetlc .+)$", shown.out, re.MULTILINE)
    words = shlex.split(example)
    assert tuple(words[1 : 1 + len(path)]) == path
    known = {flag for p in COMMANDS[path].params for flag in p.opts}
    used = {word for word in words if word.startswith("-")}
    assert used <= known, "the example uses an option that is not there"


@each_command
def test_example_gives_all_that_is_required(path: tuple[str, ...]) -> None:
    text = COMMANDS[path].help or ""
    words = set(shlex.split(text[text.index("Example: edgetlc") :]))
    options = [p for p in COMMANDS[path].params if p.param_type_name == "option" and p.required]
    assert all(words & set(option.opts) for option in options)


@each_command
def test_every_option_and_argument_has_help(path: tuple[str, ...]) -> None:
    silent = [
        parameter.name
        for parameter in COMMANDS[path].params
        if parameter.name != "help" and not (getattr(parameter, "help", None) or "").strip()
    ]
    assert silent == []


@each_command
def test_every_command_takes_json_and_verbose(path: tuple[str, ...]) -> None:
    flags = {flag for parameter in COMMANDS[path].params for flag in parameter.opts}
    assert {"--json", "-v", "--verbose", "--lang"} <= flags


@each_command
def test_a_flag_means_the_same_everywhere(path: tuple[str, ...]) -> None:
    """`-o` is `--output`, and nothing else has a short form."""
    for parameter in COMMANDS[path].params:
        short = {flag for flag in parameter.opts if re.fullmatch("-[a-z]", flag)}
        expected = {"--output": {"-o"}, "--verbose": {"-v"}}
        long = next((flag for flag in parameter.opts if flag.startswith("--")), "")
        assert short == expected.get(long, set())


@pytest.mark.parametrize(
    "words", [(), ("devices",), ("data",), ("runs",), ("bundle",), ("answers",)], ids=str
)
def test_a_group_alone_shows_what_it_holds(
    words: tuple[str, ...], edgetlc: Callable[..., Any]
) -> None:
    shown = edgetlc(*words)
    assert shown.status == 2
    assert "Commands:" in shown.out + shown.err


def test_program_itself(edgetlc: Callable[..., Any]) -> None:
    shown = edgetlc("--help")
    assert shown.status == 0
    for name in ROOT.commands:  # type: ignore[attr-defined]
        assert re.search(rf"^  {name} ", shown.out, re.MULTILINE)


def test_module_and_script_are_the_same_program(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("edgetlc")
    for command in ([sys.executable, "-m", "edgetlc"], [str(script)]):
        shown = subprocess.run(
            [*command, "devices", "show", "iphone-11"],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=True,
        )
        assert "iPhone 11" in shown.stdout


def test_start_loads_nothing_heavy(tmp_path: Path) -> None:
    """Help and errors must come at once; torch alone takes seconds."""
    code = (
        "import sys; sys.argv = ['edgetlc', 'train', '--help']\n"
        "from edgetlc.cli.app import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'torchvision', 'onnx', 'onnxruntime', 'openvino', 'nncf', 'PIL.Image',"
        " 'pandas', 'scipy', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert shown.stderr.strip() == "[]"
