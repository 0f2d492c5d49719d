"""How a run ends, with a stand-in for training that only writes a run folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.experiments.compare import COMPARISON_FILE, compare_networks, paired_tests
from edgetlc.experiments.folds import FOLDS_FILE, cross_validate
from edgetlc.experiments.shared_cache import decoded_once
from edgetlc.models.checkpoint import (
    CHECKPOINT_FILE,
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from edgetlc.models.networks import Classifier
from edgetlc.runtime.contract import PixelContract
from edgetlc.training import report as module
from edgetlc.training.config import TrainingConfig
from edgetlc.training.evaluate import Answers, evaluate
from edgetlc.training.report import read_report, report_evaluation, train_and_report
from edgetlc.training.runs import METRICS_FILE, REPORT_FILE, RUN_FILE, SCORES_FILE, read_run
from edgetlc.training.train import Epoch, TrainedRun

pytestmark = pytest.mark.usefixtures("stateless")

CONFIG = TrainingConfig("resnet18", 2, 6, contract=PixelContract(size=32))
Calls = list[dict[str, Any]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Replace training; what it was called with."""
    made: Calls = []

    def train(
        photos: PhotoSet,
        config: TrainingConfig,
        output: Path,
        *,
        on_epoch: Callable[[Epoch], None],
        **options: Any,
    ) -> TrainedRun:
        made.append({"photos": photos, "config": config, "output": output, **options})
        torch.manual_seed(len(made))
        output.mkdir(parents=True, exist_ok=True)
        network = Classifier(config.architecture, len(photos.classes)).eval()
        checkpoint = Checkpoint(network, photos.classes, config.contract)
        save_checkpoint(output / CHECKPOINT_FILE, checkpoint)
        record = {"settings": {"architecture": config.architecture, "epochs": config.epochs}}
        (output / RUN_FILE).write_text(json.dumps(record))
        epochs = tuple(Epoch(n, 1 / n, 1 / n, n / 2, 1e-3, 1.0) for n in (1, 2))
        lines = "".join(json.dumps(asdict(epoch)) + "\n" for epoch in epochs)
        (output / METRICS_FILE).write_text(lines)
        for epoch in epochs:
            on_epoch(epoch)
        return TrainedRun(output, epochs[-1], epochs, None, ())

    monkeypatch.setattr(module, "train", train)
    return made


