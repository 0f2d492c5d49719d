"""`edgetlc demo`: the main job on generated photos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgetlc.cli.console import Answer, say
from edgetlc.cli.options import Overwrite, Seed
from edgetlc.config import option
from edgetlc.locale import _, local
from edgetlc.outputs import Target, check_outputs

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

    check_outputs([Target(output, "folder", replace=overwrite, marker="split.csv")])
    made = run_demo(output, overwrite=overwrite, epochs=epochs, seed=seed)
    document = {
        **{name: str(place) for name, place in made.places.items()},
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
    say("  where the network saw it: {picture}", picture=made.places["overlay"])
    say("")
    say("Photos are generated and cameras simulated; what lies where:")
    for what, name in (
        (_("photos"), "photos"),
        (_("split manifest"), "split"),
        (_("trained run"), "run"),
        (_("bundle for the field"), "bundle"),
        (_("test photos of every camera"), "parity"),
    ):
        say(f"  {local(what):28} {made.places[name]}")
    command = f"edgetlc predict {made.places['bundle']} {made.prediction.file}"
    say("Try: {command}", command=command)
