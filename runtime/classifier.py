"""Classifying photos on site: open a bundle once, then ask it about photos.

classifier = Classifier.open("herbs.etlc")
prediction = classifier.classify("photo.jpg")
print(prediction.label.zh, prediction.confidence)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgetlc.devices.identify import identify
from edgetlc.devices.profiles import Cameras
from edgetlc.errors import BundleError, ImageError
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.engines import Engine
from edgetlc.runtime.overlay import central_square
from edgetlc.runtime.pixels import Source, decode, read_photo
from edgetlc.runtime.prediction import Prediction, Unreadable
from edgetlc.runtime.schema import ModelRecord
from edgetlc.runtime.verification import (
    SIMULATED_PHOTO,
    CameraStatus,
    RecordedVerification,
    cautions,
    recorded_verification,
)
from edgetlc.threads import in_order

IN_MEMORY = "photo"
"""What a photo is called that comes without a name."""


@dataclass(frozen=True)
class Classifier:
    """An open bundle with one of its models loaded.

    Threads may share it: nothing in it changes, and answers do not depend on who asks when.

    Attributes:
        model: which of the bundle's models answers.
        engine: what runs it.
        cameras: the profiles that cameras are recognised by.
        verification: what the bundle carries of `edgetlc verify`, if anything.
    """

    bundle: Bundle
    model: ModelRecord
    engine: Engine
    cameras: Cameras
    verification: RecordedVerification | None = None

    @staticmethod
    def open(
        bundle: Path | str,
        *,
        model: str | None = None,
        engine: str | None = None,
        threads: int | None = None,
        cameras: Cameras | None = None,
    ) -> Classifier:
        """Open a bundle for classification.

        Args:
            bundle: a bundle's folder or `.etlc` file.
            model: id of one of its models; None takes int8 ONNX where there is one.
            engine: one of `edgetlc.runtime.engines.ENGINES`; None takes the model's preferred one.
            threads: processor threads of one answer; None takes one per processor, the quickest
                for single photos. 1 is the quickest for `classify_all`, which works on one photo
                per processor.
            cameras: the profiles to recognise cameras by; None takes the built-in ones.

        Raises:
            BundleError: no bundle there, or a damaged one.
            InputError: no such model or engine.
        """
        opened = Bundle.open(Path(bundle))
        record = opened.model(model)
        return Classifier(
            opened,
            record,
            opened.load(record, engine, threads),
            cameras or Cameras.load(),
            recorded_verification(opened),
        )

    def classify(self, photo: Source | str, name: str | None = None) -> Prediction:
        """Classify one photo.

        Args:
            photo: a file's path, its bytes, a PIL image, or uint8[H, W, 3] in upright sRGB. Of a
                PIL image and an array no EXIF tells the camera.
            name: what to call it; None takes the path. A name by the standard's rule tells the
                camera where EXIF does not.

        Raises:
            ImageError: the photo is no photo, damaged or too large.
            BundleError: the model does not answer as its bundle says.
        """
        if isinstance(photo, str):
            photo = Path(photo)
        if isinstance(photo, Path):
            name = name or str(photo)
            photo = read_photo(photo)
        return self._answer(name or IN_MEMORY, photo)

    def classify_all(
        self, photos: Iterable[Path], workers: int | None = None
    ) -> Iterator[Prediction | Unreadable]:
        """Classify many photos, yielding in their order, in bounded memory.

        A photo that cannot be read yields an `Unreadable` and the rest go on.

        Args:
            photos: paths; read only as far ahead as needed.
            workers: photos worked on at once; None takes one per processor.
        """

        def answer(path: Path) -> Prediction | Unreadable:
            try:
                return self.classify(path)
            except ImageError as error:
                return Unreadable(str(path), error.text)

        for _path, outcome in in_order(answer, photos, workers):
            yield outcome

    def _answer(self, name: str, photo: Source) -> Prediction:
        manifest = self.bundle.manifest
        decoded = decode(photo, manifest.contract.size)
        output = self.engine.run(decoded.pixels[None])
        probabilities = output.probabilities[0]
        if probabilities.shape != (len(manifest.classes),) or not np.isfinite(probabilities).all():
            raise BundleError(
                "model {id} answered {values} values for {classes} classes, or not numbers; "
                "get the bundle again",
                id=self.model.id,
                values=probabilities.shape[0],
                classes=len(manifest.classes),
            )
        # Stable: of two equal classes the earlier one, as `argmax` has it everywhere else.
        first, second = (int(i) for i in np.argsort(-probabilities, kind="stable")[:2])
        label, confidence = manifest.classes[first], float(probabilities[first])
        policy = manifest.decision[self.model.precision]
        content = photo if isinstance(photo, bytes) else b""
        camera = identify(Path(name), self.cameras, content=content)
        engine = self.engine.name.split()[0]
        verified: CameraStatus = "UNTESTED"
        if self.verification is not None:
            verified = self.verification.status(self.model.id, engine, camera.camera)
        names = (info.name for info in manifest.classes)
        seen = decoded.pixels
        if manifest.contract.geometry == "crop":
            seen = seen[central_square(*seen.shape[:2])]
        return Prediction(
            file=name,
            decision=policy.decide(confidence, label.role),
            label=label,
            confidence=confidence,
            needed=policy.needed(label.role),
            runner_up=manifest.classes[second],
            runner_up_confidence=float(probabilities[second]),
            probabilities=dict(zip(names, probabilities.tolist(), strict=True)),
            camera=camera,
            verified=verified,
            cautions=(
                *((SIMULATED_PHOTO,) if camera.simulated else ()),
                *cautions(self.verification, self.model.id, engine, camera.camera),
            ),
            notes=decoded.notes,
            pixels=seen,
            evidence=output.evidence[0, first],
        )
