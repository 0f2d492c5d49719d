"""The report of a prediction: a sheet per photo, to print and sign; of several, a summary first.

    batch = Batch(classifier, photos, extras=Outputs(report=path).extras(classifier))
    write_report(path, classifier, list(batch.run()), "2026-11-02 14:05+08:00")

A sheet says what the decision rests on, so that an auditor can follow it: both pictures, the
threshold and what validation photos show of it, the camera and its verification, the photo's and
the bundle's digests; and has lines to fill in by hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgetlc.devices.naming import parse_name
from edgetlc.errors import InputError
from edgetlc.files import write_bytes
from edgetlc.pages.render import page, write_page
from edgetlc.results import wording
from edgetlc.results.icons import icon_name
from edgetlc.results.pictures import PhotoSheet
from edgetlc.results.records import Record, RunInfo
from edgetlc.runtime.classifier import Classifier

Sheets = Sequence[tuple[Record, PhotoSheet | None]]
"""The record of each photo with its sheet; None in place of an unreadable one's."""

MOST_PHOTOS = {".html": 200, ".htm": 200, ".pdf": 100}
"""Photos in one report by its suffix: more open slowly and nobody reads them. A hundred make a PDF
in half a minute and 600 MB of memory."""
_TEMPLATE = "predictions.html.jinja"


def check_report(path: Path, photos: int) -> None:
    """Refuse a report that cannot be written, before the work.

    Raises:
        InputError: another suffix than .html or .pdf, or too many photos.
        MissingExtraError: a PDF without the extra `pdf`.
    """
    suffix = path.suffix.lower()
    if suffix not in MOST_PHOTOS:
        raise InputError("{path} is no kind of report; name it .html or .pdf", path=path)
    if photos > MOST_PHOTOS[suffix]:
        raise InputError(
            "a report of {photos} photos; {most} are allowed in a {suffix} file. Write one for "
            "a part of them, or a results file of all",
            photos=photos,
            most=MOST_PHOTOS[suffix],
            suffix=suffix,
        )
    if suffix == ".pdf":
        from edgetlc.pages.pdf import need_pdf

        need_pdf()


def write_report(path: Path, classifier: Classifier, photos: Sheets, time: str) -> None:
    """Write a report as HTML, or as PDF where `path` ends in `.pdf`; whole or not at all.

    A PDF has no switch: it holds both languages. `time` is the report's, as the page prints it.

    Raises:
        MissingExtraError: a PDF without the extra `pdf`.
    """
    values = _values(classifier, photos, time)
    if path.suffix.lower() == ".pdf":
        from edgetlc.pages.pdf import to_pdf

        write_bytes(path, to_pdf("".join(page(_TEMPLATE, **values))))
    else:
        write_page(path, _TEMPLATE, **values)


def _values(classifier: Classifier, photos: Sheets, time: str) -> dict[str, Any]:
    cautions = dict.fromkeys(
        (caution["en"], caution["zh"])
        for record, _sheet in photos
        for caution in record.get("cautions", ())
    )
    verification = classifier.verification
    return {
        "run": RunInfo.of(classifier),
        "policy": classifier.bundle.manifest.decision[classifier.model.precision],
        "margin": None if verification is None else verification.margin,
        "time": time,
        "photos": photos,
        "cautions": list(cautions),
        "anchor": anchor,
        "icon_name": icon_name,
        "name_of": lambda file: Path(file).name,
        "parse_name": lambda file: parse_name(Path(file).stem),
        "words": wording,
    }


def anchor(file: str) -> str:
    """Return the name that a link to a photo's sheet uses."""
    return "p" + hashlib.sha256(file.encode("utf-8", "backslashreplace")).hexdigest()[:12]
