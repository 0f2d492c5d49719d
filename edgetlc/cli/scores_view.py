"""How tables show what networks reach on photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgetlc.cli.console import Number, percent
from edgetlc.locale import _

if TYPE_CHECKING:
    from edgetlc.training.metrics import Scores

FIGURES = ("accuracy", "precision", "recall", "f1", "auc")
COLUMNS = tuple(
    map(
        Number,
        (_("photos"), _("accuracy"), _("precision"), _("recall"), _("F1"), _("AUC")),
    )
)


def scores_row(scores: Scores) -> tuple[object, ...]:
    """Return the cells of `COLUMNS`."""
    return (scores.count, *(percent(getattr(scores, name)) for name in FIGURES))
