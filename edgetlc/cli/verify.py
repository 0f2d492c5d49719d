"""`edgetlc verify`: the verdict per camera, for every model on every engine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgetlc.cli.console import note
from edgetlc.cli.options import BundleArgument, Data, DeviceFolder, Json, load_part
from edgetlc.cli.verification import Asked, Outputs, conclude, with_cameras
from edgetlc.locale import _
from edgetlc.parity.judgement import VerificationConfig
from edgetlc.parity.verify import CollectionConfig


def verify(
    bundle: BundleArgument,
    data: Data,
    asked: Asked,
    config: VerificationConfig,
    collection: Annotated[CollectionConfig, "--shard"],
    outputs: Outputs,
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers",
            metavar="FOLDER",
            help=_("Keep every answer in this folder, for 'answers judge' and --resume."),
        ),
    ] = None,
    devices: DeviceFolder = None,
    json_: Json = False,
) -> None:
    """Prove per camera that compressed models answer like the float one, or refuse to say so.

    Exit code 0: all cameras pass; 1: one fails; 3: not enough photos to tell.

    Example: edgetlc verify herbs.bundle --reference runs/herbs --data split.csv
    """
    from edgetlc.parity.verify import verify as compare
    from edgetlc.runtime.bundle import Bundle

    opened = Bundle.open(bundle)
    outputs.check(opened)
    photos = load_part(data, asked.part, devices)
    found = compare(
        opened,
        photos,
        config=with_cameras(config, devices),
        collection=collection,
        folder=answers,
        **asked.opened(opened),
    )
    if asked.part != "test":
        note(
            "part {part} holds photos that training has seen: do not rely on this verdict",
            part=asked.part,
        )
    conclude(found, opened, outputs, devices, as_json=json_)
