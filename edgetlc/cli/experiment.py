"""`edgetlc experiment`: several networks trained alike to answer one question."""

from __future__ import annotations

from edgetlc.cli.commands import Commands
from edgetlc.cli.experiment_cameras import leave_camera_out
from edgetlc.cli.experiment_compare import compare
from edgetlc.cli.experiment_folds import folds
from edgetlc.locale import _

app = Commands(
    _("Experiments: cross-validate, compare networks, hold cameras out."),
)

for _name, _function in (
    ("folds", folds),
    ("compare", compare),
    ("leave-camera-out", leave_camera_out),
):
    app.command(_name, toolchain=f"edgetlc experiment {_name}", file=True)(_function)
