"""What compressing a run begins with: its network, calibration photos and validation photos."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from edgetlc.calibration.config import CalibrationConfig
from edgetlc.calibration.finished_steps import FinishedSteps, resumable
from edgetlc.calibration.inputs import NetworkInputs, network_inputs
from edgetlc.calibration.measurement import Validation, logits_of
from edgetlc.calibration.sampling import CalibrationSet, choose, chosen_by_user
from edgetlc.data.photos import Photo, PhotoSet, digest_of
from edgetlc.devices.camera import UNKNOWN_CAMERA
from edgetlc.errors import InputError
from edgetlc.export.network import network_graph
from edgetlc.files import sha256_file
from edgetlc.locale import _
from edgetlc.models.checkpoint import CHECKPOINT_FILE, Checkpoint, load_checkpoint

WORK_FOLDER = "quantize.work"


@dataclass(frozen=True)
class Preparation:
    """A run made ready for compression; its inputs live as long as the `prepared` block.

    Attributes:
        run: the run folder.
        checkpoint: the trained network.
        network: the same as an ONNX graph, in float.
        calibration: the photos that set the ranges.
        images: their network inputs.
        validation: inputs, truth and cameras of the photos that judge.
        validation_photos: the same as photos, in order.
        float_logits: float32[n, C], the float network's answers to them.
        unreadable: photos of both that were passed over, with the reason.
        steps: that an interrupted command has finished, and this one finishes.
    """

    run: Path
    checkpoint: Checkpoint
    network: onnx.ModelProto
    calibration: CalibrationSet
    images: NetworkInputs
    validation: Validation
    validation_photos: tuple[Photo, ...]
    float_logits: NDArray[np.float32]
    unreadable: tuple[tuple[Photo, str], ...]
    steps: FinishedSteps


@contextmanager
def prepared(
    run: Path,
    photos: PhotoSet,
    calibration: CalibrationConfig,
    settings: dict[str, Any],
    *,
    resume: bool = False,
) -> Iterator[Preparation]:
    """Yield a run made ready for compression.

    Args:
        run: a folder that `edgetlc train` wrote.
        photos: the split photo set it was trained on.
        calibration: which photos set the ranges.
        settings: all else that the results depend on, JSON values.
        resume: go on from the steps that an interrupted command finished.

    Raises:
        InputError: no checkpoint, another training part than the run's, unfit calibration photos,
            or `resume` with other settings than the interrupted command's.
    """
    checkpoint = load_checkpoint(run)
    _check_training_part(checkpoint, photos)
    chosen = _calibration_set(photos, calibration)
    held_out = photos.part("val").photos
    key = {
        "checkpoint": sha256_file(run / CHECKPOINT_FILE),
        "calibration photos": chosen.digest,
        "validation photos": digest_of(held_out),
        **settings,
    }
    folder, contract = run / WORK_FOLDER, checkpoint.contract
    with (
        resumable(folder, key, resume=resume) as steps,
        network_inputs(
            chosen.photos,
            contract,
            replacements=chosen.reserve,
            folder=folder,
            description=_("calibration photos"),
        ) as images,
        network_inputs(
            held_out, contract, folder=folder, description=_("validation photos")
        ) as inputs,
    ):
        network = network_graph(checkpoint.classifier, contract.size)
        validation = Validation(
            inputs,
            np.array([photos.index(photo) for photo in inputs.photos], np.int64),
            tuple(photo.camera or UNKNOWN_CAMERA for photo in inputs.photos),
            tuple(info.role for info in photos.classes),
        )
        yield Preparation(
            run,
            checkpoint,
            network,
            chosen.as_read(images.photos, allow_missing_cameras=calibration.allow_missing_cameras),
            images,
            validation,
            inputs.photos,
            logits_of(network, validation),
            (*images.unreadable, *inputs.unreadable),
            steps,
        )


def _calibration_set(photos: PhotoSet, config: CalibrationConfig) -> CalibrationSet:
    allowed = config.allow_missing_cameras
    if config.own is not None:
        return chosen_by_user(photos, config.own, allow_missing_cameras=allowed)
    return choose(photos, config.count, config.seed, allow_missing_cameras=allowed)


def _check_training_part(checkpoint: Checkpoint, photos: PhotoSet) -> None:
    """Refuse another training part than the run's: it may hold the run's test photos."""
    if digest_of(photos.part("train").photos) != checkpoint.training_digest:
        raise InputError(
            "the training part is not the one this network was trained on, so calibration "
            "could touch test photos; pass the manifest that 'edgetlc train' took"
        )
