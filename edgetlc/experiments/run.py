"""Training one network to the end: weights, scores, and a page that tells both.

A finished run folder holds `scores.json` and `report.html` beside what training leaves
(`edgetlc.training.run_folder`); without the former, training was interrupted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from edgetlc.data.photos import PhotoSet
from edgetlc.files import write_json
from edgetlc.pages.training import write_page
from edgetlc.training.config import TrainingConfig
from edgetlc.training.distributed import rank_zero_only, started_by_torchrun
from edgetlc.training.report import RunReport, read_report, score_run
from edgetlc.training.run_folder import Existing
from edgetlc.training.runs import REPORT_FILE, SCORES_FILE
from edgetlc.training.train import TrainedRun, train


@rank_zero_only()
def train_run(
    photos: PhotoSet,
    config: TrainingConfig,
    output: Path,
    **existing: Unpack[Existing],
) -> tuple[TrainedRun, RunReport]:
    """Train as `edgetlc.training.train.train` does, score the kept network and write its page.

    Of several processes (`torchrun`) all score, so that none waits for another; one writes. A
    finished run that is resumed keeps its scores, and gets its page again where that is gone.

    Args:
        photos: with parts `train` and `val`.
        config: what to do.
        output: the run folder.
        **existing: what to do with a run that is there already.

    Raises:
        InputError: as `train`.
    """
    run = train(photos, config, output, **existing)
    writes = started_by_torchrun().main
    if (output / SCORES_FILE).is_file():  # training begins by removing an older run's
        report = read_report(output)
    else:
        report, scores = score_run(output, photos, config.device)
        if writes:
            write_json(output / SCORES_FILE, scores)
    if writes and not (output / REPORT_FILE).is_file():
        write_page(output / REPORT_FILE, report)
    return run, report
