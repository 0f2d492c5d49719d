"""The `edgetlc` program: registers every command and turns errors into one line and an exit code.

Exit codes: 0 done or passed, 1 a check failed, 2 usage or bad input, 3 not enough evidence,
70 a defect in edgetlc itself, 130 interrupted.
"""

from __future__ import annotations

import errno
import json
import logging
import signal
import sys
import traceback
import warnings

import typer

from edgetlc.cli import bundle, devices
from edgetlc.cli.compress import export, quantize
from edgetlc.cli.console import note
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
for command in (demo, train, evaluate, quantize, export, verify, predict, benchmark, selftest):
    app.command()(command)
app.add_typer(bundle.app, name="bundle")


class Interrupted(BaseException):
    """Ctrl-C; not KeyboardInterrupt, which typer would turn into exit code 1."""


def main() -> None:
    """Run the program and exit with its documented status."""
    signal.signal(signal.SIGINT, _interrupt)
    _quiet_decoders()
    try:
        app()
    except EdgetlcError as error:
        _fail(str(error), error.exit_code)
    except Interrupted:
        _fail("interrupted; files written so far are whole", INTERRUPTED)
    except OSError as error:
        _fail(_explain(error), BAD_INPUT)
    except Exception as error:
        _fail(
            f"internal error, please report it ({type(error).__name__}: {error}); "
            "-v shows the traceback",
            DEFECT,
        )


def _interrupt(signum: int, frame: object) -> None:
    raise Interrupted


def _quiet_decoders() -> None:
    """Silence what Pillow says of damaged metadata; a damaged photo is reported by name."""
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    warnings.filterwarnings("ignore", module="PIL")


def _explain(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return f"the disk is full ({error.filename or 'while writing'}); free space and run again"
    return str(error)


def _fail(message: str, status: int) -> None:
    if {"-v", "--verbose"} & set(sys.argv[1:]):
        traceback.print_exc()
    line = " ".join(message.split())
    if "--json" in sys.argv[1:]:
        print(json.dumps({"error": line, "exit_code": status}, ensure_ascii=False))
    note(f"edgetlc: {line}")
    sys.exit(status)
