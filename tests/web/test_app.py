"""The phone app in Chromium: what a person does with it, and what it must never do."""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from edgetlc.export.web_app import write_web_app
from edgetlc.parity.reports import read_reports
from edgetlc.results.records import RunInfo, record
from edgetlc.results.results import csv_pieces
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.classifier import Classifier

Run = Callable[..., dict[str, Any]]
ENGLISH = {"locale": "en-US"}
ENGINE = Path(__file__).parents[2] / "runtime" / "web" / "node_modules" / "onnxruntime-web" / "dist"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A red photo of a known camera, a grey one, a blue one on its side, and no photo."""
    folder = tmp_path_factory.mktemp("photos")
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Apple", "iPhone 11"
    Image.new("RGB", (640, 480), (210, 40, 40)).save(folder / "red.jpg", exif=exif)
    Image.new("RGB", (640, 480), (128, 128, 128)).save(folder / "grey.png")
    turned = Image.Exif()
    turned[0x0112] = 6
    blue = Image.new("RGB", (640, 480), (40, 60, 210))
    blue.paste((90, 90, 90), (0, 0, 200, 200))
    blue.save(folder / "turned.jpg", exif=turned)
    (folder / "=none.jpg").write_text("no photo", encoding="utf-8")
    return [folder / name for name in ("red.jpg", "grey.png", "turned.jpg", "=none.jpg")]


@pytest.fixture(scope="module")
def strict_app(
    small_bundle: Path, photos: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The app of a bundle that is not sure below 90 %, so that grey is."""
    from dataclasses import replace

    from edgetlc.export.bundle_writer import write_bundle
    from edgetlc.runtime.policy import DecisionPolicy

    bundle = Bundle.open(small_bundle)
    manifest = replace(bundle.manifest, decision={"fp32": DecisionPolicy(reject_below=0.9)})
    files = {name: bundle.read(name) for name in bundle.manifest.files}
    folder = tmp_path_factory.mktemp("strict")
    written = write_bundle(folder / "strict.bundle", manifest, files)
    write_web_app(written, folder / "strict.web")
    return folder


@pytest.fixture(scope="module")
def tour(in_chromium: Run, strict_app: Path, photos: list[Path]) -> dict[str, Any]:
    url = (strict_app / "strict.web" / "classifier.html").as_uri()
    return in_chromium("tour", url=url, photos=photos, **ENGLISH)


def test_answers(tour: dict[str, Any]) -> None:
    red, grey, turned, none = tour["cards"]
    assert red.startswith("✓\nred\n") or "\nred\n" in red
    assert "Camera: iPhone 11 (told by the photo)" in red
    assert "Verified in this bundle: UNTESTED" in red
    assert grey.startswith("?\nNOT SURE: send the piece to the laboratory\nMost likely ")
    assert "blue" in turned
    assert "CANNOT BE READ\nNot a photo this app reads" in none


def test_evidence_is_laid_over_the_photo(tour: dict[str, Any]) -> None:
    assert tour["evidence"]["changed"]
    assert tour["evidence"]["pressed"] == "true"
    assert "where the model saw its answer" in tour["evidence"]["label"]


def test_fingers_and_screen_readers(tour: dict[str, Any]) -> None:
    assert tour["faults"] == []


def test_nothing_left_the_page(tour: dict[str, Any]) -> None:
    assert {url.split(":")[0] for url in tour["seen"]["requests"]} <= {"file", "blob"}
    assert tour["seen"]["errors"] == []


def test_about_tells_bundle_and_licences(tour: dict[str, Any], strict_app: Path) -> None:
    assert Bundle.open(strict_app / "strict.bundle").digest in tour["about"]
    for part in ("ONNX Runtime Web", "libjpeg-turbo", "fflate", "@noble/hashes"):
        assert part in tour["licences"]


def test_history_outlives_the_page_and_can_be_cleared(tour: dict[str, Any]) -> None:
    assert (tour["kept"], tour["cleared"]) == (3, 0)


def test_language_can_be_changed(tour: dict[str, Any]) -> None:
    assert (tour["lang"], tour["other"]["lang"]) == ("en", "zh-CN")
    assert "鉴别" in tour["other"]["text"]


