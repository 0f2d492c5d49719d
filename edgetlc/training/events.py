"""TensorBoard events of a run, where the `tensorboard` package is installed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from edgetlc.training.runs import Epoch

EVENTS_FOLDER = "tensorboard"


@contextmanager
def epoch_events(run: Path | None) -> Iterator[Callable[[Epoch], None]]:
    """Yield what writes an epoch's figures as events into `run`/tensorboard.

    Without the package, or a run folder, it writes nothing; `metrics.jsonl` holds the same figures.
    The folder is made by the first epoch. A resumed run adds a file, which TensorBoard shows as one
    curve.
    """
    if run is None or find_spec("tensorboard") is None:
        yield lambda epoch: None
        return
    with ExitStack() as stack:
        writers: list[SummaryWriter] = []

        def write(epoch: Epoch) -> None:
            if not writers:
                from torch.utils.tensorboard import SummaryWriter

                folder = run / EVENTS_FOLDER
                if epoch.epoch == 1:  # events of a run that this one replaces
                    shutil.rmtree(folder, ignore_errors=True)
                writers.append(SummaryWriter(str(folder)))
                stack.callback(writers[0].close)
            for name, value in asdict(epoch).items():
                if name != "epoch" and value is not None:
                    writers[0].add_scalar(name, value, epoch.epoch)
            writers[0].flush()

        yield write
