"""What a training run was asked to do; loads neither PyTorch nor photos."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from edgetlc.config import Option, option
from edgetlc.errors import InputError
from edgetlc.locale import _, p_
from edgetlc.models.architectures import ARCHITECTURES
from edgetlc.runtime.contract import PixelContract
from edgetlc.training.augment import Augmentation
from edgetlc.training.camera_augment import CameraAugmentation

ClassWeights = Literal["none", "balanced"]
Precision = Literal["auto", "fp32", "bf16"]
GIGABYTE = 10**9
LARGEST_SEED = 2**32 - 1


def gigabytes(text: str) -> int:
    """Return a number of GB, as a user writes it, in bytes."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise InputError(
            "the cache's limit is {text!r}; it is a number of GB, such as 20", text=text
        )
    return int(number * GIGABYTE)


@dataclass(frozen=True)
class Distillation:
    """Who teaches, and how much of the loss is theirs.

    The teacher is a run folder or a checkpoint. The temperature divides both networks' logits; a
    higher one shows more of what the teacher thinks of the wrong classes.
    """

    teacher: Path = field(
        metadata=Option(
            _("Learn from this trained network as well."), flag="--teacher", metavar="RUN"
        ).described()
    )
    weight: float = option(
        0.5,
        _("Of --teacher: its share of the loss, the labels' is the rest."),
        flag="--distill-weight",
    )
    temperature: float = option(
        4.0, _("Of --teacher: softens both networks' answers."), flag="--distill-temperature"
    )

    def __post_init__(self) -> None:
        if not 0 < self.weight <= 1:
            raise InputError(
                "the teacher's weight is {weight}; it is above 0, at most 1", weight=self.weight
            )
        if not 0 < self.temperature < math.inf:
            raise InputError(
                "the distillation temperature is {temperature}; use 1 to 20",
                temperature=self.temperature,
            )


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of one run; the options below say what each is.

    Attributes:
        batch_size: at least 2, batch normalisation needs two.
        weight_decay: of AdamW.
        device: `cpu`, `cuda`, or `cuda:1` for the second GPU.
        weights: None for random ones; torchvision's must be on this machine
            (`edgetlc.models.pretrained`).
        class_weights: `balanced` weighs a photo by n / (classes x photos of its class).
        precision: of convolutions while learning; weights, loss and validation stay fp32.
        compile: by `torch.compile`; measured on ResNet-50, bf16, two cores: no gain.
        cache_limit: in bytes.
    """

    architecture: str = option(
        "resnet50", _("Network: {names}.", names=", ".join(ARCHITECTURES)), flag="--arch"
    )
    epochs: int = option(20, _("Passes over the training part."))
    batch_size: int = option(32, _("Photos per step, of all processes together."))
    learning_rate: float = option(1e-3, _("Highest learning rate of the schedule."), flag="--lr")
    weight_decay: float = 0.05
    label_smoothing: float = option(0.0, _("Of the loss, 0 to below 1."))
    seed: int = option(0, _("Start of every random draw."), min=0, max=LARGEST_SEED)
    device: str = option("cpu", _("Where to compute: cpu or cuda."))
    workers: int = option(0, _("Processes that read and augment photos."))
    weights: Literal["imagenet"] | Path | None = option(
        None,
        _(
            "Start from this .safetensors or .pth file; or from torchvision's ImageNet weights, "
            "which are downloaded unless they are on this machine."
        ),
        metavar="FILE|imagenet",
    )
    contract: PixelContract = field(default_factory=PixelContract)
    augmentation: Augmentation = option(
        Augmentation(),
        _(
            "Change a step of Annex A's augmentation; repeat it. Probabilities: horizontal_flip, "
            "vertical_flip, affine (of shift, scale and rotation), light (of brightness and "
            "contrast), 0.5 each. Largest changes: brightness 0.1, contrast 0.1; and, which the "
            "annex does not legibly say, shift 0.0625 of the side, scale 0.1, rotation 45 degrees. "
            "'none' switches all off."
        ),
        flag="--augment",
        metavar="NAME=VALUE",
        shown="",
    )
    dropout: float = option(
        0.0, _("Share of the features that the last layer does not see as it learns.")
    )
    class_weights: ClassWeights = option(
        "none", _("balanced: every class counts the same in the loss.")
    )
    patience: int | None = option(None, _("Stop early, after so many epochs without a better one."))
    precision: Precision = option(
        "auto", _("To learn in; auto is bf16 where the processor or GPU has it.")
    )
    compile: bool = option(
        False,
        _(
            "Compile the network before it learns: a minute at the start, for a GPU to save some "
            "of each step. A CPU gains nothing."
        ),
        flag="--compile/--no-compile",
    )
    camera_augmentation: CameraAugmentation | None = None
    distillation: Distillation | None = None
    cache: Path | None = option(
        None,
        _(
            "Folder of decoded photos that several runs share, also at once; without it each run "
            "decodes them into its own folder and removes them at its end."
        ),
    )
    cache_limit: int = option(
        20 * GIGABYTE,
        _("Largest size of the cache, in GB; the oldest go."),
        metavar="GB",
        shown="20",
        parse=gigabytes,
    )

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 2 or self.workers < 0:
            raise InputError(
                "epochs {epochs}, batch size {batch}, workers {workers}; "
                "at least 1, 2 and 0 are needed",
                epochs=self.epochs,
                batch=self.batch_size,
                workers=self.workers,
            )
        if not self.learning_rate > 0 or not 0 <= self.label_smoothing < 1:
            raise InputError("the learning rate must be above 0, label smoothing 0 to below 1")
        if not 0 <= self.dropout < 1:
            raise InputError("dropout is {share}; it can be 0 to below 1", share=self.dropout)
        if self.patience is not None and self.patience < 1:
            raise InputError(
                "patience is {epochs} epochs; at least 1 is needed", epochs=self.patience
            )
        for what, value, choice in (
            (_("class weights"), self.class_weights, ClassWeights),
            (p_("number format", "precision"), self.precision, Precision),
        ):
            if value not in get_args(choice):
                raise InputError(
                    "unknown {what} {value!r}; use {allowed}",
                    what=what,
                    value=value,
                    allowed=", ".join(get_args(choice)),
                )
        check_device(self.device)

    @property
    def weights_file(self) -> Path | None:
        """The file to start from.

        Raises:
            InputError: torchvision's are asked for and not on this machine, or damaged.
        """
        if self.weights != "imagenet":
            return self.weights
        from edgetlc.models.pretrained import imagenet_weights

        return imagenet_weights(self.architecture)


def check_device(device: str) -> None:
    """Refuse a device that is not `cpu`, `cuda` or `cuda:<number>`, or not here."""
    if not re.fullmatch(r"cpu|cuda(:\d{1,3})?", device):
        raise InputError(
            "unknown device {device!r}; use cpu, cuda or, of several, cuda:1", device=device
        )
    if device == "cpu":
        return
    import torch

    if not torch.cuda.is_available():
        raise InputError("no usable GPU here (CUDA is not available); use --device cpu")
    if int(device.partition(":")[2] or 0) >= torch.cuda.device_count():
        last = f"cuda:{torch.cuda.device_count() - 1}"
        raise InputError("no GPU {device} here; the last is {last}", device=device, last=last)