def test_chinese_phone_gets_chinese(in_chromium: Run, strict_app: Path, photos: list[Path]) -> None:
    url = (strict_app / "strict.web" / "classifier.html").as_uri()
    found = in_chromium("tour", url=url, photos=photos, locale="zh-CN", dark=True)
    assert found["lang"] == "zh-CN"
    assert "不确定：请送实验室检验" in found["cards"][1]
    assert found["cards"][0].startswith("●\n红\n")
    assert "自检通过" in found["selfCheck"]
    assert found["faults"] == []


def test_reports_merge_into_a_verification(
    tour: dict[str, Any], strict_app: Path, tmp_path: Path
) -> None:
    bundle = Bundle.open(strict_app / "strict.bundle")
    paths = []
    for name in ("report", "json"):
        paths.append(tmp_path / tour[name]["name"])
        paths[-1].write_text(tour[name]["text"], encoding="utf-8")
    assert all(re.fullmatch(r"edgetlc-\w+-\d{8}-\d{4}\.json", path.name) for path in paths)
    reports = read_reports(paths, bundle)
    (selftest,) = reports.selftests
    assert selftest.passed
    assert selftest.pixels.largest == 0
    assert selftest.models[0].engine.startswith("onnxruntime-web 1.")
    assert "PASS" in tour["selfCheck"]
    assert "Python" not in str(selftest.machine)
    (classification,) = reports.classifications
    assert len(classification.answers) == 3


def edgetlc(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgetlc", *words],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_self_check_goes_into_a_verification_by_command(
    tour: dict[str, Any], strict_app: Path, photos: list[Path], tmp_path: Path
) -> None:
    report = tmp_path / tour["report"]["name"]
    report.write_text(tour["report"]["text"], encoding="utf-8")
    for name, photo in (("red", photos[0]), ("blue", photos[2])):
        (tmp_path / "data" / name).mkdir(parents=True)
        shutil.copy(photo, tmp_path / "data" / name)
    bundle = str(strict_app / "strict.bundle")
    data, answers = str(tmp_path / "data"), str(tmp_path / "answers")
    ran = edgetlc("answers", "collect", bundle, "--data", data, "--part", "all", "-o", answers)
    assert ran.returncode == 0, ran.stderr
    words = ["answers", "judge", bundle, answers, "--merge", str(report), "--json"]
    ran = edgetlc(*words)
    assert ran.returncode == 3, ran.stderr  # two photos are not enough evidence
    document = json.loads(ran.stdout)
    assert "onnxruntime-web" in json.dumps(document["machines"])

    changed = json.loads(tour["report"]["text"]) | {"bundle_digest": "0" * 64}
    report.write_text(json.dumps(changed), encoding="utf-8")
    ran = edgetlc(*words)
    assert ran.returncode == 2, ran.stderr


def test_records_are_those_of_predict(
    tour: dict[str, Any], strict_app: Path, photos: list[Path]
) -> None:
    classifier = Classifier.open(strict_app / "strict.bundle", engine="onnxruntime")
    found = json.loads(tour["json"]["text"])["predictions"]
    assert len(found) == 3
    for photo, one in zip(photos, found, strict=False):
        expected = record(classifier.classify(photo.read_bytes(), photo.name))
        assert one.pop("sha256") == hashlib.sha256(photo.read_bytes()).hexdigest()
        assert one.keys() == expected.keys()
        for key, value in expected.items():
            if isinstance(value, float) or key == "probabilities":
                value = pytest.approx(value, abs=1e-6)
            assert one[key] == value, key


def test_csv_has_the_columns_of_predict(tour: dict[str, Any], strict_app: Path) -> None:
    run = RunInfo.of(Classifier.open(strict_app / "strict.bundle"))
    expected = next(iter(csv_pieces(run, []))).removeprefix("\ufeff").strip()
    assert tour["csv"]["text"].startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(tour["csv"]["text"].removeprefix("\ufeff"))))
    assert ",".join(rows[0]) == expected
    assert [row[0] for row in rows[1:]] == ["red.jpg", "grey.png", "turned.jpg"]


