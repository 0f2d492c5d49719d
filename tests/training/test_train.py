"""Training at 32 pixels: a run takes about a second."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from edgetlc.config import from_toml
from edgetlc.data.photos import Photo, PhotoSet, digest_of
from edgetlc.errors import InputError
from edgetlc.files import sha256_file
from edgetlc.models.checkpoint import CHECKPOINT_FILE, load_checkpoint
from edgetlc.models.networks import Classifier
from edgetlc.runtime.contract import PixelContract
from edgetlc.training import train as module
from edgetlc.training.augment import Augmentation
from edgetlc.training.camera_augment import CameraAugmentation
from edgetlc.training.config import TrainingConfig
from edgetlc.training.run_folder import STATE_FILE
from edgetlc.training.runs import (
    CONFIG_FILE,
    METRICS_FILE,
    REPORT_FILE,
    RUN_FILE,
    SCORES_FILE,
    Epoch,
    best_of,
    read_epochs,
)
from edgetlc.training.train import TrainedRun, train

HUGE = 1e30


def settings(**changes: Any) -> TrainingConfig:
    return replace(
        TrainingConfig("slim-resnet18", 2, 6, contract=PixelContract(size=32)), **changes
    )


def weights_of(run: Path) -> dict[str, Tensor]:
    return dict(load_file(run / CHECKPOINT_FILE))


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def with_first(photos: PhotoSet, change: Callable[[Photo], Photo], part: str) -> PhotoSet:
    """Return the set with the first photo of a part changed."""
    index = next(i for i, photo in enumerate(photos.photos) if photo.part == part)
    changed = list(photos.photos)
    changed[index] = change(changed[index])
    return replace(photos, photos=tuple(changed))


@pytest.fixture(scope="module")
def run(few: PhotoSet, tmp_path_factory: pytest.TempPathFactory) -> TrainedRun:
    return train(few, settings(), tmp_path_factory.mktemp("run") / "new" / "run")


class TestRun:
    def test_a_seed_gives_the_same_weights(
        self, run: TrainedRun, few: PhotoSet, tmp_path: Path
    ) -> None:
        torch.rand(7)  # what was drawn before does not matter
        again = train(few, settings(), tmp_path)
        assert same(weights_of(run.folder), weights_of(again.folder))
        assert [replace(e, seconds=0) for e in run.epochs] == [
            replace(e, seconds=0) for e in again.epochs
        ]

    def test_another_seed_gives_others(
        self, run: TrainedRun, few: PhotoSet, tmp_path: Path
    ) -> None:
        other = train(few, settings(seed=1), tmp_path)
        assert not same(weights_of(run.folder), weights_of(other.folder))

    def test_metrics_file_holds_every_epoch(self, run: TrainedRun) -> None:
        lines = (run.folder / METRICS_FILE).read_text(encoding="utf-8").splitlines()
        assert tuple(Epoch(**json.loads(line)) for line in lines) == run.epochs
        assert [epoch.epoch for epoch in run.epochs] == [1, 2]

    def test_folder_holds_what_the_module_says(self, run: TrainedRun) -> None:
        names = {file.name for file in run.folder.iterdir()}
        assert names == {CHECKPOINT_FILE, METRICS_FILE, RUN_FILE, STATE_FILE, CONFIG_FILE}

    def test_the_configuration_that_repeats_it(self, few: PhotoSet, tmp_path: Path) -> None:
        asked = settings(
            epochs=1,
            dropout=0.25,
            augmentation=Augmentation(rotation=20.0),
            camera_augmentation=CameraAugmentation(strength=0.5),
            cache=tmp_path / "cache",
        )
        run = train(few, asked, tmp_path / "run")
        text = (run.folder / CONFIG_FILE).read_text(encoding="utf-8")
        assert from_toml(text, TrainingConfig) == replace(asked, cache=None)

    def test_provenance(self, run: TrainedRun, few: PhotoSet) -> None:
        record = json.loads((run.folder / RUN_FILE).read_text(encoding="utf-8"))
        assert record["settings"]["architecture"] == "slim-resnet18"
        assert record["settings"]["seed"] == 0
        assert record["start"] == "random weights"
        assert record["data"]["photos"] == {"train": 18, "val": 6}
        assert record["data"]["train_digest"] == digest_of(few.part("train").photos)
        assert record["data"]["val_digest"] == digest_of(few.part("val").photos)
        assert record["data"]["simulated"] is False
        checkpoint = load_checkpoint(run.folder)
        assert checkpoint.classes == few.classes
        assert checkpoint.contract == PixelContract(size=32)
        best = checkpoint.provenance["best_epoch"]
        assert {**record, "best_epoch": best} == checkpoint.provenance
        assert Epoch(**best) == run.best

    def test_existing_run_is_refused(self, run: TrainedRun, few: PhotoSet) -> None:
        before = weights_of(run.folder)
        with pytest.raises(InputError, match=r"holds a trained run.*--overwrite"):
            train(few, settings(), run.folder)
        assert same(weights_of(run.folder), before)


def test_overwrite_replaces_the_run(few: PhotoSet, tmp_path: Path) -> None:
    first = train(few, settings(), tmp_path)
    before = weights_of(tmp_path)
    for name in (SCORES_FILE, REPORT_FILE):
        (tmp_path / name).touch()
    second = train(few, settings(epochs=1, seed=9), tmp_path, overwrite=True)
    assert not same(weights_of(tmp_path), before)
    assert len((tmp_path / METRICS_FILE).read_text().splitlines()) == 1
    assert len(first.epochs) == 2
    assert load_checkpoint(tmp_path).provenance["settings"]["seed"] == 9
    assert second.best == second.epochs[0]
    assert not (tmp_path / SCORES_FILE).exists()
    assert not (tmp_path / REPORT_FILE).exists()


class ScriptedLoop:
    """Stands in for the training loop: each epoch leaves its number in the weights."""

    figures: tuple[tuple[float, float], ...] = ()

    def __init__(self, classifier: Classifier, *rest: Any) -> None:
        self._classifier = classifier
        self.validation = rest[2]

    def epoch(self, number: int) -> tuple[Epoch, NDArray[np.float32]]:
        accuracy, loss = self.figures[number - 1]
        torch.nn.init.constant_(self._classifier.head.bias, float(number))
        logits = np.random.default_rng(number).normal(size=(len(self.validation.targets), 3))
        return Epoch(number, 1.0, loss, accuracy, 0.1, 0.0), logits.astype(np.float32)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return {"bias": self._classifier.head.bias.detach()}, {}


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`script((accuracy, loss), ...)` says what the epochs reach."""

    def write(*figures: tuple[float, float]) -> None:
        monkeypatch.setattr(module, "Loop", ScriptedLoop)
        monkeypatch.setattr(ScriptedLoop, "figures", figures)

    return write


