"""What compressing a run begins with: its network, calibration photos and validation photos.

Finished steps of long work are kept in a folder, so that an interrupted command goes on from them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import onnx
from numpy.typing import NDArray

from edgetlc.calibration.config import CalibrationConfig
from edgetlc.calibration.inputs import NetworkInputs, network_inputs
from edgetlc.calibration.measurement import Validation, logits_of
from edgetlc.calibration.sampling import CalibrationSet, calibration_set
from edgetlc.data.photos import Photo, PhotoSet, digest_of
from edgetlc.devices.camera import UNKNOWN_CAMERA
from edgetlc.errors import InputError
from edgetlc.export.network import network_graph
from edgetlc.files import read_json, sha256_file, write_bytes, write_json
from edgetlc.locale import _
from edgetlc.models.checkpoint import CHECKPOINT_FILE, Checkpoint, load_checkpoint

WORK_FOLDER = "quantize.work"
_KEY_FILE = "work.json"


class FinishedSteps:
    """Results by name, each written whole the moment it is known."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str) -> Any | None:
        """Return the JSON document kept under a name, or None."""
        path = self._path(name, ".json")
        return read_json(path, "finished step") if path.is_file() else None

    def put(self, name: str, document: Any) -> None:
        """Keep a JSON document."""
        write_json(self._path(name, ".json"), document)

    def get_bytes(self, name: str) -> bytes | None:
        """Return the bytes kept under a name, or None."""
        path = self._path(name, ".bin")
        return path.read_bytes() if path.is_file() else None

    def put_bytes(self, name: str, content: bytes) -> None:
        """Keep bytes."""
        write_bytes(self._path(name, ".bin"), content)

    def _path(self, name: str, suffix: str) -> Path:
        return self._folder / (quote(name, safe="") + suffix)


@contextmanager
def resumable(folder: Path, key: Mapping[str, Any], *, resume: bool) -> Iterator[FinishedSteps]:
    """Yield the steps in a folder; it is removed when the block ends well, or has finished none.

    What is there is thrown away first unless `resume`. `key` is what the results depend on, JSON
    values.

    Raises:
        InputError: `resume`, and what is there was begun with another key.
    """
    wanted = json.loads(json.dumps(key))
    if resume and folder.is_dir():
        begun = read_json(folder / _KEY_FILE, "record of interrupted work")
        other = [name for name in wanted if begun.get(name) != wanted[name]]
        if other:
            raise InputError(
                "{folder} was begun with another {settings}; ask as then, or run without --resume "
                "to begin anew",
                folder=folder,
                settings=", ".join(other),
            )
    else:
        shutil.rmtree(folder, ignore_errors=True)
    write_json(folder / _KEY_FILE, wanted)
    try:
        yield FinishedSteps(folder)
    except BaseException:
        if {path.name for path in folder.iterdir()} <= {_KEY_FILE}:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Preparation:
    """A run made ready for compression; its inputs live as long as the `prepared` block.

    Attributes:
        network: the checkpoint's as an ONNX graph, in float.
        calibration: the photos that set the ranges, `images` their network inputs.
        validation: the photos that judge, `validation_photos` the same as photos, in order.
        float_logits: float32[n, C], the float network's answers to them.
        unreadable: photos of both that were passed over, with the reason.
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
    chosen = calibration_set(photos, calibration)
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
            chosen.as_read(images.photos, allow_missing_cameras=calibration.allow_missing_cameras),
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
