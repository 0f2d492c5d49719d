"""Sentences of the search's page, in Chinese and English."""

from __future__ import annotations

from collections.abc import Iterator

from edgetlc.calibration.search.result import BUSY, SearchResult
from edgetlc.calibration.search.targets import MIN_GAIN
from edgetlc.parity.page_words import Words
from edgetlc.parity.reasons import percent
from edgetlc.runtime.engines import OPENVINO


def bound_words(found: SearchResult) -> Words:
    """Return what is accepted, and what so few photos can tell of it."""
    photos = [camera.photos for camera in found.rows[0].measurement.cameras]
    bound, fewest = percent(found.max_drop), min(photos)
    zh = (
        f"接受的候选：与 float 相比，任一设备的准确率下降、伪品判为正品的比例上升均不超过 {bound}"
        f"（验证集 {sum(photos)} 张照片，{len(photos)} 种设备）。照片最少的设备有 {fewest} 张，"
        f"其中一张即 {percent(1 / fewest)}。在接受者中取最快的；快慢大小相差不足 {MIN_GAIN:.0%} "
        "视为相同，此时取较小的；既不更快也不更小则发布 float。"
        "这不是验证：发布前请运行 edgetlc verify。"
    )
    en = (
        "Accepted is a candidate with which, against float, no camera's accuracy falls and no rate "
        f"of counterfeits called genuine rises by more than {bound} ({sum(photos)} validation "
        f"photos, {len(photos)} cameras). The camera with fewest has {fewest}: one photo is "
        f"{percent(1 / fewest)} of them. Of the accepted the fastest is taken; times and sizes "
        f"less than {MIN_GAIN:.0%} apart count as equal, and then the smaller is; what is neither "
        "faster nor smaller than float is not worth it. This is no verification: run 'edgetlc "
        "verify' before shipping."
    )
    return zh, en


def axes_words() -> Words:
    """Return how the drawing and the front are to be read."""
    return (
        "方块为 float，圆点为接受的候选，叉为超过容许损失的候选；实心者在帕累托前沿上："
        "没有其他候选在最差设备准确率、本机最快引擎用时、文件大小三项上都不差且至少一项更好"
        f"（用时与大小相差不足 {MIN_GAIN:.0%} 视为相同）。虚线：给定用时可得的最高准确率。",
        "The square is float, circles are accepted candidates, crosses lose more than is accepted. "
        "Filled ones are on the Pareto front: no other is as good in all of accuracy on the worst "
        "camera, time on this machine's fastest engine and file size, and better in one (times "
        f"and sizes less than {MIN_GAIN:.0%} apart count as equal). The dashed line is the best "
        "accuracy that a time can buy.",
    )


def how_timed(found: SearchResult) -> Words:
    """Return how the milliseconds came about."""
    threads = str(found.threads) if found.threads else ""
    width, height = next(iter(found.photo.values()))
    return (
        f"每个候选在每个引擎上交错运行 {found.rounds} 轮，取中位数；"
        f"线程 {threads or '由引擎决定'}；从像素（{width} × {height}）到概率，不含照片解码。",
        f"Every candidate ran on every engine in {found.rounds} interleaved rounds, medians are "
        f"given; threads: {threads or 'as the engine chooses'}; from pixels ({width} x {height}) "
        "to probabilities, without decoding the photo.",
    )


def busy(found: SearchResult) -> Iterator[Words]:
    """Yield a warning where other work disturbed the timing."""
    if found.timing_jitter > BUSY:
        ratio = f"{found.timing_jitter:.1f}"
        yield (
            f"计时期间机器繁忙（中位数最多为最快一轮的 {ratio} 倍），用时不可靠：请在空闲时重做。",
            f"The machine was busy while it was timed (medians up to {ratio} times the fastest "
            "round), so times are not to be relied on: search again when it is idle.",
        )


def not_measured(found: SearchResult) -> Iterator[Words]:
    """Yield what was not measured, and what stands in for it."""
    for isa in found.processor.held_to:
        yield (
            f"{isa} 一列是本机的 OpenVINO 以 ONEDNN_MAX_CPU_ISA={isa} 限制指令集所得，"
            "并非旧处理器本身；ONNX Runtime 不能这样限制，未测量。",
            f"The column {isa} is OpenVINO on this machine with ONEDNN_MAX_CPU_ISA={isa}, not an "
            "older processor itself; ONNX Runtime cannot be held like that and was not measured.",
        )
    engines = {latency.engine.split()[0] for row in found.rows for latency in row.latencies}
    if OPENVINO not in engines:
        yield "未安装 OpenVINO，未测量。", "OpenVINO is not installed and was not measured."
    unmeasured = [told for told in found.recommendations if told.measure]
    if unmeasured:
        yield (
            f"未测量：{'、'.join(told.label.translated('zh') for told in unmeasured)}。",
            f"Not measured: {', '.join(told.label for told in unmeasured)}.",
        )
