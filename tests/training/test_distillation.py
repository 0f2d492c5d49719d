"""A student learns from a teacher: the loss by hand, that it is used, and who may teach."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.files import sha256_file
from edgetlc.models.checkpoint import CHECKPOINT_FILE, load_checkpoint, save_checkpoint
from edgetlc.runtime.contract import PixelContract
from edgetlc.training import train as module
from edgetlc.training.cache import ImageCache
from edgetlc.training.config import TrainingConfig
from edgetlc.training.images import ImageSet
from edgetlc.training.objective import Distillation, Teacher, distance_to
from edgetlc.training.runs import RUN_FILE
from edgetlc.training.train import train

pytestmark = pytest.mark.usefixtures("stateless")

CONTRACT = PixelContract(size=64)


@pytest.fixture
def teacher(tiny_run: Path, photo_set: PhotoSet) -> Teacher:
    return Teacher(Distillation(tiny_run, 0.25, 2.0), photo_set, CONTRACT, "cpu")


def settings(run: Path, **changes: Any) -> TrainingConfig:
    config = TrainingConfig(
        "slim-resnet18", 3, 8, contract=CONTRACT, distillation=Distillation(run)
    )
    return replace(config, **changes)


class TestLoss:
    def test_by_hand(self) -> None:
        """Teacher (2 ln 3, 0) at T = 2 answers (3/4, 1/4); the student (0, 0) says 1/2 each."""
        teacher = torch.tensor([[2 * math.log(3), 0.0], [0.0, 0.0]])
        student = torch.zeros(2, 2)
        by_hand = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)  # the second adds 0
        found = distance_to(teacher, student, 2.0)
        assert float(found) == pytest.approx(4 * by_hand / 2, rel=1e-5)

    def test_direction_is_teacher_to_student(self) -> None:
        teacher, student = torch.tensor([[math.log(3), 0.0]]), torch.tensor([[math.log(9), 0.0]])
        by_hand = 0.75 * math.log(0.75 / 0.9) + 0.25 * math.log(0.25 / 0.1)
        assert float(distance_to(teacher, student, 1.0)) == pytest.approx(by_hand, rel=1e-5)

    def test_none_where_both_agree(self) -> None:
        logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
        assert float(distance_to(logits, logits + 7.0, 4.0)) == pytest.approx(0, abs=1e-6)

    def test_gradient_keeps_its_size_when_the_temperature_changes(self) -> None:
        """For small logits it tends to (student - teacher) / classes (Hinton et al., eq. 4)."""
        teacher = torch.tensor([[0.02, -0.02]])
        for temperature in (4.0, 20.0):
            student = torch.zeros(1, 2, requires_grad=True)
            distance_to(teacher, student, temperature).backward()  # type: ignore[no-untyped-call]
            assert student.grad is not None
            assert student.grad.tolist()[0] == pytest.approx([-0.01, 0.01], rel=1e-3)

    def test_shares(self, teacher: Teacher, tiny_run: Path) -> None:
        """A quarter of the loss is the teacher's; only the student has a gradient."""
        images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
        student = torch.zeros(2, 3, requires_grad=True)
        loss = teacher.share(torch.tensor(10.0), student, teacher.answers(images))
        with torch.inference_mode():
            answers, _ = load_checkpoint(tiny_run).classifier(images)
        expected = 0.75 * 10 + 0.25 * float(distance_to(answers, student.detach(), 2.0))
        assert float(loss.detach()) == pytest.approx(expected, rel=1e-5)
        loss.backward()  # type: ignore[no-untyped-call]
        assert student.grad is not None
        assert student.grad.abs().sum() > 0
        half = teacher.share(torch.tensor(10.0), student, teacher.answers(images), part=0.5)
        assert float(half.detach()) == pytest.approx((7.5 + expected) / 2, rel=1e-5)


