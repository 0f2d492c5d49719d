"""What compressing a run begins with: its network, calibration photos and validation photos."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
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
        network: the checkpoint's as an ONNX graph, in float.
        calibration: the photos that set the ranges, `images` their network inputs.
        validation: the photos that judge, `validation_photos` the same as photos, in order.
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

    `settings` is all else that its results depend on, JSON values; the other arguments are those of
    `quantize_run`.

    Raises:
        InputError: no checkpoint, another training part than the run's, unfit calibration photos,
            or `resume` with other settings than the interrupted command's.
    """
    checkpoint = load_checkpoint(run)
    _check_training_part(checkpoint, photos)
    allowed = calibration.allow_missing_cameras
    if calibration.own is not None:
        chosen = chosen_by_user(photos, calibration.own, allow_missing_cameras=allowed)
    else:
        count, seed = calibration.count, calibration.seed
        chosen = choose(photos, count, seed, allow_missing_cameras=allowed)
    held_out = photos.part("val").photos
    key = {
        "checkpoint": sha256_file(run / CHECKPOINT_FILE),
        "calibration photos": chosen.digest,
        "validation photos": digest_of(held_out),
        **settings,
    }
    folder = run / WORK_FOLDER
    read = partial(network_inputs, contract=checkpoint.contract, folder=folder)
    calibrating, judging = _("calibration photos"), _("validation photos")
    with (
        resumable(folder, key, resume=resume) as steps,
        read(chosen.photos, replacements=chosen.reserve, description=calibrating) as images,
        read(held_out, description=judging) as inputs,
    ):
        network = network_graph(checkpoint.classifier, checkpoint.contract.size)
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
            chosen.as_read(images.photos, allow_missing_cameras=allowed),
            images,
            validation,
            inputs.photos,
            logits_of(network, validation),
            (*images.unreadable, *inputs.unreadable),
            steps,
        )


def _check_training_part(checkpoint: Checkpoint, photos: PhotoSet) -> None:
    """Refuse another training part than the run's: it may hold the run's test photos."""
    if digest_of(photos.part("train").photos) != checkpoint.training_digest:
        raise InputError(
            "the training part is not the one this network was trained on, so calibration "
            "could touch test photos; pass the manifest that 'edgetlc train' took"
        )
