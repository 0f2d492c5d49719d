"""The demo's first steps, on few small photos."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from edgetlc.data.photos import PhotoSet
from edgetlc.demo import run as module
from edgetlc.demo.run import run_demo
from edgetlc.errors import InputError
from edgetlc.progress import Silent, reporting
from edgetlc.training.runs import CONFIG_FILE, REPORT_FILE, SCORES_FILE


class Notes(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)


def test_the_run_folder_is_as_training_leaves_it(
    photo_set: PhotoSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def enough(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "generate", lambda *_, **__: photo_set)
    monkeypatch.setattr(module, "split", lambda photos, seed: SimpleNamespace(photos=photos))
    monkeypatch.setattr(module, "SIZE", 32)
    monkeypatch.setattr(module, "quantize_run", enough)
    notes = Notes()
    with reporting(notes), pytest.raises(KeyboardInterrupt):
        run_demo(tmp_path / "demo", epochs=1)
    names = {path.name for path in (tmp_path / "demo/run").iterdir()}
    assert {REPORT_FILE, SCORES_FILE, CONFIG_FILE} <= names
    assert [note[:4] for note in notes.lines if "/7 " in note] == ["1/7 ", "2/7 ", "3/7 ", "4/7 "]
    assert any(note.startswith("epoch 1: ") for note in notes.lines)


def test_what_is_there_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="exists already"):
        run_demo(tmp_path)
