"""What the commands that train begin with."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from edgetlc.training.camera_augment import known_looks
from edgetlc.training.config import TrainingConfig


@contextlib.contextmanager
def ready(
    config: TrainingConfig, devices: Path | None, networks: Sequence[str] = ()
) -> Iterator[TrainingConfig]:
    """Yield a configuration with the user's own cameras; ImageNet weights are downloaded.

    Of the processes of a `torchrun` only the first prints; all end with their errors.

    Args:
        config: as asked for.
        devices: folder of the user's own camera profiles.
        networks: that will be trained; the configuration's unless told.

    Raises:
        InputError: weights cannot be downloaded, or a profile is not valid.
    """
    from edgetlc.models.pretrained import IMAGENET, download_imagenet_weights

    with _only_first_speaks():
        if config.weights == IMAGENET:
            for network in networks or [config.architecture]:
                download_imagenet_weights(network)
        augmentation = config.camera_augmentation
        if augmentation is not None and augmentation.looks == known_looks():
            augmentation = replace(augmentation, looks=known_looks(devices))
        if augmentation is not None and not augmentation.probability:
            augmentation = None
        yield replace(config, camera_augmentation=augmentation)


@contextlib.contextmanager
def _only_first_speaks() -> Iterator[None]:
    if int(os.environ.get("RANK") or 0) == 0:
        yield
        return
    with (
        Path(os.devnull).open("w") as nothing,
        contextlib.redirect_stdout(nothing),
        contextlib.redirect_stderr(nothing),
    ):
        yield