@pytest.mark.slow
def test_student_learns_where_the_labels_say_nothing(
    tiny_run: Path, photo_set: PhotoSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every training label is the same, so that only the teacher tells the classes apart.

    The student starts from the teacher's weights without the head, which three epochs teach.
    """
    load = module.load_images

    def labels_hidden(photos: PhotoSet, *args: Any) -> ImageSet:
        found = load(photos, *args)
        hidden = photos.photos[0].part == "train"
        return replace(found, targets=torch.zeros_like(found.targets)) if hidden else found

    monkeypatch.setattr(module, "load_images", labels_hidden)
    monkeypatch.setattr(module, "_check_classes", lambda labels, training: None)
    trunk = load_file(tiny_run / CHECKPOINT_FILE)
    save_file({n: t for n, t in trunk.items() if "fc." not in n}, tmp_path / "trunk.safetensors")
    taught = settings(
        tiny_run,
        epochs=3,
        weights=tmp_path / "trunk.safetensors",
        distillation=Distillation(tiny_run, 1.0),
    )
    train(photo_set, taught, tmp_path / "taught")
    train(photo_set, replace(taught, distillation=None), tmp_path / "alone")
    cache = ImageCache(tmp_path / "decoded", CONTRACT)
    found = load(photo_set, cache, "")
    images = found.images(range(len(found.targets)))
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (CONTRACT.mean, CONTRACT.std))
    answers = []
    for run in (tiny_run, tmp_path / "taught", tmp_path / "alone"):
        with torch.inference_mode():
            logits, _ = load_checkpoint(run).classifier((images / 255 - mean) / std)
        answers.append(logits.argmax(1))
    assert len(set(answers[0].tolist())) == 3
    agreement, by_labels = ((a == answers[0]).float().mean() for a in answers[1:])
    assert agreement >= 0.65
    assert by_labels < 0.45


def test_record_names_the_teacher_and_the_settings(
    tiny_run: Path, photo_set: PhotoSet, tmp_path: Path
) -> None:
    before = sha256_file(tiny_run / CHECKPOINT_FILE)
    train(photo_set, settings(tiny_run, epochs=1), tmp_path)
    record = json.loads((tmp_path / RUN_FILE).read_text(encoding="utf-8"))
    assert record["teacher"] == {"architecture": "slim-resnet18", "checkpoint_sha256": before}
    told = {"teacher": tiny_run.name, "weight": 0.5, "temperature": 4.0}
    assert record["settings"]["distillation"] == told
    assert load_checkpoint(tmp_path).provenance["teacher"] == record["teacher"]
    assert sha256_file(tiny_run / CHECKPOINT_FILE) == before


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"weight": 0.0}, "weight is 0.0; it is above 0, at most 1"),
        ({"weight": 1.5}, "weight is 1.5"),
        ({"weight": math.nan}, "weight is nan"),
        ({"temperature": 0.0}, "temperature is 0.0"),
        ({"temperature": math.inf}, "temperature is inf"),
    ],
)
def test_settings_out_of_range(wrong: dict[str, float], told: str) -> None:
    with pytest.raises(InputError, match=told):
        Distillation(Path("run"), **wrong)


class TestWhoMayTeach:
    def refused(self, teacher: Path, photos: PhotoSet, tmp_path: Path, told: str) -> None:
        with pytest.raises(InputError, match=told):
            train(photos, settings(teacher), tmp_path / "student")
        assert not (tmp_path / "student").exists()

    def test_no_checkpoint(self, photo_set: PhotoSet, tmp_path: Path) -> None:
        self.refused(tmp_path / "gone", photo_set, tmp_path, "no checkpoint at .*gone")

    def test_other_classes(self, tiny_run: Path, photo_set: PhotoSet, tmp_path: Path) -> None:
        known = replace(load_checkpoint(tiny_run), classes=photo_set.classes[::-1])
        save_checkpoint(tmp_path / "other.safetensors", known)
        told = "teacher knows stick, ring, disc; the photos show disc, ring, stick"
        self.refused(tmp_path / "other.safetensors", photo_set, tmp_path, told)

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"size": 32}, "trained with size 32, the student would be with size 64"),
            ({"geometry": "crop"}, "trained with geometry crop, the student .* squash"),
            ({"std": (1.0, 1.0, 1.0)}, r"trained with std \(1.0, 1.0, 1.0\)"),
        ],
    )
    def test_other_pixels(
        self,
        tiny_run: Path,
        photo_set: PhotoSet,
        tmp_path: Path,
        change: dict[str, Any],
        told: str,
    ) -> None:
        other = replace(load_checkpoint(tiny_run), contract=replace(CONTRACT, **change))
        save_checkpoint(tmp_path / "other.safetensors", other)
        self.refused(tmp_path / "other.safetensors", photo_set, tmp_path, told)

    def test_one_that_may_have_seen_test_photos(
        self, tiny_run: Path, photo_set: PhotoSet, tmp_path: Path
    ) -> None:
        swap = {"train": "test", "test": "train", "val": "val"}
        swapped = tuple(replace(p, part=swap[p.part]) for p in photo_set.photos)
        told = "may have seen photos of this test part"
        self.refused(tiny_run, replace(photo_set, photos=swapped), tmp_path, told)

    def test_one_that_does_not_tell_its_photos(
        self, photo_set: PhotoSet, tiny_run: Path, tmp_path: Path
    ) -> None:
        silent = replace(load_checkpoint(tiny_run), provenance={})
        save_checkpoint(tmp_path / "silent.safetensors", silent)
        told = "trained on another training part"
        self.refused(tmp_path / "silent.safetensors", photo_set, tmp_path, told)
