from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from edgetlc.calibration.measurement import (
    CONFIDENCE,
    Measurement,
    Validation,
    compare,
    logits_of,
)
from edgetlc.errors import InputError
from edgetlc.statistics.paired import clopper_pearson_upper

CLASSES = 3  # genuine, counterfeit, unspecified


def logits(answers: list[int]) -> NDArray[np.float32]:
    return np.eye(CLASSES, dtype=np.float32)[answers]


def photos(truth: list[int], cameras: str) -> Validation:
    images = [np.zeros((1, 3, 8, 8), np.float32)] * len(truth)
    roles = ("genuine", "counterfeit", "unspecified")
    return Validation(images, np.array(truth), tuple(cameras), roles)


def measured(truth: list[int], before: list[int], after: list[int], cameras: str) -> Measurement:
    return compare(logits(before), logits(after), photos(truth, cameras))


def test_figures_by_hand() -> None:
    """Camera p: 4 photos, 3 right before, 1 after. Camera q: 2 photos, 1 right before, 2 after."""
    found = measured([0, 1, 1, 2, 0, 1], [0, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 1], "ppppqq")
    assert (found.photos, found.pooled.agreeing) == (6, 3)
    assert found.agreement == 0.5
    assert (found.float_accuracy, found.accuracy) == (4 / 6, 3 / 6)
    p, q = found.cameras
    assert (p.camera, p.photos, p.float_right, p.right, p.drop) == ("p", 4, 3, 1, 0.5)
    assert (q.camera, q.drop) == ("q", -0.5)
    assert (found.worst.camera, found.worst_drop, found.worst_accuracy) == ("p", 0.5, 0.25)


@pytest.mark.parametrize(
    ("lost", "won", "photos", "bound"),
    [(0, 0, 5, 0.4507), (0, 0, 299, 0.00997), (3, 0, 300, 0.0257), (3, 3, 300, 0.0257)],
)
def test_few_photos_bound_the_drop_loosely(lost: int, won: int, photos: int, bound: float) -> None:
    """Clopper and Pearson's bound of those right to wrong, also where as many are won."""
    before = [0] * (photos - won) + [2] * won
    after = [2] * lost + [0] * (photos - lost)
    found = measured(
        [0] * 2 * photos, before + [0] * photos, after + [0] * photos, "p" * photos + "q" * photos
    )
    camera = found.cameras[0]
    assert (camera.right_to_wrong, camera.drop) == (lost, (lost - won) / photos)
    assert camera.drop_at_most == pytest.approx(bound, abs=1e-4)
    assert found.worst_drop_at_most == camera.drop_at_most


def test_the_largest_bound_is_one_for_the_worst_camera() -> None:
    """However many cameras lose 2 %, the largest of their bounds is below that in at most 5 %."""
    rng, rate, runs = np.random.default_rng(4), 0.02, 2000
    lost = rng.binomial(300, rate, (runs, 14))
    bounds = {b: clopper_pearson_upper(b, 300, CONFIDENCE) for b in np.unique(lost).tolist()}
    largest = np.vectorize(bounds.get)(lost).max(axis=1)
    alone = np.vectorize(bounds.get)(lost[:, 0])
    assert (largest < rate).mean() < 0.001
    assert (alone < rate).mean() < 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)


def test_counterfeits_called_genuine() -> None:
    """Of p's 2 counterfeits 0 and then 2 are called genuine, of q's 1 and then none: 1 in 3."""
    found = measured([0, 1, 1, 2, 0, 1], [0, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 1], "ppppqq")
    p, q = found.cameras
    assert (p.counterfeits, p.float_false_genuine, p.false_genuine, p.rise) == (2, 0, 2, 1.0)
    assert (q.counterfeits, q.rise) == (1, -1.0)
    assert found.pooled.rise == pytest.approx(1 / 3)
    assert found.worst_rise == 1.0
    assert found.degradation == 1.0


def test_a_rise_counts_where_the_accuracy_stays() -> None:
    """One counterfeit is called genuine and another, for it, no longer an unspecified kind."""
    found = measured([1, 1, 0, 2], [1, 2, 0, 2], [0, 1, 0, 2], "pppp")
    assert found.worst_drop == 0
    assert found.worst_rise == 0.5
    assert not found.holds(0.49)
    assert found.holds(0.5)


def test_without_counterfeits_nothing_rises() -> None:
    assert measured([0, 2], [0, 2], [0, 0], "pq").worst_rise == 0


@pytest.mark.parametrize(("lost", "bound", "holds"), [(3, 0.01, True), (4, 0.01, False)])
def test_the_bound_is_inclusive(lost: int, bound: float, holds: bool) -> None:
    """3 of 300 photos are 1 %, whatever the last bit of a division says."""
    after = [2] * lost + [0] * (300 - lost)
    assert measured([0] * 300, [0] * 300, after, "p" * 300).holds(bound) is holds


def test_the_worst_camera_decides_not_the_mean() -> None:
    """As many photos lost at p as won at q."""
    found = measured([0] * 8, [0, 0, 0, 0, 0, 0, 2, 2], [2, 2, 0, 0, 0, 0, 0, 0], "ppppqqqq")
    assert found.accuracy == found.float_accuracy
    assert found.worst.camera == "p"
    assert not found.holds(0.4)


def test_a_camera_that_only_calls_counterfeits_genuine_is_the_worst() -> None:
    found = measured([1, 1, 0, 0], [2, 2, 0, 0], [0, 2, 0, 0], "ppqq")
    assert found.worst_drop == 0
    assert found.worst.camera == "p"


def test_the_record_is_json() -> None:
    found = measured([0, 1], [0, 1], [0, 0], "pq")
    document = json.loads(json.dumps(found.to_json()))
    assert document["worst_camera"] == "q"
    assert document["cameras"][1]["drop"] == 1.0
    assert document["pooled"]["photos"] == 2


def test_no_photo_is_refused() -> None:
    with pytest.raises(InputError, match="no validation photo can be read"):
        photos([], "")


def test_answers_are_in_order_and_the_same_on_every_run(
    network: onnx.ModelProto, quantized: onnx.ModelProto, validation: Validation
) -> None:
    for model in (network, quantized):
        first = logits_of(model, validation)
        assert first.shape == (60, 4)
        for workers in (1, 2, 5, None):
            assert logits_of(model, validation, workers=workers).tobytes() == first.tobytes()
        backwards = logits_of(model, validation.subset(range(59, -1, -1)))
        assert backwards[::-1].tobytes() == first.tobytes()


def test_a_subset_keeps_photos_and_labels_together(validation: Validation) -> None:
    part = validation.subset([7, 2])
    assert part.truth.tolist() == [3, 2]
    assert part.cameras == ("y", "z")
    assert part.inputs[0] is validation.inputs[7]
    assert replace(part, roles=()).roles == ()
