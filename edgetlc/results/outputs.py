"""What is made of a batch beside its answers in memory: results file, pictures, sheets of a report.

    outputs = Outputs(results_file=Path("answers.csv"), overlay=Path("overlays"))
    outputs.check(bundle, photos)
    with outputs.journal(classifier) as (journal, answered):
        batch = Batch(classifier, photos, journal, answered, outputs.extras(classifier))
        answers = list(batch.run())
        outputs.write(batch)

The report is a page, so whoever asks for one writes it (`edgetlc.pages.predictions`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgetlc.errors import InputError
from edgetlc.outputs import Target, check_outputs
from edgetlc.results.batch import Batch, Extras, journal_header
from edgetlc.results.journal import Answered, Journal, journal_path
from edgetlc.results.records import RunInfo
from edgetlc.results.safe_text import picture_name
from edgetlc.runtime.classifier import Classifier
from edgetlc.runtime.photo_files import ANNOTATED_SUFFIX, OVERLAY_SUFFIX
from edgetlc.runtime.prediction import Prediction

if TYPE_CHECKING:
    from edgetlc.results.pictures import PhotoSheet
    from edgetlc.results.results import Format


@dataclass(frozen=True)
class Outputs:
    """Files to write, and how to treat what is there already."""

    results_file: Path | None = None
    results_format: Format | None = None  # None takes what the suffix of `results_file` says
    overlay: Path | None = None  # folder of overlays
    annotate: Path | None = None  # folder of annotated pictures
    report: Path | None = None  # `.html` or `.pdf`
    resume: bool = False  # go on with the journal of an interrupted run
    overwrite: bool = False  # replace what is there

    def check(self, bundle: Path, photos: Sequence[Path], devices: Path | None = None) -> None:
        """Raise `InputError` where an output contradicts another, is there or cannot be written."""
        if self.results_file is None and (self.results_format or self.resume):
            flag = "--resume" if self.resume else "--results-format"
            raise InputError("{flag} speaks of a results file; pass --results-file too", flag=flag)
        if self.resume and self.overwrite:
            raise InputError("--resume goes on and --overwrite begins anew; pass one of them")
        if self.results_file is not None:
            self._format(self.results_file)
            self._check_results(self.results_file)
        go_on = self.resume or self.overwrite
        targets = [Target(file, replace=go_on) for file in (self.results_file, self.report)]
        for folder, suffix in ((self.overlay, OVERLAY_SUFFIX), (self.annotate, ANNOTATED_SUFFIX)):
            if folder is not None:  # which may be the photos' own: pictures have their own suffix
                names = (picture_name(str(photo), suffix) for photo in photos)
                targets += [Target(folder / name, replace=go_on) for name in names]
        check_outputs(targets, [bundle, devices, *photos])

    def _format(self, file: Path) -> Format:
        from edgetlc.results.results import format_by_name

        return self.results_format or format_by_name(file)

    def _check_results(self, file: Path) -> None:
        journal = journal_path(file)
        if self.resume and file.exists() and not journal.exists():
            raise InputError(
                "{file} is complete and there is nothing to resume; pass --overwrite to "
                "classify the photos again",
                file=file,
            )
        if journal.exists() and not (self.resume or self.overwrite):
            raise InputError(
                "{journal} holds the answers of an interrupted run; go on with --resume, or "
                "begin anew with --overwrite",
                journal=journal,
            )

    @contextmanager
    def journal(
        self, classifier: Classifier, *, keep: bool = False
    ) -> Iterator[tuple[Journal | None, Answered]]:
        """Yield the journal of the results file and the answers in it; the file outlives the block.

        Without a results file, `keep` yields a journal without a name instead of None, so that the
        batch's records can be had again.

        Raises:
            InputError: it was begun with another bundle, model, engine or other pictures.
        """
        if self.results_file is None:
            with Journal.temporary() if keep else nullcontext() as temporary:
                yield temporary, {}
            return
        path = journal_path(self.results_file)
        pictures = {"overlay": self.overlay, "annotate": self.annotate}
        told = {name: folder and str(folder) for name, folder in pictures.items()}
        header = journal_header(classifier, **told)
        if self.resume:
            journal, answered = Journal.resume(path, header)
        else:
            journal, answered = Journal.begin(path, header), {}
        with journal:
            # A sheet needs the evidence, which the journal does not hold: such photos are few.
            yield journal, ({} if self.report is not None else answered)

    def extras(self, classifier: Classifier) -> Extras | None:
        """Return what makes pictures and the sheet of one photo; None if nothing is to be made."""
        if self.overlay is None and self.annotate is None and self.report is None:
            return None
        from edgetlc.results.pictures import evidence, photo_sheet, write_annotated, write_overlay

        run, geometry = RunInfo.of(classifier), classifier.bundle.manifest.contract.geometry

        def make(prediction: Prediction, content: bytes) -> PhotoSheet | None:
            seen = evidence(prediction, content, geometry)
            if self.overlay is not None:
                write_overlay(self.overlay, prediction, seen)
            if self.annotate is not None:
                write_annotated(self.annotate, prediction, seen, run)
            if self.report is None:
                return None
            return photo_sheet(classifier, prediction, content, seen)

        return make

    def write(self, batch: Batch) -> None:
        """Write the results file of a batch that has run, whole or not at all."""
        if self.results_file is not None:
            from edgetlc.results.results import write_records

            format_ = self._format(self.results_file)
            write_records(self.results_file, format_, RunInfo.of(batch.classifier), batch.records())

    @property
    def draws_text(self) -> bool:
        """Whether text is drawn here, and not by a browser elsewhere: it takes a font."""
        pdf = self.report is not None and self.report.suffix.lower() == ".pdf"
        return self.annotate is not None or pdf
