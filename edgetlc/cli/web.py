"""`edgetlc bundle web`: the app for phones."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgetlc.cli.console import answer, say
from edgetlc.cli.options import BundleArgument, DeviceFolder, Json, Output, Overwrite
from edgetlc.locale import _

if TYPE_CHECKING:
    from edgetlc.export.web_app import WebApp
    from edgetlc.runtime.bundle import Bundle


def web(
    bundle: BundleArgument,
    output: Output,
    model: Annotated[
        str | None,
        typer.Option("--model", help=_("Model of the bundle, ort or onnx. Default: int8.")),
    ] = None,
    overwrite: Overwrite = False,
    devices: DeviceFolder = None,
    json_: Json = False,
) -> None:
    """Write a bundle as an app for phones: one file, and a folder to install from a web host.

    Example: edgetlc bundle web herbs.bundle -o herbs.web
    """
    from edgetlc.runtime.bundle import Bundle

    made = make_web_app(
        Bundle.open(bundle), output, model=model, devices=devices, overwrite=overwrite
    )

    def show() -> None:
        say("{model} of the bundle {bundle}", model=made.model, bundle=made.bundle)
        say(
            "{path}: {size:.1f} MB, opens on a phone as it is",
            path=made.single_file,
            size=made.single_file_bytes / 1e6,
        )
        say(
            "{path}: {size:.1f} MB, to install from a web host",
            path=made.app,
            size=made.app_bytes / 1e6,
        )

    answer(asdict(made), show, as_json=json_)


def make_web_app(
    bundle: Bundle,
    output: Path,
    *,
    model: str | None = None,
    devices: Path | None = None,
    overwrite: bool = False,
) -> WebApp:
    """Write a bundle as an app for phones."""
    from edgetlc.devices.profiles import Cameras
    from edgetlc.export.web_app import write_web_app

    cameras = Cameras.load(devices)
    return write_web_app(bundle, output, model=model, cameras=cameras, overwrite=overwrite)
