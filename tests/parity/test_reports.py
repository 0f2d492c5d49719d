"""Self-tests of other machines that `verify` reads, and the verification it leaves in a bundle."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import InputError
from edgetlc.files import write_json
from edgetlc.parity.judgement import VerificationConfig
from edgetlc.parity.reports import MachineReports, read_reports, record
from edgetlc.parity.rule import Rule
from edgetlc.parity.verify import verify
from edgetlc.runtime.archive import pack
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.selftest import selftest
from edgetlc.runtime.verification import recorded_verification

WIDE = VerificationConfig(rule=Rule(margin=0.5))


@pytest.fixture
def bundle(small_bundle: Path, tmp_path: Path, linked_copy) -> Bundle:
    return Bundle.open(linked_copy(small_bundle, tmp_path / "colours.bundle"))


@pytest.fixture
def photos(small_bundle: Path) -> PhotoSet:
    names = ("red", "green", "blue")
    found = tuple(Photo(small_bundle.parent / f"{n}.jpg", n, "iphone-11") for n in names)
    return PhotoSet(found * 3, tuple(ClassInfo(n, n, n) for n in names))


def test_a_selftest_of_another_machine_is_read(bundle: Bundle, tmp_path: Path) -> None:
    found = selftest(bundle)
    write_json(tmp_path / "report.json", found.to_json())
    assert read_reports([tmp_path / "report.json"], bundle).selftests == (found,)


def test_a_selftest_of_another_bundle_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    other = replace(selftest(bundle), bundle_digest="0" * 64)
    write_json(tmp_path / "report.json", other.to_json())
    with pytest.raises(InputError, match=r"report\.json: tells of the bundle 000000000000…"):
        read_reports([tmp_path / "report.json"], bundle)


def test_what_is_no_selftest_is_refused_by_name(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no report at"):
        read_reports([tmp_path / "none.json"], bundle)
    write_json(tmp_path / "x.json", {"predictions": []})
    with pytest.raises(InputError, match=r"x\.json: no report that this tool reads"):
        read_reports([tmp_path / "x.json"], bundle)


def test_a_failed_selftest_fails_the_verification(bundle: Bundle, photos: PhotoSet) -> None:
    good = selftest(bundle)
    bad = replace(good, pixels=replace(good.pixels, passed=False))
    assert verify(bundle, photos, config=WIDE, reports=MachineReports((good,))).verdict == "PASS"
    found = verify(bundle, photos, config=WIDE, reports=MachineReports((good, bad)))
    assert found.verdict == "FAIL"
    machines = json.loads(json.dumps(found.to_json()))["machines"]
    assert [machine["passed"] for machine in machines] == [True, False]


def test_a_verification_is_recorded_and_read_back(bundle: Bundle, photos: PhotoSet) -> None:
    record(bundle, verify(bundle, photos, config=WIDE))
    found = recorded_verification(bundle)
    assert found is not None
    assert found.margin == 0.5
    assert not found.simulated
    assert found.status("onnx-fp32", "onnxruntime", "iphone-11") == "PASS"
    assert found.status("onnx-fp32", "onnxruntime", None) == "UNTESTED"


def test_a_verdict_on_unknown_cameras_vouches_for_none(bundle: Bundle, photos: PhotoSet) -> None:
    unknown = tuple(replace(photo, camera=None) for photo in photos.photos)
    path = record(bundle, verify(bundle, replace(photos, photos=unknown), config=WIDE))
    document = json.loads(path.read_text(encoding="utf-8"))
    (camera,) = document["candidates"][0]["cameras"]
    assert (camera["tally"]["camera"], camera["verdict"]) == (None, "PASS")
    found = recorded_verification(bundle)
    assert found is not None
    for camera_id in (None, "", "unknown", "iphone-11"):
        assert found.status("onnx-fp32", "onnxruntime", camera_id) == "UNTESTED"


def test_a_packed_bundle_takes_no_record(bundle: Bundle, photos: PhotoSet, tmp_path: Path) -> None:
    packed = Bundle.open(pack(bundle, tmp_path / "colours.etlc"))
    with pytest.raises(InputError, match="packed; record the verification in the bundle's folder"):
        record(packed, verify(packed, photos, config=WIDE))
