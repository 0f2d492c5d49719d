"""`edgetlc plan`: how many photos `verify` will take.

A command of its own and no mode of `verify`, whose first argument is a bundle: planning comes
before there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from edgetlc.cli.console import Answer, numbers, percent, say, table
from edgetlc.cli.options import Overwrite, ReportFile
from edgetlc.locale import _
from edgetlc.outputs import Target, check_outputs
from edgetlc.parity.rule import Rule
from edgetlc.results.wording import percent_given
from edgetlc.statistics.plan import PlanConfig

if TYPE_CHECKING:
    from edgetlc.statistics.plan import Plan


def plan(
    rule: Annotated[Rule, "--sequential"],
    config: PlanConfig,
    report: ReportFile = None,
    overwrite: Overwrite = False,
) -> Answer:
    """Tell how many photos of each camera a verdict takes, before the first is taken.

    By the rule of 'edgetlc verify' for a fixed number, for what is expected to go from right to
    wrong. Decide on a number and keep to it: photographing on until the verdict is PASS proves
    nothing.

    Example: edgetlc plan --margin 0.02 --expected 0.005 --cameras 14 --report plan.html
    """
    from edgetlc.pages.plan import write_page
    from edgetlc.statistics.plan import plan as planned

    check_outputs([Target(report, replace=overwrite)])
    found = planned(rule.margin, rule.confidence, config)

    def write() -> None:
        if report is not None:
            write_page(report, found)

    return Answer(found.to_json(), lambda: _show(found), write=write)


def _show(found: Plan) -> None:
    table(
        _(
            "Photos for a PASS at a margin of {margin}, {confidence} confidence, with a chance "
            "of {power}",
            margin=percent_given(found.margin),
            confidence=percent_given(found.confidence),
            power=percent_given(found.power),
        ),
        numbers(
            _("expected right to wrong"),
            _("photos of each camera"),
            _("right to wrong at most"),
            _("photos in all"),
            _("one camera passes"),
            _("all pass"),
        ),
        (
            (
                *(percent_given(row.expected), row.photos, row.allowed),
                *(row.photos * found.cameras, percent(row.chance), percent(row.chance_of_all)),
            )
            for row in found.rows
        ),
    )
    say(
        "Photos are of different pieces: several of one piece count once. The gate takes as many "
        "photos of counterfeits of each camera, at its own margin."
    )
    say("Decide on the number before the first photo and keep to it.")
