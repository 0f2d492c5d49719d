"""A training run as a page: how good the network is, its curves and mistakes, what made it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil, floor, log10
from pathlib import Path
from typing import Any

from PIL import Image

from edgetlc.config import options
from edgetlc.devices.profiles import Cameras
from edgetlc.errors import ImageError
from edgetlc.locale import Message, _, p_
from edgetlc.pages.charts import Axis, Plot
from edgetlc.pages.render import Names
from edgetlc.pages.render import write_page as write
from edgetlc.results.wording import ROLE_NAMES, percent_given
from edgetlc.runtime.pixels import decode, read_photo
from edgetlc.training.augment import ANNEX_A, OWN_CHOICE
from edgetlc.training.config import TrainingConfig
from edgetlc.training.report import RunReport, WrongAnswer
from edgetlc.training.runs import Epoch, RunRecord, flat

PARTS: Mapping[str, Message] = {
    "train": _("training part"),
    "val": _("validation part"),
    "test": _("test part"),
    "all": _("all photos"),
}
MOST_FILES = 100
"""Unreadable photos that a page names."""
SIDE = 200
"""Longest side of a thumbnail in pixels."""
LOG_RANGE = 30
"""Losses further apart than this are drawn on a logarithmic scale."""
MOST_DOTS = 40
"""Most epochs that are marked one by one; of more, the line alone is clearer."""
_OF_STEPS = ("augmentation.", "camera_augmentation.")  # settings in a table of their own


def write_page(path: Path, report: RunReport, cameras: Cameras | None = None) -> None:
    """Write a report as one HTML file, whole or not at all; replaces an older one.

    Photos that were answered wrongly are decoded again. The page names `cameras`, those of the
    standard unless given.
    """
    names = Names(cameras or Cameras.load(), report.classes)
    scores = report.overall
    settings = _table(report.run.record, "settings")
    camera_augmentation = _table(settings, "camera_augmentation")
    write(
        path,
        "training.html.jinja",
        report=report,
        part=PARTS[report.part],
        right=sum(scores.confusion[i][i] for i in range(len(scores.confusion))),
        charts=charts(report.run),
        wrong=((answer, thumbnail(answer)) for answer in report.wrong),
        camera_name=names.camera,
        class_name=names.label,
        file_name=lambda file: Path(file).name,
        roles=ROLE_NAMES,
        changed=changed_settings(report.run),
        steps=steps(_table(settings, "augmentation")),
        camera_augmentation=camera_augmentation,
        camera_count=len(_table(camera_augmentation, "looks")),
        origin=origin(report.run.record),
        figure=figure,
        most_files=MOST_FILES,
    )


@dataclass(frozen=True)
class Chart:
    """Curves of one figure over the epochs."""

    title: Message
    plot: Plot
    curves: Mapping[str, list[tuple[float, float]]]  # by part: `train`, drawn dashed, or `val`
    kept: float  # where the epoch is whose weights were kept
    mark: str  # of each epoch, for `charts.html.jinja`


def charts(run: RunRecord) -> list[Chart]:
    """Return loss, accuracy and learning rate over the epochs; none where none has ended."""
    if run.best is None:
        return []
    losses = [e.val_loss for e in run.epochs] + [e.train_loss for e in run.epochs]
    shares = [e.val_accuracy for e in run.epochs]
    learnt = [e.train_accuracy for e in run.epochs if e.train_accuracy is not None]
    lines = {"train": "train_accuracy", "val": "val_accuracy"}
    title = _("Accuracy: training (dashed), validation (solid)")
    if len(learnt) < len(run.epochs):  # older runs have no training accuracy
        lines, title = {"val": "val_accuracy"}, _("Validation accuracy")
    highest_rate = max([*(e.learning_rate for e in run.epochs), 1e-12])
    return [
        _chart(
            run,
            _("Loss: training (dashed), validation (solid)"),
            loss_axis(losses),
            {"train": "train_loss", "val": "val_loss"},
        ),
        _chart(run, title, share_axis(shares + learnt), lines),
        _chart(run, _("Learning rate"), Axis.of_numbers(0, highest_rate), {"val": "learning_rate"}),
    ]


def _chart(run: RunRecord, title: Message, up: Axis, lines: Mapping[str, str]) -> Chart:
    first, last = run.epochs[0].epoch, run.epochs[-1].epoch
    plot = Plot(Axis.of_counts(first, last), up, 320, 190, left=58, room_right=14)
    curves = {part: plot.curve_of(run.epochs, "epoch", name) for part, name in lines.items()}
    best: Epoch = run.best  # type: ignore[assignment]
    mark = "circle" if len(run.epochs) <= MOST_DOTS else ""
    return Chart(title, plot, curves, plot.x(best.epoch), mark)


def loss_axis(values: Sequence[float]) -> Axis:
    """Return a scale from 0, or a logarithmic one where values are far apart."""
    least, most = max(min(values), 1e-5), max([*values, 1e-5])
    if most / least > LOG_RANGE:
        return Axis.of_factors(10.0 ** floor(log10(least)), 10.0 ** ceil(log10(most) + 1e-9))
    return Axis.of_numbers(0, 1.05 * most)


def share_axis(values: Sequence[float]) -> Axis:
    """Return a scale of shares that ends at 100 %."""
    return Axis.of_shares(min(floor(10 * min(values) + 1e-9) / 10, 0.9), 1.0)


def thumbnail(answer: WrongAnswer) -> Image.Image | None:
    """Return a small upright picture; None where the photo is gone or cannot be read."""
    try:
        image = Image.fromarray(decode(read_photo(Path(answer.path)), SIDE).pixels)
    except (ImageError, ValueError):  # a path from elsewhere may hold a NUL
        return None
    image.thumbnail((SIDE, SIDE))
    return image


def changed_settings(run: RunRecord) -> list[tuple[str, Any, Any, str | None]]:
    """Return the settings that differ from the defaults: name, value, default, meaning.

    Those of augmentation are left out: `steps` tells them.
    """
    defaults = dict(flat(json.loads(json.dumps(asdict(TrainingConfig()), default=str))))
    meanings = options(TrainingConfig)
    return [
        (name, value, defaults.get(name), meanings[name].help if name in meanings else None)
        for name, value in run.settings.items()
        if value != defaults.get(name) and not name.startswith(_OF_STEPS)
    ]


def origin(record: Mapping[str, Any]) -> Iterator[tuple[Message, str]]:
    """Yield what `run.json` tells of photos, start and code; other tools' records tell less."""
    data, git = _table(record, "data"), _table(record, "git")
    photos, versions = _table(data, "photos"), _table(record, "versions")
    if photos:
        train, val = photos.get("train"), photos.get("val")
        yield _("photos"), _("{train} to train on, {val} to validate with", train=train, val=val)
    for name, value in (
        (_("training photos, SHA-256"), data.get("train_digest")),
        (_("validation photos, SHA-256"), data.get("val_digest")),
        (_("started from"), record.get("start")),
        (_("starting weights, SHA-256"), record.get("weights_sha256")),
    ):
        if value:
            yield name, value if isinstance(value, Message) else str(value)
    commit = git.get("commit")
    if git.get("dirty"):
        changed = _("commit {commit}, with changes that were not committed", commit=commit)
        yield _("code"), changed
    elif git:
        yield _("code"), _("commit {commit}", commit=commit)
    if versions:
        yield _("versions"), " · ".join(f"{name} {number}" for name, number in versions.items())


