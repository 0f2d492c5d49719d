"""How `edgetlc predict` tells people what it found: in words, in a table, or in counts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from edgetlc.cli.console import numbers, say, table
from edgetlc.locale import _, local, n_, spoken

if TYPE_CHECKING:
    from edgetlc.results.records import Record
    from edgetlc.runtime.prediction import Prediction

UNREADABLE = "unreadable"  # as in edgetlc.results.records, which this does not import to start fast
MOST_ROWS = 50
"""Photos shown one by one; more are counted."""
_MOST_TEXTS = 3  # cautions of one kind, which differ by camera only


class Tally:
    """What the terminal shows of a batch: its first records, and counts of all."""

    def __init__(self) -> None:
        self.photos = 0
        self.unreadable = 0
        self.first: list[Record] = []
        self.answers: Counter[str] = Counter()
        self.not_sure: Counter[str] = Counter()
        self.labels: dict[str, Record] = {}
        self.cautions: Counter[tuple[str, str, str]] = Counter()

    def add(self, one: Record) -> None:
        """Count one photo."""
        self.photos += 1
        if self.photos <= MOST_ROWS:
            self.first.append(one)
        if one["decision"] == UNREADABLE:
            self.unreadable += 1
            return
        self.labels.setdefault(one["label"], one)
        (self.not_sure if one["decision"] == "not_sure" else self.answers)[one["label"]] += 1
        for caution in one["cautions"]:
            self.cautions[caution["code"], caution["zh"], caution["en"]] += 1


def show_one(prediction: Prediction) -> None:
    """Print one prediction."""
    from edgetlc.results.records import record

    _show_record(record(prediction))


def show_answers(found: Tally) -> None:
    """Print what was found: in words, as a table, or as counts."""
    if found.photos == 1:
        _show_record(found.first[0])
    elif found.photos <= MOST_ROWS:
        figures = numbers(_("confidence"), _("needed"))
        others = (_("runner-up"), _("camera"), _("verified"))
        table(_("Answers"), (_("photo"), _("answer"), *figures, *others), map(_row, found.first))
        _show_cautions(found)
    else:
        _show_counts(found)


def _show_record(one: Record) -> None:
    from edgetlc.results.wording import describe

    for line in describe(one, spoken()):
        say(line)


def _row(one: Record) -> tuple[object, ...]:
    from edgetlc.results import wording

    if one["decision"] == UNREADABLE:
        return (one["file"], wording.UNREADABLE_PHOTO, *[None] * 5)
    label = wording.answer_of(one, spoken())
    if one["decision"] == "not_sure":
        label = f"{local(wording.NOT_SURE)} ({wording.both(one['zh'], one['en'])}?)"
    runner_up = wording.both(one["runner_up_zh"], one["runner_up_en"])
    return (
        *(one["file"], label, wording.percent(one["confidence"])),
        wording.percent_needed(one["needed"]),
        f"{runner_up} {wording.percent(one['runner_up_confidence'])}",
        *(one["camera"] or _("unknown"), wording.STATUS_NAMES[one["verified"]]),
    )


def _show_counts(found: Tally) -> None:
    from edgetlc.results.wording import ROLE_NAMES, both

    rows = (
        (
            *(both(one["zh"], one["en"]), ROLE_NAMES.get(one["role"], "")),
            *(found.answers[label], found.not_sure[label]),
        )
        for label, one in sorted(found.labels.items())
    )
    figures = numbers(_("answers"), _("not sure, most likely this"))
    table(_("Answers by label"), (_("label"), "", *figures), rows)
    say(
        n_(
            "{count} photo: {answered} answered, {doubtful} NOT SURE (send these pieces to the "
            "laboratory), {unreadable} unreadable",
            "{count} photos: {answered} answered, {doubtful} NOT SURE (send these pieces to the "
            "laboratory), {unreadable} unreadable",
            count=found.photos,
            answered=found.answers.total(),
            doubtful=found.not_sure.total(),
            unreadable=found.unreadable,
        )
    )
    _show_cautions(found)


def _show_cautions(found: Tally) -> None:
    shown: Counter[str] = Counter()
    for (code, zh, en), count in found.cautions.most_common():
        shown[code] += 1
        if shown[code] <= _MOST_TEXTS:
            say(
                "caution for {count} of {photos} photos ({code}): {text}",
                count=count,
                photos=found.photos,
                code=code,
                text=zh if spoken() == "zh" else en,
            )
    for code, texts in shown.items():
        if texts > _MOST_TEXTS:
            say(
                n_(
                    "and {count} more caution of the kind {code}, of another camera",
                    "and {count} more cautions of the kind {code}, of other cameras",
                    count=texts - _MOST_TEXTS,
                    code=code,
                )
            )
