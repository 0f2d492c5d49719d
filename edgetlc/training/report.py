"""What a run is worth: scores of the kept network, and a diagnosis in words.

A finished run folder holds them as `scores.json`; its absence tells that training was interrupted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgetlc.data.photos import PhotoSet, digest_of
from edgetlc.errors import InputError
from edgetlc.models.checkpoint import Checkpoint, load_checkpoint
from edgetlc.runtime.classes import ClassInfo
from edgetlc.training.diagnosis import Finding, Fit, diagnose
from edgetlc.training.evaluate import Answers, Evaluation, evaluate
from edgetlc.training.metrics import Scores, scores_from_json, scores_to_json
from edgetlc.training.runs import SCORES_FILE, RunRecord, read_run

MOST_TRAINING_PHOTOS = 500
"""Training photos that the kept network is asked about; evenly chosen where there are more."""
MOST_WRONG = 24
"""Wrongly answered photos that a report names."""


@dataclass(frozen=True)
class WrongAnswer:
    """A photo that the kept network answers wrongly.

    Attributes:
        path: of the photo.
        label: its class.
        answer: the class that the network takes it for.
        confidence: the probability of that class, 0 to 1.
        camera: id of a profile; None where it is unknown.
        simulated: whether its pixels were made by a simulation.
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
        run: the run folder's records.
        classes: in the order of the outputs.
        part: on which the network was scored: `train`, `val`, `test` or `all`.
        overall: scores of that part.
        cameras: the same by camera.
        simulated: whether any photo of that part was made by a simulation.
        unreadable: paths of photos left out, with the reason.
        wrong: the wrong answers of the highest confidence, that one first; at most `MOST_WRONG`.
        digest: SHA-256 over the scored photos (`edgetlc.data.photos.digest_of`).
        findings: what curves and accuracies show; none where they were not looked at.
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


def score_run(
    folder: Path, photos: PhotoSet, device: str = "cpu"
) -> tuple[RunReport, dict[str, Any]]:
    """Score a run on its validation part and diagnose it.

    Args:
        folder: the run folder.
        photos: what it was trained on, with parts `train` and `val`.
        device: where to compute.

    Returns:
        The report, and the JSON document of `scores.json` from which `read_report` restores it.
    """
    checkpoint = load_checkpoint(folder)
    validation = evaluate(checkpoint, photos.part("val"), device=device)
    training = evaluate(checkpoint, _some(photos.part("train")), device=device)
    fits = _fit(training.answers), _fit(validation.answers)
    findings = diagnose(read_run(folder).epochs, *fits)
    report = report_evaluation(folder, checkpoint, "val", validation, findings)
    return report, _document(report, fits[0])


def read_report(folder: Path) -> RunReport:
    """Return the report that a finished run's `scores.json` holds.

    Raises:
        InputError: it holds none.
    """
    run = read_run(folder)
    document = run.scores or {}
    try:
        return RunReport(
            run=run,
            classes=load_checkpoint(folder).classes,
            part=str(document["part"]),
            overall=scores_from_json(document["overall"]),
            cameras={c: scores_from_json(s) for c, s in document["cameras"].items()},
            simulated=bool(document["simulated"]),
            unreadable=tuple((u["file"], u["reason"]) for u in document["unreadable"]),
            wrong=tuple(WrongAnswer(**one) for one in document.get("wrong", ())),
            digest=str(document["photos_digest"]),
            findings=_findings(run),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _no_scores(folder) from None


def report_evaluation(
    folder: Path,
    checkpoint: Checkpoint,
    part: str,
    evaluation: Evaluation,
    findings: tuple[Finding, ...] | None = None,
) -> RunReport:
    """Return the report of an evaluation.

    Args:
        folder: the run folder.
        checkpoint: that was evaluated.
        part: `train`, `val`, `test` or `all`.
        evaluation: of that part.
        findings: what the run shows; None takes those of its end, where it has one.

    Raises:
        InputError: `scores.json` holds something else.
    """
    run = read_run(folder)
    return RunReport(
        run=run,
        classes=checkpoint.classes,
        part=part,
        overall=evaluation.overall,
        cameras=evaluation.cameras,
        simulated=evaluation.simulated,
        unreadable=tuple((str(photo.path), reason) for photo, reason in evaluation.unreadable),
        wrong=wrong_answers(evaluation.answers),
        digest=digest_of(evaluation.answers.photos),
        findings=_findings(run) if findings is None else findings,
    )


def wrong_answers(answers: Answers) -> tuple[WrongAnswer, ...]:
    """Return the wrong answers of the highest confidence, that one first."""
    confidence, given = answers.probabilities.max(axis=1), answers.probabilities.argmax(axis=1)
    wrong = np.flatnonzero(~answers.right)
    order = wrong[np.argsort(-confidence[wrong], kind="stable")][:MOST_WRONG]
    return tuple(
        WrongAnswer(
            path=str(photo.path),
            label=photo.label,
            answer=answers.labels[given[place]],
            confidence=float(confidence[place]),
            camera=photo.camera,
            simulated=photo.simulated,
        )
        for place in order
        for photo in (answers.photos[place],)
    )


def _findings(run: RunRecord) -> tuple[Finding, ...]:
    """Return what the curves and the recorded accuracies of a run's end show; none without them."""
    if run.scores is None:
        return ()
    try:
        confusion = run.scores["overall"]["confusion"]
        right = sum(row[place] for place, row in enumerate(confusion))
        val = Fit(right, sum(map(sum, confusion)))
        return diagnose(run.epochs, Fit(**run.scores["train"]), val)
    except (KeyError, TypeError, IndexError, ZeroDivisionError):
        raise _no_scores(run.folder) from None


def _no_scores(folder: Path) -> InputError:
    return InputError(
        "{file} holds no scores of a run; remove it and resume the run", file=folder / SCORES_FILE
    )


def _some(photos: PhotoSet) -> PhotoSet:
    """Return the photos, or an even choice of them by class."""
    ordered = sorted(photos.photos, key=lambda photo: (photo.label, photo.path))
    count = len(ordered)
    if count <= MOST_TRAINING_PHOTOS:
        return photos
    places = (i * count // MOST_TRAINING_PHOTOS for i in range(MOST_TRAINING_PHOTOS))
    return replace(photos, photos=tuple(ordered[place] for place in places))


def _fit(answers: Answers) -> Fit:
    return Fit(int(answers.right.sum()), len(answers.truth))


def _document(report: RunReport, train: Fit) -> dict[str, Any]:
    return {
        "part": report.part,
        "photos_digest": report.digest,
        "simulated": report.simulated,
        "overall": scores_to_json(report.overall),
        "cameras": {camera: scores_to_json(s) for camera, s in report.cameras.items()},
        "unreadable": [{"file": file, "reason": reason} for file, reason in report.unreadable],
        "wrong": [asdict(one) for one in report.wrong],
        "train": asdict(train),
        "findings": [finding.to_json() for finding in report.findings],
    }
