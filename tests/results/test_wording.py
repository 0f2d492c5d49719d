from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.results.records import record
from edgetlc.results.wording import both, describe, percent, percent_needed
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.prediction import Prediction, Unreadable

Predict = Callable[..., Prediction]


@pytest.mark.parametrize(
    ("share", "shown"),
    [(1.0, "100.00%"), (0.99999, "99.99%"), (0.57, "57.00%"), (0.0, "0.00%"), (0.90159, "90.15%")],
)
def test_percent_never_shows_more_than_there_is(share: float, shown: str) -> None:
    assert percent(share) == shown


@given(st.floats(0, 1), st.integers(0, 10_000))
def test_a_confidence_that_falls_short_looks_so(confidence: float, needed: int) -> None:
    """For thresholds in steps of 0.01 %, which is what fitting chooses."""
    if abs(confidence * 10_000 - needed) < 1e-5:
        return  # closer than a model's arithmetic
    shown, asked = (float(t[:-1]) for t in (percent(confidence), percent_needed(needed / 10_000)))
    assert (shown >= asked) == (confidence >= needed / 10_000)


def test_both() -> None:
    assert both("陈皮", "peel") == "陈皮 peel"
    assert both("peel", "peel") == "peel"
    assert both("", "peel") == "peel"


def test_an_answer(predicted: Predict) -> None:
    assert describe(record(predicted()), "en") == [
        "photos/a.jpg: 陈皮 aged tangerine peel - GENUINE",
        "  confidence 97.31%; an answer with this label needs 90.00%",
        "  runner-up 橘皮 tangerine peel, 2.00%",
        "  camera iphone-11 (by EXIF); verified in this bundle: UNTESTED",
        "  caution: camera was not verified",
        "  note: first of 12 frames",
    ]


def test_an_answer_in_chinese(predicted: Predict) -> None:
    lines = describe(record(predicted()), "zh")
    assert lines[0] == "photos/a.jpg: 陈皮 aged tangerine peel - 正品"
    assert "  相机 iphone-11（由 EXIF 得知）；本模型包对它的验证：未验证" in lines
    assert "  注意：设备未验证" in lines


def test_not_sure_is_as_clear_as_an_answer(predicted: Predict) -> None:
    unsure = record(predicted(decision="not_sure", confidence=0.61))
    first, second, *_ = describe(unsure, "en")
    assert first == "photos/a.jpg: NOT SURE: send the piece to the laboratory"
    assert describe(unsure, "zh")[0] == "photos/a.jpg: 不确定：请送实验室检验"
    assert second == (
        "  most likely 陈皮 aged tangerine peel, confidence 61.00%; "
        "an answer with this label needs 90.00%"
    )


def test_unreadable() -> None:
    assert describe(record(Unreadable("a\n.jpg", "empty")), "en") == [
        "a\N{REPLACEMENT CHARACTER}.jpg: UNREADABLE",
        "  empty",
    ]


def test_no_control_character_of_a_label_is_printed(predicted: Predict) -> None:
    hostile = ClassInfo("x", "\x1b[2J", "b\nc", "counterfeit")
    lines = describe(record(predicted(label=hostile, runner_up=hostile)), "zh")
    assert all(line.isprintable() for line in lines)
    assert lines[0].endswith("- 伪品")
