"""`edgetlc data`: check a photo set, split it, render it as other cameras would have taken it."""

from __future__ import annotations

from edgetlc.cli.commands import Commands
from edgetlc.cli.data_check import check
from edgetlc.cli.data_split import split
from edgetlc.cli.simulate import simulate
from edgetlc.locale import _

app = Commands(_("Photo sets: check them, split them, render them for other cameras."))

for _function in (check, split, simulate):
    app.command()(_function)
