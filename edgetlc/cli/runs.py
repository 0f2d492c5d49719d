"""`edgetlc runs`: the runs in a folder, and what sets several apart."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgetlc.cli.commands import Commands
from edgetlc.cli.console import Answer, left_out, numbers, percent, table
from edgetlc.errors import InputError
from edgetlc.locale import _

if TYPE_CHECKING:
    from edgetlc.training.runs import RunComparison, RunRecord

app = Commands(_("Training runs: list those in a folder, compare several."))

_FIGURES = {
    "accuracy": _("val accuracy"),
    "precision": _("val precision"),
    "recall": _("val recall"),
    "f1": _("val F1"),
    "auc": _("val AUC"),
    "train_accuracy": _("train accuracy"),
}
_LONGEST = 60  # characters of a setting in the table


@app.command("list")
def list_(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help=_("Folder that holds runs."))],
) -> Answer:
    """List the training runs in a folder and three levels below, with what each reached.

    Example: edgetlc runs list runs/
    """
    from edgetlc.training.runs import find_runs, read_run

    runs = []
    for place in find_runs(folder):
        try:
            runs.append(read_run(place))
        except InputError as error:  # one damaged run hides no other
            left_out([(place, error.text)])

    def show() -> None:
        figures = numbers(_("epochs"), _("kept"), _("val accuracy"), _("val loss"))
        columns = (_("run"), _("network"), *figures, "", *numbers(_("seed")), _("commit"))
        table(_("Runs in {folder}", folder=folder), columns, (_row(run, folder) for run in runs))

    return Answer([_document(run) for run in runs], show)


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help=_("Two or more run folders."))],
) -> Answer:
    """Show runs side by side: in what their settings, data and versions differ, and the figures.

    Example: edgetlc runs compare runs/herbs runs/herbs-dropout
    """
    from edgetlc.training.runs import compare_runs

    found = compare_runs(runs)
    document = {
        "runs": [_document(run) for run in found.runs],
        "differences": {name: list(row) for name, row in found.differences.items()},
    }
    return Answer(document, lambda: _show_comparison(found))


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
    return (
        _marked(run.folder.relative_to(folder).as_posix(), run),
        settings.get("architecture"),
        _("{done} of {all}", done=len(run.epochs), all=settings.get("epochs", "?")),
        *((best.epoch, percent(best.val_accuracy), f"{best.val_loss:.3f}") if best else [None] * 3),
        "" if run.scores is not None else _("not finished"),
        settings.get("seed"),
        run.commit and run.commit[:10],
    )


def _show_comparison(found: RunComparison) -> None:
    names = [_marked(run.folder.name, run) for run in found.runs]
    figures = [_figures(run) for run in found.runs]
    rows = ((name, *(f[name] for f in figures)) for name in figures[0])
    table(_("Figures"), ("", *numbers(*names)), rows)
    differences = ((name, *map(_short, row)) for name, row in found.differences.items())
    table(_("In what they differ"), ("", *names), differences)


def _marked(name: str, run: RunRecord) -> str:
    return _("{name} (SIMULATED photos)", name=name) if run.simulated else name


def _figures(run: RunRecord) -> dict[str, object]:
    best, figures = run.best, run.figures
    return {
        _("epoch kept"): best and best.epoch,
        _("epochs"): len(run.epochs),
        _("val loss"): best and f"{best.val_loss:.3f}",
        **{words: percent(figures.get(name)) for name, words in _FIGURES.items()},
        _("seconds"): round(sum(epoch.seconds for epoch in run.epochs)),
    }


def _short(value: object) -> str | None:
    text = str(value)
    short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return None if value is None else short
