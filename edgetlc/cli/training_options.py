"""Options of `edgetlc train`: the network, how it learns, and how fast."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from edgetlc.runtime.contract import Geometry

Output = Annotated[Path, typer.Option("-o", "--output", help="Run folder to make.")]
Architecture = Annotated[
    str,
    typer.Option(
        "--arch", help="resnet18, resnet34, resnet50, densenet121, densenet161, densenet169."
    ),
]
Epochs = Annotated[int, typer.Option("--epochs", help="Passes over the training part.")]
BatchSize = Annotated[
    int, typer.Option("--batch-size", help="Photos per step, of all processes together.")
]
LearningRate = Annotated[float, typer.Option("--lr", help="Highest learning rate of the schedule.")]
Size = Annotated[
    int, typer.Option("--size", help="Side of the network's input; the standard's: 224.")
]
Shape = Annotated[
    Geometry,
    typer.Option("--geometry", help="How a photo becomes square; the standard's: squash."),
]
Weights = Annotated[
    str | None,
    typer.Option(
        "--weights",
        metavar="FILE|imagenet",
        help="Start from this .safetensors or .pth file; or from torchvision's ImageNet weights, "
        "which are downloaded unless they are on this machine.",
    ),
]
Teacher = Annotated[
    Path | None,
    typer.Option("--teacher", metavar="RUN", help="Learn from this trained network as well."),
]
DistillWeight = Annotated[
    float | None,
    typer.Option(
        "--distill-weight",
        help="Of --teacher: its share of the loss, the labels' is the rest. [0.5]",
    ),
]
DistillTemperature = Annotated[
    float | None,
    typer.Option("--distill-temperature", help="Of --teacher: softens both networks' answers. [4]"),
]
LabelSmoothing = Annotated[
    float, typer.Option("--label-smoothing", help="Of the loss, 0 to below 1.")
]
Dropout = Annotated[
    float,
    typer.Option(
        "--dropout", help="Share of the features that the last layer does not see as it learns."
    ),
]
ClassWeights = Annotated[
    Literal["none", "balanced"],
    typer.Option("--class-weights", help="balanced: every class counts the same in the loss."),
]
Patience = Annotated[
    int | None,
    typer.Option("--patience", help="Stop early, after so many epochs without a better one."),
]
Precision = Annotated[
    Literal["auto", "fp32", "bf16"],
    typer.Option(
        "--precision", help="To learn in; auto is bf16 where the processor or GPU has it."
    ),
]
Compile = Annotated[
    bool,
    typer.Option(
        "--compile",
        help="Compile the network before it learns: a minute at the start, for a GPU to save some "
        "of each step. A CPU gains nothing.",
    ),
]
Workers = Annotated[int, typer.Option("--workers", help="Processes that read and augment photos.")]
Cache = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        help="Folder of decoded photos that several runs share, also at once; without it each run "
        "decodes them into its own folder and removes them at its end.",
    ),
]
CacheLimit = Annotated[
    float,
    typer.Option("--cache-limit", min=0, help="Largest size of the cache, in GB; the oldest go."),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume", help="Go on after the last whole epoch of a run that was ended or killed."
    ),
]


@contextlib.contextmanager
def only_first_speaks() -> Iterator[None]:
    """Drop what the other processes of a `torchrun` print; they still end with their errors."""
    if int(os.environ.get("RANK") or 0) == 0:
        yield
        return
    with (
        Path(os.devnull).open("w") as nothing,
        contextlib.redirect_stdout(nothing),
        contextlib.redirect_stderr(nothing),
    ):
        yield


def start_weights(
    weights: str | None, architectures: Sequence[str]
) -> Path | Literal["imagenet"] | None:
    """Return where to start from; ImageNet weights that are not here are downloaded.

    Raises:
        InputError: they cannot be downloaded.
    """
    from edgetlc.models.pretrained import IMAGENET, download_imagenet_weights

    if weights != IMAGENET:
        return Path(weights) if weights else None
    for architecture in architectures:
        download_imagenet_weights(architecture.strip())
    return IMAGENET
