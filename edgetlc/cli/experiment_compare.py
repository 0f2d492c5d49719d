"""`edgetlc experiment compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from edgetlc.cli.console import answer, numbers, say, table
from edgetlc.cli.options import Data, DeviceFolder, Json, Output, Overwrite, Resume, load_part
from edgetlc.cli.scores_view import COLUMNS, scores_row
from edgetlc.cli.training import ready
from edgetlc.locale import _
from edgetlc.training.config import TrainingConfig

if TYPE_CHECKING:
    from edgetlc.experiments.compare import Comparison


def compare(
    networks: Annotated[
        list[str],
        typer.Argument(metavar="NETWORK…", help=_("Two or more networks, by their names.")),
    ],
    data: Data,
    output: Output,
    config: Annotated[TrainingConfig, "--arch"],
    part: Annotated[
        Literal["val", "test"],
        typer.Option(
            "--part",
            help=_(
                "Part to compare on; test is for the final table, once: choosing by it would "
                "spend it."
            ),
        ),
    ] = "val",
    resume: Resume = False,
    overwrite: Overwrite = False,
    devices: DeviceFolder = None,
    json_: Json = False,
) -> None:
    """Train networks alike and compare them: figures, cost, time, exact tests of each two.

    Runs go to OUTPUT/<network>.

    Example: edgetlc experiment compare resnet34 resnet50 --data split.csv -o runs/compare
    """
    from edgetlc.experiments.compare import compare_networks, comparison_to_json

    with ready(config, devices, networks) as config:
        photos = load_part(data, "all", devices)
        done = compare_networks(
            photos, config, networks, output, part=part, overwrite=overwrite, resume=resume
        )
        answer(comparison_to_json(done), lambda: _show(done), as_json=json_)


def _show(done: Comparison) -> None:
    scores = {name: one.evaluation.overall for name, one in done.networks.items()}
    count = next(iter(scores.values())).count
    table(
        _("Part {part}, {count} photos; time per photo as a ratio", part=done.part, count=count),
        (
            _("network"),
            *COLUMNS[1:],
            *numbers((_("parameters"), _("multiply-adds"), _("time"))),
        ),
        ((name, *scores_row(own)[1:], *_cost(done, name)) for name, own in scores.items()),
        simulated=done.simulated,
    )
    names = (_("photos"), _("only the first right"), _("only the second right"), _("p"))
    table(
        _("McNemar's exact test, mid-p; adjusted by Holm"),
        (_("pair"), *numbers((*names, _("adjusted p")))),
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
        say(
            "The validation part also chose each network's epoch. The final table, once: "
            "the same command with --part test --resume"
        )


def _cost(done: Comparison, network: str) -> tuple[str, ...]:
    cost, first = done.costs[network], next(iter(done.costs.values()))
    ratio = cost.milliseconds / first.milliseconds
    return f"{cost.parameters / 1e6:.1f} M", f"{cost.multiply_adds / 1e9:.2f} G", f"× {ratio:.2f}"
