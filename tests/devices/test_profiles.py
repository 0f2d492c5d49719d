from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from itertools import combinations
from pathlib import Path

import pytest

from edgetlc.devices import profiles
from edgetlc.devices.naming import DEVICES
from edgetlc.devices.profiles import Cameras
from edgetlc.devices.simulation import Simulation
from edgetlc.errors import InputError

OwnProfiles = Callable[..., Path]

BUILT_IN = len(list(Path(profiles.__file__).with_name("profiles").glob("*.toml")))
TABLE = {
    "1": "redmi-k30s",
    "2": "iphone-11",
    "3": "oppo-reno5k-reno6",
    "4": "redmi-note-12-turbo",
    "5": "oppo-reno12",
    "6": "iqoo-neo5-neo8",
    "7": "realme-gt-neo",
    "8": "honor-x40-gt",
    "9": "redmi-k50-pro",
    "10": "huawei-nova-8",
    "11": "iphone-12",
    "12": "huawei-nova-12-pro",
    "13": "redmi-k50",
    "D": "canon-5d-mark-ii-iii",
}


def test_every_legible_row_has_a_profile_and_row_14_has_none(cameras: Cameras) -> None:
    found = {number: cameras.by_number(number) for number in DEVICES}
    assert {n: profile.id for n, profile in found.items() if profile} == TABLE
    assert found["14"] is None


def test_profiles_come_in_the_tables_order(cameras: Cameras) -> None:
    ids = [profile.id for profile in cameras]
    assert ids == [*TABLE.values(), "leica-dm2500", "olympus-bx53"]
    assert len(cameras) == BUILT_IN
    assert "iphone-11" in cameras
    assert "iphone-99" not in cameras


def test_only_what_was_seen_in_a_real_photo_is_called_seen(cameras: Cameras) -> None:
    seen = {pattern.model for p in cameras for pattern in p.exif if pattern.evidence == "seen"}
    assert seen == {"iPhone 11", "Canon EOS 5D Mark II", "Canon EOS 5D Mark III"}


def test_no_two_profiles_claim_the_same_exif(cameras: Cameras) -> None:
    for one, other in combinations(cameras, 2):
        for pattern in one.exif:
            assert not other.matches(pattern.make, pattern.model), (one.id, other.id, pattern)


def test_what_a_simulated_photo_carries_identifies_its_camera(cameras: Cameras) -> None:
    for profile in cameras:
        assert profile.written_exif is not None
        assert cameras.match(*profile.written_exif) == [profile]


def test_phones_have_a_processor_and_microscopes_none(cameras: Cameras) -> None:
    for profile in cameras:
        chips = [model.instruction_set for model in profile.models]
        assert all(chips) if profile.kind == "phone" else not any(chips), profile.id
        assert all(chip.dot_product or not chip.i8mm for chip in chips if chip), profile.id


def test_the_simulations_are_invented_and_all_different(cameras: Cameras) -> None:
    simulations = [profile.simulation for profile in cameras]
    assert not any(simulation.measured for simulation in simulations)
    assert len({repr(simulation) for simulation in simulations}) == len(simulations)
    for one, other in combinations(simulations, 2):
        gains = zip(one.white_balance, other.white_balance, strict=True)
        assert max(abs(a - b) for a, b in gains) >= 0.01 or abs(one.tone - other.tone) >= 0.05


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Apple", "iPhone 11", "iphone-11"),
        ("APPLE", "IPHONE 11", "iphone-11"),
        (None, "iPhone 11", "iphone-11"),
        ("Apple", None, None),
        (None, None, None),
        ("Samsung", "iPhone 11", None),
        ("Apple", "iPhone 11 Pro", None),
        ("Apple", "iPhone 1", None),
        ("Xiaomi", "M2007J3SC", "redmi-k30s"),
        ("Xiaomi", "M2007J3SY", None),
        ("Xiaomi", "Redmi K50", "redmi-k50"),
        ("Xiaomi", "Redmi K50 Pro", "redmi-k50-pro"),
        ("Xiaomi", "22041211AC", "redmi-k50"),
        ("Xiaomi", "22011211C", "redmi-k50-pro"),
        ("OPPO", "PEQM00", "oppo-reno5k-reno6"),
        ("vivo", "V2301A", "iqoo-neo5-neo8"),
        ("Canon", "Canon EOS 5D", None),
        ("Canon", "Canon EOS 5D Mark IV", None),
        ("Canon", "Canon EOS 5D Mark III", "canon-5d-mark-ii-iii"),
        ("OLYMPUS", "BX53", "olympus-bx53"),
        ("OLYMPUS CORPORATION", "C8080WZ", None),
        ("LEICA", "D-LUX", None),
        ("LEICA", "DM2500", "leica-dm2500"),
    ],
)
def test_match(cameras: Cameras, make: str | None, model: str | None, camera: str | None) -> None:
    assert [profile.id for profile in cameras.match(make, model)] == ([camera] if camera else [])


