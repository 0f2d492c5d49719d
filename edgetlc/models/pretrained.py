"""Torchvision's ImageNet weights by the network's name, downloaded only on request.

They lie in PyTorch's own folder (`TORCH_HOME`), where other programs may have put them already. A
file's name ends in the first digits of its SHA-256, which are compared whenever it is used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch

from edgetlc.errors import InputError
from edgetlc.files import sha256_file
from edgetlc.models.architectures import architecture_of
from edgetlc.progress import note

IMAGENET: Final = "imagenet"
"""What these weights are called in place of a file's name."""


def imagenet_weights(architecture: str) -> Path:
    """Return the file with torchvision's newest ImageNet weights of a network; downloads nothing.

    Raises:
        InputError: unknown network, no such file in PyTorch's folder, or one that is damaged.
    """
    url, file, digits = _place(architecture)
    if not file.is_file():
        raise InputError(
            "no ImageNet weights of {architecture} at {file}; download {url} to there, or let "
            "'edgetlc train --weights imagenet' do so",
            architecture=architecture,
            file=file,
            url=url,
        )
    if not sha256_file(file).startswith(digits):
        raise InputError(
            "{file} is damaged: its SHA-256 does not begin with {digits}", file=file, digits=digits
        )
    return file


def download_imagenet_weights(architecture: str) -> None:
    """Download torchvision's ImageNet weights of a network, unless they are on this machine.

    A note says so before anything is downloaded.

    Raises:
        InputError: unknown network, no connection, or a file with another digest.
    """
    url, file, digits = _place(architecture)
    if file.is_file():
        return
    note("downloading {url} to {folder}; its SHA-256 is checked", url=url, folder=file.parent)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(file), digits, progress=False)
    except (OSError, RuntimeError) as error:  # no connection; another digest
        raise InputError(
            "{url} cannot be downloaded ({reason}); fetch it on a machine that is online and "
            "pass the file with --weights, or put it into {folder}",
            url=url,
            reason=error,
            folder=file.parent,
        ) from None


def _place(architecture: str) -> tuple[str, Path, str]:
    """Return where weights come from, where PyTorch keeps them, and how their SHA-256 begins."""
    url = architecture_of(architecture).weights_url(architecture)
    file = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    return url, file, file.stem.rpartition("-")[2]
