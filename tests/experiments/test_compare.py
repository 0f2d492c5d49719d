"""Comparing networks, with a stand-in for training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.experiments.compare import COMPARISON_FILE, compare_networks, paired_tests
from edgetlc.models.checkpoint import load_checkpoint
from edgetlc.runtime.contract import PixelContract
from edgetlc.training.config import TrainingConfig
from edgetlc.training.evaluate import Evaluation, evaluate

CONFIG = TrainingConfig("slim-resnet18", 2, 6, contract=PixelContract(size=32))
Calls = list[dict[str, Any]]


class TestComparison:
    def test_same_settings_for_all(self, photo_set: PhotoSet, calls: Calls, tmp_path: Path) -> None:
        names = ("slim-resnet18", "slim-resnet34")
        done = compare_networks(photo_set, CONFIG, names, tmp_path)
        asked = [replace(call["config"], cache=None, cache_limit=0) for call in calls]
        assert asked == [replace(CONFIG, architecture=name, cache_limit=0) for name in names]
        assert [call["output"].name for call in calls] == list(names)
        assert done.part == "val"
        assert [n.evaluation.overall.count for n in done.networks.values()] == [6, 6]
        # A sixteenth of torchvision's figures, less the head: 11.18 M and 21.29 M parameters.
        millions = [done.costs[name].parameters * 16 / 1e6 for name in names]
        assert millions == [pytest.approx(11.18, abs=0.1), pytest.approx(21.29, abs=0.1)]
        small, large = (done.costs[name].multiply_adds for name in names)
        assert large > small > 0
        written = json.loads((tmp_path / COMPARISON_FILE).read_text(encoding="utf-8"))
        assert [network["network"] for network in written["networks"]] == list(names)
        assert written["part"] == "val"

    def test_the_test_part_on_request(
        self, photo_set: PhotoSet, calls: Calls, tmp_path: Path
    ) -> None:
        names = ("slim-resnet34", "slim-resnet18")
        done = compare_networks(photo_set, CONFIG, names, tmp_path, part="test", resume=True)
        assert [n.evaluation.overall.count for n in done.networks.values()] == [12, 12]
        assert all(call["resume"] for call in calls)
        (pair,) = done.tests
        right = [
            evaluate(load_checkpoint(tmp_path / name), photo_set.part("test")).right
            for name in names
        ]
        assert (pair.first_better, pair.second_better) == (
            int((right[0] & ~right[1]).sum()),
            int((right[1] & ~right[0]).sum()),
        )

    def test_what_is_compared_on_chose_no_epoch(
        self, photo_set: PhotoSet, calls: Calls, tmp_path: Path
    ) -> None:
        done = compare_networks(photo_set, CONFIG, ("slim-resnet18", "slim-resnet34"), tmp_path)
        learnt = {photo.path for call in calls for photo in call["photos"].photos}
        compared = {p.path for one in done.networks.values() for p in one.evaluation.photos}
        assert learnt == {photo.path for photo in photo_set.part("train").photos}
        assert compared == {photo.path for photo in photo_set.part("val").photos}
        assert all(call["photos"].part("val").photos for call in calls)

    @pytest.mark.parametrize(
        ("names", "told"),
        [
            (("resnet18",), "name two or more different ones"),
            (("resnet18", "resnet18"), "name two or more different ones"),
            ((), "networks to compare are none"),
            (("resnet34", ""), r"a name is empty among the networks to compare \(resnet34, \)"),
            (("resnet34", " "), "a name is empty among the networks to compare"),
            (("resnet18", "vgg"), "unknown network 'vgg'; choose from resnet18, "),
        ],
    )
    def test_names_are_checked_before_any_training(
        self, photo_set: PhotoSet, calls: Calls, tmp_path: Path, names: tuple[str, ...], told: str
    ) -> None:
        with pytest.raises(InputError, match=told):
            compare_networks(photo_set, CONFIG, names, tmp_path)
        assert calls == []

    def test_a_missing_part_is_told_before_any_training(
        self, photo_set: PhotoSet, calls: Calls, tmp_path: Path
    ) -> None:
        some = photo_set.part("train", "val")
        with pytest.raises(InputError, match="no photo is in part test"):
            compare_networks(some, CONFIG, ("resnet18", "resnet34"), tmp_path, part="test")
        assert calls == []


def answers(photo_set: PhotoSet, right: list[bool], skip: int = 0) -> Evaluation:
    """Return answers on the first photos that are right as said; the first `skip` are left out."""
    photos = photo_set.photos[: len(right)]
    truth = [photo_set.index(photo) for photo in photos]
    given = [t if ok else (t + 1) % 3 for t, ok in zip(truth, right, strict=True)]
    return Evaluation(
        photos[skip:],
        torch.tensor(truth)[skip:].numpy(),
        torch.eye(3)[given][skip:].numpy(),
        photo_set.labels,
    )


class TestPairs:
    def test_mcnemar_by_hand(self, photo_set: PhotoSet) -> None:
        first = answers(photo_set, [True] * 8 + [False])
        second = answers(photo_set, [True] * 2 + [False] * 6 + [True])
        (pair,) = paired_tests({"one": first, "other": second})
        assert (pair.photos, pair.specimens) == (9, 9)
        assert (pair.first_better, pair.second_better) == (6, 1)
        # Of 7: 2 P(X <= 1) = 16/128; the mid-p value takes half of P(X = 1) off each side: 9/128.
        assert pair.p == pytest.approx(9 / 128)
        assert pair.adjusted == pair.p

    def test_photos_of_one_specimen_count_once(self, photo_set: PhotoSet) -> None:
        grouped = (replace(photo, group="one piece") for photo in photo_set.photos[:6])
        alike = replace(photo_set, photos=(*grouped, *photo_set.photos[6:]))
        first, second = answers(alike, [True] * 8), answers(alike, [False] * 8)
        (pair,) = paired_tests({"one": first, "other": second})
        assert (pair.photos, pair.specimens) == (8, 3)
        assert (pair.first_better, pair.second_better) == (3, 0)
        assert pair.p == pytest.approx(1 / 8)

    def test_holm_over_all_pairs(self, photo_set: PhotoSet) -> None:
        made = {
            "a": answers(photo_set, [True] * 12),
            "b": answers(photo_set, [True] * 6 + [False] * 6),
            "c": answers(photo_set, [False] * 12),
        }
        ab, ac, bc = paired_tests(made)
        assert [(t.first, t.second) for t in (ab, ac, bc)] == [("a", "b"), ("a", "c"), ("b", "c")]
        assert ac.adjusted == pytest.approx(3 * ac.p)
        assert ab.adjusted == bc.adjusted == pytest.approx(2 * ab.p)

    def test_only_photos_that_both_answered(self, photo_set: PhotoSet) -> None:
        made = {
            "a": answers(photo_set, [True] * 6),
            "b": answers(photo_set, [False] * 6, skip=2),
        }
        (pair,) = paired_tests(made)
        assert (pair.photos, pair.first_better) == (4, 4)
