"""`edgetlc quantize`: a run folder's float network becomes an int8 one beside it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import onnx

from edgetlc.calibration.accuracy_control import Fallback, control_accuracy
from edgetlc.calibration.confidence import Refit, refit
from edgetlc.calibration.config import CalibrationConfig, QuantizationConfig
from edgetlc.calibration.measurement import Measurement, compare, logits_of
from edgetlc.calibration.preparation import WORK_FOLDER, Preparation, prepared
from edgetlc.calibration.qat import quantize_and_train
from edgetlc.calibration.quantizer import Quantized, quantize
from edgetlc.calibration.sampling import CalibrationSet
from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import GateError
from edgetlc.files import sha256_file, write_bytes, write_json
from edgetlc.models.checkpoint import CHECKPOINT_FILE
from edgetlc.models.int8_checkpoint import INT8_FILE, RECORD_FILE


@dataclass(frozen=True)
class MeasuredNetwork:
    """An int8 network and what it does on the validation part.

    `float_fallback` are the layers that accuracy control put back to float, in order.
    """

    quantized: Quantized
    float_fallback: tuple[Fallback, ...]
    measurement: Measurement
    confidence: Refit

    def to_json(self) -> dict[str, Any]:
        """Return its figures as a JSON document."""
        return {
            "quantized_layers": self.quantized.quantized_layers,
            "float_layers": self.quantized.float_layers,
            "float_fallback": [asdict(entry) for entry in self.float_fallback],
            "validation": self.measurement.to_json(),
            "confidence": asdict(self.confidence),
        }


@dataclass(frozen=True)
class QuantizedRun:
    """What `quantize_run` made.

    Attributes:
        path: the int8 network's file.
        calibration: the photos that set its ranges.
        simulated: whether any validation photo was made by a simulation.
        unreadable: photos that were passed over, with the reason.
    """

    path: Path
    calibration: CalibrationSet
    int8: MeasuredNetwork
    float_bytes: int
    int8_bytes: int
    simulated: bool
    unreadable: tuple[tuple[Photo, str], ...]


def quantize_run(
    run: Path,
    photos: PhotoSet,
    calibration: CalibrationConfig | None = None,
    config: QuantizationConfig | None = None,
    *,
    resume: bool = False,
) -> QuantizedRun:
    """Quantize the network of a run folder, calibrated on the training part.

    Writes `network.int8.onnx` and `quantization.json` into the run folder; the record ties the
    network to the checkpoint by their digests.

    Args:
        run: a folder that `edgetlc train` wrote.
        photos: the split photo set it was trained on.
        calibration: which photos set the ranges.
        config: how.
        resume: go on from the steps that an interrupted command finished.

    Raises:
        InputError: no checkpoint, other training photos than the run's, unfit calibration photos,
            or an operator that cannot be quantized.
        GateError: no mixture of int8 and float keeps the worst camera's drop within `max_drop`;
            nothing is written.
    """
    calibration, config = calibration or CalibrationConfig(), config or QuantizationConfig()
    settings = {"settings": json.loads(json.dumps(asdict(config)))}
    with prepared(run, photos, calibration, settings, resume=resume) as preparation:
        int8 = quantize_and_measure(preparation, photos, config)
        if config.max_drop is not None and not int8.measurement.holds(config.max_drop):
            worst = int8.measurement.worst
            raise GateError(
                "no mixture of int8 and float keeps every camera within {max_drop:.1%} on the "
                "validation part: with {camera}, accuracy falls by {drop:.1%} and false genuine "
                "rises by {rise:.1%}; keep float ('edgetlc export {run} --precision fp32'), or try "
                "--qat 1",
                max_drop=config.max_drop,
                camera=worst.camera,
                drop=max(worst.drop, 0),
                rise=max(worst.rise, 0),
                run=run,
            )
        return QuantizedRun(
            run / INT8_FILE,
            preparation.calibration,
            int8,
            preparation.network.ByteSize(),
            len(install(preparation, int8, calibration.seed)),
            photos.part("val").simulated,
            preparation.unreadable,
        )


def quantize_and_measure(
    preparation: Preparation, photos: PhotoSet, config: QuantizationConfig
) -> MeasuredNetwork:
    """Quantize a network, control the worst camera's accuracy if asked to, and measure it."""
    quantized = _quantized(preparation, photos, config)
    validation, original = preparation.validation, preparation.float_logits
    fallback: tuple[Fallback, ...] = ()
    if config.max_drop is None:
        logits = logits_of(quantized.model, validation)
        measurement = compare(original, logits, validation)
    else:
        networks, steps = (preparation.network, quantized.model), preparation.steps
        made = control_accuracy(*networks, original, validation, config.max_drop, steps=steps)
        fallback, logits, measurement = made.float_fallback, made.logits, made.measurement
        quantized = quantized.with_fallback(made.model, [entry.layer for entry in fallback])
    confidence = refit(original, logits, validation.truth, preparation.checkpoint.temperature)
    return MeasuredNetwork(quantized, fallback, measurement, confidence)


def install(preparation: Preparation, int8: MeasuredNetwork, seed: int) -> bytes:
    """Make an int8 network the run's, with its record, and return the network's file."""
    run, calibration = preparation.run, preparation.calibration
    content: bytes = int8.quantized.model.SerializeToString(deterministic=True)
    record: dict[str, Any] = {
        "checkpoint": sha256_file(run / CHECKPOINT_FILE),
        "network": hashlib.sha256(content).hexdigest(),
        "calibration": {
            "photos": len(calibration.photos),
            "per_camera": calibration.per_camera,
            "coverage": calibration.coverage.to_json(),
            "digest": calibration.digest,
            "seed": seed,
            "simulated": calibration.simulated,
        },
        "settings": int8.quantized.settings,
        "temperature": int8.confidence.after.temperature,
        **int8.to_json(),
    }
    write_bytes(run / INT8_FILE, content)
    write_json(run / RECORD_FILE, record)
    return content


def _quantized(preparation: Preparation, photos: PhotoSet, config: QuantizationConfig) -> Quantized:
    """Return the int8 network that an interrupted command finished, or make it and keep it."""
    qat = " qat" if config.qat else ""
    name = f"int8 {config.preset} {config.bias_correction} {','.join(config.float_layers)}{qat}"
    content, about = preparation.steps.get_bytes(name), preparation.steps.get(name)
    if content is not None and about is not None:
        return Quantized(onnx.load_model_from_string(content), **about)
    images, folder = preparation.images, preparation.run / WORK_FOLDER
    if config.qat is None:
        quantized = quantize(preparation.network, images, config)
    else:
        checkpoint = preparation.checkpoint
        quantized = quantize_and_train(checkpoint, photos, images, config, folder=folder)
    about = {key: value for key, value in vars(quantized).items() if key != "model"}
    preparation.steps.put_bytes(name, quantized.model.SerializeToString(deterministic=True))
    preparation.steps.put(name, about)
    return quantized
