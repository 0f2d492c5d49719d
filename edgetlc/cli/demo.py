"""`edgetlc demo`: the main job on generated photos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgetlc.cli.console import Json, Verbose, answer, say
from edgetlc.cli.options import Overwrite, Seed
from edgetlc.cli.toolchain import need_toolchain

if TYPE_CHECKING:
    from edgetlc.demo.run import Demo


def demo(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for everything.")] = Path(
        "demo-out"
    ),
    epochs: Annotated[int, typer.Option(help="Passes over the training part.")] = 10,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Run the main job on generated photos: a few minutes on two processor cores.

    Example: edgetlc demo -o demo-out
    """
    need_toolchain("edgetlc demo")
    from edgetlc.demo.run import run_demo

    made = run_demo(output, overwrite=overwrite, epochs=epochs, seed=seed)
    document = {
        "photos": str(made.photos),
        "split": str(made.split),
        "run": str(made.run.folder),
        "bundle": str(made.bundle.path),
        "parity": str(made.parity),
        "overlay": str(made.overlay),
        "prediction": made.prediction.to_json(),
        "verification": made.verification.to_json(),
    }
    answer(document, lambda: _show(made), as_json=json_)


def _show(made: Demo) -> None:
    from edgetlc.cli.answers import show_one
    from edgetlc.cli.verification_view import show_verification

    show_verification(made.verification)
    say("")
    show_one(made.prediction)
    say(f"  where the network saw it: {made.overlay}")
    say("")
    say("Photos are generated and cameras simulated; what lies where:")
    for what, place in (
        ("photos", made.photos),
        ("split manifest", made.split),
        ("trained run", made.run.folder),
        ("bundle for the field", made.bundle.path),
        ("test photos of every camera", made.parity),
    ):
        say(f"  {what:28} {place}")
    say(f"Try: edgetlc predict {made.bundle.path} {made.prediction.file}")
