from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from edgetlc.calibration.preparation import resumable
from edgetlc.errors import InputError

KEY = {"checkpoint": "abc", "settings": {"layers": ("a", "b")}}


@pytest.fixture
def interrupted(tmp_path: Path) -> Path:
    """Work with two finished steps, left by a command that was stopped."""
    folder = tmp_path / "work"
    with suppress(KeyboardInterrupt), resumable(folder, KEY, resume=False) as steps:
        steps.put("layer/1 effect", {"drop": 0.25})
        steps.put_bytes("int8 network", b"\0\1")
        raise KeyboardInterrupt
    return folder


def test_finished_steps_are_there_again(interrupted: Path) -> None:
    with resumable(interrupted, KEY, resume=True) as steps:
        assert steps.get("layer/1 effect") == {"drop": 0.25}
        assert steps.get_bytes("int8 network") == b"\0\1"
        assert steps.get("layer/2 effect") is None
        assert steps.get_bytes("layer/1 effect") is None
    assert not interrupted.exists()  # it ended well


def test_a_new_start_forgets_them(interrupted: Path) -> None:
    with resumable(interrupted, KEY, resume=False) as steps:
        assert steps.get("layer/1 effect") is None


def test_nothing_to_resume_is_a_new_start(tmp_path: Path) -> None:
    with resumable(tmp_path / "work", KEY, resume=True) as steps:
        assert steps.get("anything") is None


def test_nothing_is_left_where_no_step_was_finished(tmp_path: Path) -> None:
    with suppress(InputError), resumable(tmp_path / "work", KEY, resume=False):
        raise InputError("bad input")
    assert list(tmp_path.iterdir()) == []


def test_other_settings_are_told(interrupted: Path) -> None:
    other = {**KEY, "settings": {"layers": ("a",)}}
    with (
        pytest.raises(InputError, match=r"begun with another settings; .*without --resume"),
        resumable(interrupted, other, resume=True),
    ):
        pass
    assert interrupted.is_dir()  # what was done is not lost by asking wrongly


def test_names_cannot_leave_the_folder(tmp_path: Path) -> None:
    with resumable(tmp_path / "work", KEY, resume=False) as steps:
        steps.put("../../outside", 1)
        assert steps.get("../../outside") == 1
        assert {path.name for path in tmp_path.rglob("*.json")} == {
            "work.json",
            "..%2F..%2Foutside.json",
        }