@dataclass(frozen=True)
class Step:
    """A step of augmentation."""

    name: Message
    share: str  # of the photos
    reach: str  # its largest change; empty for a flip
    default: str  # both, in Annex A
    own: bool  # whether the annex does not legibly say how far it goes


STEPS = (  # name, the field that holds its probability, the one that holds its reach, the unit
    (_("horizontal flip"), "horizontal_flip", "", "%"),
    (_("vertical flip"), "vertical_flip", "", "%"),
    (_("shift (of the side)"), "affine", "shift", "%"),
    (p_("augmentation", "scale"), "affine", "scale", "%"),
    (_("rotation"), "affine", "rotation", "°"),
    (_("brightness"), "light", "brightness", "%"),
    (_("contrast"), "light", "contrast", "%"),
)


def steps(settings: Mapping[str, Any]) -> list[Step]:
    """Return what happened to the training photos; nothing where an older run does not tell."""

    def told(values: Mapping[str, Any], chance: str, reach: str, unit: str) -> tuple[str, str]:
        far = f"±{figure(values.get(reach), unit)}" if reach else ""
        return figure(values.get(chance)), far

    return [
        Step(
            name,
            *told(settings, chance, reach, unit),
            " ".join(told(asdict(ANNEX_A), chance, reach, unit)).strip(),
            reach in OWN_CHOICE,
        )
        for name, chance, reach, unit in STEPS
        if settings
    ]


def figure(value: Any, unit: str = "%") -> str:
    """Return a recorded number with its unit, a share as a percentage; `?` for anything else."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return "?"
    return percent_given(value) if unit == "%" else f"{value:.4g}{unit}"


def _table(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = record.get(name)
    return found if isinstance(found, Mapping) else {}
