"""Reading run folders: what each was asked to do, what it reached, and in what runs differ.

Needs no toolchain: a run's records are JSON. Vocabulary:

    record   `run.json`: settings, start weights, data, versions, git state
    epochs   `metrics.jsonl`: one line per epoch
    scores   `scores.json`: the kept network on the validation part, written when training ends
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeGuard

from edgetlc.config import from_document
from edgetlc.errors import InputError
from edgetlc.files import read_json
from edgetlc.locale import _, n_

RUN_FILE = "run.json"
CONFIG_FILE = "config.toml"
METRICS_FILE = "metrics.jsonl"
SCORES_FILE = "scores.json"
REPORT_FILE = "report.html"
FIGURES = ("accuracy", "precision", "recall", "f1", "auc")
DEEPEST = 3
"""Levels of folders below the given one that are searched for runs."""
_LARGEST = 64 << 20  # bytes of a record; a run of ten thousand epochs writes 3 MB


@dataclass(frozen=True)
class Epoch:
    """What one epoch reached, a line of `metrics.jsonl`; losses are means in nats.

    Attributes:
        epoch: from 1.
        train_loss: what is minimised: under augmentation, dropout, label smoothing and class
            weights.
        val_loss: plain cross-entropy of unchanged photos.
        learning_rate: at the start of the epoch.
        train_accuracy: of the photos as they were augmented, while the network still learned; None
            where an older run did not record it.
    """

    epoch: int
    train_loss: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    seconds: float
    train_accuracy: float | None = None


_EPOCH = tuple(field.name for field in fields(Epoch))


def best_of(epochs: Sequence[Epoch]) -> Epoch:
    """Return the epoch with the highest validation accuracy; the lower loss decides a tie."""
    return max(epochs, key=lambda e: (e.val_accuracy, -e.val_loss))


@dataclass(frozen=True)
class RunRecord:
    """What a run folder says of itself; `scores` is None where training has not ended."""

    folder: Path
    record: Mapping[str, Any]
    epochs: tuple[Epoch, ...]
    scores: Mapping[str, Any] | None

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the run was asked to do, nested tables by their path: `contract.size`."""
        return dict(flat(self.record.get("settings", {})))

    @property
    def best(self) -> Epoch | None:
        """The epoch whose weights were kept; None where none has ended."""
        return best_of(self.epochs) if self.epochs else None

    @property
    def simulated(self) -> bool:
        """Whether any of its photos was made by a simulation."""
        return bool(_table(self.record, "data").get("simulated"))

    @property
    def commit(self) -> str | None:
        """The git commit that it was started from, where that is known."""
        commit = _table(self.record, "git").get("commit")
        return commit if isinstance(commit, str) else None

    @property
    def figures(self) -> Mapping[str, float]:
        """What `scores.json` says of the kept network, 0 to 1; empty where training has not ended.

        Keys: accuracy, precision, recall, f1 and auc on the validation part, as far as defined,
        and train_accuracy on unchanged training photos.
        """
        scores = self.scores or {}
        figures = {name: _table(scores, "overall").get(name) for name in FIGURES}
        train = _table(scores, "train")
        right, photos = train.get("right"), train.get("photos")
        if _is_number(right) and _is_number(photos) and photos:
            figures["train_accuracy"] = right / photos
        return {name: value for name, value in figures.items() if _is_number(value)}


@dataclass(frozen=True)
class RunComparison:
    """Several runs, and what is not the same in all of them.

    `differences` holds one value per run by the path of the entry in `run.json`; None where a run
    has none.
    """

    runs: tuple[RunRecord, ...]
    differences: Mapping[str, tuple[Any, ...]]


def read_run(folder: Path) -> RunRecord:
    """Read a run folder; one without `run.json` is refused, so is a record above 64 MiB."""
    record = _read(folder / RUN_FILE, _("run record"))
    epochs = read_epochs(folder / METRICS_FILE)
    file = folder / SCORES_FILE
    scores = _read(file, _("scores")) if file.is_file() else None
    return RunRecord(folder, record, epochs, scores)


def read_epochs(path: Path) -> tuple[Epoch, ...]:
    """Read the epochs of a `metrics.jsonl`; none where there is no file yet.

    A last line without its end, which a killed process leaves, does not count; of an epoch that
    was done again after an interruption, the last line does. Any other line is refused.
    """
    if not path.is_file():
        return ()
    _check_size(path)
    epochs = {}
    *lines, _cut = path.read_text(encoding="utf-8", errors="replace").split("\n")
    for number, line in enumerate(lines, start=1):
        try:
            values = json.loads(line)
            known = {name: values[name] for name in _EPOCH if name in values}
            epoch = from_document(known, Epoch)
        except (ValueError, TypeError, InputError):
            raise InputError(
                "{path}, line {number} is no epoch of a run", path=path, number=number
            ) from None
        epochs[epoch.epoch] = epoch
    return tuple(epochs[number] for number in sorted(epochs))


def find_runs(folder: Path) -> Iterator[Path]:
    """Yield the run folders in a folder, itself included, by name; links are not followed."""
    if not folder.is_dir():
        raise InputError(
            "no folder at {folder}; name one that holds runs of 'edgetlc train'", folder=folder
        )
    for place, inside, files in os.walk(folder):
        depth = len(Path(place).relative_to(folder).parts)
        inside[:] = sorted(n for n in inside if not n.startswith(".")) if depth < DEEPEST else []
        if RUN_FILE in files:
            yield Path(place)


def compare_runs(folders: Sequence[Path]) -> RunComparison:
    """Read two runs or more and find what differs between their records."""
    if len(folders) < 2:
        raise InputError(
            n_(
                "{count} run given; comparing needs at least 2",
                "{count} runs given; comparing needs at least 2",
                count=len(folders),
            )
        )
    runs = tuple(map(read_run, folders))
    records = [dict(flat(run.record)) for run in runs]
    names = dict.fromkeys(name for record in records for name in record)
    rows = {name: tuple(record.get(name) for record in records) for name in names}
    differences = {name: row for name, row in rows.items() if any(v != row[0] for v in row)}
    return RunComparison(runs, differences)


def flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested tables, named by their paths; a list is one leaf."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}" if name else str(key))
    else:
        yield name, value


def _table(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = record.get(name)
    return table if isinstance(table, Mapping) else {}


def _read(path: Path, what: str) -> Mapping[str, Any]:
    _check_size(path)
    document = read_json(path, what)
    if not isinstance(document, Mapping):
        raise InputError("{path} is no {what}: it holds no table", path=path, what=what)
    return document


def _check_size(path: Path) -> None:
    size = path.stat().st_size if path.is_file() else 0
    if size > _LARGEST:
        raise InputError(
            "{path} has {size:,} bytes; a record has at most {most:,}",
            path=path,
            size=size,
            most=_LARGEST,
        )


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
