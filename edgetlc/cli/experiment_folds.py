"""`edgetlc experiment folds`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from edgetlc.cli.console import answer, note, note_unreadable, percent, say, table
from edgetlc.cli.options import Data, DeviceFolder, Json, Output, Overwrite, Resume, load_part
from edgetlc.cli.scores_view import COLUMNS, FIGURES, scores_row
from edgetlc.cli.training import ready
from edgetlc.locale import _
from edgetlc.training.config import TrainingConfig

if TYPE_CHECKING:
    from edgetlc.experiments.folds import CrossValidation


def folds(
    data: Data,
    output: Output,
    config: TrainingConfig,
    count: Annotated[
        int, typer.Option("--folds", min=2, help=_("How many networks to train and score."))
    ] = 5,
    resume: Resume = False,
    overwrite: Overwrite = False,
    devices: DeviceFolder = None,
    json_: Json = False,
) -> None:
    """Cross-validate: each network is scored on a share of the photos that it did not see.

    The shares are of the training and validation parts, groups kept together; the test part is
    never touched. Runs go to OUTPUT/fold-1 and so on.

    Example: edgetlc experiment folds --data split.csv --folds 5 -o runs/folds
    """
    from edgetlc.experiments.folds import cross_validate, cross_validation_to_json

    with ready(config, devices) as config:
        photos = load_part(data, "all", devices)
        done = cross_validate(photos, config, output, count, overwrite=overwrite, resume=resume)
        for warning in done.warnings:
            note("warning: {warning}", warning=warning)
        note_unreadable(done.pooled.unreadable)
        answer(cross_validation_to_json(done), lambda: _show(done), as_json=json_)


def _show(done: CrossValidation) -> None:
    pooled = done.pooled
    rows: list[tuple[object, ...]] = [
        (number, *scores_row(one.evaluation.overall))
        for number, one in enumerate(done.folds, start=1)
    ]
    table(
        _("Held-out photos of each fold"),
        (_("fold"), *COLUMNS),
        (*rows, *_spreads(done), (_("pooled"), *scores_row(pooled.overall))),
        simulated=pooled.simulated,
    )
    say(
        "spread: sample standard deviation of the folds, no error of the mean (networks share "
        "training photos); pooled: every photo once, answered by the network that did not see "
        "it"
    )
    table(
        _("Pooled, by camera"),
        (_("camera"), *COLUMNS),
        ((camera, *scores_row(scores)) for camera, scores in pooled.cameras.items()),
        simulated=pooled.simulated,
    )


def _spreads(done: CrossValidation) -> Iterator[tuple[object, ...]]:
    for name, value in ((_("mean"), "mean"), (_("spread"), "deviation")):
        figures = (getattr(done.spreads.get(figure), value, None) for figure in FIGURES)
        yield name, None, *map(percent, figures)
