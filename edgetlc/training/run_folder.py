"""The run folder: what a training run leaves, so that ending it at any moment loses one epoch.

    run.json                  settings, start, data, versions
    config.toml               the settings as 'edgetlc train --config' takes them to repeat the run
    model.safetensors         the best epoch so far
    metrics.jsonl             one line per epoch
    state.json                what the epochs reached, the optimizer's settings, the schedule
    state-<epoch>.safetensors the weights after the last epoch and the optimizer's moments

After each epoch the state is written first: its tensors, then `state.json`, which names them, and
the tensors before them are removed last. Whatever is missing of the other files can be made from
it. A run that ended by itself keeps `state.json` only, which then names no tensors.

Every file is written whole, or the one before stays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypedDict

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from edgetlc.config import to_toml
from edgetlc.errors import InputError
from edgetlc.files import read_json, write_bytes, write_json, write_text
from edgetlc.locale import _
from edgetlc.models.checkpoint import CHECKPOINT_FILE, Checkpoint, save_checkpoint
from edgetlc.training.config import TrainingConfig
from edgetlc.training.provenance import differences
from edgetlc.training.runs import (
    CONFIG_FILE,
    METRICS_FILE,
    REPORT_FILE,
    RUN_FILE,
    SCORES_FILE,
    Epoch,
    best_of,
)

STATE_FILE = "state.json"
_TENSORS = "state-*.safetensors"


class Existing(TypedDict, total=False):
    """What to do with a run that is there already: replace it or go on after its last whole epoch.

    With neither it is refused. A finished one that is to be resumed is kept as it is; where there
    is none, one is started.
    """

    overwrite: bool
    resume: bool


@dataclass(frozen=True)
class State:
    """A run after some whole epochs; the temperature was fitted after the best of them.

    For `tensors` and `loop` see `Loop.state`; they are empty in a run that ended by itself.
    """

    epochs: tuple[Epoch, ...]
    temperature: float
    tensors: dict[str, Tensor] = field(default_factory=dict)
    loop: Mapping[str, Any] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether the run ended by itself."""
        return not self.tensors


class RunFolder:
    """Reads and writes a run folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def check_free(self, *, overwrite: bool = False, resume: bool = False) -> None:
        """Refuse a folder that holds a run which is neither to be replaced nor to be resumed."""
        if overwrite and resume:
            raise InputError("--resume goes on with what --overwrite replaces; give one of them")
        if overwrite or not (self.path / CHECKPOINT_FILE).exists():
            return
        if not resume:
            raise InputError(
                "{path} holds a trained run; choose another output, or pass --overwrite, "
                "or --resume to go on with it",
                path=self.path,
            )
        if not (self.path / STATE_FILE).exists():
            raise InputError(
                "{path} holds a run without {file}, which cannot be resumed; "
                "choose another output or pass --overwrite",
                path=self.path,
                file=STATE_FILE,
            )

    def resumable(self, record: Mapping[str, Any]) -> State | None:
        """Return the state of the run that is here; None where no epoch has ended yet.

        Raises:
            InputError: its provenance is not `record`, that of the run asked for now, or it is
                damaged.
        """
        file = self.path / STATE_FILE
        if not file.exists():
            return None
        changed = differences(read_json(self.path / RUN_FILE, _("run record")), record)
        if changed:
            raise InputError(
                "{path} is another run (then → now): {changes}; "
                "use the same settings and photos, or choose another output",
                path=self.path,
                changes="; ".join(changed),
            )
        document = read_json(file, _("training state"))
        try:
            epochs = tuple(Epoch(**epoch) for epoch in document["epochs"])
            name = document["tensors"]
            tensors = {} if name is None else load_file(self.path / Path(name).name)
            return State(epochs, float(document["temperature"]), tensors, document["loop"])
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise InputError(
                "{file} cannot be resumed from ({error}); start again with --overwrite",
                file=file,
                error=error,
            ) from None

    def begin(self, state: State | None, kept: Checkpoint, config: TrainingConfig) -> None:
        """Start a run, or bring the files up to the state it is resumed from."""
        if state is None:
            self.path.mkdir(parents=True, exist_ok=True)
            for stale in (SCORES_FILE, REPORT_FILE, CHECKPOINT_FILE, METRICS_FILE, STATE_FILE):
                (self.path / stale).unlink(missing_ok=True)
            self._remove_tensors(but=None)
            write_json(self.path / RUN_FILE, dict(kept.provenance))
        # Where decoded photos lie while it trains makes no other run.
        settings = replace(config, cache=None, cache_limit=TrainingConfig.cache_limit)
        write_text(self.path / CONFIG_FILE, to_toml(settings))
        if state is not None:
            self._write_results(state, kept)

    def keep(self, state: State, kept: Checkpoint) -> None:
        """Write what an epoch reached, and its weights if it is the best so far."""
        self.write_state(state)
        self._write_results(state, kept)

    def _write_results(self, state: State, kept: Checkpoint) -> None:
        best = best_of(state.epochs)
        if best is state.epochs[-1]:
            record = {**kept.provenance, "best_epoch": asdict(best)}
            save_checkpoint(
                self.path / CHECKPOINT_FILE,
                replace(kept, temperature=state.temperature, provenance=record),
            )
        # After the weights: those of an epoch that is listed are on disk.
        lines = (json.dumps(asdict(epoch)) + "\n" for epoch in state.epochs)
        write_text(self.path / METRICS_FILE, "".join(lines))

    def write_state(self, state: State) -> None:
        """Write the state; that of a finished run removes what only resuming needs."""
        name = None
        if not state.finished:
            name = _TENSORS.replace("*", f"{len(state.epochs):04}")
            write_bytes(self.path / name, save(state.tensors))
        document = {
            "epochs": [asdict(epoch) for epoch in state.epochs],
            "temperature": state.temperature,
            "loop": dict(state.loop),
            "tensors": name,
        }
        write_json(self.path / STATE_FILE, document)
        self._remove_tensors(but=name)

    def _remove_tensors(self, but: str | None) -> None:
        for file in self.path.glob(_TENSORS):
            if file.name != but:
                file.unlink()
