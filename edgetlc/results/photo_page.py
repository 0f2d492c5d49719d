"""The page of one photo: what the decision rests on, so that an auditor can follow it.

Both pictures, the threshold and what validation photos show of it, the camera and its
verification, the photo's and the bundle's digests; and lines to fill in by hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from edgetlc import __version__
from edgetlc.devices.naming import parse_name
from edgetlc.results.html_page import (
    Html,
    bar,
    element,
    facts,
    joined,
    picture,
    sign,
    two_languages,
)
from edgetlc.results.icons import icon_name
from edgetlc.results.pictures import Evidence
from edgetlc.results.records import RunInfo
from edgetlc.results.wording import KNOWN_BY, ROLES, STATUS, UNKNOWN, percent, percent_needed
from edgetlc.runtime.classifier import Classifier
from edgetlc.runtime.policy import ShownRate
from edgetlc.runtime.prediction import NOT_SURE_EN, NOT_SURE_ZH, Prediction

_LIMITS = (
    "本报告为图像分类模型的结论，不能代替实验室检验。",
    "What an image classifier answered; it replaces no laboratory test.",
)
_BY_HAND = (
    ("检验员", "inspector"),
    ("地点", "place"),
    ("样品编号", "sample no."),
    ("签名 / 日期", "signature / date"),
)
_NAME_FIELDS = (
    ("物料编码", "material code"),
    ("批次", "batch"),
    ("设备号", "device field"),
    ("序号", "serial"),
)


def photo_page(
    classifier: Classifier, prediction: Prediction, content: bytes, seen: Evidence, time: str
) -> Html:
    """Return the page of one photo.

    Args:
        classifier: what answered.
        prediction: its answer.
        content: the photo's bytes.
        seen: from `edgetlc.results.pictures.evidence`.
        time: of the report.
    """
    return element(
        "section",
        element("h1", two_languages("饮片图像鉴别报告", "Identification from a photo")),
        _simulation_mark(prediction),
        _verdict(prediction),
        _confidence(prediction),
        _pictures(seen),
        *(_caution(caution.zh, caution.en) for caution in prediction.cautions),
        facts(
            (
                *_camera_facts(classifier, prediction),
                *_policy_facts(classifier),
                *_photo_facts(prediction, content),
                *origin_facts(RunInfo.of(classifier), time),
            )
        ),
        _by_hand(),
        element("p", two_languages(*_LIMITS), class_="limits"),
        id=anchor(prediction.file),
    )


def _verdict(p: Prediction) -> Html:
    name = icon_name(p.decision, p.label.role)
    label = two_languages(p.label.zh, p.label.en)
    if p.decision == "not_sure":
        most_likely = element("p", two_languages("最可能", "most likely"), ": ", label)
        words = [
            element("p", NOT_SURE_ZH, class_="large", lang="zh-CN"),
            element("p", NOT_SURE_EN, class_="large", lang="en"),
            most_likely,
        ]
    else:
        role = two_languages(*ROLES[p.label.role])
        words = [element("p", label, class_="large")]
        words += [element("p", role, class_="large role")] if role else []
    return element("div", sign(name), element("div", *words), class_=f"verdict {name}")


def _confidence(p: Prediction) -> Html:
    confidence, needed = percent(p.confidence), percent_needed(p.needed)
    enough = p.confidence >= p.needed
    compared = ("达到", "reaches the") if enough else ("低于", "is below the")
    runner_up = two_languages(p.runner_up.zh, p.runner_up.en)
    return element(
        "div",
        element(
            "p",
            two_languages("置信度", "Confidence"),
            " ",
            element("strong", confidence),
            " ",
            two_languages(f"{compared[0]}所需的 {needed}", f"{compared[1]} {needed} needed"),
            element("br"),
            two_languages("次选", "Runner-up"),
            " ",
            runner_up,
            f" {percent(p.runner_up_confidence)}",
        ),
        bar(p.confidence, p.needed, f"confidence {confidence}, needed {needed}"),
        class_="keep",
    )


def _pictures(seen: Evidence) -> Html:
    where = two_languages(
        "模型作出判断的依据，红色最强；只表示位置，不表示把握",
        "Where the network saw it, strongest in red: the place, not how sure it is",
        lines=True,
    )
    return element(
        "div",
        element(
            "figure",
            picture(seen.photo, "the photo"),
            element("figcaption", two_languages("照片", "The photo")),
        ),
        element(
            "figure",
            picture(seen.overlay, "the photo with the class-activation map laid over it"),
            element("figcaption", where),
        ),
        class_="pictures",
    )


def _caution(zh: str, en: str) -> Html:
    return element(
        "div",
        sign("unreadable"),
        element("p", two_languages(zh, en, lines=True)),
        class_="caution keep",
    )


def _simulation_mark(p: Prediction) -> Html:
    if not p.camera.simulated:
        return Html("")
    words = two_languages("模拟照片，非真实拍摄", "SIMULATED photo, not taken with a camera")
    return element("p", words, class_="simulated")


def _camera_facts(classifier: Classifier, p: Prediction) -> Iterator[tuple[Html, Html]]:
    camera = two_languages(*UNKNOWN)
    if p.camera.camera is not None and p.camera.by is not None:
        profile = classifier.cameras.get(p.camera.camera)
        known_by = two_languages(*KNOWN_BY[p.camera.by])
        camera = joined((two_languages(profile.zh, profile.en), " (", known_by, ")"))
    yield two_languages("设备", "camera"), camera
    status = two_languages(*STATUS[p.verified])
    if classifier.verification is not None and p.verified == "PASS":
        margin = f"{classifier.verification.margin:.1%}"
        drop = two_languages(f"精度下降低于 {margin}", f"accuracy drop below {margin}")
        status = joined((status, " (", drop, ")"))
    yield two_languages("设备验证", "verification"), status
    for note in (*p.notes, *((p.camera.conflict,) if p.camera.conflict else ())):
        yield two_languages("备注", "note"), joined((note,))


def _policy_facts(classifier: Classifier) -> Iterator[tuple[Html, Html]]:
    policy = classifier.bundle.manifest.decision[classifier.model.precision]
    every, genuine = (percent_needed(policy.needed(role)) for role in ("unspecified", "genuine"))
    needed = joined((every,))
    if genuine != every:
        needed = joined((every, "; ", two_languages("判为正品", 'for "genuine"'), f" {genuine}"))
    yield two_languages("所需置信度", "confidence needed"), needed
    yield two_languages("误判率", "wrong answers"), _shown(policy.wrong)
    yield two_languages("伪品判为正品", "counterfeits as genuine"), _shown(policy.false_genuine)


def _shown(rate: ShownRate | None) -> Html:
    """Return what validation photos show of a rate that was asked for."""
    if rate is None:
        return two_languages("未测定", "not measured")
    asked, at_most = f"{rate.asked:.1%}", f"{rate.at_most:.1%}"
    held = ("已证明", "shown") if rate.holds else ("未能证明", "NOT shown")
    return two_languages(
        f"要求不超过 {asked}：{held[0]}；验证照片 {rate.photos} 张，错 {rate.errors} 张，"
        f"上限 {at_most}（95 %）",
        f"asked: at most {asked}; {held[1]}: {rate.errors} of {rate.photos} validation photos, "
        f"so at most {at_most} (95 %)",
        lines=True,
    )


def _photo_facts(p: Prediction, content: bytes) -> Iterator[tuple[Html, Html]]:
    yield two_languages("文件", "file"), joined((Path(p.file).name,))
    name = parse_name(Path(p.file).stem)
    if name is not None:
        values = (name.code, name.batch, name.device, name.serial)
        fields = zip(_NAME_FIELDS, values, strict=True)
        told = (joined((two_languages(*words), f" {value}")) for words, value in fields)
        yield two_languages("文件名含义", "the name says"), joined(told, " · ")
    yield two_languages("照片", "photo SHA-256"), _code(hashlib.sha256(content).hexdigest())


def origin_facts(run: RunInfo, time: str) -> Iterator[tuple[Html, Html]]:
    """Yield what answered, and when."""
    yield two_languages("模型包", "bundle SHA-256"), _code(run.bundle)
    tools = f"{run.model} · {run.engine} · edgetlc {__version__}"
    yield two_languages("模型与引擎", "model, engine"), joined((tools,))
    yield two_languages("报告时间", "time of report"), joined((time,))


def _code(digest: str) -> Html:
    return element("code", digest)


def _by_hand() -> Html:
    fields = (element("p", two_languages(*words), class_="field") for words in _BY_HAND)
    return element("div", *fields, class_="fields keep")


def anchor(file: str) -> str:
    """Return the name that a link to a photo's page uses."""
    return "p" + hashlib.sha256(file.encode("utf-8", "backslashreplace")).hexdigest()[:12]


