"""`edgetlc train --folds` and `--compare`: several networks trained alike, told in one table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from edgetlc.cli.console import answer, note, say, simulated_mark, table

if TYPE_CHECKING:
    from edgetlc.data.photos import PhotoSet
    from edgetlc.experiments.compare import Comparison, NetworkResult
    from edgetlc.experiments.folds import CrossValidation
    from edgetlc.training.config import TrainingConfig
    from edgetlc.training.metrics import Scores

Folds = Annotated[
    int | None,
    typer.Option(
        "--folds",
        min=2,
        help="Cross-validate: so many networks, each scored on a share of the training and "
        "validation parts that it did not see; runs go to OUTPUT/fold-1 and so on.",
    ),
]
Compare = Annotated[
    str | None,
    typer.Option(
        "--compare",
        metavar="NETWORKS",
        help="Train these networks alike and compare them, such as resnet34,resnet50,densenet161; "
        "runs go to OUTPUT/<network>.",
    ),
]
ComparePart = Annotated[
    Literal["val", "test"],
    typer.Option(
        "--part",
        help="Part that --compare compares on; test is for the final table, once: choosing by it "
        "would spend it.",
    ),
]

_COLUMNS = ("photos ", "accuracy ", "precision ", "recall ", "F1 ", "AUC ")
_FIGURES = ("accuracy", "precision", "recall", "f1", "auc")


def run_folds(
    photos: PhotoSet,
    config: TrainingConfig,
    output: Path,
    count: int,
    *,
    overwrite: bool,
    resume: bool,
    as_json: bool,
) -> None:
    """Cross-validate and print the folds' figures, their means and spreads."""
    from edgetlc.experiments.folds import cross_validate, cross_validation_to_json

    done = cross_validate(photos, config, output, count, overwrite=overwrite, resume=resume)
    for warning in done.warnings:
        note(f"warning: {warning}")
    for photo, reason in done.unreadable:
        note(f"left out {photo.path}: {reason}")
    answer(cross_validation_to_json(done), lambda: _show_folds(done), as_json=as_json)


def run_comparison(
    photos: PhotoSet,
    config: TrainingConfig,
    networks: str,
    output: Path,
    *,
    part: Literal["val", "test"],
    overwrite: bool,
    resume: bool,
    as_json: bool,
) -> None:
    """Train and compare networks; print the table and the paired tests."""
    from edgetlc.experiments.compare import compare_networks, comparison_to_json

    done = compare_networks(
        photos,
        config,
        [name.strip() for name in networks.split(",")],
        output,
        part=part,
        overwrite=overwrite,
        resume=resume,
    )
    answer(comparison_to_json(done), lambda: _show_comparison(done), as_json=as_json)


def _show_folds(done: CrossValidation) -> None:
    rows = [(fold.number, *_row(fold.scores)) for fold in done.folds]
    title = f"Held-out photos of each fold{simulated_mark(done.simulated)}"
    table(title, ("fold", *_COLUMNS), (*rows, *_spread_rows(done), ("pooled", *_row(done.pooled))))
    say("spread: sample standard deviation of the folds, no error of the mean (networks share")
    say("training photos); pooled: every photo once, answered by the network that did not see it")
    cameras = ((camera, *_row(scores)) for camera, scores in done.cameras.items())
    table(f"Pooled, by camera{simulated_mark(done.simulated)}", ("camera", *_COLUMNS), cameras)


def _spread_rows(done: CrossValidation) -> Iterator[tuple[object, ...]]:
    for words, value in (("mean", "mean"), ("spread", "deviation")):
        figures = (getattr(done.spreads.get(name), value, None) for name in _FIGURES)
        yield words, None, *map(_share, figures)


def _show_comparison(done: Comparison) -> None:
    count, mark = done.networks[0].scores.count, simulated_mark(done.simulated)
    table(
        f"Part {done.part}, {count} photos{mark}; time per photo as a ratio",
        ("network", *_COLUMNS[1:], "parameters ", "multiply-adds ", "time "),
        ((n.architecture, *_row(n.scores)[1:], *_cost(n, done.networks[0])) for n in done.networks),
    )
    only = ("only the first right ", "only the second right ")
    table(
        "McNemar's exact test, mid-p; adjusted by Holm",
        ("pair", "photos ", *only, "p ", "adjusted p "),
        (
            (
                f"{t.first}, {t.second}",
                *(t.photos, t.only_first, t.only_second),
                *(f"{p:.3g}" for p in (t.p, t.adjusted)),
            )
            for t in done.tests
        ),
    )
    if done.part == "val":
        say("The validation part also chose each network's epoch. The final table, once:")
        say("the same command with --part test --resume")


def _cost(network: NetworkResult, first: NetworkResult) -> tuple[str, ...]:
    cost = network.cost
    ratio = cost.milliseconds / first.cost.milliseconds
    return f"{cost.parameters / 1e6:.1f} M", f"{cost.multiply_adds / 1e9:.2f} G", f"× {ratio:.2f}"


def _row(scores: Scores) -> tuple[object, ...]:
    return (scores.count, *(_share(getattr(scores, name)) for name in _FIGURES))


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.1%}"
