"""Comparing networks trained alike: one table of figures, and a paired test of each two.

All networks get the same photos, settings and seed, so they differ in the network alone; one
training run each says nothing of how much another seed would change (cross-validation does).
They are compared on the validation part; the test part is for the final table, once, or choosing by
it would spend it. The test is McNemar's, exact with mid-p, on the photos that both answered, and
Holm's adjustment accounts for testing every two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from edgetlc.data.photos import Part, PhotoSet
from edgetlc.errors import InputError
from edgetlc.experiments.trials import Trial, run_trials, write_summary
from edgetlc.locale import _
from edgetlc.models.architectures import ARCHITECTURES
from edgetlc.models.checkpoint import load_checkpoint
from edgetlc.models.cost import NetworkCost, costs_of
from edgetlc.statistics.paired import holm, mcnemar_mid_p
from edgetlc.training.config import TrainingConfig
from edgetlc.training.evaluate import Answers
from edgetlc.training.metrics import Scores, scores_to_json
from edgetlc.training.run_folder import Existing
from edgetlc.training.runs import Epoch

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
    **existing: Unpack[Existing],
) -> Comparison:
    """Train each network with the same settings and seed, and compare them on the same photos.

    Args:
        photos: with parts `train`, `val` and the one to compare on.
        config: of every run but for the network.
        architectures: at least two names.
        output: run folders named by the networks are made in it.
        part: to compare on.
        **existing: what to do with runs that are there already.

    Raises:
        InputError: fewer than two networks, one twice, an unknown one, an empty name, a start file
            that only one of them fits, or as `edgetlc.training.train.train`.
    """
    _check_names(architectures)
    chosen = photos.part(part)
    trials = [
        Trial(name, photos, replace(config, architecture=name), chosen) for name in architectures
    ]
    outcomes = run_trials(trials, output, **existing)
    trained = dict(zip(architectures, outcomes, strict=True))
    costs = costs_of(
        {name: load_checkpoint(done.run.folder).classifier for name, done in trained.items()},
        config.contract.size,
        config.device,
    )
    comparison = Comparison(
        folder=output,
        part=part,
        networks=tuple(
            NetworkResult(
                name, done.run.folder, done.run.best, done.evaluation.overall, costs[name]
            )
            for name, done in trained.items()
        ),
        tests=tuple(paired_tests({n: done.evaluation.answers for n, done in trained.items()})),
        simulated=chosen.simulated,
    )
    write_summary(output / COMPARISON_FILE, comparison_to_json(comparison))
    return comparison


def paired_tests(answers: Mapping[str, Answers]) -> list[PairedTest]:
    """Test each two networks on the photos that both answered."""
    counted = []
    for first, second in combinations(answers, 2):
        one, other = _on_same_photos(answers[first], answers[second])
        only = (int((one & ~other).sum()), int((other & ~one).sum()))
        counted.append((first, second, len(one), *only, mcnemar_mid_p(*only)))
    adjusted = holm([row[-1] for row in counted])
    return [PairedTest(*row, a) for row, a in zip(counted, adjusted, strict=True)]


def comparison_to_json(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as a JSON document."""
    return {
        "part": comparison.part,
        "simulated": comparison.simulated,
        "networks": [
            {
                "network": n.architecture,
                "run": n.folder.name,
                "best": asdict(n.best),
                "cost": asdict(n.cost),
                "scores": scores_to_json(n.scores),
            }
            for n in comparison.networks
        ],
        "tests": [asdict(test) for test in comparison.tests],
    }


def _check_names(architectures: Sequence[str]) -> None:
    names = ", ".join(architectures)
    if not all(name.strip() for name in architectures):
        raise InputError(
            "a name is empty among the networks to compare ({names}); "
            "name them such as resnet34,resnet50,densenet161",
            names=names,
        )
    if len(set(architectures)) < max(2, len(architectures)):
        raise InputError(
            "networks to compare are {names}; "
            "name two or more different ones, such as resnet34,resnet50,densenet161",
            names=names or _("none"),
        )
    unknown = [name for name in architectures if name not in ARCHITECTURES]
    if unknown:
        raise InputError(
            "unknown network {name!r}; choose from {known}",
            name=unknown[0],
            known=", ".join(ARCHITECTURES),
        )


def _on_same_photos(one: Answers, other: Answers) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return bool[n] twice: which of the photos that both answered each got right."""
    first, second = one.right_by_path, other.right_by_path
    shared = [path for path in first if path in second]
    return np.array([first[p] for p in shared], bool), np.array([second[p] for p in shared], bool)
