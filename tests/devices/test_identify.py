from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgetlc.devices.identify import Declared, Identification, identify
from edgetlc.devices.profiles import Cameras
from edgetlc.errors import InputError

IPHONE_11 = (b"Apple", b"iPhone 11")
SAMSUNG = (b"samsung", b"SM-G965W")
NAMED = "0617440100299008-2024001-{}-001.jpg"
BATCH = "0617440100299008-2024001"


def test_exif_alone(take_photo, cameras: Cameras) -> None:
    photo = take_photo("IMG_1.jpg", *IPHONE_11)
    assert identify(photo, cameras) == Identification(photo, "iphone-11", "exif", None)


def test_name_alone(take_photo, cameras: Cameras) -> None:
    photo = take_photo(NAMED.format(7))
    assert identify(photo, cameras) == Identification(
        photo, "realme-gt-neo", "name", None, batch=BATCH
    )
    photo = take_photo(NAMED.format("D"))
    assert identify(photo, cameras).camera == "canon-5d-mark-ii-iii"


def test_manifest_alone(take_photo, cameras: Cameras) -> None:
    photo = take_photo("IMG_1.jpg")
    found = identify(photo, cameras, Declared("iphone-12"))
    assert found == Identification(photo, "iphone-12", "manifest", None)


def test_nothing_known(take_photo, cameras: Cameras) -> None:
    for photo in (take_photo("IMG_1.jpg"), take_photo("IMG_2.jpg", *SAMSUNG)):
        assert identify(photo, cameras) == Identification(photo, None, None, None)


def test_sources_that_agree(take_photo, cameras: Cameras) -> None:
    photo = take_photo(NAMED.format(2), *IPHONE_11)
    found = identify(photo, cameras, Declared("iphone-11"))
    assert found == Identification(photo, "iphone-11", "exif", None, batch=BATCH)


def test_placeholders_in_exif_are_no_claim(take_photo, cameras: Cameras) -> None:
    photo = take_photo(NAMED.format(2), b"Xiaomi\0M", b"--")
    assert identify(photo, cameras) == Identification(photo, "iphone-11", "name", None, batch=BATCH)


def test_exif_of_another_known_camera_wins_and_is_reported(take_photo, cameras: Cameras) -> None:
    found = identify(take_photo(NAMED.format(7), *IPHONE_11), cameras)
    assert (found.camera, found.by) == ("iphone-11", "exif")
    assert found.conflict == (
        "EXIF says Apple / iPhone 11 (iphone-11), but the file name says device 7 (realme-gt-neo)"
    )


def test_exif_of_an_unlisted_camera_is_unknown_whatever_the_name_says(
    take_photo, cameras: Cameras
) -> None:
    found = identify(take_photo(NAMED.format(2), *SAMSUNG), cameras, Declared("iphone-11"))
    assert (found.camera, found.by) == (None, None)
    assert found.conflict == (
        "EXIF says samsung / SM-G965W (no known camera), but the file name says device 2 "
        "(iphone-11) and the manifest says iphone-11"
    )


def test_name_and_manifest_disagree(take_photo, cameras: Cameras) -> None:
    found = identify(take_photo(NAMED.format(2)), cameras, Declared("iphone-12"))
    assert (found.camera, found.by) == ("iphone-11", "name")
    assert found.conflict == (
        "the file name says device 2 (iphone-11), but the manifest says iphone-12"
    )


def test_row_14_is_unknown(take_photo, cameras: Cameras) -> None:
    photo = take_photo(NAMED.format(14))
    assert identify(photo, cameras) == Identification(photo, None, None, None, batch=BATCH)
    unlisted = take_photo(NAMED.format(14), *SAMSUNG)
    assert identify(unlisted, cameras).conflict is None, "row 14 may be any unlisted phone"
    listed = identify(take_photo(NAMED.format(14), *IPHONE_11), cameras)
    assert listed.camera == "iphone-11"
    assert "device 14 (no known camera)" in (listed.conflict or "")


def test_exif_that_fits_two_profiles_is_unknown(
    take_photo, own_profiles: Callable[..., Path], profile_text: str
) -> None:
    text = profile_text.replace("Test*", "Apple").replace("T-?", "iPhone*")
    cameras = Cameras.load(own_profiles(any_iphone=text))
    for name in ("IMG_1.jpg", NAMED.format(2)):
        found = identify(take_photo(name, *IPHONE_11), cameras)
        assert (found.camera, found.by) == (None, None)
        assert "iphone-11 or any-iphone" in (found.conflict or "")


def test_micrograph_names_do_not_tell_the_microscope(take_photo, cameras: Cameras) -> None:
    photo = take_photo(NAMED.format("XM"))
    assert identify(photo, cameras) == Identification(photo, None, None, None, batch=BATCH)
    found = identify(photo, cameras, Declared("olympus-bx53"))
    assert found == Identification(photo, "olympus-bx53", "manifest", None, batch=BATCH)


def test_a_micrograph_that_a_phone_took_is_reported(take_photo, cameras: Cameras) -> None:
    found = identify(take_photo(NAMED.format("XM"), *IPHONE_11), cameras)
    assert found.camera == "iphone-11"
    assert found.conflict == "the file name is a micrograph's, but iphone-11 is no microscope"


def test_a_photo_that_cannot_be_read_is_identified_by_its_name(
    tmp_path: Path, cameras: Cameras
) -> None:
    photo = tmp_path / NAMED.format(2)
    photo.write_bytes(b"\xff\xd8 broken")
    assert identify(photo, cameras).camera == "iphone-11"


def test_an_undeclared_camera_id_is_an_input_error(take_photo, cameras: Cameras) -> None:
    with pytest.raises(InputError, match="unknown camera 'iphone-13'"):
        identify(take_photo("a.jpg"), cameras, Declared("iphone-13"))