def test_an_unknown_id_is_an_input_error(cameras: Cameras) -> None:
    with pytest.raises(InputError, match=r"unknown camera 'nokia-3310'.*devices list"):
        cameras.get("nokia-3310")


def test_profiles_cannot_be_changed(cameras: Cameras) -> None:
    with pytest.raises(FrozenInstanceError):
        cameras.get("iphone-11").zh = "x"  # type: ignore[misc]


def test_an_own_folder_extends(own_profiles: OwnProfiles, profile_text: str) -> None:
    cameras = Cameras.load(own_profiles(mine='number = "14"\n' + profile_text))
    assert len(cameras) == BUILT_IN + 1
    row_14 = cameras.by_number("14")
    assert row_14 is cameras.get("mine")
    assert row_14.simulation == Simulation()
    assert cameras.match("Testmaker", "t-5") == [row_14]
    assert cameras.match("Testmaker", "T-55") == []
    assert row_14.written_exif is None, "a pattern with wildcards cannot be written"


def test_an_own_profile_overrides_by_its_file_name(
    own_profiles: OwnProfiles, profile_text: str
) -> None:
    cameras = Cameras.load(own_profiles(iphone_11='number = "2"\n' + profile_text))
    assert len(cameras) == BUILT_IN
    assert cameras.get("iphone-11").en == "Test camera"
    assert cameras.match("Apple", "iPhone 11") == []


def test_a_number_belongs_to_one_profile(own_profiles: OwnProfiles, profile_text: str) -> None:
    with pytest.raises(InputError, match=r"iphone-11 and mine both have number 2"):
        Cameras.load(own_profiles(mine='number = "2"\n' + profile_text))


def test_a_hostile_pattern_is_harmless(own_profiles: OwnProfiles, profile_text: str) -> None:
    text = profile_text.replace("T-?", "*a" * 90 + "[z-a]")
    assert Cameras.load(own_profiles(mine=text)).match("Test", "a" * 100) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('maker = "Test"', "", "mine.toml: maker is missing"),
        ('maker = "Test"', "maker = 3", "maker is 3; it takes a text"),
        ('maker = "Test"', 'maker = "a\\nb"', "printable"),
        (
            'maker = "Test"',
            'maker = "Test"\ncolor = 1',
            "unknown setting 'color'; known are .*zh, en, number, kind, maker",
        ),
        ('kind = "phone"', 'kind = "drone"', "kind is 'drone'; use phone, camera, microscope"),
        ('kind = "phone"', 'kind = "phone"\nnumber = "15"', "number is '15'"),
        ('kind = "phone"', 'kind = "phone"\nnumber = 7', "number is 7"),
        ('evidence = "seen"', 'evidence = "heard"', r"models\[0\].exif\[0\].evidence is 'heard'"),
        (
            'make = "Test*"',
            'regex = "(a+)+$"',
            r"'models\[0\].exif\[0\].regex'; known are make, model",
        ),
        ("value = 2024", "value = true", r"models\[0\].year.value is True; it takes a whole"),
        ("value = 2024", "value = 24", "1970 to 2099"),
        (
            'name = "Test 1"',
            'name = "Test 1"\nyears = 3',
            r"'models\[0\].years'; did you mean 'year'",
        ),
        ('make = "Test*", ', "", r"mine.toml: models\[0\].exif\[0\].make is missing"),
        ('maker = "Test"', 'maker = "Test"\nid = "other"', "id is the file's name"),
        ('zh = "', "zh = ", "mine.toml is not a readable TOML file"),
        ("[[models]]", "[models]", "models is {.*it takes a list"),
    ],
)
def test_a_wrong_profile_is_refused_by_file_and_key(
    own_profiles: OwnProfiles, profile_text: str, old: str, new: str, message: str
) -> None:
    assert old in profile_text
    with pytest.raises(InputError, match=message) as caught:
        Cameras.load(own_profiles(mine=profile_text.replace(old, new)))
    assert "mine.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_profile_without_models_is_refused(own_profiles: OwnProfiles, profile_text: str) -> None:
    text = profile_text.split("[[models]]", maxsplit=1)[0] + "models = []\n"
    with pytest.raises(InputError, match="models is empty"):
        Cameras.load(own_profiles(mine=text))


