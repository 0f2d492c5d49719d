"""Ending a run with what it is worth: scores, a diagnosis in words, one page.

A finished run folder also holds `scores.json` and `report.html`; their absence tells that training
was interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgetlc.data.photos import PhotoSet, digest_of
from edgetlc.errors import InputError
from edgetlc.files import write_json
from edgetlc.models.checkpoint import Checkpoint, LoadedWeights, load_checkpoint
from edgetlc.runtime.classes import ClassInfo
from edgetlc.training.config import TrainingConfig
from edgetlc.training.diagnosis import Finding, Fit, diagnose
from edgetlc.training.distributed import started_by_torchrun
from edgetlc.training.evaluate import Answers, Evaluation, evaluate
from edgetlc.training.events import epoch_events
from edgetlc.training.metrics import Scores, scores_from_json, scores_to_json
from edgetlc.training.page import write_page
from edgetlc.training.runs import REPORT_FILE, SCORES_FILE, RunRecord, read_run
from edgetlc.training.train import Epoch, TrainedRun, train

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
    """What a run, or an evaluation of its network, is worth.

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


def train_and_report(
    photos: PhotoSet,
    config: TrainingConfig,
    output: Path,
    *,
    overwrite: bool = False,
    resume: bool = False,
    on_start: Callable[[LoadedWeights | None], None] = lambda loaded: None,
    on_resume: Callable[[int], None] = lambda done: None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> tuple[TrainedRun, RunReport]:
    """Train as `edgetlc.training.train.train` does, with events; then score and report the run.

    Of several processes (`torchrun`) all score, so that none waits for another; one writes. A
    finished run that is resumed keeps its scores.

    Raises:
        InputError: as `train`.
    """
    trained: list[Epoch] = []
    with epoch_events(output) as write_events:

        def after(epoch: Epoch) -> None:
            trained.append(epoch)
            if epoch.epoch == 1:  # the run that stood here before is replaced by now
                for stale in (SCORES_FILE, REPORT_FILE):
                    (output / stale).unlink(missing_ok=True)
            write_events(epoch)
            on_epoch(epoch)

        run = train(
            photos,
            config,
            output,
            overwrite=overwrite,
            resume=resume,
            on_start=on_start,
            on_resume=on_resume,
            on_epoch=after,
        )
    if resume and not trained and (output / SCORES_FILE).is_file():
        return run, read_report(output)
    write = started_by_torchrun().main
    return run, report_run(output, photos, device=config.device, write=write)


def report_run(
    folder: Path,
    photos: PhotoSet,
    *,
    device: str = "cpu",
    write: bool = True,
) -> RunReport:
    """Score a run on its validation part, diagnose it, write `scores.json` and `report.html`.

    Args:
        folder: the run folder.
        photos: what it was trained on, with parts `train` and `val`.
        device: where to compute.
        write: false only returns the report.
    """
    checkpoint = load_checkpoint(folder)
    found = evaluate(checkpoint, photos.part("val"), device=device)
    learnt = evaluate(checkpoint, _some(photos.part("train")), device=device)
    run = read_run(folder)
    findings = diagnose(run.epochs, _fit(learnt.answers), _fit(found.answers))
    report = _report(run, checkpoint, "val", found, findings)
    if write:
        write_json(folder / SCORES_FILE, _document(report, _fit(learnt.answers)))
        write_page(folder / REPORT_FILE, report)
    return report


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
        raise InputError(
            f"{folder / SCORES_FILE} holds no scores of a run; remove it and resume the run"
        ) from None


def report_evaluation(
    path: Path, folder: Path, checkpoint: Checkpoint, part: str, found: Evaluation
) -> RunReport:
    """Write the page of an evaluation; the diagnosis is that of the run's end, where it has one.

    Args:
        path: of the page.
        folder: the run folder.
        checkpoint: that was evaluated.
        part: `train`, `val`, `test` or `all`.
        found: what `evaluate` returned.
    """
    run = read_run(folder)
    report = _report(run, checkpoint, part, found, _findings(run))
    write_page(path, report)
    return report


def _report(
    run: RunRecord,
    checkpoint: Checkpoint,
    part: str,
    found: Evaluation,
    findings: tuple[Finding, ...],
) -> RunReport:
    return RunReport(
        run=run,
        classes=checkpoint.classes,
        part=part,
        overall=found.overall,
        cameras=found.cameras,
        simulated=found.simulated,
        unreadable=tuple((str(photo.path), reason) for photo, reason in found.unreadable),
        wrong=wrong_answers(found.answers),
        digest=digest_of(found.answers.photos),
        findings=findings,
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
        raise InputError(
            f"{run.folder / SCORES_FILE} holds no scores of a run; remove it and resume the run"
        ) from None


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


def _document(report: RunReport, learnt: Fit) -> dict[str, Any]:
    return {
        "part": report.part,
        "photos_digest": report.digest,
        "simulated": report.simulated,
        "overall": scores_to_json(report.overall),
        "cameras": {camera: scores_to_json(s) for camera, s in report.cameras.items()},
        "unreadable": [{"file": file, "reason": reason} for file, reason in report.unreadable],
        "wrong": [asdict(one) for one in report.wrong],
        "train": asdict(learnt),
        "findings": [finding.to_json() for finding in report.findings],
    }
