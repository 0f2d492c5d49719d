"""What is needed to know, and repeat, how a network was trained: the contents of `run.json`."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torchvision

import edgetlc
from edgetlc.data.photos import PhotoSet, digest_of
from edgetlc.files import sha256_file
from edgetlc.locale import Message, _, n_
from edgetlc.models.checkpoint import LoadedWeights
from edgetlc.training.config import TrainingConfig
from edgetlc.training.objective import Teacher
from edgetlc.training.runs import flat

_WITHOUT_EFFECT = {"settings.workers"}  # but on the speed
_GIT_SECONDS = 10.0


def provenance(
    photos: PhotoSet,
    config: TrainingConfig,
    weights: Path | None,
    loaded: LoadedWeights | None,
    teacher: Teacher | None = None,
) -> dict[str, Any]:
    """Return a run's settings, start, data and versions as a JSON document.

    The photos have parts `train` and `val`; `weights` is the file that it started from, `loaded`
    what was taken of it.
    """
    settings = {k: v for k, v in asdict(config).items() if k not in ("cache", "cache_limit")}
    if isinstance(config.weights, Path):
        settings["weights"] = config.weights.name  # no place: the record travels
    if config.distillation:
        settings["distillation"]["teacher"] = config.distillation.teacher.name
    return {
        "settings": settings,
        "start": start_of(loaded),
        "weights_sha256": sha256_file(weights) if weights else None,
        "teacher": teacher.record if teacher else None,
        "data": {
            "photos": {part: len(photos.part(part).photos) for part in ("train", "val")},
            "train_digest": digest_of(photos.part("train").photos),
            "val_digest": digest_of(photos.part("val").photos),
            "simulated": photos.simulated,
        },
        "git": git_state(),
        "versions": {
            "edgetlc": edgetlc.__version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
        },
    }


def start_of(loaded: LoadedWeights | None) -> Message:
    """Say what a run started from."""
    if loaded is None:
        return _("random weights")
    return n_(
        "{file}: {count} tensor loaded",
        "{file}: {count} tensors loaded",
        file=loaded.file,
        count=len(loaded.loaded),
    )


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Name what makes a run another one than it was: settings, start weights and data.

    `before` is the provenance it began with, as read from `run.json`; `now` today's.
    """
    compared = ("settings", "weights_sha256", "teacher", "data")
    as_read = json.loads(json.dumps(now))  # with lists for tuples
    old, new = (dict(flat({k: run.get(k) for k in compared})) for run in (before, as_read))
    return [
        f"{name.removeprefix('settings.')} {_short(old.get(name))} → {_short(new.get(name))}"
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name) and name not in _WITHOUT_EFFECT
    ]


def _short(value: Any) -> str:
    text = str(value)
    return f"{text[:12]}…" if len(text) > 40 else text


def git_state(folder: Path | None = None) -> dict[str, Any] | None:
    """Return commit and state of the repository that `folder` (the working directory) lies in.

    `dirty` tells whether tracked files differ from the commit; None where git could not tell in
    time. None without a repository, a commit or git itself: not knowing never stops a run.
    """
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    if commit is None:
        return None
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "dirty": None if changes is None else bool(changes)}


def _git(folder: Path | None, *words: str) -> str | None:
    # No lock is taken and no program that the repository's settings name is started.
    command = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", *words]
    try:
        ran = subprocess.run(  # noqa: S603 - fixed words, no shell
            command,
            cwd=folder,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return ran.stdout.decode("utf-8", "replace").strip()