@pytest.mark.parametrize(
    ("figures", "best"),
    [
        (((0.5, 1.0), (0.9, 0.5), (0.7, 0.1)), 2),  # the highest accuracy
        (((0.9, 0.5), (0.9, 0.4), (0.9, 0.6)), 2),  # the lower loss decides a tie
        (((0.9, 0.5), (0.9, 0.5)), 1),  # the first of equals
        (((0.1, 9.0), (0.2, 9.0), (0.3, 9.0)), 3),
    ],
)
def test_best_epoch_is_kept(
    few: PhotoSet,
    tmp_path: Path,
    script: Callable[..., None],
    figures: tuple[tuple[float, float], ...],
    best: int,
) -> None:
    script(*figures)
    run = train(few, settings(epochs=len(figures)), tmp_path)
    assert run.best.epoch == best
    assert set(load_checkpoint(tmp_path).classifier.head.bias.tolist()) == {float(best)}


@pytest.mark.parametrize(
    ("patience", "losses", "epochs"),
    [
        (1, (3.0, 2.0, 2.5, 1.0), 3),
        (2, (3.0, 2.0, 2.5, 1.0), 4),
        (2, (3.0, 4.0, 4.0, 1.0), 3),
        (None, (3.0, 4.0, 4.0, 4.0), 4),
    ],
)
def test_patience_ends_the_run(
    few: PhotoSet,
    tmp_path: Path,
    script: Callable[..., None],
    patience: int | None,
    losses: tuple[float, ...],
    epochs: int,
) -> None:
    script(*((0.5, loss) for loss in losses))
    run = train(few, settings(epochs=4, patience=patience), tmp_path)
    assert len(run.epochs) == epochs
    again = train(few, settings(epochs=4, patience=patience), tmp_path, resume=True)
    assert again.epochs == run.epochs


