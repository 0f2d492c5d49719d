"""Classifying many photos: in order, past unreadable ones, and on from where it was interrupted."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgetlc import __version__
from edgetlc.errors import ImageError
from edgetlc.results.journal import Answered, Journal, Stamp, stamp
from edgetlc.results.records import Record, RunInfo, record
from edgetlc.runtime.classifier import Classifier
from edgetlc.runtime.pixels import read_photo
from edgetlc.runtime.prediction import Prediction, Unreadable
from edgetlc.threads import in_order

if TYPE_CHECKING:
    from edgetlc.results.pictures import PhotoSheet

Extras = Callable[[Prediction, bytes], "PhotoSheet | None"]
"""Makes pictures or a sheet of a prediction and the photo's bytes; called in several threads."""


@dataclass(frozen=True)
class Batch:
    """Photos to classify, in this order."""

    classifier: Classifier  # opened with `threads=1`, for photos are worked on in parallel
    photos: Sequence[Path]
    journal: Journal | None = None  # keeps the answers on disk
    answered: Answered = field(default_factory=dict)  # those that the journal holds already
    extras: Extras | None = None  # called before a photo's answer is kept
    _rows: array[int] = field(default_factory=lambda: array("Q"))

    def run(self) -> Iterator[tuple[Record, PhotoSheet | None]]:
        """Yield the record of each photo, in order, with the sheet that `extras` made of it.

        A photo that cannot be read yields a record that says so. Photos that the journal answers
        are not read again.
        """
        for _, (taken, done) in in_order(self._work, self.photos):
            if isinstance(done, int):
                assert self.journal is not None
                row = done
                (one,), sheet = self.journal.records([row]), None
            else:
                one, sheet = done
                row = 0 if self.journal is None else self.journal.append(taken, one)
            self._rows.append(row)
            yield one, sheet

    def records(self) -> Iterator[Record]:
        """Yield the records of a batch that has run, from its journal."""
        assert self.journal is not None
        return self.journal.records(self._rows)

    def _work(self, photo: Path) -> tuple[Stamp, int | tuple[Record, PhotoSheet | None]]:
        taken = stamp(photo)
        known = self.answered.get((str(photo), taken))
        if known is not None:
            return taken, known
        try:
            content = read_photo(photo)
            prediction = self.classifier.classify(content, str(photo))
        except ImageError as error:
            return taken, (record(Unreadable(str(photo), error.args[0])), None)
        sheet = self.extras(prediction, content) if self.extras is not None else None
        one = record(prediction)
        if self.journal is not None:  # whoever keeps an answer wants to know of which file
            one = {**one, "sha256": hashlib.sha256(content).hexdigest()}
        return taken, (one, sheet)


def journal_header(classifier: Classifier, **extras: Any) -> Mapping[str, Any]:
    """Return all that an answer depends on but the photo; `extras` are made beside the answers."""
    policy = classifier.bundle.manifest.decision[classifier.model.precision]
    return {
        "edgetlc": __version__,
        **RunInfo.of(classifier).to_json(),
        "decision policy": asdict(policy),
        "verification": _digest(classifier.verification),
        "cameras": _digest(tuple(classifier.cameras)),
        **extras,
    }


def _digest(value: object) -> str:
    """Return a short name for a value made of dataclasses, numbers and text."""
    return hashlib.sha256(repr(value).encode("utf-8", "backslashreplace")).hexdigest()[:16]
