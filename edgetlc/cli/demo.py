"""`edgetlc demo`: the main job on generated photos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgetlc.cli.console import Answer, say
from edgetlc.cli.options import Overwrite, Seed
from edgetlc.config import option
from edgetlc.locale import _, local

if TYPE_CHECKING:
    from edgetlc.demo.run import Demo


def demo(
    output: Annotated[
        Path, typer.Option("-o", "--output", help=_("Folder for everything."))
    ] = Path("demo-out"),
    epochs: int = option(10, _("Passes over the training part.")),
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> Answer:
    """Run the main job on generated photos: a few minutes on two processor cores.

    Example: edgetlc demo -o demo-out
    """
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
    return Answer(document, lambda: _show(made))


def _show(made: Demo) -> None:
    from edgetlc.cli.prediction_view import show_one
    from edgetlc.cli.verification_view import show_verification

    show_verification(made.verification)
    say("")
    show_one(made.prediction)
    say("  where the network saw it: {picture}", picture=made.overlay)
    say("")
    say("Photos are generated and cameras simulated; what lies where:")
    places = {
        _("photos"): made.photos,
        _("split manifest"): made.split,
        _("trained run"): made.run.folder,
        _("bundle for the field"): made.bundle.path,
        _("test photos of every camera"): made.parity,
    }
    for what, place in places.items():
        say(f"  {local(what):28} {place}")
    say("Try: {command}", command=f"edgetlc predict {made.bundle.path} {made.prediction.file}")
