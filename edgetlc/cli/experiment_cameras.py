"""`edgetlc experiment leave-camera-out`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from edgetlc.cli.console import answer, note, numbers, percent, say, table
from edgetlc.cli.options import Data, DeviceFolder, Json, Output, Overwrite, Resume, load_part
from edgetlc.cli.training import ready
from edgetlc.locale import Message, _, n_
from edgetlc.training.camera_augment import CameraAugmentation
from edgetlc.training.config import TrainingConfig

if TYPE_CHECKING:
    from edgetlc.experiments.leave_camera_out import LeaveCameraOut
    from edgetlc.experiments.leave_camera_out_figures import Change, HeldOutCamera

_SIGNIFICANT = 0.05


def leave_camera_out(
    data: Data,
    output: Output,
    config: TrainingConfig,
    cameras: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CAMERA…", help=_("Cameras to hold out, by their ids; all unless named.")
        ),
    ] = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    devices: DeviceFolder = None,
    json_: Json = False,
) -> None:
    """Tell how a network does on cameras that it never saw.

    Trains without each camera, twice: without and with camera augmentation, which changes half of
    the photos unless told; and two networks on all cameras. Runs go to OUTPUT/without-<camera> and
    so on.

    Example: edgetlc experiment leave-camera-out iphone-11 --data split.csv -o runs/cameras
    """
    from edgetlc.experiments.leave_camera_out import leave_camera_out as hold_out
    from edgetlc.experiments.leave_camera_out import leave_camera_out_to_json

    augmentation = config.camera_augmentation or CameraAugmentation()
    with ready(replace(config, camera_augmentation=augmentation), devices) as config:
        photos = load_part(data, "all", devices)
        done = hold_out(
            photos,
            config,
            config.camera_augmentation or augmentation,
            output,
            cameras or None,
            overwrite=overwrite,
            resume=resume,
        )
        if done.nameless:
            note(
                n_(
                    "{count} photo names no camera and was left out of every training",
                    "{count} photos name no camera and were left out of every training",
                    count=done.nameless,
                )
            )
        answer(leave_camera_out_to_json(done), lambda: _show(done), as_json=json_)


def _show(done: LeaveCameraOut) -> None:
    rows = (*done.cameras, done.together)
    shares = (_("seen"), _("seen, augmented"), _("unseen"), _("unseen, augmented"))
    table(
        _("Right answers on each camera's test photos"),
        (_("camera"), *numbers((_("photos"), *shares))),
        ((_name(row), row.photos, *_shares(row)) for row in rows),
        simulated=done.simulated,
    )
    say("seen: the network learned from this camera's photos too; unseen: it never saw one.")
    say("augmented: with camera augmentation, which did not know an unseen camera's look.")
    say("In brackets: exact 95 % intervals, on one photo of every group.")
    unseen = (_("unseen: worse"), _("better"), _("p"))
    augmented = (_("augmented: better"), _("worse"), _("p"))
    table(
        _("Groups of photos that get better or worse: unseen for seen, augmented for not"),
        (_("camera"), *numbers((_("groups"), *unseen, *augmented))),
        ((_name(row), row.groups, *_changes(row)) for row in rows),
    )
    say("p: McNemar's exact test on groups, mid-p, adjusted by Holm over the cameras.")
    together = done.together
    say(
        "On a camera it never saw: {unseen:.1%} right, instead of {seen:.1%} ({difference}); "
        "with camera augmentation {augmented:.1%} ({effect}).",
        unseen=together.unseen.accuracy,
        seen=together.seen.accuracy,
        difference=_verdict(together.unseen_effect),
        augmented=together.unseen_augmented.accuracy,
        effect=_verdict(together.augmentation_effect),
    )
    say("Each network was trained once: another --seed gives other figures.")
    if done.simulated:
        say(
            "Some photos are simulated, by the rendering that camera augmentation uses: real "
            "cameras differ in more ways, and it may help less there."
        )


def _name(row: HeldOutCamera) -> str:
    name = row.camera or _("together")
    return _("{camera} (SIMULATED)", camera=name) if row.simulated else name


def _shares(row: HeldOutCamera) -> Iterator[str]:
    for share in (row.seen, row.seen_augmented, row.unseen, row.unseen_augmented):
        yield f"{percent(share.accuracy)} ({share.low:.0%}–{share.high:.0%})"


def _changes(row: HeldOutCamera) -> Iterator[object]:
    unseen, augmented = row.unseen_effect, row.augmentation_effect
    yield from (unseen.right_to_wrong, unseen.wrong_to_right, f"{unseen.adjusted:.3g}")
    yield from (augmented.wrong_to_right, augmented.right_to_wrong, f"{augmented.adjusted:.3g}")


def _verdict(change: Change) -> Message:
    if change.p > _SIGNIFICANT:
        return _("no difference can be told on these photos")
    return _("better") if change.wrong_to_right > change.right_to_wrong else _("worse")
