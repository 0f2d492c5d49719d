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
    from edgetlc.results.html_page import Html

Beside = Callable[[Prediction, bytes], "Html | None"]
"""Makes pictures or a page of a prediction and the photo's bytes; called in several threads."""


@dataclass(frozen=True)
class Batch:
    """Photos to classify.

    Attributes:
        classifier: what answers; open it with `threads=1`, for photos are worked on in parallel.
        photos: in the order of the answers.
        journal: keeps the answers on disk; None keeps none.
        answered: those that the journal holds already.
        beside: makes pictures or a page of each photo, before its answer is kept.
    """

    classifier: Classifier
    photos: Sequence[Path]
    journal: Journal | None = None
    answered: Answered = field(default_factory=dict)
    beside: Beside | None = None
    _offsets: array[int] = field(default_factory=lambda: array("Q"))

    def run(self) -> Iterator[tuple[Record, Html | None]]:
        """Yield the record of each photo, in order, with the page that `beside` made of it.

        A photo that cannot be read yields a record that says so. Photos that the journal answers
        are not read again.
        """
        for _, (taken, done) in in_order(self._work, self.photos):
            if isinstance(done, int):
                assert self.journal is not None
                offset = done
                (one,), page = self.journal.records([offset]), None
            else:
                one, page = done
                offset = 0 if self.journal is None else self.journal.append(taken, one)
            self._offsets.append(offset)
            yield one, page

    def records(self) -> Iterator[Record]:
        """Yield the records of a batch that has run, from its journal."""
        assert self.journal is not None
        return self.journal.records(self._offsets)

    def _work(self, photo: Path) -> tuple[Stamp, int | tuple[Record, Html | None]]:
        taken = stamp(photo)
        known = self.answered.get((str(photo), taken))
        if known is not None:
            return taken, known
        try:
            content = read_photo(photo)
            prediction = self.classifier.classify(content, str(photo))
        except ImageError as error:
            return taken, (record(Unreadable(str(photo), str(error))), None)
        page = self.beside(prediction, content) if self.beside is not None else None
        one = record(prediction)
        if self.journal is not None:  # whoever keeps an answer wants to know of which file
            one = {**one, "sha256": hashlib.sha256(content).hexdigest()}
        return taken, (one, page)


def journal_header(classifier: Classifier, **beside: Any) -> Mapping[str, Any]:
    """Return all that an answer depends on but the photo.

    Args:
        classifier: what answers.
        beside: what is made beside the answers, such as a folder of pictures.
    """
    policy = classifier.bundle.manifest.decision[classifier.model.precision]
    return {
        "edgetlc": __version__,
        **RunInfo.of(classifier).to_json(),
        "decision policy": asdict(policy),
        "verification": _digest(classifier.verification),
        "cameras": _digest(tuple(classifier.cameras)),
        **beside,
    }


def _digest(value: object) -> str:
    """Return a short name for a value made of dataclasses, numbers and text."""
    return hashlib.sha256(repr(value).encode("utf-8", "backslashreplace")).hexdigest()[:16]
