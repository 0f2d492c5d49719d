"""`edgetlc quantize`: a run folder's float network becomes an int8 one beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from edgetlc.calibration.quantize import quantize
from edgetlc.calibration.sampling import CalibrationSet, choose
from edgetlc.data.photos import Photo, PhotoSet, digest_of
from edgetlc.errors import ImageError, InputError
from edgetlc.export.network import network_graph
from edgetlc.files import sha256_file, write_bytes, write_json
from edgetlc.models.checkpoint import CHECKPOINT_FILE, Checkpoint, load_checkpoint
from edgetlc.models.pixel_step import PixelStep
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.pixels import decode
from edgetlc.runtime.stream import decoded_photos

INT8_FILE = "network.int8.onnx"
RECORD_FILE = "quantization.json"


@dataclass(frozen=True)
class QuantizedRun:
    """What `quantize_run` made.

    Attributes:
        path: the int8 network.
        calibration: the photos that set its ranges.
        quantized_layers: convolutions with int8 weights.
        float_layers: convolutions left in float.
        float_bytes, int8_bytes: sizes of the two networks.
        unreadable: training photos that were passed over, with the reason.
    """

    path: Path
    calibration: CalibrationSet
    quantized_layers: int
    float_layers: int
    float_bytes: int
    int8_bytes: int
    unreadable: tuple[tuple[Photo, str], ...]


def quantize_run(run: Path, photos: PhotoSet, count: int = 300, seed: int = 0) -> QuantizedRun:
    """Quantize the network of a run folder, calibrated on the training part.

    Writes `network.int8.onnx` and `quantization.json` into the run folder; the record ties the
    network to the checkpoint by their digests.

    Args:
        run: a folder that `edgetlc train` wrote.
        photos: the split photo set it was trained on.
        count: calibration photos, stratified over class x camera.
        seed: which photos of each class x camera are taken first.

    Raises:
        InputError: no checkpoint, other training photos than the run's, or none can be read.
    """
    checkpoint = load_checkpoint(run)
    _check_training_part(checkpoint, photos)
    calibration, unreadable = _calibration_set(photos, count, seed, checkpoint.contract.size)
    float_network = network_graph(checkpoint.classifier, checkpoint.contract.size)
    images = _Images(calibration.photos, checkpoint.contract)
    result = quantize(float_network, images, len(calibration.photos))
    content = result.model.SerializeToString(deterministic=True)
    write_bytes(run / INT8_FILE, content)
    record: dict[str, Any] = {
        "checkpoint": sha256_file(run / CHECKPOINT_FILE),
        "network": hashlib.sha256(content).hexdigest(),
        "calibration": {
            "photos": len(calibration.photos),
            "per_camera": calibration.per_camera,
            "digest": calibration.digest,
            "seed": seed,
            "simulated": calibration.simulated,
        },
        "settings": result.settings,
        "quantized_layers": result.quantized_layers,
        "float_layers": result.float_layers,
    }
    write_json(run / RECORD_FILE, record)
    return QuantizedRun(
        run / INT8_FILE,
        calibration,
        result.quantized_layers,
        result.float_layers,
        float_network.ByteSize(),
        len(content),
        unreadable,
    )


def _calibration_set(
    photos: PhotoSet, count: int, seed: int, size: int
) -> tuple[CalibrationSet, tuple[tuple[Photo, str], ...]]:
    """Choose readable photos; training passed over the others too, so they are no reason to stop.

    Raises:
        InputError: no training photo can be read.
    """
    training = photos.part("train")
    unreadable: dict[Photo, str] = {}
    while len(unreadable) < len(training.photos):
        left = tuple(photo for photo in training.photos if photo not in unreadable)
        calibration = choose(replace(training, photos=left), count, seed)
        stream = decoded_photos((photo.path for photo in calibration.photos), size)
        bad = {
            photo: str(decoded)
            for photo, (_, decoded) in zip(calibration.photos, stream, strict=True)
            if isinstance(decoded, ImageError)
        }
        if not bad:
            return calibration, tuple(unreadable.items())
        unreadable |= bad
    raise InputError(f"none of {len(training.photos)} training photos can be read")


def _check_training_part(checkpoint: Checkpoint, photos: PhotoSet) -> None:
    """Refuse another training part than the run's: it may hold the run's test photos."""
    trained_on = checkpoint.provenance.get("data", {}).get("train_digest")
    if digest_of(photos.part("train").photos) != trained_on:
        raise InputError(
            "the training part is not the one this network was trained on, so calibration could "
            "touch test photos; pass the manifest that 'edgetlc train' took"
        )


class _Images:
    """The network's inputs for calibration, float32[1, 3, size, size] each, made when asked for."""

    def __init__(self, photos: tuple[Photo, ...], contract: PixelContract) -> None:
        self._photos = photos
        self._contract = contract
        self._step = PixelStep(contract)

    def __len__(self) -> int:
        return len(self._photos)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        for photo in self._photos:
            pixels = decode(photo.path, self._contract.size).pixels
            yield self._step(torch.tensor(pixels)[None]).numpy()
