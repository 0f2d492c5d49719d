"""`edgetlc runs`: the runs in a folder, and what sets several apart."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgetlc.cli.console import Json, Verbose, answer, note, simulated_mark, table
from edgetlc.errors import InputError

if TYPE_CHECKING:
    from edgetlc.training.runs import RunComparison, RunRecord

app = typer.Typer(
    help="Training runs: list those in a folder, compare several.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_FIGURES = {
    "accuracy": "val accuracy",
    "precision": "val precision",
    "recall": "val recall",
    "f1": "val F1",
    "auc": "val AUC",
    "train_accuracy": "train accuracy",
}
_LONGEST = 60  # characters of a setting in the table


@app.command("list")
def list_(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder that holds runs.")],
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """List the training runs in a folder and three levels below, with what each reached.

    Example: edgetlc runs list runs/
    """
    from edgetlc.training.runs import find_runs, read_run

    runs = []
    for place in find_runs(folder):
        try:
            runs.append(read_run(place))
        except InputError as error:  # one damaged run hides no other
            note(f"left out {place}: {error}")
    columns = ("run", "network", "epochs ", "kept ", "val accuracy ", "val loss ", "", "seed ")

    def show() -> None:
        table(f"Runs in {folder}", (*columns, "commit"), (_row(run, folder) for run in runs))

    answer([_document(run) for run in runs], show, as_json=json_)


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Two or more run folders.")],
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show runs side by side: in what their settings, data and versions differ, and the figures.

    Example: edgetlc runs compare runs/herbs runs/herbs-dropout
    """
    from edgetlc.training.runs import compare_runs

    found = compare_runs(runs)
    document = {
        "runs": [_document(run) for run in found.runs],
        "differences": {name: list(row) for name, row in found.differences.items()},
    }
    answer(document, lambda: _show_comparison(found), as_json=json_)


def _document(run: RunRecord) -> dict[str, Any]:
    return {
        "run": str(run.folder),
        "finished": run.scores is not None,
        "simulated": run.simulated,
        "epochs": len(run.epochs),
        "best": None if run.best is None else asdict(run.best),
        "record": dict(run.record),
        "scores": run.scores,
    }


def _row(run: RunRecord, folder: Path) -> tuple[object, ...]:
    best, settings = run.best, run.settings
    name = run.folder.relative_to(folder).as_posix()
    commit = run.commit
    return (
        name + simulated_mark(run.simulated),
        settings.get("architecture"),
        f"{len(run.epochs)} of {settings.get('epochs', '?')}",
        best and best.epoch,
        best and f"{best.val_accuracy:.1%}",
        best and f"{best.val_loss:.3f}",
        "" if run.scores is not None else "not finished",
        settings.get("seed"),
        commit and commit[:10],
    )


def _show_comparison(found: RunComparison) -> None:
    columns = ("", *(f"{run.folder.name}{simulated_mark(run.simulated)} " for run in found.runs))
    figures = [_figures(run) for run in found.runs]
    table("Figures", columns, ((name, *(f[name] for f in figures)) for name in figures[0]))
    rows = ((name, *map(_short, row)) for name, row in found.differences.items())
    table("In what they differ", tuple(c.strip() for c in columns), rows)


def _figures(run: RunRecord) -> dict[str, object]:
    best, figures = run.best, run.figures
    return {
        "epoch kept": best and best.epoch,
        "epochs": len(run.epochs),
        "val loss": best and f"{best.val_loss:.3f}",
        **{words: _share(figures.get(name)) for name, words in _FIGURES.items()},
        "seconds": round(sum(epoch.seconds for epoch in run.epochs)),
    }


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.1%}"


def _short(value: object) -> str | None:
    text = None if value is None else str(value)
    return text if text is None or len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
