"""`edgetlc train --leave-camera-out`: how a network does on cameras it never saw, in one table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgetlc.cli.augmentation_options import camera_augmentation
from edgetlc.cli.console import answer, note, say, simulated_mark, table

if TYPE_CHECKING:
    from edgetlc.data.photos import PhotoSet
    from edgetlc.experiments.leave_camera_out import LeaveCameraOut
    from edgetlc.experiments.leave_camera_out_figures import Change, HeldOutCamera
    from edgetlc.training.config import TrainingConfig

LeaveCameraOutOption = Annotated[
    str | None,
    typer.Option(
        "--leave-camera-out",
        metavar="CAMERAS",
        help="Tell how the network does on cameras it never saw: 'all', or ids such as "
        "iphone-11,oppo-reno12. Trains without each of them, twice: without and with camera "
        "augmentation; and two networks on all cameras. Runs go to OUTPUT/without-<camera> and "
        "so on.",
    ),
]
_USUAL_SHARE = 0.5  # of the photos that the augmented networks see as other cameras'
_SIGNIFICANT = 0.05


def run_unseen(
    photos: PhotoSet,
    config: TrainingConfig,
    cameras: str,
    output: Path,
    devices: Path | None,
    *,
    share: float,
    strength: float,
    overwrite: bool,
    resume: bool,
    as_json: bool,
) -> None:
    """Train and ask the networks; print figures by camera and what camera augmentation changes.

    Args:
        photos: with parts `train`, `val` and `test`.
        config: of every training.
        cameras: `all`, or ids with commas between them.
        output: run folders are made in it.
        devices: folder of the user's own camera profiles.
        share: of `--camera-augment`; 0 takes the usual 0.5.
        strength: of `--camera-strength`.
        overwrite: replace runs that are there already.
        resume: keep the runs that are done.
        as_json: print one JSON document.
    """
    from edgetlc.experiments.leave_camera_out import leave_camera_out, leave_camera_out_to_json

    augmentation = camera_augmentation(share or _USUAL_SHARE, strength, devices)
    assert augmentation is not None
    chosen = [camera.strip() for camera in cameras.split(",") if camera.strip()]
    done = leave_camera_out(
        photos,
        config,
        augmentation,
        output,
        None if chosen == ["all"] else chosen,
        overwrite=overwrite,
        resume=resume,
    )
    if done.nameless:
        note(f"{done.nameless} photos name no camera and were left out of every training")
    answer(leave_camera_out_to_json(done), lambda: _show(done), as_json=as_json)


def _show(done: LeaveCameraOut) -> None:
    rows = (*done.cameras, done.together)
    shares = ("seen ", "seen, augmented ", "unseen ", "unseen, augmented ")
    table(
        f"Right answers on each camera's test photos{simulated_mark(done.simulated)}",
        ("camera", "photos ", *shares),
        ((_name(row), row.photos, *_shares(row)) for row in rows),
    )
    say("seen: the network learned from this camera's photos too; unseen: it never saw one.")
    say("augmented: with camera augmentation, which did not know an unseen camera's look.")
    say("In brackets: exact 95 % intervals, on one photo of every group.")
    changes = ("unseen: worse ", "better ", "p ", "augmented: better ", "worse ", "p ")
    table(
        "Groups of photos that get better or worse: unseen for seen, augmented for not",
        ("camera", "groups ", *changes),
        ((_name(row), row.groups, *_changes(row)) for row in rows),
    )
    say("p: McNemar's exact test on groups, mid-p, adjusted by Holm over the cameras.")
    say(_in_words(done.together))
    for line in _reservations(done):
        say(line)


def _name(row: HeldOutCamera) -> str:
    return f"{row.camera or 'together'}{' (SIMULATED)' if row.simulated else ''}"


def _shares(row: HeldOutCamera) -> Iterator[str]:
    for share in (row.seen, row.seen_augmented, row.unseen, row.unseen_augmented):
        yield f"{share.accuracy:.1%} ({share.low:.0%}–{share.high:.0%})"


def _changes(row: HeldOutCamera) -> Iterator[object]:
    unseen, augmented = row.unseen_effect, row.augmentation_effect
    yield from (unseen.right_to_wrong, unseen.wrong_to_right, f"{unseen.adjusted:.3g}")
    yield from (augmented.wrong_to_right, augmented.right_to_wrong, f"{augmented.adjusted:.3g}")


def _in_words(row: HeldOutCamera) -> str:
    """Return the answer to "how does it do on a camera it never saw?"."""
    return (
        f"On a camera it never saw: {row.unseen.accuracy:.1%} right, instead of "
        f"{row.seen.accuracy:.1%} ({_verdict(row.unseen_effect)}); with camera augmentation "
        f"{row.unseen_augmented.accuracy:.1%} ({_verdict(row.augmentation_effect)})."
    )


def _verdict(change: Change) -> str:
    if change.p > _SIGNIFICANT:
        return "no difference can be told on these photos"
    return "better" if change.wrong_to_right > change.right_to_wrong else "worse"


def _reservations(done: LeaveCameraOut) -> Iterator[str]:
    yield "Each network was trained once: another --seed gives other figures."
    if done.simulated:
        yield (
            "Some photos are simulated, by the rendering that camera augmentation uses: real "
            "cameras differ in more ways, and it may help less there."
        )
