"""One sheet per candidate: its numbers, every camera's intervals, the gate, the calibration."""

from __future__ import annotations

from collections.abc import Iterator

from edgetlc.parity.collect import PIXEL_TOLERANCE
from edgetlc.parity.page_charts import reliability_curve
from edgetlc.parity.page_gate import decisions, gate
from edgetlc.parity.page_intervals import interval_table
from edgetlc.parity.page_matrix import anchor
from edgetlc.parity.page_words import (
    CAMERA,
    CANDIDATE,
    CAUSES,
    PHOTOS,
    REFERENCE,
    Words,
    camera_name,
    heading,
    mark,
    reason,
    sentences,
    unit_words,
    verdict_words,
    words_table,
    zh_en,
)
from edgetlc.parity.reasons import percent
from edgetlc.parity.sequential import SequentialVerdict
from edgetlc.parity.verdict import Rule
from edgetlc.parity.verification import CandidateReport, Verification
from edgetlc.results import wording
from edgetlc.results.html_page import Html, element, facts, joined


def candidate_sheet(number: int, report: CandidateReport, found: Verification) -> Html:
    """Return the sheet of one candidate.

    Args:
        number: its number in the matrix.
        report: what was found of it.
        found: the whole verification.
    """
    where = [element("p", report.machine, class_="pale")] if report.machine else []
    return element(
        "section",
        element("h1", f"{number} · {report.model} · {report.engine}"),
        *where,
        element("p", verdict_words(report.verdict), class_="stated"),
        *_decisive(report, found.rule),
        facts(_pooled(report, found)),
        *interval_table(report, found.rule),
        *_sequential(report, found.rule),
        *gate(report.gate),
        *decisions(report.roles),
        *_reliability(report),
        id=anchor(number),
    )


def _decisive(report: CandidateReport, rule: Rule) -> Iterator[Html]:
    """Yield the reason of the camera that is furthest from a PASS."""
    tested = [v for v in report.cameras if v.tested]
    if report.sequential or not tested:
        return
    worst = max(tested, key=lambda v: (v.verdict == "FAIL", v.photos_needed, v.drop_lower))
    words = zh_en(("最不利的设备", "the camera furthest from a PASS"))
    name = camera_name(worst.tally.camera)
    yield element("p", words, ": ", name, element("br"), reason(worst, rule))


def _pooled(report: CandidateReport, found: Verification) -> Iterator[tuple[Html, Html]]:
    pooled = report.pooled
    same = f"{wording.percent(pooled.agreement)} ({PHOTOS[0]} {PHOTOS[1]}: {pooled.photos})"
    yield zh_en(("答案一致", "same answer")), joined((same,))
    if pooled.reference_accuracy is not None and pooled.candidate_accuracy is not None:
        before, after = map(wording.percent, (pooled.reference_accuracy, pooled.candidate_accuracy))
        yield (
            zh_en(("准确率", "accuracy")),
            joined((zh_en(REFERENCE), f" {before} → ", zh_en(CANDIDATE), f" {after}")),
        )
    yield zh_en(("改变的答案", "changed answers")), _causes(report)
    yield (
        zh_en(("答复与不确定互换", "answered by one, NOT SURE to the other")),
        joined((str(pooled.decisions_changed),)),
    )
    yield (
        zh_en(("概率的最大变化", "largest change of a probability")),
        joined((f"{pooled.largest_change:.4f}; KL {max(pooled.mean_divergence, 0):.2g} nat",)),
    )
    yield zh_en(("网络输入的像素差", "pixels that the network saw")), _pixels(report)
    yield zh_en(("计数", "counting")), zh_en(unit_words(found.independent))


def _causes(report: CandidateReport) -> Html:
    where = report.location
    counts = {"pixels": where.by_pixels, "network": where.by_network, "unknown": where.unknown}
    told = (joined((zh_en(CAUSES[cause]), f" {n}")) for cause, n in counts.items() if n)
    among = joined(told, " · ")
    return joined((str(report.flips_in_all), *((": ", among) if among else ())))


def _pixels(report: CandidateReport) -> Html:
    where = report.location
    if where.largest_pixels is None:
        return zh_en(("未知", "not known"))
    largest, apart = f"{where.largest_pixels:.2g}", where.photos_apart
    return zh_en(
        (
            f"最大差 {largest} 级灰度；{apart} 张照片超过 {PIXEL_TOLERANCE}",
            f"at most {largest} grey levels apart; {apart} photos beyond {PIXEL_TOLERANCE}",
        )
    )


def _sequential(report: CandidateReport, rule: Rule) -> Iterator[Html]:
    if not report.sequential:
        return
    yield heading(("序贯规则：何时可停止拍摄", "Sequential rule: when to stop photographing"))
    columns = (
        CAMERA,
        PHOTOS,
        ("e 值：通过", "e-value: PASS"),
        ("e 值：未通过", "FAIL"),
        ("状态", "state"),
    )
    rows = (_sequential_row(state, rule) for state in report.sequential)
    yield element("div", words_table(columns, rows), class_="wide small")


def _sequential_row(state: SequentialVerdict, rule: Rule) -> tuple[Html | str, ...]:
    fail = "–" if state.e_fail is None else f"{state.e_fail:.3g} / {state.needed_fail:.3g}"
    photos = str(state.photos) if state.units == state.photos else f"{state.photos} ({state.units})"
    return (
        joined((mark(state.verdict), " ", camera_name(state.camera))),
        photos,
        f"{state.e_pass:.3g} / {state.needed_pass:.3g}",
        fail,
        reason(state, rule),
    )


def _reliability(report: CandidateReport) -> Iterator[Html]:
    before, after = report.pooled.reference_reliability, report.pooled.candidate_reliability
    if before is None or after is None:
        return
    yield heading(("置信度是否可信", "Whether confidences mean what they say"))
    told: Words = (
        f"横轴置信度，纵轴准确率。期望校准误差：参照（圆）{percent(before.error)}，候选（方）"
        f"{percent(after.error)}。",
        "Accuracy over confidence. Expected calibration error: reference (circles) "
        f"{percent(before.error)}, candidate (squares) {percent(after.error)}.",
    )
    yield element(
        "div", sentences(told), reliability_curve(before, after), class_="calibration keep"
    )