class TestWeights:
    @pytest.fixture
    def partial(self, tmp_path: Path) -> Path:
        """Weights without the stem's convolution, with another head and a tensor nobody knows."""
        torch.manual_seed(123)
        state = dict(Classifier("slim-resnet18", 7).backbone.state_dict())
        del state["conv1.weight"]
        state["extra.weight"] = torch.zeros(3)
        file = tmp_path / "trunk.safetensors"
        save_file(state, file)
        return file

    def test_lists_exactly_what_was_not_found(
        self,
        few: PhotoSet,
        tmp_path: Path,
        partial: Path,
        script: Callable[..., None],
        notes: list[str],
    ) -> None:
        script((1.0, 1.0))
        run = train(few, settings(weights=partial, epochs=1), tmp_path / "run")
        loaded = run.weights
        assert loaded is not None
        assert notes == [
            f"starting from trunk.safetensors: {len(loaded.loaded)} tensors loaded",
            "  not found in it, random: conv1.weight",
            "  of another shape, random: fc.weight, fc.bias",
            "  in it but unused: extra.weight",
            "epoch 1: train loss 1.000, val loss 1.000, val accuracy 100.0%",
        ]
        assert loaded.not_found == ("conv1.weight",)
        assert loaded.wrong_shape == ("fc.weight", "fc.bias")
        assert loaded.unused == ("extra.weight",)
        found = weights_of(run.folder)
        given = load_file(partial)
        assert set(loaded.loaded) == set(given) & set(found) - {"fc.weight", "fc.bias"}
        assert all(torch.equal(found[name], given[name]) for name in loaded.loaded)
        record = json.loads((run.folder / RUN_FILE).read_text())
        assert record["start"] == f"trunk.safetensors: {len(loaded.loaded)} tensors loaded"
        assert record["weights_sha256"] == sha256_file(partial)
        assert record["settings"]["weights"] == "trunk.safetensors"  # no place, only a name

    def test_random_start_is_told(
        self, few: PhotoSet, tmp_path: Path, script: Callable[..., None], notes: list[str]
    ) -> None:
        script((1.0, 1.0))
        run = train(few, settings(epochs=1), tmp_path)
        assert run.weights is None
        assert notes[0] == "starting from random weights"

    def test_weights_of_another_network(self, few: PhotoSet, tmp_path: Path) -> None:
        file = tmp_path / "other.safetensors"
        save_file({"features.0.weight": torch.zeros(2)}, file)
        with pytest.raises(InputError, match="no tensor fits slim-resnet18"):
            train(few, settings(weights=file), tmp_path / "run")
        assert not (tmp_path / "run").exists()


class TestLossThatIsNoNumber:
    def test_while_training(self, few: PhotoSet, tmp_path: Path) -> None:
        message = r"the loss is (nan|inf) at epoch 1, step 1, learning rate .*; try a lower --lr"
        with pytest.raises(InputError, match=message):
            train(few, settings(learning_rate=HUGE), tmp_path)

    def test_found_by_the_validation_only(self, few: PhotoSet, tmp_path: Path) -> None:
        one_step = settings(learning_rate=HUGE, batch_size=len(few.photos), epochs=1)
        with pytest.raises(InputError, match=r"at the validation of epoch 1.*try a lower --lr"):
            train(few, one_step, tmp_path)
        assert not (tmp_path / CHECKPOINT_FILE).exists()


