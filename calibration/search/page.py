"""The search as an HTML page: one file that opens offline, on a phone, in the dark, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import edgetlc
from edgetlc.calibration.search.chart import Point, chart
from edgetlc.calibration.search.result import SearchResult
from edgetlc.calibration.search.table import Table, change, costs, losses, slot_name, slots
from edgetlc.calibration.search.targets import Recommendation
from edgetlc.calibration.search.variant import Row
from edgetlc.calibration.search.words import axes_words, bound_words, busy, how_timed, not_measured
from edgetlc.files import whole_file
from edgetlc.locale import Message
from edgetlc.parity import page_style
from edgetlc.parity.page_words import (
    CAMERA,
    SIMULATED,
    Words,
    heading,
    mark,
    sentences,
    words_table,
    zh_en,
)
from edgetlc.parity.reasons import percent
from edgetlc.parity.verdict import Verdict
from edgetlc.results import wording
from edgetlc.results.html_page import Html, document, element, facts, joined, two_languages

STYLE = (
    page_style.STYLE
    + """\
.ship { border-left: 1mm solid var(--line); padding-left: 3mm; margin: 0 0 3mm }
.ship h2 { margin: 0 0 1mm }
.ship .stated { margin: 0 0 1mm }
.ship.unmeasured { border-left-style: dashed }
.plots { margin-top: 4mm; display: flex; flex-wrap: wrap; gap: 4mm }
.plots figure { flex: 1 1 80mm; max-width: 150mm }
.search { width: 100%; height: auto; display: block; fill: none; stroke: currentColor }
.search text { font-size: 10.5px; fill: var(--pale); stroke: none }
.search .label { font-weight: 700; fill: var(--ink) }
.search .frame { stroke: var(--line) }
.search .grid { stroke: var(--line); stroke-width: 0.5; opacity: 0.5 }
.search .best { stroke: var(--answer); stroke-width: 1.5; stroke-dasharray: 5 3 }
.search .leader { stroke: var(--pale); stroke-width: 0.7 }
.search .float { color: var(--ink); stroke-width: 1.6 }
.search .accepted { color: var(--answer); stroke-width: 1.6 }
.search .refused { color: var(--counterfeit); stroke-width: 2 }
.legend { columns: 2 60mm; list-style: none; margin: 2mm 0; padding: 0; font-size: 8.5pt }
.legend li { break-inside: avoid }
"""
)


def write_page(path: Path, found: SearchResult) -> None:
    """Write a search as one HTML file, whole or not at all; replaces an older one."""
    with whole_file(path) as stream:
        for piece in document("edgetlc: 压缩方案 compression search", STYLE, _sheets(found)):
            stream.write(piece.encode("utf-8"))


def _both(message: Message) -> Words:
    return message.translated("zh"), str(message)


def _sheets(found: SearchResult) -> Iterator[Html]:
    yield _summary(found)
    yield _candidates(found)
    yield _cameras(found)
    yield _origin(found)


def _summary(found: SearchResult) -> Html:
    title = ("各类设备应发布的模型", "Which model to ship to which device")
    return element(
        "section",
        element("h1", zh_en(title)),
        *_simulated(found),
        *(_recommended(r) for r in found.recommendations),
        *(
            element("p", two_languages(*words, lines=True), class_="simulated")
            for words in busy(found)
        ),
        sentences(bound_words(found)),
    )


def _simulated(found: SearchResult) -> Iterator[Html]:
    if found.simulated:
        yield element("p", zh_en(SIMULATED), class_="simulated")


def _recommended(told: Recommendation) -> Html:
    measure = () if told.measure is None else (sentences(_both(told.measure)),)
    what = f"{told.candidate} · {told.engine}" if told.engine else told.candidate
    return element(
        "div",
        element("h2", zh_en(_both(told.label))),
        element("p", zh_en(("发布", "ship")), f" {what}", class_="stated"),
        sentences(_both(told.reason)),
        *measure,
        class_="ship unmeasured" if told.measure else "ship",
    )


def _candidates(found: SearchResult) -> Html:
    return element(
        "section",
        element("h1", zh_en(("候选", "Candidates"))),
        *_simulated(found),
        _numbered(losses(found)),
        heading(("用时与大小", "Time and size")),
        _numbered(costs(found)),
        element("div", *_plots(found), class_="plots"),
        _legend(found),
        sentences(axes_words()),
        *_left_out(found),
    )


def _numbered(table: Table) -> Html:
    columns, lines = table
    head = [("", ""), *(column.words for column in columns)]
    rows = ((str(number), *map(_cell, line)) for number, line in enumerate(lines, start=1))
    return element("div", words_table(head, rows), class_="wide small matrix")


def _cell(text: str) -> str | Html:
    marks: dict[str, Verdict] = {"yes": "PASS", "no": "FAIL"}
    return mark(marks[text], text) if text in marks else text


def _plots(found: SearchResult) -> Iterator[Html]:
    """Yield a drawing of this processor's fastest engine, and one for each older processor."""
    for held_to in dict.fromkeys(slot[1] for slot in slots(found)):
        points = [
            _point(found, number, row, ms)
            for number, row in enumerate(found.rows, start=1)
            if (ms := _fastest(row, held_to)) is not None
        ]
        names = [slot_name(slot) for slot in slots(found) if slot[1] == held_to]
        words = " / ".join(names)
        caption = zh_en(
            (
                f"最差设备准确率，每张照片毫秒数（{words}）",
                f"worst camera's accuracy over ms ({words})",
            )
        )
        drawn = chart(points, f"accuracy on the worst camera over milliseconds, {words}")
        yield element("figure", drawn, element("figcaption", caption))


