"""The printed report of a prediction: one A4 page per photo, in Chinese and English.

    seen = evidence(prediction, content, geometry)
    pages = [photo_page(classifier, prediction, content, seen, time), ...]
    write_report(Path("report.html"), run, records, pages, time)

Several photos have a summary before them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from edgetlc.errors import InputError
from edgetlc.files import whole_file
from edgetlc.results.html_page import (
    Html,
    document,
    element,
    facts,
    joined,
    sign,
    table,
    two_languages,
)
from edgetlc.results.icons import icon_name
from edgetlc.results.photo_page import PHOTO_STYLE, anchor, origin_facts
from edgetlc.results.records import UNREADABLE, Record, RunInfo
from edgetlc.results.wording import ROLES, UNKNOWN, UNREADABLE_WORDS, percent

MOST_PHOTOS = {".html": 200, ".htm": 200, ".pdf": 100}
"""Photos in one report by its suffix: more open slowly and nobody reads them. A hundred make a PDF
in half a minute and 600 MB of memory."""


def check_report(path: Path, photos: int) -> None:
    """Refuse a report that cannot be written, before the work.

    Raises:
        InputError: another suffix than .html or .pdf, or too many photos.
        MissingExtraError: a PDF without the extra `pdf`.
    """
    suffix = path.suffix.lower()
    if suffix not in MOST_PHOTOS:
        raise InputError(f"{path} is no kind of report; name it .html or .pdf")
    if photos > MOST_PHOTOS[suffix]:
        raise InputError(
            f"a report of {photos} photos; {MOST_PHOTOS[suffix]} are allowed in a {suffix} file. "
            "Write one for a part of them, or a results file of all"
        )
    if suffix == ".pdf":
        from edgetlc.results.pdf import need_pdf

        need_pdf()


def write_report(
    path: Path, run: RunInfo, records: Iterable[Record], pages: Sequence[Html], time: str
) -> None:
    """Write a report as HTML, or as PDF where `path` ends in `.pdf`; whole or not at all.

    Args:
        path: replaced if it is there.
        run: what answered.
        records: of all photos, in order, unreadable ones included.
        pages: from `photo_page`, of those that could be read.
        time: of the report, such as `2026-11-02 14:05 +08:00`.

    Raises:
        MissingExtraError: a PDF without the extra `pdf`.
    """
    pieces = report_html(run, list(records), pages, time)
    if path.suffix.lower() == ".pdf":
        from edgetlc.results.pdf import to_pdf

        content: Iterable[bytes] = (to_pdf("".join(pieces)),)
    else:
        content = (piece.encode("utf-8") for piece in pieces)
    with whole_file(path) as stream:
        for piece in content:
            stream.write(piece)


def report_html(
    run: RunInfo, records: Sequence[Record], pages: Sequence[Html], time: str
) -> Iterator[str]:
    """Yield the HTML of a report, one piece per page; arguments as of `write_report`."""
    summary = [] if len(records) == 1 and pages else [_summary(run, records, time)]
    return document(
        "edgetlc: 鉴别报告 identification report", PHOTO_STYLE + _STYLE, [*summary, *pages]
    )


def _summary(run: RunInfo, records: Sequence[Record], time: str) -> Html:
    columns = (
        two_languages("序号", "no."),
        two_languages("照片", "photo"),
        two_languages("结论", "decision"),
        two_languages("置信度", "confidence"),
        two_languages("设备", "camera"),
        two_languages("注意", "cautions"),
    )
    rows = (_summary_row(number, one) for number, one in enumerate(records, start=1))
    counts = {
        two_languages("给出结论", "answered"): "answer",
        two_languages("不确定", "not sure"): "not_sure",
        two_languages(*UNREADABLE_WORDS): UNREADABLE,
    }
    told = (
        joined((words, f": {sum(one['decision'] == decision for one in records)}"))
        for words, decision in counts.items()
    )
    return element(
        "section",
        element("h1", two_languages("饮片图像鉴别汇总", "Identification from photos: summary")),
        element("p", joined(told, " · ")),
        element("div", table(columns, rows), class_="summary"),
        element("h2", two_languages("来源", "What answered")),
        facts(origin_facts(run, time)),
    )


def _summary_row(number: int, one: Record) -> Sequence[str | Html]:
    name = Path(one["file"]).name
    if one["decision"] == UNREADABLE:
        words = joined((sign(UNREADABLE), " ", two_languages(*UNREADABLE_WORDS)))
        return str(number), name, joined((words, ": ", one["reason"])), "–", "–", "–"
    label = two_languages(one["zh"], one["en"])
    role = two_languages(*ROLES[one["role"]])
    if one["decision"] == "not_sure":
        words = joined((two_languages("不确定", "NOT SURE"), " (", label, "?)"))
    else:
        words = joined((label, " · ", role)) if role else label
    return (
        str(number),
        element("a", name, href=f"#{anchor(one['file'])}"),
        joined((sign(icon_name(one["decision"], one["role"])), " ", words)),
        percent(one["confidence"]),
        one["camera"] or two_languages(*UNKNOWN),
        ", ".join(caution["code"] for caution in one["cautions"]) or "–",
    )


_STYLE = """\
.summary { font-size: 8.5pt; overflow-x: auto }
.summary .sign { width: 1.3em; height: 1.3em; vertical-align: -0.25em }
.summary th:nth-child(2) { width: 27% }
.summary th, .summary td:nth-child(4) { white-space: nowrap }
"""