def test_ctrl_c_keeps_the_best_epoch_so_far(
    few: PhotoSet, tmp_path: Path, ending_at: Callable[..., Any]
) -> None:
    with ending_at("epoch 2", KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        train(few, settings(epochs=50), tmp_path)
    epochs = read_epochs(tmp_path / METRICS_FILE)
    assert len(epochs) == 2
    best = Epoch(**load_checkpoint(tmp_path).provenance["best_epoch"])
    assert best == best_of(epochs)
    assert not list(tmp_path.glob(".*")), "temporary files were left"


class TestPhotos:
    def test_unreadable_ones_are_reported(self, few: PhotoSet, tmp_path: Path) -> None:
        broken = tmp_path / "broken.jpg"
        broken.write_bytes(b"\xff\xd8\xff\xe0 no photo")
        photos = with_first(few, lambda p: replace(p, path=broken), "train")
        photos = with_first(photos, lambda p: replace(p, path=broken), "val")
        run = train(photos, settings(epochs=1), tmp_path / "run")
        assert [photo.part for photo, _ in run.unreadable] == ["train", "val"]
        assert all(photo.path == broken and reason for photo, reason in run.unreadable)

    def test_not_one_readable(self, few: PhotoSet, tmp_path: Path) -> None:
        empty = tmp_path / "empty.jpg"
        empty.touch()
        photos = replace(few, photos=tuple(replace(p, path=empty) for p in few.photos))
        with pytest.raises(InputError, match="none of 18 photos can be read: 0 bytes long"):
            train(photos, settings(), tmp_path / "run")
        assert not (tmp_path / "run").exists()

    @pytest.mark.parametrize("part", ["train", "val"])
    def test_missing_part(self, few: PhotoSet, tmp_path: Path, part: str) -> None:
        photos = replace(few, photos=tuple(p for p in few.photos if p.part != part))
        with pytest.raises(InputError, match=f"no photo is in part {part}; run 'edgetlc data spl"):
            train(photos, settings(), tmp_path / "run")

    def test_class_without_training_photos(self, few: PhotoSet, tmp_path: Path) -> None:
        kept = tuple(p for p in few.photos if (p.part, p.label) != ("train", "ring"))
        with pytest.raises(InputError, match="no readable training photo shows ring"):
            train(replace(few, photos=kept), settings(), tmp_path / "run")
        assert not (tmp_path / "run").exists()

    def test_simulated_ones_are_marked(self, few: PhotoSet, tmp_path: Path) -> None:
        photos = with_first(few, lambda p: replace(p, simulated=True), "val")
        train(photos, settings(epochs=1), tmp_path)
        assert load_checkpoint(tmp_path).provenance["data"]["simulated"] is True


def test_unknown_network(few: PhotoSet, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown network 'resnet99'; choose one of resnet18, "):
        train(few, settings(architecture="resnet99"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_last_batch_of_one_photo_is_dropped(few: PhotoSet, tmp_path: Path) -> None:
    """At 32 pixels the last maps have one position: a batch of one cannot be normalised."""
    one_too_many = settings(batch_size=len(few.part("train").photos) - 1, epochs=1)
    assert len(train(few, one_too_many, tmp_path).epochs) == 1


@pytest.fixture
def child_signal() -> Iterator[None]:
    """PyTorch handles SIGCHLD once it has had workers; later tests start programs of their own."""
    before = signal.getsignal(signal.SIGCHLD)
    yield
    signal.signal(signal.SIGCHLD, before)


@pytest.mark.usefixtures("child_signal")
def test_workers_make_no_difference(run: TrainedRun, few: PhotoSet, tmp_path: Path) -> None:
    with_workers = train(few, settings(workers=2), tmp_path)
    assert same(weights_of(run.folder), weights_of(with_workers.folder))