@pytest.mark.parametrize("isolated", [False, True])
def test_installed_app_needs_no_host(
    in_chromium: Run, small_app: Path, photos: list[Path], isolated: bool
) -> None:
    headers = {
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
    }
    asked = {"headers": headers} if isolated else {}
    found = in_chromium("offline", app=small_app / "app", photos=photos[:1], **ENGLISH, **asked)
    assert found["isolated"] is isolated
    assert found["first"] == found["second"]
    assert "red" in found["second"][0]
    threads = int(re.search(r"(\d+) thread", found["about"])[1])  # type: ignore[index]
    assert (threads > 1) is isolated
    assert found["seen"]["errors"] == []


def test_camera_preview(in_chromium: Run, small_app: Path) -> None:
    found = in_chromium("preview", app=small_app / "app", **ENGLISH)
    assert "preview-" in found["card"]
    assert found["dialogs"] == 0
    assert found["errors"] == []


@pytest.mark.parametrize("served", [False, True])
def test_policy_lets_nothing_out(
    in_chromium: Run, small_app: Path, single_file: str, served: bool
) -> None:
    asked = {} if served else {"url": single_file}
    found = in_chromium("policy", app=small_app / "app", **ENGLISH, **asked)
    assert set(found["fromPage"].values()) == {"refused"}
    assert set(found["fromWorker"].values()) == {"refused"}
    assert found["evaluated"] is False
    assert found["strange"] == []


