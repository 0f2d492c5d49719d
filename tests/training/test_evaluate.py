from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import InputError
from edgetlc.models.checkpoint import Checkpoint, load_checkpoint
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.engines import Output
from edgetlc.runtime.pixels import Pixels, decode
from edgetlc.training import evaluate as module
from edgetlc.training.evaluate import evaluate

Script = Callable[[Photo, int], None]


@pytest.fixture(scope="module")
def checkpoint(tiny_run: Path) -> Checkpoint:
    return load_checkpoint(tiny_run)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Script:
    """`scripted(photo, answer)` fixes an answer; a photo is known by its pixels."""
    answers: dict[bytes, int] = {}

    class Scripted:
        def __init__(self, *_: object, **__: object) -> None:
            pass

        def run(self, pixels: Pixels, images: bool = False) -> Output:
            row = np.eye(3, dtype=np.float32)[[answers[pixels.tobytes()]]]
            return Output(row, np.zeros((1, 3, 2, 2), np.float32))

    def fix(photo: Photo, answer: int) -> None:
        answers[decode(photo.path, 64).pixels.tobytes()] = answer

    monkeypatch.setattr(module, "ReferenceModel", Scripted)
    return fix


def test_exact_counts_per_camera(
    checkpoint: Checkpoint, photo_set: PhotoSet, scripted: Script
) -> None:
    test = photo_set.part("test")
    # Right, but for one disc of the first camera and two sticks of the second.
    wrong = {("disc", "iphone-11"): 1, ("stick", "realme-gt-neo"): 2}
    for photo in test.photos:
        truth = test.index(photo)
        key = (photo.label, photo.camera or "")
        if wrong.get(key, 0):
            wrong[key] -= 1
            truth = 1
        scripted(photo, truth)
    found = evaluate(checkpoint, test)
    assert found.overall.count == 12
    assert found.overall.confusion == ((3, 1, 0), (0, 4, 0), (0, 2, 2))
    assert found.overall.accuracy == pytest.approx(9 / 12)
    assert list(found.cameras) == ["iphone-11", "realme-gt-neo"]
    assert found.cameras["iphone-11"].confusion == ((1, 1, 0), (0, 2, 0), (0, 0, 2))
    assert found.cameras["realme-gt-neo"].confusion == ((2, 0, 0), (0, 2, 0), (0, 2, 0))
    assert found.cameras["iphone-11"].accuracy == pytest.approx(5 / 6)
    assert (found.simulated, found.unreadable) == (False, ())
    assert found.photos == test.photos
    assert found.truth.tolist() == [test.index(photo) for photo in test.photos]
    assert found.probabilities.shape == (12, 3)
    assert int(found.right.sum()) == 9
    # Answers are certain: a disc's confidence is 1 for three discs and 0 for the rest.
    assert found.overall.classes[0].auc == pytest.approx((3 + 0.5) / 4)


def test_unknown_cameras_and_simulated_photos(
    checkpoint: Checkpoint, photo_set: PhotoSet, scripted: Script
) -> None:
    photos = tuple(
        replace(p, camera=None, simulated=True) if p.camera == "iphone-11" else p
        for p in photo_set.part("test").photos
    )
    for photo in photos:
        scripted(photo, 0)
    found = evaluate(checkpoint, replace(photo_set, photos=photos))
    assert {camera: s.count for camera, s in found.cameras.items()} == {
        "realme-gt-neo": 6,
        "unknown": 6,
    }
    assert found.simulated


def test_unreadable_photos_are_left_out(
    checkpoint: Checkpoint, photo_set: PhotoSet, scripted: Script, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n")
    first, *rest = photo_set.part("test").photos
    photos = replace(photo_set, photos=(replace(first, path=broken), *rest))
    for photo in rest:
        scripted(photo, photos.index(photo))
    found = evaluate(checkpoint, photos)
    assert (found.overall.count, found.overall.accuracy) == (11, 1.0)
    assert [photo.path for photo, reason in found.unreadable if reason] == [broken]


def test_not_one_readable(checkpoint: Checkpoint, photo_set: PhotoSet, tmp_path: Path) -> None:
    gone = tuple(replace(p, path=tmp_path / "gone.jpg") for p in photo_set.photos)
    with pytest.raises(InputError, match="none of 60 photos can be read"):
        evaluate(checkpoint, replace(photo_set, photos=gone))


def test_classes_that_the_network_does_not_know(
    checkpoint: Checkpoint, photo_set: PhotoSet
) -> None:
    first, *rest = photo_set.photos
    classes = (*photo_set.classes, ClassInfo("thread", "线", "thread"))
    photos = PhotoSet((replace(first, label="thread"), *rest), classes)
    with pytest.raises(InputError, match="photos show thread; the network knows disc, ring, stick"):
        evaluate(checkpoint, photos)


def test_classes_in_another_order_are_matched_by_name(
    checkpoint: Checkpoint, photo_set: PhotoSet
) -> None:
    test = photo_set.part("test")
    turned = replace(test, classes=test.classes[::-1])
    assert evaluate(checkpoint, turned).overall == evaluate(checkpoint, test).overall


def test_a_trained_network_is_better_than_chance(
    checkpoint: Checkpoint, photo_set: PhotoSet
) -> None:
    train = evaluate(checkpoint, photo_set.part("train"))
    assert train.overall.accuracy > 0.6
    assert sum(s.count for s in train.cameras.values()) == train.overall.count == 42
    assert sum(train.overall.confusion[0]) == 14


def test_threads_are_left_as_they_were(checkpoint: Checkpoint, photo_set: PhotoSet) -> None:
    """Evaluating takes one thread a photo; what trains afterwards in this process needs them."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        evaluate(checkpoint, photo_set.part("val"))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_no_gpu(
    checkpoint: Checkpoint, photo_set: PhotoSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(InputError, match="no usable GPU here"):
        evaluate(checkpoint, photo_set, device="cuda")