@pytest.mark.usefixtures("calls")
class TestEndOfARun:
    def test_scores_and_page_are_there(self, photo_set: PhotoSet, tmp_path: Path) -> None:
        seen: list[Epoch] = []
        run, report = train_and_report(photo_set, CONFIG, tmp_path / "run", on_epoch=seen.append)
        assert tuple(seen) == run.epochs
        assert report.part == "val"
        assert report.overall.count == len(photo_set.part("val").photos)
        assert "Training report" in (tmp_path / "run" / REPORT_FILE).read_text(encoding="utf-8")
        read = read_run(tmp_path / "run")
        assert read.scores is not None
        assert read.scores["overall"]["confusion"] == [list(r) for r in report.overall.confusion]
        assert read.scores["train"]["photos"] == len(photo_set.part("train").photos)
        assert read.figures["accuracy"] == report.overall.accuracy
        assert [f["kind"] for f in read.scores["findings"]] == [f.kind for f in report.findings]

    def test_training_photos_are_counted_without_augmentation(
        self, photo_set: PhotoSet, tmp_path: Path
    ) -> None:
        train_and_report(photo_set, CONFIG, tmp_path)
        learnt = evaluate(load_checkpoint(tmp_path), photo_set.part("train"))
        scores = read_run(tmp_path).scores
        assert scores is not None
        assert scores["train"]["right"] == int(learnt.answers.right.sum())

    def test_no_more_training_photos_than_needed_are_asked_about(
        self, photo_set: PhotoSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "MOST_TRAINING_PHOTOS", 9)
        train_and_report(photo_set, CONFIG, tmp_path)
        scores = read_run(tmp_path).scores
        assert scores is not None
        assert scores["train"]["photos"] == 9
        chosen = module._some(photo_set.part("train")).photos
        assert sorted(p.label for p in chosen) == ["disc"] * 3 + ["ring"] * 3 + ["stick"] * 3

    def test_what_an_older_run_left_goes_with_the_first_epoch(
        self, photo_set: PhotoSet, tmp_path: Path
    ) -> None:
        (tmp_path / SCORES_FILE).write_text("{}")

        def stop(epoch: Epoch) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train_and_report(photo_set, CONFIG, tmp_path, overwrite=True, on_epoch=stop)
        assert not (tmp_path / SCORES_FILE).exists()

    def test_page_of_an_evaluation(self, photo_set: PhotoSet, tmp_path: Path) -> None:
        _, first = train_and_report(photo_set, CONFIG, tmp_path / "run")
        checkpoint = load_checkpoint(tmp_path / "run")
        found = evaluate(checkpoint, photo_set.part("test"))
        page = tmp_path / "page.html"
        made = report_evaluation(page, tmp_path / "run", checkpoint, "test", found)
        assert (made.part, made.overall, made.findings) == ("test", found.overall, first.findings)
        assert "test part" in page.read_text(encoding="utf-8")

    def test_findings_that_are_none(self, photo_set: PhotoSet, tmp_path: Path) -> None:
        train_and_report(photo_set, CONFIG, tmp_path)
        (tmp_path / SCORES_FILE).write_text('{"findings": [{"kind": 1}]}')
        checkpoint = load_checkpoint(tmp_path)
        found = evaluate(checkpoint, photo_set.part("val"))
        with pytest.raises(InputError, match="holds no findings of a run"):
            report_evaluation(tmp_path / "page.html", tmp_path, checkpoint, "val", found)

    def test_a_finished_run_that_is_resumed_keeps_its_scores(
        self, photo_set: PhotoSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lost = tmp_path / "lost.jpg"
        lost.touch()
        first, *rest = photo_set.photos
        broken = replace(photo_set, photos=(replace(first, path=lost, part="val"), *rest))
        run, report = train_and_report(broken, CONFIG, tmp_path / "run")
        monkeypatch.setattr(module, "train", lambda *_, **__: run)
        monkeypatch.setattr(module, "evaluate", None)
        same_run, again = train_and_report(broken, CONFIG, tmp_path / "run", resume=True)
        assert same_run == run
        assert replace(again, run=report.run) == report
        assert [file for file, reason in again.unreadable if reason] == [str(lost)]

    def test_scores_that_are_none(self, photo_set: PhotoSet, tmp_path: Path) -> None:
        train_and_report(photo_set, CONFIG, tmp_path)
        (tmp_path / SCORES_FILE).write_text('{"part": "val", "overall": [], "cameras": {}}')
        with pytest.raises(InputError, match="holds no scores of a run"):
            read_report(tmp_path)

    def test_of_several_processes_one_writes(
        self, photo_set: PhotoSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}
        for name, value in world.items():
            monkeypatch.setenv(name, value)
        _, report = train_and_report(photo_set, CONFIG, tmp_path)
        assert report.overall.count == 6
        assert not (tmp_path / SCORES_FILE).exists()
        assert not (tmp_path / REPORT_FILE).exists()


class TestCrossValidation:
    def test_every_photo_is_scored_once_by_a_network_that_did_not_see_it(
        self, photo_set: PhotoSet, calls: Calls, tmp_path: Path
    ) -> None:
        done = cross_validate(photo_set, CONFIG, tmp_path, 4)
        assert [call["output"] for call in calls] == [tmp_path / f"fold-{n}" for n in range(1, 5)]
        assert done.pooled.count == 48  # 42 train and 6 val photos
        assert sum(fold.scores.count for fold in done.folds) == 48
        assert sum(scores.count for scores in done.cameras.values()) == 48
        for fold, call in zip(done.folds, calls, strict=True):
            held_out = {p.path for p in call["photos"].photos if p.part == "test"}
            learnt = {p.path for p in call["photos"].photos if p.part in ("train", "val")}
            assert not held_out & learnt
            assert fold.scores.count == len(held_out)
            again = evaluate(load_checkpoint(fold.folder), call["photos"].part("test"))
            assert again.overall == fold.scores

    def test_mean_and_sample_deviation(
        self, photo_set: PhotoSet, calls: Calls, tmp_path: Path
    ) -> None:
        done = cross_validate(photo_set, CONFIG, tmp_path, 3)
        a, b, c = (fold.scores.accuracy for fold in done.folds)
        spread, mean = done.spreads["accuracy"], (a + b + c) / 3
        assert spread.mean == pytest.approx(mean)
        squares = (a - mean) ** 2 + (b - mean) ** 2 + (c - mean) ** 2
        assert spread.deviation == pytest.approx((squares / 2) ** 0.5)
        assert (spread.lowest, spread.highest) == (min(a, b, c), max(a, b, c))
        written = json.loads((tmp_path / FOLDS_FILE).read_text(encoding="utf-8"))
        assert written["spreads"]["accuracy"] == asdict(spread)
        assert len(written["folds"]) == len(calls) == 3

    def test_options_reach_every_fold(
        self, photo_set: PhotoSet, calls: Calls, tmp_path: Path
    ) -> None:
        numbers: list[int] = []
        cross_validate(photo_set, CONFIG, tmp_path, 2, resume=True, on_fold=numbers.append)
        assert numbers == [1, 2]
        asked = [replace(call["config"], cache=None, cache_limit=0) for call in calls]
        assert asked == [replace(CONFIG, cache_limit=0)] * 2
        assert all(call["resume"] for call in calls)


class TestDecodedPhotos:
    def test_are_shared_and_then_removed(self, tmp_path: Path) -> None:
        with decoded_once(CONFIG, tmp_path) as shared:
            assert shared.cache == tmp_path / "cache"
            shared.cache.mkdir()
        assert list(tmp_path.iterdir()) == []

    def test_a_cache_of_the_user_s_is_kept(self, tmp_path: Path) -> None:
        own = replace(CONFIG, cache=tmp_path / "own")
        (tmp_path / "own").mkdir()
        with decoded_once(own, tmp_path) as shared:
            assert shared == own
        assert (tmp_path / "own").is_dir()


class TestComparison:
    def test_same_settings_for_all(self, photo_set: PhotoSet, calls: Calls, tmp_path: Path) -> None:
        names = ("resnet18", "resnet34")
        done = compare_networks(photo_set, CONFIG, names, tmp_path)
        asked = [replace(call["config"], cache=None, cache_limit=0) for call in calls]
        assert asked == [replace(CONFIG, architecture=name, cache_limit=0) for name in names]
        assert [call["output"].name for call in calls] == list(names)
        assert done.part == "val"
        assert [n.scores.count for n in done.networks] == [6, 6]
        # torchvision's figures for 1000 classes, less the head: 11.69 M and 21.80 M parameters.
        millions = [network.cost.parameters / 1e6 for network in done.networks]
        assert millions == [pytest.approx(11.18, abs=0.01), pytest.approx(21.29, abs=0.01)]
        assert done.networks[1].cost.multiply_adds > done.networks[0].cost.multiply_adds > 0
        written = json.loads((tmp_path / COMPARISON_FILE).read_text(encoding="utf-8"))
        assert [network["network"] for network in written["networks"]] == list(names)
        assert written["part"] == "val"

    def test_the_test_part_on_request(
        self, photo_set: PhotoSet, calls: Calls, tmp_path: Path
    ) -> None:
        names = ("resnet34", "resnet18")
        done = compare_networks(photo_set, CONFIG, names, tmp_path, part="test", resume=True)
        assert [n.scores.count for n in done.networks] == [12, 12]
        assert all(call["resume"] for call in calls)
        (pair,) = done.tests
        right = [
            evaluate(load_checkpoint(tmp_path / name), photo_set.part("test")).answers.right
            for name in names
        ]
        assert (pair.only_first, pair.only_second) == (
            int((right[0] & ~right[1]).sum()),
            int((right[1] & ~right[0]).sum()),
        )

    @pytest.mark.parametrize(
        ("names", "told"),
        [
            (("resnet18",), "name two or more different ones"),
            (("resnet18", "resnet18"), "name two or more different ones"),
            ((), "networks to compare are none"),
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


def answers(photo_set: PhotoSet, right: list[bool], skip: int = 0) -> Answers:
    """Return answers on the first photos that are right as said; the first `skip` are left out."""
    photos = photo_set.photos[: len(right)]
    truth = [photo_set.index(photo) for photo in photos]
    given = [t if ok else (t + 1) % 3 for t, ok in zip(truth, right, strict=True)]
    return Answers(
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
        assert (pair.photos, pair.only_first, pair.only_second) == (9, 6, 1)
        # Of 7: 2 P(X <= 1) = 16/128; the mid-p value takes half of P(X = 1) off each side: 9/128.
        assert pair.p == pytest.approx(9 / 128)
        assert pair.adjusted == pair.p

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
        assert (pair.photos, pair.only_first) == (4, 4)