@pytest.mark.parametrize("part", ["bundle/model.fp32.onnx", "bundle/bundle.json"])
def test_changed_bundle_is_refused(
    in_chromium: Run, small_app: Path, tmp_path: Path, part: str
) -> None:
    page = (small_app / "classifier.html").read_text(encoding="utf-8")
    place = re.search(rf'id="asset:{re.escape(part)}">([^<]+)<', page)
    assert place is not None
    content = bytearray(gzip.decompress(base64.b64decode(place[1])))
    content[len(content) // 2] ^= 1
    packed = base64.b64encode(gzip.compress(bytes(content))).decode()
    changed = tmp_path / "changed.html"
    changed.write_text(page.replace(place[1], packed), encoding="utf-8")
    found = in_chromium("refused", url=changed.as_uri(), **ENGLISH)
    assert found["usable"] == 0
    assert f"The bundle was changed ({part.removeprefix('bundle/')})" in found["alert"]


def test_engine_starts_where_memory_is_short(
    in_chromium: Run, small_app: Path, photos: list[Path]
) -> None:
    found = in_chromium(
        "short_memory", app=small_app / "app", photo=photos[0], pages=[65536, 32768, 8192, 1]
    )
    whole = found["65536"]["probabilities"]
    assert whole is not None
    assert found["32768"]["probabilities"] == found["8192"]["probabilities"] == whole
    assert not found["1"]["ok"]
    assert "memory" in found["1"]["message"]


RESTARTED = [{"threads": 1, "frugal": False}, {"threads": 1, "frugal": True}]


@pytest.mark.parametrize("fault", ["start", "error", "silent"])
def test_engine_that_failed_is_started_again_with_less(
    in_chromium: Run, single_file: str, photos: list[Path], fault: str
) -> None:
    asked = {"url": single_file, "photos": photos[:1], "fault": fault, **ENGLISH}
    found = in_chromium("crash", workers=1, **asked)
    assert "\nred\n" in found["cards"][0]
    assert found["granted"] == RESTARTED


@pytest.mark.parametrize(
    ("fault", "why"),
    [("start", "no available backend"), ("error", "Out of memory"), ("silent", "does not answer")],
)
def test_engine_that_fails_twice_is_explained(
    in_chromium: Run, single_file: str, photos: list[Path], fault: str, why: str
) -> None:
    asked = {"url": single_file, "photos": photos[:1], "fault": fault, **ENGLISH}
    found = in_chromium("crash", workers=99, **asked)
    text = found["alert"] if fault == "start" else found["cards"][0]
    assert why in text
    assert "again after a restart. Memory may be short: close other apps" in text
    assert found["granted"] == RESTARTED


def test_frugal_engine_gives_the_same_answers(
    in_chromium: Run, small_app: Path, photos: list[Path]
) -> None:
    found = in_chromium(
        "short_memory", app=small_app / "app", photo=photos[0], pages=[65536], frugal=[False, True]
    )
    plain, frugal = found["65536"], found["65536 frugal"]
    assert frugal["probabilities"] == plain["probabilities"]
    assert (plain["reserved"], frugal["reserved"]) == (65536, 12288)


@pytest.mark.parametrize("model", ["model.int8.onnx", "model.int8.ort"])
def test_sums_are_not_quantized(
    in_chromium: Run, tiny_bundle: Path, tmp_path: Path, model: str
) -> None:
    """The engine would fuse an `Add` between quantized tensors, and round it as natively never."""
    name = {"model.int8.onnx": "onnx-int8", "model.int8.ort": "ort-int8"}[model]
    write_web_app(Bundle.open(tiny_bundle), tmp_path / "tiny.web", model=name)
    asked = {"app": tmp_path / "tiny.web" / "app", "model": model, "side": 64}
    found = in_chromium("operators", engine=ENGINE, **asked)["operators"]
    assert found.count("QLinearConv") > 10
    assert found.count("Sum") == 8  # of the residuals
    assert "QLinearAdd" not in found


def test_batch_report_of_labelled_photos(
    in_chromium: Run, single_file: str, photos: list[Path], small_bundle: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "herbs"
    for name, photo in (("red", photos[0]), ("blue", photos[0]), ("blue", photos[2])):
        (folder / name).mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, folder / name / photo.name)
    report = tmp_path / "batch.json"
    found = in_chromium("batch", url=single_file, folder=folder, report=report, **ENGLISH)
    assert found["summary"] == (
        "3 photos, 0 not readable; 3 with a label, 2 of them most likely right; 0 not sure"
    )
    document = json.loads(report.read_text(encoding="utf-8"))
    assert {p["file"]: p["expected"] for p in document["predictions"]} == {
        "herbs/red/red.jpg": "red",
        "herbs/blue/red.jpg": "blue",
        "herbs/blue/turned.jpg": "blue",
    }
    (merged,) = read_reports([report], Bundle.open(small_bundle)).classifications
    assert len(merged.answers) == 2  # two of the files are one photo


@pytest.mark.slow
def test_memory_stays_flat_and_the_page_answers(
    in_chromium: Run, single_file: str, tmp_path: Path
) -> None:
    photos = []
    for index in range(10):
        photos.append(tmp_path / f"{index}.jpg")
        Image.effect_noise((4000, 3000), 60).convert("RGB").save(photos[-1], quality=80)
    found = in_chromium("endurance", url=single_file, photos=photos, rounds=5, **ENGLISH)
    after = found["after"]
    assert after[-1] < after[0] + 40e6, after  # 50 photos of 12 MP
    assert found["longest"] < 300, "the page did not answer for so many milliseconds"
    assert found["errors"] == []


@pytest.mark.slow
def test_hardly_slower_than_the_bare_engine(
    in_chromium: Run, tiny_bundle: Path, photos: list[Path], tmp_path: Path
) -> None:
    write_web_app(Bundle.open(tiny_bundle), tmp_path / "tiny.web", model="onnx-int8")
    asked = {"app": tmp_path / "tiny.web" / "app", "engine": ENGINE, "photo": photos[0]}
    found = in_chromium("speed", model="model.int8.onnx", times=31, **asked)
    assert min(found["app"]) <= 1.2 * min(found["bare"])  # medians tell of the neighbours


@pytest.mark.slow
@pytest.mark.real
def test_100_photos_get_the_answers_of_predict(
    in_chromium: Run, tiny_bundle: Path, shared_data: Path, tmp_path: Path
) -> None:
    write_web_app(Bundle.open(tiny_bundle), tmp_path / "tiny.web", model="ort-int8")
    url = (tmp_path / "tiny.web" / "classifier.html").as_uri()
    photos = sorted((shared_data / "herb" / "images").rglob("*.*"))[::9]
    assert len(photos) >= 100
    report = tmp_path / "phone.json"
    in_chromium("batch", url=url, photos=photos, report=report, **ENGLISH)
    found = {
        one["sha256"]: one for one in json.loads(report.read_text(encoding="utf-8"))["predictions"]
    }
    classifier = Classifier.open(tiny_bundle, model="ort-int8", threads=1)
    flips = []
    for photo in photos:
        here, there = (
            classifier.classify(photo),
            found[hashlib.sha256(photo.read_bytes()).hexdigest()],
        )
        assert there["camera"] == here.camera.camera
        assert there["probabilities"] == pytest.approx(here.probabilities, abs=0.05)
        if there["label"] != here.label.name:
            flips.append(photo.name)
    assert flips == []
