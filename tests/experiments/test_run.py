"""How a run ends: scores and page, with a stand-in for training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.experiments import run as module
from edgetlc.experiments.run import train_run
from edgetlc.models.checkpoint import load_checkpoint
from edgetlc.pages.training import write_page
from edgetlc.runtime.contract import PixelContract
from edgetlc.training import report as scoring
from edgetlc.training.config import TrainingConfig
from edgetlc.training.evaluate import evaluate
from edgetlc.training.report import read_report, report_evaluation
from edgetlc.training.runs import REPORT_FILE, SCORES_FILE, read_run

CONFIG = TrainingConfig("slim-resnet18", 2, 6, contract=PixelContract(size=32))
Calls = list[dict[str, Any]]


pytestmark = pytest.mark.usefixtures("calls")


def test_scores_and_page_are_there(photo_set: PhotoSet, tmp_path: Path) -> None:
    _run, report = train_run(photo_set, CONFIG, tmp_path / "run")
    assert report.part == "val"
    assert report.overall.count == len(photo_set.part("val").photos)
    assert "Training report" in (tmp_path / "run" / REPORT_FILE).read_text(encoding="utf-8")
    read = read_run(tmp_path / "run")
    assert read.scores is not None
    assert read.scores["overall"]["confusion"] == [list(r) for r in report.overall.confusion]
    assert read.scores["train"]["photos"] == len(photo_set.part("train").photos)
    assert read.figures["accuracy"] == report.overall.accuracy
    assert [f["kind"] for f in read.scores["findings"]] == [f.kind for f in report.findings]


def test_training_photos_are_counted_without_augmentation(
    photo_set: PhotoSet, tmp_path: Path
) -> None:
    train_run(photo_set, CONFIG, tmp_path)
    learnt = evaluate(load_checkpoint(tmp_path), photo_set.part("train"))
    scores = read_run(tmp_path).scores
    assert scores is not None
    assert scores["train"]["right"] == int(learnt.right.sum())


def test_no_more_training_photos_than_needed_are_asked_about(
    photo_set: PhotoSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "MOST_TRAINING_PHOTOS", 9)
    train_run(photo_set, CONFIG, tmp_path)
    scores = read_run(tmp_path).scores
    assert scores is not None
    assert scores["train"]["photos"] == 9
    chosen = scoring._some(photo_set.part("train")).photos
    assert sorted(p.label for p in chosen) == ["disc"] * 3 + ["ring"] * 3 + ["stick"] * 3


def test_page_of_an_evaluation(photo_set: PhotoSet, tmp_path: Path) -> None:
    _, first = train_run(photo_set, CONFIG, tmp_path / "run")
    checkpoint = load_checkpoint(tmp_path / "run")
    found = evaluate(checkpoint, photo_set.part("test"))
    made = report_evaluation(tmp_path / "run", checkpoint, "test", found)
    assert (made.part, made.overall, made.findings) == ("test", found.overall, first.findings)
    write_page(tmp_path / "page.html", made)
    assert "test part" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_the_surest_wrong_answers_are_named(photo_set: PhotoSet, tmp_path: Path) -> None:
    _, report = train_run(photo_set, CONFIG, tmp_path)
    answers = evaluate(load_checkpoint(tmp_path), photo_set.part("val"))
    assert len(report.wrong) == int((~answers.right).sum()) > 0
    confidences = [one.confidence for one in report.wrong]
    assert confidences == sorted(confidences, reverse=True)
    assert all(one.label != one.answer for one in report.wrong)
    assert read_report(tmp_path).wrong == report.wrong


def test_scores_without_figures(photo_set: PhotoSet, tmp_path: Path) -> None:
    train_run(photo_set, CONFIG, tmp_path)
    (tmp_path / SCORES_FILE).write_text('{"findings": [{"kind": 1}]}')
    checkpoint = load_checkpoint(tmp_path)
    found = evaluate(checkpoint, photo_set.part("val"))
    with pytest.raises(InputError, match="holds no scores of a run"):
        report_evaluation(tmp_path, checkpoint, "val", found)


def test_a_finished_run_that_is_resumed_keeps_its_scores(
    photo_set: PhotoSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = tmp_path / "lost.jpg"
    lost.touch()
    first, *rest = photo_set.photos
    broken = replace(photo_set, photos=(replace(first, path=lost, part="val"), *rest))
    run, report = train_run(broken, CONFIG, tmp_path / "run")
    monkeypatch.setattr(module, "train", lambda *_, **__: run)
    monkeypatch.setattr(scoring, "evaluate", None)
    same_run, again = train_run(broken, CONFIG, tmp_path / "run", resume=True)
    assert same_run == run
    assert replace(again, run=report.run) == report
    assert [file for file, reason in again.unreadable if reason] == [str(lost)]


def test_a_page_that_is_gone_comes_back(
    photo_set: PhotoSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _report = train_run(photo_set, CONFIG, tmp_path)
    page, scores = tmp_path / REPORT_FILE, tmp_path / SCORES_FILE
    before, scored = page.read_bytes(), scores.read_bytes()
    page.unlink()
    monkeypatch.setattr(module, "train", lambda *_, **__: run)
    train_run(photo_set, CONFIG, tmp_path, resume=True)
    assert page.read_bytes() == before
    assert scores.read_bytes() == scored


def test_scores_that_are_none(photo_set: PhotoSet, tmp_path: Path) -> None:
    train_run(photo_set, CONFIG, tmp_path)
    (tmp_path / SCORES_FILE).write_text('{"part": "val", "overall": [], "cameras": {}}')
    with pytest.raises(InputError, match="holds no scores of a run"):
        read_report(tmp_path)


def test_of_several_processes_one_writes(
    photo_set: PhotoSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}
    for name, value in world.items():
        monkeypatch.setenv(name, value)
    _, report = train_run(photo_set, CONFIG, tmp_path)
    assert report.overall.count == 6
    assert not (tmp_path / SCORES_FILE).exists()
    assert not (tmp_path / REPORT_FILE).exists()
