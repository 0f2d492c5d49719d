"""What a report of predictions is made of, as plain data: `edgetlc.pages.predictions` lays it out.

batch = Batch(classifier, photos, extras=Outputs(report=path).extras(classifier))
report = prediction_report(classifier, batch.run(), "2026-11-02 14:05+08:00")
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from edgetlc.devices.profiles import CameraProfile
from edgetlc.results.pictures import Evidence, jpeg
from edgetlc.results.records import Record, RunInfo
from edgetlc.runtime.classifier import Classifier
from edgetlc.runtime.policy import DecisionPolicy
from edgetlc.runtime.prediction import Prediction


@dataclass(frozen=True)
class PhotoSheet:
    """What a report says of one photo.

    Attributes:
        camera: that took it; None where it is unknown.
        simulated: whether edgetlc itself rendered the photo.
        sha256: of the photo's file, 64 hexadecimal digits.
        photo, overlay: JPEG files of the upright photo, without and with its class-activation map.
    """

    camera: CameraProfile | None
    simulated: bool
    sha256: str
    photo: bytes
    overlay: bytes


@dataclass(frozen=True)
class PredictionReport:
    """Answers on several photos, and what they rest on.

    Attributes:
        run: what answered.
        policy: when it answers, and what validation photos show of its errors.
        margin: the drop of accuracy that the bundle's verification accepted, 0 to 1; None where
            the bundle was not verified.
        time: of the report, such as `2026-11-02 14:05+08:00`.
        photos: in order, the record of each with its sheet; None in place of an unreadable one's.
    """

    run: RunInfo
    policy: DecisionPolicy
    margin: float | None
    time: str
    photos: tuple[tuple[Record, PhotoSheet | None], ...]


def photo_sheet(
    classifier: Classifier, prediction: Prediction, content: bytes, seen: Evidence
) -> PhotoSheet:
    """Return the sheet of one photo.

    Args:
        classifier: what answered.
        prediction: its answer.
        content: the photo's bytes.
        seen: from `edgetlc.results.pictures.evidence`.
    """
    camera = prediction.camera.camera
    return PhotoSheet(
        camera=None if camera is None else classifier.cameras.get(camera),
        simulated=prediction.camera.simulated,
        sha256=hashlib.sha256(content).hexdigest(),
        photo=jpeg(seen.photo),
        overlay=jpeg(seen.overlay),
    )


def prediction_report(
    classifier: Classifier, photos: Iterable[tuple[Record, PhotoSheet | None]], time: str
) -> PredictionReport:
    """Return a report of what a classifier answered; arguments as of `PredictionReport`."""
    verification = classifier.verification
    return PredictionReport(
        run=RunInfo.of(classifier),
        policy=classifier.bundle.manifest.decision[classifier.model.precision],
        margin=None if verification is None else verification.margin,
        time=time,
        photos=tuple(photos),
    )
