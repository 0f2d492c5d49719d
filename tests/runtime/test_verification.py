"""What a bundle carries of its verification, and what a prediction says of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.ExifTags import Base

from edgetlc.errors import BundleError
from edgetlc.files import write_json
from edgetlc.runtime.archive import pack
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.classifier import Classifier
from edgetlc.runtime.verification import VERIFICATION_FILE, recorded_verification

NAMED = "0617440100299008-2024001-{}-001.png"  # the device field tells the camera


@pytest.fixture
def copy(small_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_bundle, tmp_path / "copy.bundle"))


def record(folder: Path, change: Callable[[dict[str, Any]], object] = lambda d: None) -> None:
    """Leave a report as `edgetlc verify --record` does."""
    verdicts = {"iphone-11": "PASS", "iphone-12": "FAIL", "realme-gt-neo": "INSUFFICIENT"}
    document = {
        "bundle_digest": Bundle.open(folder).digest,
        "rule": {"margin": 0.02, "confidence": 0.95},
        "simulated": False,
        "candidates": [
            {
                "model": "onnx-fp32",
                "engine": "onnxruntime 1.32.0",
                "decisions": [],
                "gate": None,
                "cameras": [
                    {"tally": {"camera": camera}, "verdict": verdict}
                    for camera, verdict in verdicts.items()
                ],
            }
        ],
    }
    change(document)
    write_json(folder / VERIFICATION_FILE, document)


def codes(bundle: Path, tmp_path: Path, device: str, **options: str) -> tuple[str, list[str]]:
    photo = tmp_path / NAMED.format(device)
    Image.new("RGB", (80, 60), (200, 30, 30)).save(photo)
    found = Classifier.open(bundle, **options).classify(photo)
    assert all(caution.en and caution.zh for caution in found.cautions)
    return found.verified, [caution.code for caution in found.cautions]


@pytest.mark.parametrize(
    ("device", "verified", "cautions"),
    [
        ("2", "PASS", []),
        ("11", "FAIL", ["camera-failed"]),
        ("7", "INSUFFICIENT", ["camera-insufficient"]),
        ("9", "UNTESTED", ["camera-untested"]),
        ("14", "UNTESTED", ["camera-unknown"]),
    ],
)
def test_a_prediction_says_how_its_camera_fared(
    device: str, verified: str, cautions: list[str], copy: Path, tmp_path: Path
) -> None:
    record(copy)
    assert codes(copy, tmp_path, device) == (verified, cautions)


@pytest.mark.parametrize("unknown", [None, "", "unknown"])
def test_an_unknown_camera_is_never_vouched_for(
    unknown: str | None, copy: Path, tmp_path: Path
) -> None:
    def pass_unknown(document: dict[str, Any]) -> None:
        tested = document["candidates"][0]
        tested["cameras"].append({"tally": {"camera": unknown}, "verdict": "PASS"})
        tested["decisions"].append({"tally": {"camera": unknown}, "verdict": "PASS"})

    record(copy, pass_unknown)
    assert codes(copy, tmp_path, "14") == ("UNTESTED", ["camera-unknown"])
    recorded = recorded_verification(Bundle.open(copy))
    assert recorded is not None
    for camera in (None, "", "unknown"):
        assert recorded.status("onnx-fp32", "onnxruntime", camera) == "UNTESTED"
    assert recorded.status("onnx-fp32", "onnxruntime", "iphone-11") == "PASS"


def test_without_a_verification_every_answer_is_cautioned(copy: Path, tmp_path: Path) -> None:
    assert codes(copy, tmp_path, "2") == ("UNTESTED", ["not-verified"])


def test_a_verdict_holds_for_its_engine_only(copy: Path, tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    record(copy)
    assert codes(copy, tmp_path, "2", engine="openvino") == ("UNTESTED", ["camera-untested"])


def test_simulated_photos_are_said_so(copy: Path, tmp_path: Path) -> None:
    record(copy, lambda d: d.update(simulated=True))
    assert codes(copy, tmp_path, "2") == ("PASS", ["verified-simulated"])


def test_recording_leaves_the_bundle_whole(copy: Path, tmp_path: Path) -> None:
    before = Bundle.open(copy).digest
    record(copy)
    bundle = Bundle.open(copy)
    assert bundle.digest == before
    assert bundle.check() == ()
    packed = Bundle.open(pack(bundle, tmp_path / "copy.etlc"))
    assert recorded_verification(packed) == recorded_verification(bundle) is not None


def first(document: dict[str, Any]) -> Any:
    return document["candidates"][0]["cameras"][0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d.update(bundle_digest="0" * 64), "speaks of another bundle"),
        (lambda d: d.pop("bundle_digest"), "not valid"),
        (lambda d: d.pop("candidates"), "not valid"),
        (lambda d: d.update(candidates=[5]), "not valid"),
        (lambda d: first(d).update(verdict="GOOD"), "verdict 'GOOD'"),
        (lambda d: d["rule"].update(margin="x"), "not valid"),
    ],
)
def test_a_damaged_report_is_refused(change, reason: str, copy: Path) -> None:
    record(copy, change)
    with pytest.raises(BundleError, match=reason):
        Classifier.open(copy)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff"])
def test_a_report_that_is_no_json(content: bytes, copy: Path) -> None:
    record(copy)
    (copy / VERIFICATION_FILE).write_bytes(content)
    with pytest.raises(BundleError, match="not valid"):
        Classifier.open(copy)


def test_the_statuses_reach_programs(copy: Path, tmp_path: Path) -> None:
    record(copy)
    photo = tmp_path / NAMED.format("11")
    Image.new("RGB", (80, 60), (200, 30, 30)).save(photo)
    document = json.loads(json.dumps(Classifier.open(copy).classify(photo).to_json()))
    assert document["verified"] == "FAIL"
    (caution,) = document["cautions"]
    assert caution["code"] == "camera-failed"
    assert "iphone-12" in caution["en"]
    assert "iphone-12" in caution["zh"]


def test_a_simulated_photo_is_said_so(copy: Path, tmp_path: Path) -> None:
    record(copy)
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model] = "Apple", "iPhone 11"
    exif[Base.Software] = "edgetlc data simulate"
    Image.new("RGB", (80, 60), (200, 30, 30)).save(tmp_path / "a.jpg", exif=exif)
    found = Classifier.open(copy).classify(tmp_path / "a.jpg")
    assert found.camera.simulated
    assert [caution.code for caution in found.cautions] == ["photo-simulated"]


@pytest.mark.parametrize("part", ["decisions", "gate"])
@pytest.mark.parametrize(
    ("verdict", "caution"),
    [("PASS", []), ("INSUFFICIENT", ["camera-insufficient"]), ("FAIL", ["camera-failed"])],
)
def test_a_camera_passes_in_every_part_or_not_at_all(
    part: str, verdict: str, caution: list[str], copy: Path, tmp_path: Path
) -> None:
    judged = [{"tally": {"camera": "iphone-11"}, "verdict": verdict}]
    told = judged if part == "decisions" else {"verdict": "INSUFFICIENT", "cameras": judged}
    record(copy, lambda d: d["candidates"][0].update({part: told}))
    assert codes(copy, tmp_path, "2") == (verdict, caution)


def test_a_failed_gate_on_counterfeits_is_said_of_every_answer(copy: Path, tmp_path: Path) -> None:
    gate = {"verdict": "FAIL", "cameras": []}
    record(copy, lambda d: d["candidates"][0].update(gate=gate))
    assert codes(copy, tmp_path, "2") == ("PASS", ["false-genuine-failed"])
    assert codes(copy, tmp_path, "9")[1] == ["false-genuine-failed", "camera-untested"]


def test_this_machine_s_verdict_comes_before_a_merged_report_s(copy: Path, tmp_path: Path) -> None:
    def merge(document: dict[str, Any]) -> None:
        other = json.loads(json.dumps(document["candidates"][0]))
        other["cameras"][0]["verdict"] = "FAIL"
        document["candidates"].append(other)

    record(copy, merge)
    assert codes(copy, tmp_path, "2") == ("PASS", [])
