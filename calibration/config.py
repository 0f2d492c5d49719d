"""What a user may decide of int8: calibration photos, quantization, training, search.

Nothing heavy is imported here, so that the command line can name the options without PyTorch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from edgetlc.config import option
from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.locale import _
from edgetlc.runtime.benchmark import DEFAULT_ROUNDS

Preset = Literal["performance", "mixed"]
BiasCorrection = Literal["fast", "accurate"]


@dataclass(frozen=True)
class CalibrationConfig:
    """Which photos set the int8 ranges.

    `count` photos are stratified over class x camera; `seed` tells which come first. `own` is the
    user's list instead; each must be a photo of the training part.
    """

    count: int = option(300, _("Calibration photos."), flag="--photos")
    seed: int = option(0, _("Start of every random draw."), min=0, max=2**32 - 1)
    own: PhotoSet | None = None
    allow_missing_cameras: bool = option(
        False, _("Go on where a camera to be verified has no training photo.")
    )


@dataclass(frozen=True)
class QatConfig:
    """Quantization-aware training.

    At least 1 epoch, 2 images a step; the learning rate is the first of the cosine, in rounding
    steps, above 0; the device is `cpu`, `cuda`, or `cuda:1` for the second GPU.
    """

    epochs: int = option(
        1,
        _("Train the int8 network on for so many epochs, with its rounding."),
        flag="--qat",
        metavar="EPOCHS",
        shown="",
    )
    batch_size: int = 16
    learning_rate: float = 5e-4
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        from edgetlc.training.config import check_device

        if self.epochs < 1 or self.batch_size < 2:
            raise InputError(
                "epochs {epochs}, batch size {batch_size}; at least 1 and 2 are needed",
                epochs=self.epochs,
                batch_size=self.batch_size,
            )
        if not 0 < self.learning_rate < math.inf:
            raise InputError("the learning rate must be above 0")
        check_device(self.device)


@dataclass(frozen=True)
class QuantizationConfig:
    """How a network becomes int8.

    Attributes:
        preset: `performance` puts activations symmetrically around zero; `mixed` fits their range,
            which matters where they are not those of a ReLU.
        bias_correction: `fast` is NNCF's, in seconds; `accurate` runs the network quantized so far,
            layer by layer, see `calibration.bias_correction`.
        qat: quantization-aware training after it, or None.
        max_drop: largest fall of any camera's accuracy, and rise of its false-genuine rate, on the
            validation part, a share of its photos; None measures them and accepts any.
    """

    preset: Preset = option("performance", _("Ranges around zero, or of their own (mixed)."))
    bias_correction: BiasCorrection = option("fast", _("How biases make up for rounding."))
    float_layers: tuple[str, ...] = option(
        (), _("Leave this layer in float; repeat it."), flag="--float-layer"
    )
    qat: QatConfig | None = None
    max_drop: float | None = option(
        None,
        _(
            "Largest fall of the worst camera's accuracy, 0.01 for 1 %: layers return to float "
            "until it holds."
        ),
    )

    def __post_init__(self) -> None:
        if self.preset not in get_args(Preset):
            raise InputError(
                "unknown preset {value!r}; use performance or mixed", value=self.preset
            )
        if self.bias_correction not in get_args(BiasCorrection):
            raise InputError(
                "unknown bias correction {value!r}; use fast or accurate",
                value=self.bias_correction,
            )
        if self.max_drop is not None:
            _check_max_drop(self.max_drop)


@dataclass(frozen=True)
class SearchConfig:
    """What to search, and how to time it.

    `max_drop` is as in `QuantizationConfig`; without `qat` no candidate is trained on. Students are
    run folders of other networks trained on the same photos. Rounds are at least 3.
    """

    max_drop: float = option(
        0.01, _("Largest accepted fall of the worst camera's accuracy, 0.01 for 1 %.")
    )
    qat: QatConfig | None = None
    students: tuple[Path, ...] = option(
        (), _("A smaller network too; repeat it."), flag="--student", metavar="RUN"
    )
    rounds: int = option(DEFAULT_ROUNDS, _("Timed runs of each candidate on each engine."))
    threads: int | None = option(
        None, _("Processor threads; the engine's choice if not given."), min=1
    )

    def __post_init__(self) -> None:
        _check_max_drop(self.max_drop)
        if self.rounds < 3:
            raise InputError("{rounds} rounds; a median needs at least 3", rounds=self.rounds)


def _check_max_drop(share: float) -> None:
    if not 0 <= share < 1:
        raise InputError(
            "the accepted drop is {share}; it is a share of photos from 0 to below 1, such as "
            "0.01 for 1 %",
            share=share,
        )