PHOTO_STYLE = """\
.verdict { display: flex; gap: 5mm; align-items: center; border: 1mm solid; padding: 2mm 5mm;
  margin-bottom: 3mm }
.verdict.not_sure { border-style: dashed }
.verdict.counterfeit { border-style: double; border-width: 2mm }
.verdict .sign { width: 18mm; height: 18mm; flex: none }
.verdict.genuine { color: var(--genuine) }
.verdict.counterfeit { color: var(--counterfeit) }
.verdict.not_sure { color: var(--not-sure) }
.verdict.answer { color: var(--answer) }
.large { font-size: 16pt; line-height: 1.2; font-weight: 700; margin: 0 }
.pictures { display: flex; gap: 4mm; margin: 3mm 0 }
figure { margin: 0; flex: 1 1 0; min-width: 0 }
figure img { max-height: 70mm }
figcaption { color: var(--pale); font-size: 8.5pt }
.caution { border-left: 1.2mm solid; padding-left: 2mm; font-weight: 600; display: flex; gap: 2mm;
  align-items: center; margin: 2mm 0 }
.caution p { margin: 0 }
.caution .sign { flex: none }
.simulated { border: 0.6mm solid; display: inline-block; padding: 0.5mm 3mm; font-weight: 700 }
.facts { font-size: 8.5pt }
code { font-size: 7.5pt }
.fields { display: flex; flex-wrap: wrap; gap: 0 8mm; margin-top: 2mm }
.field { flex: 1 1 40%; border-bottom: 0.3mm solid var(--ink); padding-top: 7mm; margin: 0;
  font-size: 8.5pt; color: var(--pale) }
@media print {
  figure img { max-height: 58mm }
  .verdict .sign { width: 15mm; height: 15mm } }
.limits { font-size: 8pt; color: var(--pale); margin: 2mm 0 0 }
@media screen and (max-width: 600px) {
  .pictures { flex-direction: column } }
"""
