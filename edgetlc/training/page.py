"""A training run as an HTML page: one file that opens offline, on a phone, in the dark, on paper.

What it says, from top to bottom: how good the kept network is and what the curves show, in words;
the curves; the confusion matrix, each class and each camera; what the run was made of, how its
training photos were augmented among it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgetlc.files import whole_file
from edgetlc.results.html_page import Html, document, element, facts, joined, table, two_languages
from edgetlc.results.wording import ROLES
from edgetlc.runtime.classes import ClassInfo
from edgetlc.training.metrics import Scores
from edgetlc.training.page_augmentation import augmentation
from edgetlc.training.page_charts import (
    confusion_picture,
    curves,
    loss_axis,
    rate_axis,
    share_axis,
)
from edgetlc.training.page_style import STYLE
from edgetlc.training.report import RunReport
from edgetlc.training.runs import RunRecord, flat

if TYPE_CHECKING:
    from edgetlc.training.report import RunReport

Words = tuple[str, str]
"""Chinese, English."""

PARTS: Mapping[str, Words] = {
    "train": ("训练部分", "training part"),
    "val": ("验证部分", "validation part"),
    "test": ("测试部分", "test part"),
    "all": ("全部照片", "all photos"),
}
MOST_FILES, LONGEST = 100, 300
"""Unreadable photos, and characters of one fact, that a page shows."""
_QUIET = ("fits", "too short")
_ACCURACY: tuple[Words, Words] = (  # older runs have no training accuracy
    ("验证正确率", "Validation accuracy"),
    ("正确率：训练（虚线），验证（实线）", "Accuracy: training (dashed), validation (solid)"),
)


def write_page(path: Path, report: RunReport) -> None:
    """Write a report as one HTML file, whole or not at all; replaces an older one."""
    with whole_file(path) as stream:
        for piece in document("edgetlc: 训练报告 training report", STYLE, _sheets(report)):
            stream.write(piece.encode("utf-8"))


def _sheets(report: RunReport) -> Iterator[Html]:
    yield element("section", *_summary(report), *_curves(report.run))
    yield element("section", *_answers(report))
    yield element("section", *_origin(report))


def _summary(report: RunReport) -> Iterator[Html]:
    scores = report.overall
    right = sum(scores.confusion[i][i] for i in range(len(scores.confusion)))
    yield element("h1", two_languages("训练报告", "Training report"))
    if report.simulated or report.run.simulated:
        words = two_languages(
            "含模拟照片，非真实拍摄", "Has SIMULATED photos, not taken with a camera"
        )
        yield element("p", words, class_="simulated")
    yield element(
        "p",
        _zh_en(PARTS[report.part]),
        ": ",
        two_languages("正确率", "accuracy"),
        f" {scores.accuracy:.2%} ({right} / {scores.count})",
        class_="stated",
    )
    if report.part == "val":
        yield _sentences(
            "所保留的轮次就是按这些照片挑选的，故此数略偏乐观；"
            "测试部分（edgetlc evaluate）才是定论。",
            "The kept epoch was chosen on these very photos, so the figure is a little flattering; "
            "the test part (edgetlc evaluate) decides.",
        )
    for finding in report.findings:
        kind = "finding" if finding.kind in _QUIET else "finding attention"
        yield element(
            "p", two_languages(finding.text.translated("zh"), finding.text, lines=True), class_=kind
        )
    yield facts(_summary_facts(report))


def _summary_facts(report: RunReport) -> Iterator[tuple[Html, str]]:
    run, scores = report.run, report.overall
    yield two_languages("网络", "network"), str(run.settings.get("architecture", "?"))
    if run.best is not None:
        asked = run.settings.get("epochs", "?")
        told = f"{run.best.epoch} / {len(run.epochs)} ({asked})"
        yield two_languages("保留的轮次 / 已训练（要求）", "epoch kept / trained (asked for)"), told
    for words, value in (
        (("宏平均精确率", "precision (macro)"), scores.precision),
        (("宏平均召回率", "recall (macro)"), scores.recall),
        (("宏平均 F1", "F1 (macro)"), scores.f1),
        (("宏平均一对其余", "AUC (one versus rest, macro)"), scores.auc),
    ):
        yield _zh_en(words), _share(value)


def _curves(run: RunRecord) -> Iterator[Html]:
    if run.best is None:
        return
    epochs = [e.epoch for e in run.epochs]
    losses = {"train": [e.train_loss for e in run.epochs], "val": [e.val_loss for e in run.epochs]}
    accuracy = {"val": [e.val_accuracy for e in run.epochs]}
    learnt = [e.train_accuracy for e in run.epochs if e.train_accuracy is not None]
    if len(learnt) == len(epochs):
        accuracy["train"] = learnt
    rates = {"val": [e.learning_rate for e in run.epochs]}
    yield element("h2", two_languages("曲线", "Curves over the epochs"))
    yield _sentences(
        "横轴为轮次，竖点线为所保留的一轮。训练曲线是在数据增强之下、权重仍在变化时计算的，"
        "可差于验证曲线；是否过拟合应看上文在未改动照片上的正确率。",
        "Epochs run to the right; the dotted upright is the one that was kept. Training curves are "
        "taken under augmentation, while the weights change, and may look worse than those of the "
        "validation: over-fitting shows in the accuracies on unchanged photos, above.",
    )
    best = run.best.epoch
    drawn = (
        (
            ("损失：训练（虚线），验证（实线）", "Loss: training (dashed), validation (solid)"),
            curves(epochs, losses, loss_axis(_values(losses)), best, "loss over epochs"),
        ),
        (
            _ACCURACY["train" in accuracy],
            curves(epochs, accuracy, share_axis(_values(accuracy)), best, "accuracy over epochs"),
        ),
        (
            ("学习率", "Learning rate"),
            curves(epochs, rates, rate_axis(rates["val"]), best, "learning rate over epochs"),
        ),
    )
    figures = (element("figure", element("figcaption", _zh_en(w)), d) for w, d in drawn)
    yield element("div", *figures, class_="charts")


def _values(lines: Mapping[str, Sequence[float]]) -> list[float]:
    return [value for values in lines.values() for value in values]


def _answers(report: RunReport) -> Iterator[Html]:
    scores = report.overall
    labels = [info.zh or info.name for info in report.classes]
    yield element("h1", _zh_en(PARTS[report.part]))
    yield element("h2", two_languages("混淆矩阵", "Confusion matrix"))
    yield _sentences(
        "每行为真实类别，每列为判定类别（列号即行号），数字为照片数，颜色深浅为占该行的比例。",
        "Rows are the truth, columns the answers, numbered as the rows are; numbers are photos, a "
        "cell is the fuller the larger its share of the row.",
    )
    yield element("div", confusion_picture(labels, scores.confusion), class_="wide")
    yield element("h2", two_languages("各类别", "By class"))
    head = (("类别", "class"), *_FIGURES)
    rows = [_class_row(i, *pair) for i, pair in enumerate(_paired(report), start=1)]
    yield _wide(head, rows)
    yield element("h2", two_languages("各设备", "By camera"))
    head = (("设备", "camera"), ("照片", "photos"), ("正确率", "accuracy"), *_FIGURES[1:])
    yield _wide(head, (_camera_row(*item) for item in report.cameras.items()))


_FIGURES: tuple[Words, ...] = (
    ("照片", "photos"),
    ("精确率", "precision"),
    ("召回率", "recall"),
    ("F1", "F1"),
    ("AUC", "AUC"),
)


def _paired(report: RunReport) -> Iterable[tuple[ClassInfo, Any]]:
    return zip(report.classes, report.overall.classes, strict=True)


def _class_row(number: int, info: ClassInfo, score: Any) -> tuple[str | Html, ...]:
    name = [f"{number} ", two_languages(info.zh, info.en)]
    if any(ROLES[info.role]):
        name += [" · ", two_languages(*ROLES[info.role])]
    figures = (score.precision, score.recall, score.f1, score.auc)
    return (joined(name), str(score.count), *map(_share, figures))


def _camera_row(camera: str, scores: Scores) -> tuple[str | Html, ...]:
    name = two_languages("未知", "unknown") if camera == "unknown" else camera
    figures = (scores.accuracy, scores.precision, scores.recall, scores.f1, scores.auc)
    return (name, str(scores.count), *map(_share, figures))


def _origin(report: RunReport) -> Iterator[Html]:
    yield element("h1", two_languages("来源", "Where this comes from"))
    yield facts(
        (
            (two_languages("运行文件夹", "run folder"), report.run.folder.name),
            (two_languages("所评照片 SHA-256", "scored photos, SHA-256"), _code(report.digest)),
        )
    )
    yield from augmentation(report.run.record)
    yield element("h2", two_languages("设置、数据、版本", "Settings, data, versions"))
    record = {k: v for k, v in report.run.record.items() if k != "best_epoch"}
    yield element("div", facts(_leaves(record)), class_="small")
    if report.unreadable:
        count = len(report.unreadable)
        yield element("h2", two_languages(f"未能读取的 {count} 张照片", f"{count} photos left out"))
        rows = [(Path(file).name, reason) for file, reason in report.unreadable[:MOST_FILES]]
        yield table((two_languages("文件", "file"), two_languages("原因", "reason")), rows)
        if count > MOST_FILES:
            yield element("p", f"… +{count - MOST_FILES}")


def _leaves(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in flat(record):
        text = "–" if value is None else str(value)
        yield name, text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _wide(head: Sequence[Words], rows: Iterable[Sequence[str | Html]]) -> Html:
    return element("div", table([_zh_en(words) for words in head], rows), class_="wide small")


def _zh_en(words: Words) -> Html:
    return two_languages(*words)


def _sentences(zh: str, en: str) -> Html:
    return element("p", two_languages(zh, en, lines=True), class_="pale")


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _code(digest: str) -> Html:
    return element("code", digest)
