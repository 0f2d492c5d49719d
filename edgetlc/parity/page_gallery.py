"""The gallery of changed answers: one entry per photo, with every candidate that changed it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from PIL import Image

from edgetlc.parity.page_pictures import NOT_THERE, Viewer, reference_model
from edgetlc.parity.page_words import (
    CAMERA,
    CANDIDATE,
    CAUSES,
    KINDS,
    PHOTO,
    REFERENCE,
    Words,
    camera_name,
    class_words,
    heading,
    sentences,
    words_table,
    zh_en,
)
from edgetlc.parity.verification import CandidateReport, Flip, Verification
from edgetlc.results import wording
from edgetlc.results.html_page import Html, element, joined, picture
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.classes import ClassInfo, Role
from edgetlc.runtime.schema import BundleManifest

MOST_PICTURED, MOST_LISTED = 24, 50
"""Photos shown with pictures, and those listed in a table below them."""
_ORDER = ("false_genuine", "right_to_wrong", "other", "wrong_to_right")
_SHORT = 12  # hexadecimal digits of a photo's SHA-256


@dataclass(frozen=True)
class ChangedAnswer:
    """One candidate's other answer on a photo.

    Attributes:
        number: of the candidate on the page.
        flip: the two answers.
        effect: one of `KINDS`.
    """

    number: int
    flip: Flip
    effect: str


Changed = tuple[ChangedAnswer, ...]
"""What the candidates answer differently on one photo, the gravest first."""


def changed_photos(reports: Sequence[CandidateReport], manifest: BundleManifest) -> list[Changed]:
    """Return the photos answered differently, the gravest first, each candidate's in turn."""
    ranked = [
        (place, ChangedAnswer(number, flip, _effect(flip, report.model, manifest)))
        for number, report in enumerate(reports, start=1)
        for place, flip in enumerate(report.flips)
    ]
    ranked.sort(key=lambda entry: (_ORDER.index(entry[1].effect), entry[0], entry[1].number))
    photos: dict[int, list[ChangedAnswer]] = {}
    for _, answer in ranked:
        photos.setdefault(answer.flip.photo, []).append(answer)
    return [tuple(answers) for answers in photos.values()]


def _effect(flip: Flip, model: str, manifest: BundleManifest) -> str:
    """Return what a changed answer does; a counterfeit newly called genuine is the gravest."""
    roles: dict[str | None, Role] = {info.name: info.role for info in manifest.classes}
    precision = {record.id: record.precision for record in manifest.models}[model]
    called = roles.get(flip.candidate) == "genuine" and roles.get(flip.reference) != "genuine"
    sure = manifest.decision[precision].decide(flip.candidate_confidence, "genuine") == "answer"
    if roles.get(flip.label) == "counterfeit" and called and sure:
        return "false_genuine"
    return flip.kind


def gallery(found: Verification, bundle: Bundle) -> Html:
    """Return the sheet of changed answers."""
    photos = changed_photos(found.candidates, bundle.manifest)
    viewer, classes = Viewer(bundle), bundle.manifest.classes
    entries = (_entry(photo, viewer, found, classes) for photo in photos[:MOST_PICTURED])
    return element(
        "section",
        element("h1", zh_en(("答案改变的照片", "Photos answered differently"))),
        sentences(_explanation(found, bundle) if photos else _NONE),
        *entries,
        *_list(photos[MOST_PICTURED:], classes),
        *_not_shown(found, len(photos)),
    )


_NONE: Words = ("没有：所有照片的答案都一致。", "None: every photo was answered alike.")


def _explanation(found: Verification, bundle: Bundle) -> Words:
    zh = "最严重者在前。彩色叠加图显示模型作出各自答案的依据，红色最强；表中编号为候选模型。"
    en = (
        "The gravest first. The overlays show where each side saw its own answer, strongest in "
        "red; numbers are those of the candidates."
    )
    record = reference_model(bundle)
    if record is None:
        return zh, en
    return (
        f"{zh}参照一侧的叠加图由模型包中的 {record.id} 绘出。",
        f"{en} On the reference's side they are drawn by the bundle's {record.id}"
        f"{'' if 'onnxruntime' in found.reference else f', in place of {found.reference}'}.",
    )


def _entry(
    photo: Changed, viewer: Viewer, found: Verification, classes: Sequence[ClassInfo]
) -> Html:
    flip = photo[0].flip
    return element(
        "article",
        element("div", *_pictures(photo[0], viewer, found, classes), class_="pictures"),
        element("p", *_photo_facts(flip, classes, labelled=found.labelled)),
        _answers(photo, classes),
        class_="flip keep",
    )


