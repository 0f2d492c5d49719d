from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgetlc.cli.app import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `edgetlc devices …` and return its exit code, standard output and standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["edgetlc", "devices", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


def test_list(run: Run) -> None:
    code, out, err = run("list")
    assert (code, err) == (0, "")
    assert all(text in out for text in ("红米 K30S", "Redmi K30S", "canon-5d-mark-ii-iii"))


def test_list_as_json(run: Run) -> None:
    code, out, _ = run("list", "--json")
    profiles = json.loads(out)
    assert (code, len(profiles)) == (0, 16)
    assert profiles[1]["id"] == "iphone-11"
    assert profiles[1]["models"][0]["image_size"] == {"value": [4032, 3024], "certainty": "sure"}


def test_show(run: Run) -> None:
    code, out, _ = run("show", "iqoo-neo5-neo8")
    assert code == 0
    assert all(text in out for text in ("Neo5 或 Neo8", "V2301A", "plausible", "invented"))
    code, out, _ = run("show", "iphone-11", "--json")
    assert (code, json.loads(out)["number"]) == (0, "2")


def test_show_an_unknown_camera(run: Run) -> None:
    code, out, err = run("show", "nokia-3310")
    assert (code, out) == (2, "")
    assert err.startswith("edgetlc: unknown camera 'nokia-3310'")


def test_identify_files_and_folders(run: Run, take_photo, tmp_path: Path) -> None:
    iphone = take_photo("a.jpg", b"Apple", b"iPhone 11")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    broken = tmp_path / "deep" / "er" / "b.JPG"
    broken.write_bytes(b"no photo")
    (tmp_path / "deep" / "notes.txt").write_text("no photo by its name")
    code, out, err = run("identify", iphone, tmp_path / "deep", "--json")
    assert code == 0
    assert re.fullmatch(r"passed over 1 file or folder \(not a photo .*\): .*notes\.txt\n", err)
    unknown = {"by": None, "camera": None, "conflict": None, "batch": None, "simulated": False}
    assert json.loads(out) == [
        unknown | {"file": str(iphone), "camera": "iphone-11", "by": "exif"},
        unknown | {"file": str(broken)},
    ]


def test_identify_for_people(run: Run, take_photo) -> None:
    conflict = take_photo("0617440100299008-2024001-2-001.jpg", b"samsung", b"SM-G965W")
    code, out, _ = run("identify", conflict)
    assert code == 0
    assert "unknown" in out
    assert "1 photo, 1 from unknown cameras, 1 with a conflict" in out


def test_identify_with_own_profiles(
    run: Run, take_photo, own_profiles: Callable[..., Path], profile_text: str
) -> None:
    photo = take_photo("a.jpg", b"Test", b"T-1")
    code, out, _ = run("identify", photo, "--json", "--devices", own_profiles(mine=profile_text))
    assert (code, json.loads(out)[0]["camera"]) == (0, "mine")


def test_heic_that_cannot_be_read_is_said(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = tmp_path / "a.heic"
    photo.write_bytes(b"")
    monkeypatch.setattr("edgetlc.devices.exif.heic_readable", lambda: False)
    code, out, err = run("identify", photo, "--json")
    assert (code, json.loads(out)[0]["camera"]) == (0, None)
    assert "edgetlc[heic]" in err


@pytest.mark.parametrize("place", ["absent.jpg", "."])
def test_identify_nothing(run: Run, tmp_path: Path, place: str) -> None:
    code, out, err = run("identify", tmp_path / place)
    assert (code, out) == (2, "")
    assert str(tmp_path) in err


def test_a_wrong_profile_folder(run: Run, tmp_path: Path) -> None:
    code, _, err = run("list", "--devices", tmp_path)
    assert code == 2
    assert "no folder with camera profiles" in err
