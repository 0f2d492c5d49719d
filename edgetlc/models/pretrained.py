"""Torchvision's ImageNet weights by the network's name, downloaded only on request.

They lie in PyTorch's own folder (`TORCH_HOME`), where other programs may have put them already. A
file's name ends in the first digits of its SHA-256, which are compared whenever it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import torch
import torchvision

from edgetlc.errors import InputError
from edgetlc.files import sha256_file
from edgetlc.models.networks import check_architecture

IMAGENET: Final = "imagenet"
"""What these weights are called in place of a file's name."""


def imagenet_weights(architecture: str) -> Path:
    """Return the file with torchvision's newest ImageNet weights of a network; downloads nothing.

    Args:
        architecture: a torchvision name, see `edgetlc.models.networks.ARCHITECTURES`.

    Raises:
        InputError: unknown network, no such file in PyTorch's folder, or one that is damaged.
    """
    url, file = _place(architecture)
    if not file.is_file():
        raise InputError(
            f"no ImageNet weights of {architecture} at {file}; download {url} to there, or let "
            "'edgetlc train --weights imagenet' do so"
        )
    if not sha256_file(file).startswith(_digits(file)):
        raise InputError(f"{file} is damaged: its SHA-256 does not begin with {_digits(file)}")
    return file


def download_imagenet_weights(architecture: str, tell: Callable[[str], None]) -> None:
    """Download torchvision's ImageNet weights of a network, unless they are on this machine.

    Args:
        architecture: as of `imagenet_weights`.
        tell: called with one line before anything is downloaded.

    Raises:
        InputError: unknown network, no connection, or a file with another digest.
    """
    url, file = _place(architecture)
    if file.is_file():
        return
    tell(f"downloading {url} to {file.parent}; its SHA-256 is checked")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(file), _digits(file), progress=False)
    except (OSError, RuntimeError) as error:  # no connection; another digest
        raise InputError(
            f"{url} cannot be downloaded ({error}); fetch it on a machine that is online and pass "
            f"the file with --weights, or put it into {file.parent}"
        ) from None


def _place(architecture: str) -> tuple[str, Path]:
    """Return where the weights come from, and where PyTorch keeps them."""
    check_architecture(architecture)
    url: str = torchvision.models.get_model_weights(architecture).DEFAULT.url
    return url, Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]


def _digits(file: Path) -> str:
    return file.stem.rpartition("-")[2]
