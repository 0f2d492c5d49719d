"""`edgetlc quantize`: a run folder's float network becomes an int8 one beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import onnx

from edgetlc.calibration.accuracy_control import Restored, hold
from edgetlc.calibration.confidence import Refit, refit
from edgetlc.calibration.config import CalibrationConfig, QuantizationConfig
from edgetlc.calibration.measurement import Measurement, answer, compare
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
class QuantizedRun:
    """What `quantize_run` made.

    Attributes:
        path: the int8 network.
        calibration: the photos that set its ranges.
        quantized_layers: convolutions with int8 weights.
        float_layers: convolutions left in float.
        restored: those that accuracy control put back to float, in order, with the reason.
        measurement: int8 against float on the validation part.
        confidence: the refitted temperature and the change in calibration.
        float_bytes, int8_bytes: sizes of the two networks.
        simulated: whether any validation photo was made by a simulation.
        unreadable: photos that were passed over, with the reason.
    """

    path: Path
    calibration: CalibrationSet
    quantized_layers: int
    float_layers: int
    restored: tuple[Restored, ...]
    measurement: Measurement
    confidence: Refit
    float_bytes: int
    int8_bytes: int
    simulated: bool
    unreadable: tuple[tuple[Photo, str], ...]


@dataclass(frozen=True)
class Result:
    """A compressed network and what it does on the validation part."""

    quantized: Quantized
    restored: tuple[Restored, ...]
    measurement: Measurement
    confidence: Refit


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
    settings = {"settings": _settings(config)}
    with prepared(run, photos, calibration, settings, resume=resume) as preparation:
        result = compress(preparation, photos, config)
        if config.max_drop is not None and not result.measurement.holds(config.max_drop):
            raise GateError(_refusal(run, result.measurement, config.max_drop))
        content = install(preparation, result, calibration.seed)
        return QuantizedRun(
            run / INT8_FILE,
            preparation.calibration,
            result.quantized.quantized_layers,
            result.quantized.float_layers,
            result.restored,
            result.measurement,
            result.confidence,
            preparation.network.ByteSize(),
            len(content),
            photos.part("val").simulated,
            preparation.unreadable,
        )


def compress(preparation: Preparation, photos: PhotoSet, config: QuantizationConfig) -> Result:
    """Quantize a network, hold its worst camera if asked to, and measure it."""
    quantized = _kept(preparation, _name(config), lambda: _quantized(preparation, photos, config))
    judges = preparation.validation
    float_logits = preparation.float_logits
    restored: tuple[Restored, ...] = ()
    if config.max_drop is None:
        logits = answer(quantized.model, judges)
    else:
        held = hold(
            preparation.network,
            quantized.model,
            float_logits,
            judges,
            config.max_drop,
            memory=preparation.work,
        )
        restored, logits = held.restored, held.logits
        quantized = with_restored(quantized, held.model, restored)
    return Result(
        quantized,
        restored,
        compare(float_logits, logits, judges),
        refit(float_logits, logits, judges.truth, preparation.checkpoint.temperature),
    )


def install(preparation: Preparation, result: Result, seed: int) -> bytes:
    """Make a compressed network the run's, with its record, and return the network's file."""
    run, calibration = preparation.run, preparation.calibration
    content: bytes = result.quantized.model.SerializeToString(deterministic=True)
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
        "settings": result.quantized.settings,
        "quantized_layers": result.quantized.quantized_layers,
        "float_layers": result.quantized.float_layers,
        "restored": [vars(step) for step in result.restored],
        "validation": result.measurement.to_json(),
        "temperature": result.confidence.after.temperature,
        "confidence": result.confidence.to_json(),
    }
    write_bytes(run / INT8_FILE, content)
    write_json(run / RECORD_FILE, record)
    return content


def with_restored(
    quantized: Quantized, model: onnx.ModelProto, restored: Sequence[Restored]
) -> Quantized:
    """Return the network that accuracy control made of `quantized`."""
    left = ", ".join([str(quantized.settings["left_in_float"]), *(s.layer for s in restored)])
    return Quantized(
        model,
        quantized.quantized_layers - len(restored),
        quantized.float_layers + len(restored),
        {**quantized.settings, "left_in_float": left},
    )


def _quantized(preparation: Preparation, photos: PhotoSet, config: QuantizationConfig) -> Quantized:
    if config.qat is None:
        return quantize(preparation.network, preparation.images, config)
    folder = preparation.run / WORK_FOLDER
    return quantize_and_train(
        preparation.checkpoint, photos, preparation.images, config, folder=folder
    )


def _kept(preparation: Preparation, name: str, make: Callable[[], Quantized]) -> Quantized:
    """Return a finished network from an interrupted command's work, or make it and keep it."""
    work = preparation.work
    content, about = work.get_bytes(name), work.get(name)
    if content is not None and about is not None:
        return Quantized(onnx.load_model_from_string(content), **about)
    made = make()
    work.put_bytes(name, made.model.SerializeToString(deterministic=True))
    about = {key: value for key, value in vars(made).items() if key != "model"}
    work.put(name, about)
    return made


def _name(config: QuantizationConfig) -> str:
    """Return what tells finished networks of one preparation apart."""
    qat = " qat" if config.qat else ""
    layers = ",".join(config.float_layers)
    return f"int8 {config.preset} {config.bias_correction} {layers}{qat}"


def _settings(config: QuantizationConfig) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    return document


def _refusal(run: Path, found: Measurement, max_drop: float) -> str:
    what = "accuracy falls" if found.worst.drop >= found.worst.rise else "false genuine rises"
    return (
        f"no mixture of int8 and float keeps every camera within {max_drop:.1%} on the validation "
        f"part: with {found.worst_camera}, {what} by {found.harm:.1%} of its photos; keep float "
        f"('edgetlc export {run} --precision fp32'), or try --qat 1"
    )
