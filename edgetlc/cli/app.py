"""The `edgetlc` program: registers every command and turns errors into one line and an exit code.

Exit codes: 0 done or passed, 1 a check failed, 2 usage or bad input, 3 not enough evidence,
70 a defect in edgetlc itself, 130 interrupted, 141 nobody reads what is printed any more.
"""

from __future__ import annotations

import atexit
import errno
import gc
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Iterable
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

import edgetlc
from edgetlc.cli.commands import Commands, Language
from edgetlc.cli.console import Terminal, note, print_json
from edgetlc.errors import BAD_INPUT, EdgetlcError
from edgetlc.locale import _, language_of, local, speak
from edgetlc.progress import reporting

DEFECT = 70
INTERRUPTED = 130
HUNG_UP = 141  # as of a program that SIGPIPE ends

_COMMANDS = (  # each is a module; a group is its module's `app`
    *("devices", "data", "demo", "train", "experiment", "evaluate", "runs", "quantize", "search"),
    *("export", "plan", "verify", "answers", "predict", "benchmark", "selftest", "bundle"),
)
_FROM_FILE = ("train",)
_TOOLCHAIN = ("demo", "train", "evaluate", "quantize", "search", "export")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"edgetlc {edgetlc.__version__}")
        raise typer.Exit


def _program(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help=_("Show the version.")
        ),
    ] = False,
    lang: Language = None,
) -> None:
    """Do nothing; the options speak for themselves."""


def program(names: Iterable[str] = _COMMANDS) -> typer.Typer:
    """Return the program with these commands: setting up all takes as long as one photo."""
    app = Commands(
        _("Image classifiers for phones and small field computers, with proof per camera."),
        callback=_program,
        name="edgetlc",
    )
    for name in names:
        module = import_module(f"edgetlc.cli.{name}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            toolchain = f"edgetlc {name}" if name in _TOOLCHAIN else ""
            register = app.command(toolchain=toolchain, file=name in _FROM_FILE)
            register(getattr(module, name))
    return app


def __getattr__(name: str) -> Any:
    """Make `app`, the whole program, when somebody asks for it."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return program()


def main() -> None:
    """Run the program and exit with its documented status."""
    _open_streams()
    try:
        _run()
    except BrokenPipeError:
        _hang_up()


def _run() -> NoReturn:
    atexit.register(gc.freeze)  # or Python searches all that is loaded for garbage, for 30 ms
    speak(language_of(sys.argv[1:]))
    _quiet_decoders()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # not every console can write 中文
            stream.reconfigure(errors="replace")
    try:
        named = sys.argv[1] if len(sys.argv) > 1 else ""
        if named == "predict":  # it multiplies no matrices, and NumPy's threads take 20 ms to start
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        app = program([named] if named in _COMMANDS else _COMMANDS)
        with reporting(Terminal()):
            status = app(standalone_mode=False)
        sys.stdout.flush()  # while a full disk can still be told of
    except EdgetlcError as error:
        _fail(error.args[0] if error.args else error, error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except BrokenPipeError:
        raise
    except SystemExit as left:
        if isinstance(left.__context__, BrokenPipeError):  # typer makes 1 of it: "a check failed"
            raise left.__context__ from None
        raise
    except OSError as error:
        place = error.filename or _("while writing")
        full = _("the disk is full ({place}); free space and run again", place=place)
        _fail(full if error.errno == errno.ENOSPC else str(error), BAD_INPUT)
    except Exception as error:
        if hasattr(error, "show") and hasattr(error, "format_message"):  # typer's own, of usage
            error.show()
            _answer_error(error.format_message(), BAD_INPUT)
            sys.exit(BAD_INPUT)
        text = _(
            "internal error, please report it ({kind}: {error}); -v shows the traceback",
            kind=type(error).__name__,
            error=error,
        )
        _fail(text, DEFECT)
    if status == INTERRUPTED:  # what typer makes of Ctrl-C
        _fail(_("interrupted; files written so far are whole"), INTERRUPTED)
    sys.exit(status)


def _open_streams() -> None:
    """Give a process without standard streams, such as a service or pythonw's, empty ones.

    The numbers 0 to 2 are taken first: a file that got one would hold what libraries print.
    """
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(handle, True)
    os.close(handle)
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - open until the end


def _hang_up() -> NoReturn:
    """End as a program does whose reader has gone, such as `head`."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        try:
            stream.flush()
        except OSError:  # Python would try again at its end, with a traceback
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - open until the end
    sys.exit(HUNG_UP)


def _quiet_decoders() -> None:
    """Silence what Pillow says of damaged metadata; a damaged photo is reported by name."""
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    warnings.filterwarnings("ignore", module="PIL")


def _fail(message: object, status: int) -> NoReturn:
    line = " ".join(local(message).split())
    try:
        if {"-v", "--verbose"} & set(sys.argv[1:]):
            traceback.print_exc()
        _answer_error(line, status)
        note(f"edgetlc: {line}")
    except BrokenPipeError:
        raise
    except OSError:  # a full disk behind standard error: the exit code is all that is left
        pass
    sys.exit(status)


def _answer_error(line: str, status: int) -> None:
    try:
        if "--json" in sys.argv[1:]:
            print_json({"error": line, "exit_code": status})
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError:  # nobody can read it; Python would try again at its end, with a traceback
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - open until the end
