"""Comparing networks trained alike: one table of figures, and a paired test of each two.

All networks get the same photos, settings and seed, so they differ in the network alone; one
training run each says nothing of how much another seed would change (cross-validation does).

They are compared on the validation part; the test part is for the final table, once, or choosing by
it would spend it. What they are compared on chose nothing before: an eighth of the training part
(`edgetlc.data.folds.with_inner_validation`) chooses each network's epoch and fits its temperature.
Had the validation part done so, its best look would flatter every network, those most whose
accuracy varies most from epoch to epoch. Picking the network that looks best still flatters that
one: its own figure is the test part's.

A test counts specimens (`edgetlc.statistics.sign_test`), of the photos that both answered, and
Holm's adjustment accounts for testing every two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from edgetlc.data.folds import with_inner_validation
from edgetlc.data.photos import Part, PhotoSet
from edgetlc.errors import InputError
from edgetlc.experiments.run import Outcome, Trial, run_trials, write_summary
from edgetlc.locale import _
from edgetlc.models.architectures import ARCHITECTURES
from edgetlc.models.checkpoint import load_checkpoint
from edgetlc.models.cost import NetworkCost, costs_of
from edgetlc.statistics.paired import holm, mcnemar_mid_p
from edgetlc.statistics.sign_test import turned
from edgetlc.statistics.specimens import number_specimens
from edgetlc.training.config import TrainingConfig
from edgetlc.training.evaluate import Evaluation
from edgetlc.training.run_folder import Existing

COMPARISON_FILE = "comparison.json"


@dataclass(frozen=True)
class PairedTest:
    """Two networks on the same photos.

    Attributes:
        photos, specimens: that both answered.
        first_better, second_better: specimens of which one gets more photos right.
        p: two-sided mid-p value of "a specimen is as likely to be one's as the other's".
        adjusted: the same after Holm's adjustment for all pairs.
    """

    first: str
    second: str
    photos: int
    specimens: int
    first_better: int
    second_better: int
    p: float
    adjusted: float


@dataclass(frozen=True)
class Comparison:
    """Several networks on one part, by their names in the order asked for; tests of each two."""

    part: Part
    networks: Mapping[str, Outcome]
    costs: Mapping[str, NetworkCost]
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

    The photos have parts `train` and the one to compare on; `output` gets run folders named by the
    networks, and `comparison.json`.

    Raises:
        InputError: fewer than two networks, one twice, an unknown one, an empty name, a start file
            that only one of them fits, too few training photos that may be parted, or as
            `edgetlc.training.train.train`.
    """
    _check_names(architectures)
    chosen = photos.part(part)
    learnt = with_inner_validation(photos, config.seed)
    trials = [
        Trial(name, learnt, replace(config, architecture=name), chosen) for name in architectures
    ]
    networks = dict(
        zip(architectures, run_trials(trials, output, COMPARISON_FILE, **existing), strict=True)
    )
    classifiers = {n: load_checkpoint(done.run.folder).classifier for n, done in networks.items()}
    costs = costs_of(classifiers, config.contract.size, config.device)
    tests = paired_tests({name: done.evaluation for name, done in networks.items()})
    comparison = Comparison(part, networks, costs, tuple(tests), chosen.simulated)
    write_summary(output / COMPARISON_FILE, comparison_to_json(comparison))
    return comparison


def paired_tests(answers: Mapping[str, Evaluation]) -> list[PairedTest]:
    """Test each two networks on the specimens that both answered."""
    counted = []
    for first, second in combinations(answers, 2):
        one, other = answers[first].right_by_path, answers[second].right_by_path
        both = [photo for photo in answers[first].photos if photo.path in other]
        before, after = (np.array([right[p.path] for p in both], bool) for right in (one, other))
        specimens = number_specimens([photo.specimen for photo in both], len(both))
        better = turned(before, after, specimens)
        count = int(specimens.max(initial=-1)) + 1
        counted.append((first, second, len(both), count, *better, mcnemar_mid_p(*better)))
    adjusted = holm([row[-1] for row in counted])
    return [PairedTest(*row, a) for row, a in zip(counted, adjusted, strict=True)]


def comparison_to_json(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as a JSON document."""
    return {
        "part": comparison.part,
        "simulated": comparison.simulated,
        "networks": [
            {"network": name, **done.to_json(), "cost": asdict(comparison.costs[name])}
            for name, done in comparison.networks.items()
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
