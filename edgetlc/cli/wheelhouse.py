"""`edgetlc bundle wheelhouse`: an installation for boards without internet."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from edgetlc.cli.console import Number, answer, say, table
from edgetlc.cli.options import BundleArgument, Json, Output, Overwrite
from edgetlc.locale import _, n_

if TYPE_CHECKING:
    from edgetlc.export.wheelhouse import Wheelhouse


def wheelhouse(
    bundle: BundleArgument,
    output: Output,
    platform: Annotated[
        Literal["x86_64", "aarch64"],
        typer.Option("--platform", help=_("The board's processor; it runs Linux.")),
    ],
    python: Annotated[
        Literal["3.11", "3.12", "3.13", "3.14"],
        typer.Option("--python", help=_("The board's Python.")),
    ],
    extra: Annotated[
        list[str] | None,
        typer.Option("--extra", help=_("openvino or heic; may be given more than once.")),
    ] = None,
    wheel: Annotated[
        Path | None,
        typer.Option(
            "--wheel",
            help=_("edgetlc's own wheel. Default: built from the sources installed here."),
        ),
    ] = None,
    overwrite: Overwrite = False,
    json_: Json = False,
) -> None:
    """Prepare a folder from which a board without internet installs edgetlc and a bundle.

    The one command that uses the network: it calls pip, as pip is configured here, to fetch the
    packages in the versions installed here. On the board: sh install.sh.

    Example: edgetlc bundle wheelhouse herbs.etlc -o usb --platform aarch64 --python 3.11
    """
    from edgetlc.export.wheelhouse import make_wheelhouse
    from edgetlc.export.wheels import Target
    from edgetlc.runtime.bundle import Bundle

    target = Target(platform, python)
    made = make_wheelhouse(
        Bundle.open(bundle),
        output,
        target,
        extras=extra or (),
        wheel=wheel,
        overwrite=overwrite,
    )
    document = {"folder": str(output), **asdict(made)}
    answer(document, lambda: _show_wheelhouse(made, output), as_json=json_)


def _show_wheelhouse(made: Wheelhouse, output: Path) -> None:
    rows = ((p.name, p.version, f"{p.bytes / 1e6:.1f}") for p in made.packages)
    title = _("Packages in {folder}", folder=output)
    table(title, (_("package"), _("version"), Number("MB")), rows)
    say(
        n_(
            "{folder}: {count} package and {bundle}, {size:.1f} MB",
            "{folder}: {count} packages and {bundle}, {size:.1f} MB",
            count=len(made.packages),
            folder=output,
            bundle=made.bundle,
            size=made.bytes / 1e6,
        )
    )
    say(
        "for Linux {machine} with Python {python} and glibc {glibc} or newer",
        machine=made.machine,
        python=made.python,
        glibc=made.glibc,
    )
    say("on the board, in that folder: sh install.sh")
