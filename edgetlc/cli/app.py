"""The `edgetlc` program: registers every command and turns errors into one line and an exit code.

Exit codes: 0 done or passed, 1 a check failed, 2 usage or bad input, 3 not enough evidence,
70 a defect in edgetlc itself, 130 interrupted.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
import traceback
import warnings
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

import typer

from edgetlc.cli import bundle, data, devices
from edgetlc.cli.compress import export, quantize
from edgetlc.cli.console import note, print_json
from edgetlc.cli.demo import demo
from edgetlc.cli.onsite import benchmark, selftest
from edgetlc.cli.predict import predict
from edgetlc.cli.train import evaluate, train
from edgetlc.cli.verify import verify
from edgetlc.errors import BAD_INPUT, EdgetlcError

DEFECT = 70
INTERRUPTED = 130

app = typer.Typer(
    name="edgetlc",
    help="Image classifiers for phones and small field computers, with proof per camera.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
app.add_typer(devices.app, name="devices")
app.add_typer(data.app, name="data")
for command in (demo, train, evaluate, quantize, export, verify, predict, benchmark, selftest):
    app.command()(command)
app.add_typer(bundle.app, name="bundle")


def main() -> None:
    """Run the program and exit with its documented status."""
    _quiet_decoders()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # not every console can write 中文
            stream.reconfigure(errors="replace")
    try:
        status = app(standalone_mode=False)
        sys.stdout.flush()  # while a full disk can still be told of
    except EdgetlcError as error:
        _fail(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except OSError as error:
        _fail(_explain(error), BAD_INPUT)
    except Exception as error:
        if hasattr(error, "format_message"):  # typer's own: an unknown option, a missing argument
            _fail_usage(error)
        _fail(
            f"internal error, please report it ({type(error).__name__}: {error}); "
            "-v shows the traceback",
            DEFECT,
        )
    if status == INTERRUPTED:  # what typer makes of Ctrl-C
        _fail("interrupted; files written so far are whole", INTERRUPTED)
    sys.exit(status)


def _quiet_decoders() -> None:
    """Silence what Pillow says of damaged metadata; a damaged photo is reported by name."""
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    warnings.filterwarnings("ignore", module="PIL")


def _explain(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return f"the disk is full ({error.filename or 'while writing'}); free space and run again"
    return str(error)


def _fail_usage(error: Any) -> NoReturn:
    """Show a usage error as typer does, with the line that says how the command is called."""
    error.show()
    _answer_error(error.format_message(), BAD_INPUT)
    sys.exit(BAD_INPUT)


def _fail(message: str, status: int) -> NoReturn:
    if {"-v", "--verbose"} & set(sys.argv[1:]):
        traceback.print_exc()
    line = " ".join(message.split())
    _answer_error(line, status)
    note(f"edgetlc: {line}")
    sys.exit(status)


def _answer_error(line: str, status: int) -> None:
    try:
        if "--json" in sys.argv[1:]:
            print_json({"error": line, "exit_code": status})
        sys.stdout.flush()
    except OSError:  # nobody can read it; Python would try again at its end, with a traceback
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - open until the end