SIMULATION = """
[simulation]
measured = true
white_balance = [1.1, 1, 0.9]
colour_matrix = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
tone = 1
contrast = 0.1
sharpening = 0.5
noise = 1
scale = 0.9
jpeg_quality = 90
chroma_subsampling = "4:4:4"
"""


def test_a_simulation_is_read(own_profiles: OwnProfiles, profile_text: str) -> None:
    simulation = Cameras.load(own_profiles(mine=profile_text + SIMULATION)).get("mine").simulation
    expected = Simulation((1.1, 1.0, 0.9), contrast=0.1, sharpening=0.5, noise=1.0, scale=0.9)
    assert simulation == replace(
        expected, jpeg_quality=90, chroma_subsampling="4:4:4", measured=True
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[1.1, 1, 0.9]", "[1.2, 1, 0.9]", "white_balance is 1.2; it takes 0.85 to 1.15"),
        ("[1.1, 1, 0.9]", "[1, 1]", "simulation.white_balance is .*a list of 3"),
        ("[1, 0, 0]", "[1, 0.1, 0]", "row of sum 1.1"),
        ("[1, 0, 0]", "[nan, 0, 0]", "colour_matrix is nan"),
        ("[[1, 0, 0], ", "[", "simulation.colour_matrix is .*a list of 3"),
        ("tone = 1", "tone = 2", "tone is 2; it takes 0.8 to 1.25"),
        ("contrast = 0.1", "contrast = 0.4", "contrast is 0.4"),
        ("sharpening = 0.5", "sharpening = -1", "sharpening is -1"),
        ("noise = 1", "noise = inf", "noise is inf"),
        ("noise = 1", 'noise = "1"', "it takes a number"),
        ("scale = 0.9", "scale = 0.4", "scale is 0.4"),
        ("jpeg_quality = 90", "jpeg_quality = 98", "jpeg_quality is 98"),
        ('"4:4:4"', '"4:2:2"', "use 4:2:0, 4:4:4"),
        ("measured = true", "", "simulation.measured is missing"),
    ],
)
def test_a_simulation_outside_its_ranges_is_refused(
    own_profiles: OwnProfiles, profile_text: str, old: str, new: str, message: str
) -> None:
    assert old in SIMULATION
    with pytest.raises(InputError, match=message):
        Cameras.load(own_profiles(mine=profile_text + SIMULATION.replace(old, new, 1)))


def test_a_wrong_file_name_is_refused(own_profiles: OwnProfiles, profile_text: str) -> None:
    with pytest.raises(InputError, match="small letters, digits and hyphens"):
        Cameras.load(own_profiles(My=profile_text))


def test_a_profile_cannot_be_called_unknown(own_profiles: OwnProfiles, profile_text: str) -> None:
    with pytest.raises(InputError, match="unknown is what photos without a profile"):
        Cameras.load(own_profiles(unknown=profile_text))


def test_an_empty_or_absent_folder_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(InputError, match="no folder with camera profiles"):
            Cameras.load(folder)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_a_profile_is_read_as_windows_writes_it(
    tmp_path: Path, profile_text: str, encoding: str
) -> None:
    (tmp_path / "mine.TOML").write_bytes(profile_text.encode(encoding))
    assert Cameras.load(tmp_path).get("mine").zh == "测试相机"


def test_what_is_no_profile_is_told(
    tmp_path: Path, profile_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(
        "edgetlc.devices.profiles.note", lambda text, **kw: told.append(kw["path"].name)
    )
    for name in ("mine.toml", "._mine.toml", "other.toml.txt"):
        (tmp_path / name).write_text(profile_text, encoding="utf-8")
    assert "mine" in Cameras.load(tmp_path)
    assert told == ["._mine.toml", "other.toml.txt"]
