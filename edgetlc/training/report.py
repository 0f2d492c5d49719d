"""Ending a run with what it is worth: scores, a diagnosis in words, one page.

A finished run folder also holds `scores.json` and `report.html`; their absence tells that training
was interrupted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from edgetlc.data.photos import PhotoSet, digest_of
from edgetlc.errors import InputError
from edgetlc.files import write_json
from edgetlc.models.checkpoint import Checkpoint, LoadedWeights, load_checkpoint
from edgetlc.training.config import TrainingConfig
from edgetlc.training.diagnosis import Finding, Fit, diagnose
from edgetlc.training.distributed import started_by_torchrun
from edgetlc.training.evaluate import Answers, Evaluation, evaluate
from edgetlc.training.events import epoch_events
from edgetlc.training.metrics import scores_from_json, scores_to_json
from edgetlc.training.page import RunReport, write_page
from edgetlc.training.runs import REPORT_FILE, SCORES_FILE, RunRecord, read_run
from edgetlc.training.train import Epoch, TrainedRun, train

MOST_TRAINING_PHOTOS = 500
"""Training photos that the kept network is asked about; evenly chosen where there are more."""


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
        digest=digest_of(found.answers.photos),
        findings=findings,
    )


def _findings(run: RunRecord) -> tuple[Finding, ...]:
    try:
        return tuple(Finding(**finding) for finding in (run.scores or {}).get("findings", ()))
    except TypeError:
        raise InputError(
            f"{run.folder / SCORES_FILE} holds no findings of a run; train it again"
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
        "train": asdict(learnt),
        "findings": [asdict(finding) for finding in report.findings],
    }
