"""The demo: the whole main job on generated photos, from drawing them to an answer on site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgetlc.calibration.config import CalibrationConfig
from edgetlc.calibration.quantize_run import quantize_run
from edgetlc.data.manifest import write_manifest
from edgetlc.data.simulate import simulate_photos
from edgetlc.data.split import split
from edgetlc.demo.photos import generate
from edgetlc.demo.pieces import KINDS
from edgetlc.devices.profiles import Cameras
from edgetlc.experiments.run import train_run
from edgetlc.export.export_run import export_run
from edgetlc.models.checkpoint import load_checkpoint
from edgetlc.models.reference import ReferenceModel
from edgetlc.outputs import refuse_existing
from edgetlc.parity.judgement import VerificationConfig
from edgetlc.parity.reports import record
from edgetlc.parity.rule import Rule
from edgetlc.parity.verification import Verification
from edgetlc.parity.verify import default_candidates, verify
from edgetlc.progress import note
from edgetlc.runtime.classifier import Classifier
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.overlay import overlay
from edgetlc.runtime.prediction import Prediction
from edgetlc.training.config import TrainingConfig

ARCHITECTURE = "resnet18"
SIZE = 128
"""Smaller than the standard's 224, so that two processor cores are enough."""
MARGIN = 0.05
"""The demo has about 140 test photos per camera; the usual 2 % takes 149 without a single right
answer turning wrong."""
FALSE_GENUINE_MARGIN = 0.08
"""The demo's test part shows 40 pieces of counterfeits on each camera, and their renderings show no
others. With none newly called genuine they certify 7.2 %; 5 % takes 59."""
CALIBRATION_PHOTOS = 100


@dataclass(frozen=True)
class Demo:
    """What the demo made, and where it lies.

    Attributes:
        places: of `photos` (generated), `split` (manifest), `run`, `bundle`, `parity` (the test
            photos as every listed camera might have taken them) and `overlay` (a PNG file).
        prediction: the answer on one test photo, which the overlay shows.
    """

    places: Mapping[str, Path]
    verification: Verification
    prediction: Prediction


def run_demo(output: Path, *, overwrite: bool = False, epochs: int = 10, seed: int = 0) -> Demo:
    """Run the main job on generated photos, into one folder; a note tells of every step.

    Raises:
        InputError: `output` exists and `overwrite` is false.
    """
    refuse_existing(output, overwrite)
    names = ("photos", "split.csv", "run", "bundle", "parity", "overlay.png")
    places = {Path(name).stem: output / name for name in names}
    cameras = Cameras.load()
    listed = [camera for camera in cameras if camera.number is not None]

    note(
        "1/7 drawing {count} pieces, photographed by simulated cameras",
        count=sum(kind.photos for kind in KINDS),
    )
    drawn = generate(places["photos"], cameras, seed=seed, overwrite=overwrite)
    note("2/7 splitting 7 : 1 : 2, whole batches on one side")
    photos = split(drawn, seed=seed).photos
    write_manifest(places["split"], photos)
    note(
        "3/7 training {network} at {size} x {size} for {epochs} epochs",
        network=ARCHITECTURE,
        size=SIZE,
        epochs=epochs,
    )
    contract = PixelContract(size=SIZE)
    config = TrainingConfig(ARCHITECTURE, epochs, batch_size=16, seed=seed, contract=contract)
    run, _report = train_run(photos, config, places["run"], overwrite=overwrite)
    note("4/7 quantizing to int8 with {count} calibration photos", count=CALIBRATION_PHOTOS)
    quantize_run(run.folder, photos, CalibrationConfig(CALIBRATION_PHOTOS, seed))
    note("5/7 exporting ONNX, ORT and OpenVINO models into a bundle")
    bundle = export_run(run.folder, photos, places["bundle"], overwrite=overwrite)
    note(
        "6/7 verifying on the test photos as {count} simulated cameras take them", count=len(listed)
    )
    parity = places["parity"]
    taken = simulate_photos(photos.part("test"), listed, parity, seed=seed, overwrite=overwrite)
    asked = tuple(camera.id for camera in listed)
    verification = verify(
        bundle,
        taken,
        reference=ReferenceModel(load_checkpoint(run.folder), threads=1),
        candidates=default_candidates(bundle, ["onnx-int8"]),
        config=VerificationConfig(Rule(MARGIN), FALSE_GENUINE_MARGIN, cameras=asked),
    )
    record(bundle, verification)
    note("7/7 predicting one test photo on site")
    prediction = Classifier.open(bundle.path).classify(photos.part("test").photos[0].path)
    overlay(prediction.pixels, prediction.evidence).save(places["overlay"])
    return Demo(places, verification, prediction)
