"""`edgetlc predict`: classify photos on site."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from edgetlc.cli.console import note, say, writable
from edgetlc.cli.options import (
    BundleArgument,
    DeviceFolder,
    Overwrite,
    PhotosArgument,
    Resume,
    Threads,
    photo_files,
)
from edgetlc.cli.prediction_view import MOST_ROWS, UNREADABLE, Tally, show_answers
from edgetlc.config import option
from edgetlc.errors import BAD_INPUT
from edgetlc.locale import _
from edgetlc.progress import progress

if TYPE_CHECKING:
    from edgetlc.results.batch import Batch
    from edgetlc.results.outputs import Outputs
    from edgetlc.runtime.classifier import Classifier


def predict(
    bundle: BundleArgument,
    photos: PhotosArgument,
    model: str | None = option(None, _("Model of the bundle, such as onnx-fp32. Default: int8.")),
    engine: str | None = option(
        None, _("What runs the model. Default: the model's preferred one.")
    ),
    threads: Threads = None,
    overlay: Path | None = option(
        None, _("Write each photo with its class-activation overlay to this folder.")
    ),
    annotate: Path | None = option(
        None, _("Write each photo, its overlay and the answer as a picture to there.")
    ),
    report: Path | None = option(
        None, _("Write pages to print: a .html file, or .pdf (an extra).")
    ),
    results_file: Path | None = option(None, _("Also write the results to this file.")),
    results_format: Literal["json", "jsonl", "csv", "xml", "text"] | None = option(
        None, _("Of the results file; its suffix if not given.")
    ),
    resume: Resume = False,
    overwrite: Overwrite = False,
    devices: DeviceFolder = None,
    json_: bool = False,
) -> None:
    """Classify photos: label, confidence, runner-up, camera, cautions. Needs no network.

    Example: edgetlc predict herbs.etlc photo.jpg
    """
    from edgetlc.devices.profiles import Cameras
    from edgetlc.results.outputs import Outputs
    from edgetlc.runtime.classifier import Classifier

    outputs = Outputs(results_file, results_format, overlay, annotate, report, resume, overwrite)
    files = photo_files(photos)
    if report is not None:
        from edgetlc.pages.predictions import check_report

        check_report(report, len(files))
    outputs.check(bundle, files, devices)
    if outputs.draws_text:
        from edgetlc.results.fonts import NO_CHINESE_FONT, chinese_font

        if chinese_font() is None:
            note(NO_CHINESE_FONT)
    classifier = Classifier.open(
        bundle,
        model=model,
        engine=engine,
        # Of many photos each processor takes one; of one photo they share the work.
        threads=threads or (1 if len(files) > 1 else None),
        cameras=Cameras.load(devices),
    )
    tally = _classify(classifier, files, outputs, as_json=json_)
    if not json_:
        show_answers(tally)
        say("{model} on {engine}", model=classifier.model.id, engine=classifier.engine.name)
        _tell_where(outputs, tally.photos)
    if tally.unreadable:
        raise typer.Exit(BAD_INPUT)


def _classify(
    classifier: Classifier, files: Sequence[Path], outputs: Outputs, *, as_json: bool
) -> Tally:
    """Classify the photos and write what was asked for."""
    from edgetlc.results.batch import Batch

    time = datetime.now().astimezone().isoformat(sep=" ", timespec="minutes")
    tally, photos = Tally(), []
    with outputs.journal(classifier, keep=as_json) as (journal, answered):
        batch = Batch(classifier, files, journal, answered, outputs.extras(classifier))
        found = batch.run()
        try:
            shown = progress(found, _("classifying"), len(files)) if len(files) > 1 else found
            for one, sheet in shown:
                tally.add(one)
                if outputs.report is not None:
                    photos.append((one, sheet))
                if one["decision"] == UNREADABLE:
                    note("cannot classify {file}: {reason}", file=one["file"], reason=one["reason"])
            outputs.write(batch)
            if outputs.report is not None:
                from edgetlc.pages.predictions import write_report

                write_report(outputs.report, classifier, photos, time)
        except BaseException:
            if journal is not None and journal.path is not None:
                note(
                    "{done} of {all} answers are kept in {file}; the same command with "
                    "--resume goes on from there",
                    done=tally.photos,
                    all=len(files),
                    file=journal.path,
                )
            raise
        try:
            if as_json:
                _print_document(batch)
        finally:
            if journal is not None:
                journal.remove()
    return tally


def _print_document(batch: Batch) -> None:
    """Print all answers as one JSON document, in plain ASCII where stdout takes no UTF-8."""
    from edgetlc.results.records import RunInfo
    from edgetlc.results.results import json_pieces

    ascii_only = (sys.stdout.encoding or "").lower() not in ("utf-8", "utf8")
    run = RunInfo.of(batch.classifier)
    for piece in json_pieces(run, batch.records(), ascii_only=ascii_only):
        sys.stdout.write(writable(piece))


def _tell_where(outputs: Outputs, photos: int) -> None:
    if outputs.results_file is not None:
        say("all answers in {place}", place=outputs.results_file)
    if outputs.overlay is not None:
        say("overlays in {place}", place=outputs.overlay)
    if outputs.annotate is not None:
        say("annotated pictures in {place}", place=outputs.annotate)
    if outputs.report is not None:
        say("report in {place}", place=outputs.report)
    if photos > MOST_ROWS and outputs.results_file is None:
        say("all answers, one by one: pass --results-file answers.csv (.json .jsonl .xml .txt)")
