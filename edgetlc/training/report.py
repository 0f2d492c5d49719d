"""What a run is worth: scores of the kept network, and a diagnosis in words.

A finished run folder holds them as `scores.json`; its absence tells that training was interrupted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgetlc.config import from_document
from edgetlc.data.photos import PhotoSet, digest_of
from edgetlc.errors import InputError
from edgetlc.models.checkpoint import Checkpoint, load_checkpoint
from edgetlc.runtime.classes import ClassInfo
from edgetlc.training.diagnosis import Finding, Fit, diagnose
from edgetlc.training.evaluate import Evaluation, evaluate
from edgetlc.training.metrics import Scores
from edgetlc.training.runs import SCORES_FILE, RunRecord, read_run

MOST_TRAINING_PHOTOS = 500
"""Training photos that the kept network is asked about; evenly chosen where there are more."""
MOST_WRONG = 24
"""Wrongly answered photos that a report names."""


@dataclass(frozen=True)
class WrongAnswer:
    """A photo of class `label` that the kept network takes for `answer`.

    `confidence` is the probability of that answer, 0 to 1; `camera` the id of a profile, None where
    it is unknown; `simulated` tells whether its pixels were made by a simulation.
    """

    path: str
    label: str
    answer: str
    confidence: float
    camera: str | None
    simulated: bool


@dataclass(frozen=True)
class RunReport:
    """A run and the scores of its kept network on one part.

    Attributes:
        classes: in the order of the outputs.
        part: on which the network was scored: `train`, `val`, `test` or `all`.
        simulated: whether any photo of that part was made by a simulation.
        unreadable: paths of photos left out, with the reason.
        wrong: the wrong answers of the highest confidence, that one first; at most `MOST_WRONG`.
        digest: SHA-256 over the scored photos (`edgetlc.data.photos.digest_of`).
        findings: what curves and accuracies show; none of a run that has not ended.
    """

    run: RunRecord
    classes: tuple[ClassInfo, ...]
    part: str
    overall: Scores
    cameras: Mapping[str, Scores]
    simulated: bool
    unreadable: tuple[tuple[str, str], ...]
    wrong: tuple[WrongAnswer, ...]
    digest: str
    findings: tuple[Finding, ...]


def score_run(folder: Path, photos: PhotoSet, device: str = "cpu") -> RunReport:
    """Score a run on its validation part and diagnose it; its `run.scores` belong in `scores.json`.

    The photos are those that it was trained on, with parts `train` and `val`.
    """
    checkpoint = load_checkpoint(folder)
    validation = evaluate(checkpoint, photos.part("val"), device=device)
    training = evaluate(checkpoint, _some(photos.part("train")), device=device)
    fit = Fit(int(training.right.sum()), len(training.truth))
    scores = {**_document("val", validation), "train": asdict(fit)}
    run = replace(read_run(folder), scores=scores)
    scores["findings"] = [finding.to_json() for finding in _findings(run)]
    return _report(run, checkpoint, scores)


def read_report(folder: Path) -> RunReport:
    """Return the report that a finished run's `scores.json` holds."""
    run = read_run(folder)
    return _report(run, load_checkpoint(folder), run.scores or {})


def report_evaluation(
    folder: Path, checkpoint: Checkpoint, part: str, evaluation: Evaluation
) -> RunReport:
    """Return the report of an evaluation of a run's checkpoint on a part."""
    return _report(read_run(folder), checkpoint, _document(part, evaluation))


def _document(part: str, evaluation: Evaluation) -> dict[str, Any]:
    digest = digest_of(evaluation.photos)
    wrong = [asdict(one) for one in _wrong_answers(evaluation)]
    return {"part": part, "photos_digest": digest, **evaluation.to_json(), "wrong": wrong}


def _report(run: RunRecord, checkpoint: Checkpoint, scores: Mapping[str, Any]) -> RunReport:
    try:
        return RunReport(
            run=run,
            classes=checkpoint.classes,
            part=str(scores["part"]),
            overall=from_document(scores["overall"], Scores),
            cameras={c: from_document(s, Scores) for c, s in scores["cameras"].items()},
            simulated=bool(scores["simulated"]),
            unreadable=tuple((u["file"], u["reason"]) for u in scores["unreadable"]),
            wrong=tuple(WrongAnswer(**one) for one in scores.get("wrong", ())),
            digest=str(scores["photos_digest"]),
            findings=_findings(run),
        )
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, InputError):
        raise InputError(
            "{file} holds no scores of a run; remove it and resume the run",
            file=run.folder / SCORES_FILE,
        ) from None


def _wrong_answers(found: Evaluation) -> list[WrongAnswer]:
    """Return the wrong answers of the highest confidence, that one first."""
    confidence, given = found.probabilities.max(axis=1), found.probabilities.argmax(axis=1)
    wrong = np.flatnonzero(~found.right)
    order = wrong[np.argsort(-confidence[wrong], kind="stable")][:MOST_WRONG]
    return [
        WrongAnswer(
            path=str(photo.path),
            label=photo.label,
            answer=found.labels[given[place]],
            confidence=float(confidence[place]),
            camera=photo.camera,
            simulated=photo.simulated,
        )
        for place in order
        for photo in (found.photos[place],)
    ]


def _findings(run: RunRecord) -> tuple[Finding, ...]:
    """Return what the curves and the recorded accuracies of a run's end show; none without them."""
    if run.scores is None:
        return ()
    confusion = run.scores["overall"]["confusion"]
    right = sum(row[place] for place, row in enumerate(confusion))
    val = Fit(right, sum(map(sum, confusion)))
    return diagnose(run.epochs, Fit(**run.scores["train"]), val)


def _some(photos: PhotoSet) -> PhotoSet:
    """Return the photos, or an even choice of them by class."""
    ordered = sorted(photos.photos, key=lambda photo: (photo.label, photo.path))
    count = len(ordered)
    if count <= MOST_TRAINING_PHOTOS:
        return photos
    places = (i * count // MOST_TRAINING_PHOTOS for i in range(MOST_TRAINING_PHOTOS))
    return replace(photos, photos=tuple(ordered[place] for place in places))
