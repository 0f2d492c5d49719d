from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.calibration.coverage import Coverage, Stratum, refuse_gaps, stratum_of
from edgetlc.data.photos import Photo
from edgetlc.errors import InputError
from edgetlc.locale import said, some_of


def photos_of(label: str, camera: str | None, count: int) -> list[Photo]:
    return [Photo(Path(f"/{label}/{camera}/{n}.jpg"), label, camera) for n in range(count)]


TRAINING = [
    *photos_of("bark", "iphone-11", 6),
    *photos_of("bark", None, 2),
    *photos_of("root", "iphone-11", 5),
    *photos_of("root", "redmi-k50", 4),
]
HELD_OUT = [*photos_of("bark", "redmi-k50", 3), *photos_of("root", "iphone-12", 2)]


def coverage(*chosen: Photo, asked: int = 8) -> Coverage:
    return Coverage.of(asked, chosen, TRAINING, HELD_OUT)


def test_every_class_and_camera_is_counted() -> None:
    found = coverage(*TRAINING[:7], TRAINING[-1])
    assert found.strata == (
        Stratum("bark", "iphone-11", photos=6, available=6, held_out=0),
        Stratum("bark", "redmi-k50", photos=0, available=0, held_out=3),
        Stratum("bark", None, photos=1, available=2, held_out=0),
        Stratum("root", "iphone-11", photos=0, available=5, held_out=0),
        Stratum("root", "iphone-12", photos=0, available=0, held_out=2),
        Stratum("root", "redmi-k50", photos=1, available=4, held_out=0),
    )
    assert (found.photos, found.available) == (8, 17)
    assert found.per_camera == {"iphone-11": 6, "redmi-k50": 1, "unknown": 1}
    assert found.missing_cameras == ("iphone-12",)


PHOTOS = st.lists(st.sampled_from([*TRAINING, *HELD_OUT]), unique=True)


@given(PHOTOS, PHOTOS, st.data())
def test_counts_add_up(training: list[Photo], held_out: list[Photo], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(training), unique=True)) if training else []
    found = Coverage.of(8, chosen, training, held_out)
    assert (found.photos, found.available) == (len(chosen), len(training))
    assert sum(found.per_camera.values()) == len(chosen)
    assert sum(stratum.held_out for stratum in found.strata) == len(held_out)
    keys = [(stratum.label, stratum.camera) for stratum in found.strata]
    assert set(keys) == {stratum_of(photo) for photo in (*training, *held_out)}
    assert len(set(keys)) == len(keys)
    judged = {photo.camera or "unknown" for photo in held_out}
    assert set(found.missing_cameras) == judged - {photo.camera or "unknown" for photo in chosen}
    assert found == Coverage.of(8, [], training, held_out).with_photos(chosen)


def test_it_can_be_recorded() -> None:
    found = coverage(*TRAINING, asked=300)
    document = json.loads(json.dumps(found.to_json()))
    assert (document["asked"], document["photos"], document["available"]) == (300, 17, 17)
    assert document["missing_cameras"] == ["iphone-12"]
    assert document["strata"][2] == {
        "class": "bark",
        "camera": None,
        "photos": 2,
        "available": 2,
        "held_out": 0,
    }
    assert document["warnings"] == [
        "300 calibration photos asked for, 17 taken: the training part holds no more",
        "no calibration photo of iphone-12",
        "verified, but without a calibration photo: bark x redmi-k50",
    ]


def test_nothing_to_warn_of() -> None:
    assert Coverage.of(17, TRAINING, TRAINING, TRAINING[:3]).warnings == ()


class TestRefusals:
    def test_too_few(self) -> None:
        with pytest.raises(InputError, match=r"^7 calibration photos; at least 8 are needed"):
            refuse_gaps(coverage(*TRAINING[:7]))

    def test_one_class(self) -> None:
        with pytest.raises(InputError, match="all 8 calibration photos are of class 'bark'"):
            refuse_gaps(coverage(*TRAINING[:8]))

    def test_a_camera_without_training_photos(self) -> None:
        with pytest.raises(InputError) as raised:
            refuse_gaps(coverage(*TRAINING))
        assert str(raised.value) == (
            "no calibration photo of a camera that the validation or test part holds: iphone-12 "
            "(0 training photos); add training photos of a camera that has none, take at least 4 "
            "photos, one of every class x camera, or pass --allow-missing-cameras"
        )
        refuse_gaps(coverage(*TRAINING), allow_missing_cameras=True)

    def test_all_of_it_is_said_in_chinese(self) -> None:
        with pytest.raises(InputError) as raised:
            refuse_gaps(coverage(*TRAINING[:10]))
        told = said(raised.value, "zh")
        assert "iphone-12（0 张训练照片）、redmi-k50（4 张训练照片）；" in told

    def test_a_camera_of_which_none_was_taken(self) -> None:
        with pytest.raises(InputError) as raised:
            refuse_gaps(coverage(*TRAINING[:10]))
        assert str(raised.value) == (
            "no calibration photo of a camera that the validation or test part holds: iphone-12 "
            "(0 training photos), redmi-k50 (4 training photos); add training photos of a camera "
            "that has none, take at least 4 photos, one of every class x camera, or pass "
            "--allow-missing-cameras"
        )

    @pytest.mark.parametrize("allowed", [False, True])
    def test_missing_cameras_excuse_nothing_else(self, allowed: bool) -> None:
        with pytest.raises(InputError, match="of class 'bark'"):
            refuse_gaps(coverage(*TRAINING[:8]), allow_missing_cameras=allowed)


def test_long_lists_are_cut() -> None:
    assert some_of(["a"]) == "a"
    assert some_of(list("abcdef")) == "a, b, c, d, e, f"
    assert some_of(list("abcdefgh")) == "a, b, c, d, e, f and 2 more"