def _fastest(row: Row, held_to: str) -> float | None:
    return min((x.median_ms for x in row.latencies if x.held_to == held_to), default=None)


def _point(found: SearchResult, number: int, row: Row, ms: float) -> Point:
    return Point(
        str(number),
        row.name,
        ms,
        row.measurement.worst_accuracy,
        "float" if row is found.rows[0] else "accepted" if found.accepts(row) else "refused",
        row.name in found.front,
    )


def _legend(found: SearchResult) -> Html:
    return element(
        "ul",
        *(
            element(
                "li", f"{number} · {row.name}: ", two_languages(*_both(row.how)), *_remarks(row)
            )
            for number, row in enumerate(found.rows, start=1)
        ),
        class_="legend",
    )


def _remarks(row: Row) -> Iterator[Html]:
    for remark in row.remarks:
        yield joined((element("br"), two_languages(*_both(remark))))


def _left_out(found: SearchResult) -> Iterator[Html]:
    if found.left_out:
        yield heading(("未列入的候选", "Candidates left out"))
        yield facts((joined((name,)), two_languages(*_both(why))) for name, why in found.left_out)


def _cameras(found: SearchResult) -> Html:
    """Return every camera's drop by every candidate."""
    title = ("各设备准确率的降幅", "Drop of every camera's accuracy")
    others = list(enumerate(found.rows, start=1))[1:]
    head = [CAMERA, ("照片", "photos"), ("float 准确率", "float's accuracy")]
    head += [(f"{number} {row.name}",) * 2 for number, row in others]
    lines = []
    for place, camera in enumerate(found.rows[0].measurement.cameras):
        drops = [change(row.measurement.cameras[place].drop) for _, row in others]
        share = wording.percent(camera.float_right / camera.photos)
        lines.append((camera.camera, str(camera.photos), share, *drops))
    return element(
        "section",
        element("h1", zh_en(title)),
        *_simulated(found),
        element("div", words_table(head, lines), class_="wide small matrix"),
    )


def _origin(found: SearchResult) -> Html:
    asked = found.rows[0].measurement.photos
    return element(
        "section",
        element("h1", zh_en(("如何测得", "How this was measured"))),
        sentences(how_timed(found)),
        *(sentences(words) for words in not_measured(found)),
        facts(
            (
                (zh_en(("验证照片", "validation photos")), joined((str(asked),))),
                (zh_en(("容许损失", "accepted loss")), joined((percent(found.max_drop),))),
                (zh_en(("机器", "machine")), joined((str(found.machine),))),
                (
                    zh_en(("时间", "made")),
                    joined((f"{found.created} · edgetlc {edgetlc.__version__}",)),
                ),
            )
        ),
        heading(("网络文件", "Networks' files")),
        element("div", facts(_digests(found)), class_="small"),
    )


def _digests(found: SearchResult) -> Iterator[tuple[Html, Html]]:
    for row in found.rows:
        yield joined((row.name,)), element("code", row.network)
