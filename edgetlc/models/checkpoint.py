"""Checkpoints: weights in safetensors with everything needed to use them in its header.

The tensors carry torchvision's own names, so any tool reads them. The header's `edgetlc` entry is
a JSON document: architecture, classes, pixel contract, temperature and how it was trained.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from edgetlc.config import from_document
from edgetlc.errors import InputError
from edgetlc.files import write_bytes
from edgetlc.models.architectures import architecture_of
from edgetlc.models.networks import Classifier
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.contract import PixelContract

CHECKPOINT_FILE = "model.safetensors"
_LONGEST_REASON = 200  # characters; PyTorch names every tensor that does not fit


@dataclass(frozen=True)
class Checkpoint:
    """A trained network and what is known about it."""

    classifier: Classifier  # in evaluation mode, on the CPU
    classes: tuple[ClassInfo, ...]  # in the order of the outputs
    contract: PixelContract  # the pixels it was trained on
    temperature: float = 1.0  # above 0, fitted on validation data; divides the logits
    # How it was made: data digest, seed, versions, metrics of the best epoch.
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def training_digest(self) -> str | None:
        """Digest of the training part it was trained on; None where the provenance lacks it."""
        digest: str | None = self.provenance.get("data", {}).get("train_digest")
        return digest


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; the file is whole or absent."""
    header = {
        "architecture": checkpoint.classifier.architecture,
        "classes": [asdict(info) for info in checkpoint.classes],
        "contract": asdict(checkpoint.contract),
        "temperature": checkpoint.temperature,
        "provenance": dict(checkpoint.provenance),
    }
    state = checkpoint.classifier.backbone.state_dict()
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    document = json.dumps(header, ensure_ascii=False, allow_nan=False)
    write_bytes(path, save(tensors, metadata={"edgetlc": document}))


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint, or the one in a run folder.

    Raises:
        InputError: missing, damaged, or not written by edgetlc.
    """
    file = path / CHECKPOINT_FILE if path.is_dir() else path
    if not file.is_file():
        raise InputError("no checkpoint at {file}; 'edgetlc train' writes one", file=file)
    try:
        with safe_open(file, framework="pt") as stream:
            metadata = stream.metadata() or {}
        header = json.loads(metadata["edgetlc"])
        classes = tuple(from_document(info, ClassInfo) for info in header["classes"])
        contract = from_document(header["contract"], PixelContract, whole=True)
        temperature = float(header["temperature"])
        if not 0 < temperature < math.inf:
            raise ValueError(f"temperature {temperature}")
        provenance = dict(header["provenance"])
        classifier = Classifier(header["architecture"], len(classes))
        classifier.backbone.load_state_dict(load_file(file))
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError, InputError) as error:
        reason = str(error)[:_LONGEST_REASON]
        raise InputError(
            "{file} is not an edgetlc checkpoint: {reason}", file=file, reason=reason
        ) from None
    return Checkpoint(classifier.eval(), classes, contract, temperature, provenance)


@dataclass(frozen=True)
class LoadedWeights:
    """What a partial load took from a file, and what it left at its random start."""

    file: str
    loaded: tuple[str, ...]
    not_found: tuple[str, ...]
    wrong_shape: tuple[str, ...]
    unused: tuple[str, ...]


def load_weights(classifier: Classifier, path: Path) -> LoadedWeights:
    """Copy every tensor of `path` that fits into the classifier.

    `path` is a `.safetensors` file, or a `.pth`/`.pt` state dict (opened with `weights_only`).

    Raises:
        InputError: missing, unreadable, or nothing in it fits.
    """
    name_today = architecture_of(classifier.architecture).name_today
    tensors = {name_today(name): tensor for name, tensor in _read_tensors(path).items()}
    own = classifier.backbone.state_dict()
    fits = {name for name in own if name in tensors and tensors[name].shape == own[name].shape}
    if not fits:
        raise InputError(
            "{path}: no tensor fits {architecture}; is it another network?",
            path=path,
            architecture=classifier.architecture,
        )
    classifier.backbone.load_state_dict({name: tensors[name] for name in fits}, strict=False)
    # A counter that inference never reads; files without it are complete.
    counters = {name for name in own if name.endswith("num_batches_tracked")}
    return LoadedWeights(
        file=path.name,
        loaded=tuple(name for name in own if name in fits),
        not_found=tuple(name for name in own if name not in tensors and name not in counters),
        wrong_shape=tuple(name for name in own if name in tensors and name not in fits),
        unused=tuple(name for name in tensors if name not in own),
    )


def _read_tensors(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise InputError("no weights at {path}", path=path)
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
        return {name: value for name, value in state.items() if isinstance(value, Tensor)}
    except Exception as error:  # torch.load raises many types on damaged or unsafe files
        raise InputError(
            "{path} is not a readable weights file: {reason}", path=path, reason=error
        ) from None