def _pictures(
    answer: ChangedAnswer, viewer: Viewer, found: Verification, classes: Sequence[ClassInfo]
) -> Iterator[Html]:
    flip, number = answer.flip, answer.number
    seen = viewer.pictures(flip, found.candidates[number - 1])
    if seen.photo is None:
        yield element("p", zh_en(seen.missing or NOT_THERE), class_="missing")
        return
    candidate = (f"{CANDIDATE[0]} {number}", f"{CANDIDATE[1]} {number}")
    yield _figure(seen.photo, zh_en(PHOTO), "the photo")
    yield _figure(seen.reference, _said(REFERENCE, flip.reference, classes), "reference")
    yield _figure(seen.candidate, _said(candidate, flip.candidate, classes), "candidate")


def _said(side: Words, name: str, classes: Sequence[ClassInfo]) -> Html:
    return joined((zh_en(side), ": ", class_words(name, classes)))


def _figure(image: Image.Image | None, caption: Html, said: str) -> Html:
    if image is None:
        drawn = element(
            "p", zh_en(("此处不能运行该模型", "that model does not run here")), class_="missing"
        )
    else:
        drawn = picture(image, said)
    return element("figure", drawn, element("figcaption", caption))


def _photo_facts(flip: Flip, classes: Sequence[ClassInfo], *, labelled: bool) -> Iterator[Html]:
    yield element("strong", _file(flip), title=flip.path)
    yield joined((" · ", zh_en(CAMERA), " ", camera_name(flip.camera)))
    if labelled:
        yield joined(
            (" · ", zh_en(("真实类别", "true class")), " ", class_words(flip.label, classes))
        )
    yield joined((" · ", element("code", f"SHA-256 {flip.sha256[:_SHORT]}…")))


def _file(flip: Flip) -> str:
    """Return the end of a path: the class's folder, mostly, and the name."""
    return "/".join(PurePath(flip.path).parts[-2:])


def _answers(photo: Changed, classes: Sequence[ClassInfo]) -> Html:
    flip = photo[0].flip
    sure = wording.percent(flip.reference_confidence)
    before = (zh_en(REFERENCE), class_words(flip.reference, classes), sure, "", "")
    after = (
        (
            str(answer.number),
            class_words(answer.flip.candidate, classes),
            wording.percent(answer.flip.candidate_confidence),
            zh_en(KINDS[answer.effect]),
            zh_en(CAUSES[answer.flip.cause]),
        )
        for answer in sorted(photo, key=lambda answer: answer.number)
    )
    columns = (CANDIDATE, ("答案", "answer"), ("置信度", "confidence"), _EFFECT, _BY)
    return element("div", words_table(columns, (before, *after)), class_="wide small")


_EFFECT: Words = ("后果", "effect")
_BY: Words = ("来自", "by")


def _list(photos: Sequence[Changed], classes: Sequence[ClassInfo]) -> Iterator[Html]:
    if not photos:
        return
    yield heading(("其余照片", "Further photos"))
    change: Words = (f"{REFERENCE[0]} → {CANDIDATE[0]}", f"{REFERENCE[1]} → {CANDIDATE[1]}")
    columns = (PHOTO, CAMERA, change, _EFFECT, _BY, CANDIDATE)
    rows = (_list_row(photo, classes) for photo in photos[:MOST_LISTED])
    yield element("div", words_table(columns, rows), class_="wide small")


def _list_row(photo: Changed, classes: Sequence[ClassInfo]) -> tuple[str | Html, ...]:
    flip = photo[0].flip
    return (
        _file(flip),
        camera_name(flip.camera),
        joined((class_words(flip.reference, classes), " → ", class_words(flip.candidate, classes))),
        zh_en(KINDS[photo[0].effect]),
        zh_en(CAUSES[flip.cause]),
        ", ".join(str(number) for number in sorted(answer.number for answer in photo)),
    )


def _not_shown(found: Verification, photos: int) -> Iterator[Html]:
    more = photos > MOST_PICTURED + MOST_LISTED or any(
        report.flips_in_all > len(report.flips) for report in found.candidates
    )
    if more:
        yield sentences(
            (
                "此处未全部列出；总数见各候选模型页，其余见 JSON 报告与答案文件夹。",
                "Not all are listed here: the candidates' sheets count them, the JSON report and "
                "the answers folder hold the others.",
            )
        )
