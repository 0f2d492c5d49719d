"""Comparing networks trained alike: one table of figures, and a paired test of each two.

All networks get the same photos, settings and seed, so they differ in the network alone; one
training run each says nothing of how much another seed would change (`edgetlc train --folds` does).
They are compared on the validation part; the test part is for the final table, once, or choosing by
it would spend it. The test is McNemar's, exact with mid-p, on the photos that both answered, and
Holm's adjustment accounts for testing every two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgetlc.data.photos import Part, PhotoSet
from edgetlc.errors import InputError
from edgetlc.experiments.shared_cache import decoded_once
from edgetlc.files import write_json
from edgetlc.models.architectures import ARCHITECTURES
from edgetlc.models.checkpoint import Checkpoint, load_checkpoint
from edgetlc.models.cost import NetworkCost, costs_of
from edgetlc.statistics.paired import holm, mcnemar_mid_p
from edgetlc.training.config import TrainingConfig
from edgetlc.training.distributed import started_by_torchrun
from edgetlc.training.evaluate import Answers, Evaluation, evaluate
from edgetlc.training.metrics import Scores, scores_to_json
from edgetlc.training.report import train_and_report
from edgetlc.training.train import Epoch, TrainedRun

COMPARISON_FILE = "comparison.json"


@dataclass(frozen=True)
class NetworkResult:
    """One network.

    Attributes:
        architecture: its name.
        folder: its run folder.
        best: the epoch whose weights were kept.
        scores: on the part that was compared.
        cost: parameters, multiplications, time.
    """

    architecture: str
    folder: Path
    best: Epoch
    scores: Scores
    cost: NetworkCost


@dataclass(frozen=True)
class PairedTest:
    """Two networks on the same photos.

    Attributes:
        first, second: their names.
        photos: that both answered.
        only_first, only_second: photos that one answered rightly and the other did not.
        p: two-sided mid-p value of "both are right equally often" (McNemar).
        adjusted: the same after Holm's adjustment for all pairs.
    """

    first: str
    second: str
    photos: int
    only_first: int
    only_second: int
    p: float
    adjusted: float


@dataclass(frozen=True)
class Comparison:
    """Several networks on one part.

    Attributes:
        folder: holds the run folders, named by their networks, and `comparison.json`.
        part: on which they were compared.
        networks: in the order asked for.
        tests: of each two.
        simulated: whether any photo was made by a simulation.
    """

    folder: Path
    part: Part
    networks: tuple[NetworkResult, ...]
    tests: tuple[PairedTest, ...]
    simulated: bool


def compare_networks(
    photos: PhotoSet,
    config: TrainingConfig,
    architectures: Sequence[str],
    output: Path,
    *,
    part: Part = "val",
    overwrite: bool = False,
    resume: bool = False,
    on_network: Callable[[str], None] = lambda architecture: None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> Comparison:
    """Train each network with the same settings and seed, and compare them on the same photos.

    Args:
        photos: with parts `train`, `val` and the one to compare on.
        config: of every run but for the network.
        architectures: at least two names.
        output: run folders named by the networks are made in it.
        part: to compare on.
        overwrite: replace runs that are there already.
        resume: keep the runs that are done, go on in the one that was interrupted.
        on_network: called with each name before its training begins.
        on_epoch: called after each epoch.

    Raises:
        InputError: fewer than two networks, one twice, an unknown one, a start file that only one
            of them fits, or as `edgetlc.training.train.train`.
    """
    _check_names(architectures)
    chosen = photos.part(part)
    networks: dict[str, tuple[TrainedRun, Checkpoint, Evaluation]] = {}
    with decoded_once(config, output) as shared:
        for name in architectures:
            on_network(name)
            run, _ = train_and_report(
                photos,
                replace(shared, architecture=name),
                output / name,
                overwrite=overwrite,
                resume=resume,
                on_epoch=on_epoch,
            )
            checkpoint = load_checkpoint(run.folder)
            found = evaluate(checkpoint, chosen, device=config.device)
            networks[name] = run, checkpoint, found
    costs = costs_of(
        {name: checkpoint.classifier for name, (_, checkpoint, _) in networks.items()},
        config.contract.size,
        config.device,
    )
    done = Comparison(
        folder=output,
        part=part,
        networks=tuple(
            NetworkResult(name, run.folder, run.best, found.overall, costs[name])
            for name, (run, _, found) in networks.items()
        ),
        tests=tuple(paired_tests({name: f.answers for name, (_, _, f) in networks.items()})),
        simulated=chosen.simulated,
    )
    if started_by_torchrun().main:
        write_json(output / COMPARISON_FILE, comparison_to_json(done))
    return done


def paired_tests(answers: Mapping[str, Answers]) -> list[PairedTest]:
    """Test each two networks on the photos that both answered."""
    counted = []
    for first, second in combinations(answers, 2):
        one, other = _on_same_photos(answers[first], answers[second])
        only = (int((one & ~other).sum()), int((other & ~one).sum()))
        counted.append((first, second, len(one), *only, mcnemar_mid_p(*only)))
    adjusted = holm([row[-1] for row in counted])
    return [PairedTest(*row, a) for row, a in zip(counted, adjusted, strict=True)]


def comparison_to_json(done: Comparison) -> dict[str, Any]:
    """Return a comparison as a JSON document."""
    return {
        "part": done.part,
        "simulated": done.simulated,
        "networks": [
            {
                "network": n.architecture,
                "run": n.folder.name,
                "best": asdict(n.best),
                "cost": asdict(n.cost),
                "scores": scores_to_json(n.scores),
            }
            for n in done.networks
        ],
        "tests": [asdict(test) for test in done.tests],
    }


def _check_names(architectures: Sequence[str]) -> None:
    if len(set(architectures)) < max(2, len(architectures)):
        raise InputError(
            f"networks to compare are {', '.join(architectures) or 'none'}; "
            "name two or more different ones, such as resnet34,resnet50,densenet161"
        )
    unknown = [name for name in architectures if name not in ARCHITECTURES]
    if unknown:
        raise InputError(f"unknown network {unknown[0]!r}; choose from {', '.join(ARCHITECTURES)}")


def _on_same_photos(one: Answers, other: Answers) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return bool[n] twice: which of the photos that both answered each got right."""
    first, second = _right_by_path(one), _right_by_path(other)
    shared = [path for path in first if path in second]
    return np.array([first[p] for p in shared], bool), np.array([second[p] for p in shared], bool)


def _right_by_path(answers: Answers) -> dict[Path, bool]:
    return {p.path: bool(r) for p, r in zip(answers.photos, answers.right, strict=True)}
