"""Every camera of a candidate with its counts and its intervals against the margin."""

from __future__ import annotations

from collections.abc import Iterator

from edgetlc.parity.page_charts import Scale, intervals, margin_label, tick_labels
from edgetlc.parity.page_words import (
    CAMERA,
    CHANGED,
    PHOTOS,
    Words,
    camera_name,
    heading,
    mark,
    sentences,
    units_needed,
    zh_en,
)
from edgetlc.parity.reasons import percent
from edgetlc.parity.verdict import CameraVerdict, Rule
from edgetlc.parity.verification import CandidateReport
from edgetlc.results import wording
from edgetlc.results.html_page import Html, element, joined

_SEQUENTIAL: Words = (
    "结论由下方的序贯规则作出；这里的区间只在照片数量事先确定时有效。",
    "The sequential rule below decides; these intervals hold for a number of photos fixed "
    "beforehand.",
)


def interval_table(report: CandidateReport, rule: Rule) -> Iterator[Html]:
    """Yield one row per camera; on a phone each becomes a small block."""
    scale = Scale.of(report.cameras, rule.margin)
    labelled = any(v.tally.labelled for v in report.cameras)
    yield heading(("每个设备的区间", "Intervals per camera"))
    yield _legend(rule, labelled=labelled)
    if report.sequential:
        yield sentences(_SEQUENTIAL)
    yield element(
        "table",
        element("thead", _head(scale, labelled=labelled)),
        element("tbody", *(_row(v, report, scale) for v in report.cameras)),
        element("tfoot", _foot(scale)),
        class_="forest",
    )


def _legend(rule: Rule, *, labelled: bool) -> Html:
    sure = percent(rule.confidence)
    zh, en = ("由对变错", "right to wrong") if labelled else CHANGED
    box: Words = (
        f"色块：{zh}的比例的区间，右端低于虚线（容许值）即通过。各界限单侧 {sure}。",
        f"Box: share {en}; PASS where its right end is left of the dashed margin. "
        f"Bounds are one-sided, {sure}.",
    )
    line: Words = (
        "细线：准确率下降的区间；整段在虚线右侧才可能判为未通过。",
        "Line: drop of accuracy; FAIL only where all of it is right of the margin.",
    )
    lines = (zh_en(words) for words in ((box, line) if labelled else (box,)))
    return element("p", joined(lines, "<br>"), class_="pale small")


def _head(scale: Scale, *, labelled: bool) -> Html:
    columns = (
        (zh_en(CAMERA), "camera"),
        (zh_en(PHOTOS), "count"),
        (zh_en(("损 / 益", "harms / gains") if labelled else CHANGED), "count"),
        (zh_en(("一致", "same")), "count"),
        (margin_label(scale), "plot"),
        (zh_en(("上限", "at most")), "count"),
        (zh_en(("下降", "drop")), "count"),
    )
    return element("tr", *(element("th", words, class_=kind) for words, kind in columns))


def _foot(scale: Scale) -> Html:
    blank, labels = element("td", colspan="4"), element("td", tick_labels(scale), class_="plot")
    return element("tr", blank, labels, element("td", colspan="2"))


def _row(v: CameraVerdict, report: CandidateReport, scale: Scale) -> Html:
    t, decided = v.tally, report.decided[v.tally.camera]
    name = joined((mark(decided.verdict, decided.reason), " ", camera_name(t.camera)))
    more = units_needed(decided)
    missing = (element("br"), f"+{more}") if more else ()
    drop = f"{percent(v.drop_lower)} … {percent(v.drop_upper)}" if t.labelled else "–"
    return element(
        "tr",
        element("th", name, scope="row", class_="camera"),
        _count("n", str(t.n) if t.specimens is None else f"{t.n} ({t.units})"),
        _count("±", f"{t.b} / {t.c}" if t.labelled else str(t.b)),
        _count("=", "–" if t.agreement is None else wording.percent(t.agreement)),
        element("td", intervals(v, scale), class_="plot"),
        _count("≤", joined((percent(v.right_to_wrong_upper), *missing))),
        _count("↓", drop),
    )


def _count(key: str, told: str | Html) -> Html:
    """Return a cell; `key` stands before it where the columns have no heads."""
    return element("td", told, class_="count", data_key=key)
