"""`edgetlc experiment`: several networks trained alike to answer one question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from edgetlc.cli.commands import Commands
from edgetlc.cli.console import Answer, left_out, note, numbers, percent, say, table
from edgetlc.cli.evaluate import COLUMNS, FIGURES, scores_row
from edgetlc.cli.options import Data, DeviceFolder, Output, Overwrite, Resume, load_part
from edgetlc.cli.train import check_run_folder, ready
from edgetlc.config import option
from edgetlc.locale import Message, _, n_
from edgetlc.training.camera_augment import CameraAugmentation
from edgetlc.training.config import TrainingConfig

if TYPE_CHECKING:
    from edgetlc.experiments.compare import Comparison
    from edgetlc.experiments.folds import CrossValidation
    from edgetlc.experiments.leave_camera_out import LeaveCameraOut
    from edgetlc.experiments.leave_camera_out_figures import Change, HeldOutCamera

app = Commands(_("Experiments: cross-validate, compare networks, hold cameras out."))

_SIGNIFICANT = 0.05


@app.command(toolchain="edgetlc experiment folds", file=True)
def folds(
    data: Data,
    output: Output,
    config: TrainingConfig,
    count: int = option(5, _("How many networks to train and score."), flag="--folds", min=2),
    resume: Resume = False,
    overwrite: Overwrite = False,
    devices: DeviceFolder = None,
) -> Answer:
    """Cross-validate: each network is scored on a share of the photos that it did not see.

    The shares are of the training and validation parts, groups kept together; the test part is
    never touched. Runs go to OUTPUT/fold-1 and so on.

    Example: edgetlc experiment folds --data split.csv --folds 5 -o runs/folds
    """
    from edgetlc.experiments.folds import cross_validate, cross_validation_to_json

    photos = load_part(data, "all", devices)
    check_run_folder(output, config, [data, devices, *photos.files])
    config = ready(config, devices)
    done = cross_validate(photos, config, output, count, overwrite=overwrite, resume=resume)
    for warning in done.warnings:
        note("warning: {warning}", warning=warning)
    left_out(done.pooled.unreadable)
    return Answer(cross_validation_to_json(done), lambda: _show_folds(done))


def _show_folds(done: CrossValidation) -> None:
    pooled = done.pooled
    rows: list[tuple[object, ...]] = [
        (number, *scores_row(one.evaluation.overall))
        for number, one in enumerate(done.folds, start=1)
    ]
    for name, value in ((_("mean"), "mean"), (_("spread"), "deviation")):
        figures = (getattr(done.spreads.get(figure), value, None) for figure in FIGURES)
        rows.append((name, None, *map(percent, figures)))
    table(
        _("Held-out photos of each fold"),
        (_("fold"), *COLUMNS),
        (*rows, (_("pooled"), *scores_row(pooled.overall))),
        simulated=pooled.simulated,
    )
    say(
        "spread: sample standard deviation of the folds, no error of the mean (networks share "
        "training photos); pooled: every photo once, answered by the network that did not see "
        "it"
    )
    cameras = ((camera, *scores_row(scores)) for camera, scores in pooled.cameras.items())
    columns = (_("camera"), *COLUMNS)
    table(_("Pooled, by camera"), columns, cameras, simulated=pooled.simulated)


@app.command(toolchain="edgetlc experiment compare", file=True)
def compare(
    networks: Annotated[
        list[str],
        typer.Argument(metavar="NETWORK…", help=_("Two or more networks, by their names.")),
    ],
    data: Data,
    output: Output,
    config: Annotated[TrainingConfig, "--arch"],
    part: Literal["val", "test"] = option(
        "val",
        _("Part to compare on; test is for the final table, once: choosing by it would spend it."),
    ),
    resume: Resume = False,
    overwrite: Overwrite = False,
    devices: DeviceFolder = None,
) -> Answer:
    """Train networks alike and compare them: figures, cost, time, a test of each two.

    An eighth of the training part chooses the epochs, so the part compared on chose nothing. Runs
    go to OUTPUT/<network>.

    Example: edgetlc experiment compare resnet34 resnet50 --data split.csv -o runs/compare
    """
    from edgetlc.experiments.compare import compare_networks, comparison_to_json

    photos = load_part(data, "all", devices)
    check_run_folder(output, config, [data, devices, *photos.files])
    config = ready(config, devices, networks)
    how: Any = {"part": part, "overwrite": overwrite, "resume": resume}
    done = compare_networks(photos, config, networks, output, **how)
    return Answer(comparison_to_json(done), lambda: _show_comparison(done))


def _show_comparison(done: Comparison) -> None:
    scores = {name: one.evaluation.overall for name, one in done.networks.items()}
    count = next(iter(scores.values())).count
    milliseconds = next(iter(done.costs.values())).milliseconds
    rows = (
        (
            *(name, *scores_row(scores[name])[1:], f"{cost.parameters / 1e6:.1f} M"),
            f"{cost.multiply_adds / 1e9:.2f} G",
            f"× {cost.milliseconds / milliseconds:.2f}",
        )
        for name, cost in done.costs.items()
    )
    table(
        _("Part {part}, {count} photos; time per photo as a ratio", part=done.part, count=count),
        (_("network"), *COLUMNS[1:], *numbers(_("parameters"), _("multiply-adds"), _("time"))),
        rows,
        simulated=done.simulated,
    )
    names = (_("photos"), _("specimens"), _("first better"), _("second better"), _("p"))
    tests = (
        (
            *(f"{t.first}, {t.second}", t.photos, t.specimens, t.first_better, t.second_better),
            *(f"{p:.3g}" for p in (t.p, t.adjusted)),
        )
        for t in done.tests
    )
    columns = (_("pair"), *numbers(*names, _("adjusted p")))
    table(_("McNemar's test on specimens, mid-p; adjusted by Holm"), columns, tests)
    if done.part == "val":
        say(
            "Whichever looks best here is flattered by being chosen. The final table, once: "
            "the same command with --part test --resume"
        )


@app.command("leave-camera-out", toolchain="edgetlc experiment leave-camera-out", file=True)
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
) -> Answer:
    """Tell how a network does on cameras that it never saw.

    Trains without each camera, twice: without and with camera augmentation, which changes half of
    the photos unless told; and two networks on all cameras. Runs go to OUTPUT/without-<camera> and
    so on.

    Example: edgetlc experiment leave-camera-out iphone-11 --data split.csv -o runs/cameras
    """
    from edgetlc.experiments.leave_camera_out import leave_camera_out as hold_out
    from edgetlc.experiments.leave_camera_out import leave_camera_out_to_json

    photos = load_part(data, "all", devices)
    check_run_folder(output, config, [data, devices, *photos.files])
    augmentation = config.camera_augmentation or CameraAugmentation()
    config = ready(replace(config, camera_augmentation=augmentation), devices)
    augmentation = config.camera_augmentation or augmentation
    how: Any = {"overwrite": overwrite, "resume": resume}
    done = hold_out(photos, config, augmentation, output, cameras or None, **how)
    if done.nameless:
        note(
            n_(
                "{count} photo names no camera and was left out of every training",
                "{count} photos name no camera and were left out of every training",
                count=done.nameless,
            )
        )
    return Answer(leave_camera_out_to_json(done), lambda: _show_cameras(done))


def _show_cameras(done: LeaveCameraOut) -> None:
    rows, together = (*done.cameras, done.together), done.together
    shares = (_("seen"), _("seen, augmented"), _("unseen"), _("unseen, augmented"))
    table(
        _("Right answers on each camera's test photos"),
        (_("camera"), *numbers(_("photos"), *shares)),
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
        (_("camera"), *numbers(_("groups"), *unseen, *augmented)),
        ((_name(row), row.groups, *_changes(row)) for row in rows),
    )
    say("p: McNemar's test on groups, mid-p, adjusted by Holm over the cameras.")
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
