"""What is said of a prediction: the same words on the screen, in files, pictures and pages."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from edgetlc.devices.identify import Source
from edgetlc.locale import Language, Message, _, said, visible
from edgetlc.results.records import UNREADABLE, Record
from edgetlc.runtime.verification import CameraStatus

NOT_SURE = _("NOT SURE: send the piece to the laboratory")
UNREADABLE_PHOTO = _("UNREADABLE")
UNKNOWN_CAMERA = _("unknown")
ROLE_NAMES: Mapping[str, Message] = {"genuine": _("GENUINE"), "counterfeit": _("COUNTERFEIT")}
STATUS_NAMES: Mapping[CameraStatus, Message] = {
    "PASS": _("PASS"),
    "FAIL": _("FAIL"),
    "INSUFFICIENT": _("INSUFFICIENT"),
    "UNTESTED": _("UNTESTED"),
}
PARTLY_LABELLED = _(
    "Classes are known of the changed photos alone. The verdicts on answers and final decisions "
    "are those that the classes of all photos would give; accuracies, and how many photos show "
    "counterfeits, are not known."
)
SOURCE_NAMES: Mapping[Source, Message] = {
    "exif": _("by EXIF"),
    "name": _("by its file name"),
    "manifest": _("by the manifest"),
}


def percent(share: float) -> str:
    """Return a share as `97.31%`, rounded down: only what is certain is called 100 %."""
    return f"{math.floor(round(share * 10_000, 6)) / 100:.2f}%"


def percent_needed(share: float) -> str:
    """Return a threshold as `90.15%`, rounded up, so that what falls short of it looks so too."""
    return f"{math.ceil(round(share * 10_000, 6)) / 100:.2f}%"


def percent_given(share: float) -> str:
    """Return a margin or a confidence as it was asked for, such as `2%` or `99.5%`."""
    return f"{100 * share:.4g}%"


def both(zh: str, en: str) -> str:
    """Return a label in Chinese and English, or in one where they are the same or one is empty."""
    return " ".join(dict.fromkeys(word for word in (zh, en) if word))


def answer_of(one: Record, language: Language) -> str:
    """Return label and role of an answer, such as `陈皮 aged tangerine peel - GENUINE`."""
    label, role = both(one["zh"], one["en"]), ROLE_NAMES.get(one["role"])
    return f"{label} - {said(role, language)}" if role else label


def describe(one: Record, language: Language) -> list[str]:
    """Return the lines that tell of one photo; the first has its name."""
    if one["decision"] == UNREADABLE:
        answer: str = said(UNREADABLE_PHOTO, language)
        details: list[str] = [one["reason"]]
    else:
        not_sure = one["decision"] == "not_sure"
        answer = said(NOT_SURE, language) if not_sure else answer_of(one, language)
        details = [*circumstances(one), *remarks(one, language)]
    lines = (f"{one['file']}: {answer}", *(f"  {said(line, language)}" for line in details))
    return [visible(line) for line in lines]


def circumstances(one: Record) -> Iterator[Message]:
    """Yield what an answer rests on: its confidence, the runner-up, the camera."""
    figures = {"confidence": percent(one["confidence"]), "needed": percent_needed(one["needed"])}
    if one["decision"] == "not_sure":
        yield _(
            "most likely {label}, confidence {confidence}; an answer with this label needs "
            "{needed}",
            label=both(one["zh"], one["en"]),
            **figures,
        )
    else:
        yield _("confidence {confidence}; an answer with this label needs {needed}", **figures)
    runner_up = both(one["runner_up_zh"], one["runner_up_en"])
    confidence = percent(one["runner_up_confidence"])
    yield _("runner-up {label}, {confidence}", label=runner_up, confidence=confidence)
    status = STATUS_NAMES[one["verified"]]
    if one["camera_by"]:
        yield _(
            "camera {camera} ({source}); verified in this bundle: {status}",
            camera=one["camera"],
            source=SOURCE_NAMES[one["camera_by"]],
            status=status,
        )
    else:
        yield _("camera unknown; verified in this bundle: {status}", status=status)


def remarks(one: Record, language: Language) -> Iterator[Message]:
    """Yield what to know before relying on an answer, and of the file."""
    for caution in one["cautions"]:
        yield _("caution: {text}", text=caution[language])
    for note in (*one["notes"], one["camera_conflict"]):
        if note:
            yield _("note: {text}", text=note)
