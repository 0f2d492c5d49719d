"""What is said of a prediction, in Chinese and English: the same words everywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping

from edgetlc.results.records import UNREADABLE, Record
from edgetlc.results.safe_text import visible
from edgetlc.runtime.classes import Role
from edgetlc.runtime.prediction import NOT_SURE_EN, NOT_SURE_ZH
from edgetlc.runtime.verification import CameraStatus

ROLES: Mapping[Role, tuple[str, str]] = {
    "genuine": ("正品", "GENUINE"),
    "counterfeit": ("伪品", "COUNTERFEIT"),
    "unspecified": ("", ""),
}
STATUS: Mapping[CameraStatus, tuple[str, str]] = {
    "PASS": ("通过", "PASS"),
    "FAIL": ("未通过", "FAIL"),
    "INSUFFICIENT": ("证据不足", "INSUFFICIENT"),
    "UNTESTED": ("未验证", "UNTESTED"),
}
UNKNOWN = ("未知", "unknown")
UNREADABLE_WORDS = ("无法读取", "UNREADABLE")
KNOWN_BY: Mapping[str, tuple[str, str]] = {
    "exif": ("由 EXIF 得知", "by exif"),
    "name": ("由文件名得知", "by name"),
    "manifest": ("由清单得知", "by manifest"),
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
    """Return Chinese and English side by side, or one where they are the same or one is empty."""
    return " ".join(dict.fromkeys(word for word in (zh, en) if word))


def describe(one: Record) -> list[str]:
    """Return the lines that tell of one photo; the first begins with its name."""
    file = visible(one["file"])
    if one["decision"] == UNREADABLE:
        return [f"{file}: {both(*UNREADABLE_WORDS)}", f"  {visible(one['reason'])}"]
    return [visible(line) for line in (*_decision(one), *_camera(one), *_remarks(one))]


def answer_of(one: Record) -> str:
    """Return label and role of an answer, such as `陈皮 aged tangerine peel - GENUINE 正品`."""
    label = both(one["zh"], one["en"])
    zh, en = ROLES[one["role"]]
    return f"{label} - {en} {zh}" if en else label


def _decision(one: Record) -> list[str]:
    confidence, needed = percent(one["confidence"]), percent_needed(one["needed"])
    if one["decision"] == "not_sure":
        lines = [
            f"{one['file']}: {NOT_SURE_EN}",
            f"  {NOT_SURE_ZH}",
            f"  most likely {both(one['zh'], one['en'])}, confidence {confidence}; "
            f"an answer with this label needs {needed}",
        ]
    else:
        lines = [
            f"{one['file']}: {answer_of(one)}",
            f"  confidence {confidence}; an answer with this label needs {needed}",
        ]
    runner_up = both(one["runner_up_zh"], one["runner_up_en"])
    return [*lines, f"  runner-up {runner_up}, {percent(one['runner_up_confidence'])}"]


def _camera(one: Record) -> list[str]:
    by = f" ({KNOWN_BY[one['camera_by']][1]})" if one["camera_by"] else ""
    camera = one["camera"] or UNKNOWN[1]
    return [f"  camera {camera}{by}; verified in this bundle: {one['verified']}"]


def _remarks(one: Record) -> list[str]:
    cautions = [
        line
        for caution in one["cautions"]
        for line in (f"  caution: {caution['en']}", f"           {caution['zh']}")
    ]
    conflict = [one["camera_conflict"]] if one["camera_conflict"] else []
    return [*cautions, *(f"  note: {note}" for note in (*one["notes"], *conflict))]
