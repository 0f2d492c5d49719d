"""The phone app's files: what is in them, what they may do. tests/web tests its behaviour."""

from __future__ import annotations

import base64
import gzip
import hashlib
import importlib.util
import json
import lzma
import os
import re
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from edgetlc.errors import InputError
from edgetlc.export.bundle_writer import write_bundle
from edgetlc.export.web_app import web_model, write_web_app
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.policy import DecisionPolicy
from edgetlc.runtime.schema import BundleManifest, ModelRecord

WEB = Path(__file__).parents[2] / "runtime" / "web"
LARGEST_CODE = 100_000  # bytes compressed: the app without engine, JPEG decoder and model


@pytest.fixture(scope="module")
def app(small_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("web") / "colours.web"
    write_web_app(Bundle.open(small_bundle), folder)
    return folder


def built() -> dict[str, bytes]:
    with tarfile.open(WEB / "built.tar.xz") as archive:
        return {m.name: archive.extractfile(m).read() for m in archive}  # type: ignore[union-attr]


def test_built_app_is_that_of_the_sources() -> None:
    spec = importlib.util.spec_from_file_location(
        "pack", WEB.parents[1] / "tools" / "pack_web_app.py"
    )
    assert spec is not None
    assert spec.loader is not None
    pack = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pack)
    assert built()["sources.sha256"].decode() == pack.sources_digest(), "run 'make web'"


def test_code_is_small() -> None:
    parts = built()
    code = lzma.compress(parts["page.js"] + parts["page.css"] + parts["worker.js"])
    assert len(code) < LARGEST_CODE  # though the engine's script is in it
    assert len((WEB / "built.tar.xz").read_bytes()) < 4_000_000


def test_single_file_holds_the_bundle_as_it_is(app: Path, small_bundle: Path) -> None:
    page = (app / "classifier.html").read_text(encoding="utf-8")
    parts = dict(re.findall(r'<script type="text/plain" id="asset:([^"]+)">([^<]+)</script>', page))
    bundle = Bundle.open(small_bundle)
    for name in ("bundle.json", "model.fp32.onnx", "golden/golden.json", "golden/00.png"):
        content = gzip.decompress(base64.b64decode(parts[f"bundle/{name}"]))
        assert content == bundle.content(name)
    info = json.loads(gzip.decompress(base64.b64decode(parts["app.json"])))
    assert (info["bundle"], info["model"]) == (bundle.digest, "onnx-fp32")
    assert {one["verified"] for one in info["cameras"]} == {"UNTESTED"}


def test_single_file_may_run_its_own_script_only(app: Path) -> None:
    page = (app / "classifier.html").read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    script = re.search(r'<script type="module">(.*?)</script>', page, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert rules["default-src"] == "'none'"
    assert "connect-src" not in rules
    assert rules["script-src"] == f"'sha256-{digest}' blob: 'wasm-unsafe-eval'"
    assert not re.search(r'(?:src|href)="', page)


def test_folder_keeps_every_file_offline(app: Path) -> None:
    folder = app / "app"
    worker = (folder / "sw.js").read_text(encoding="utf-8")
    listed = json.loads(re.search(r"FILES = (\[.*\]);", worker)[1])  # type: ignore[index]
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert set(listed) == there - {"sw.js"} | {"./"}
    manifest = json.loads((folder / "manifest.webmanifest").read_text(encoding="utf-8"))
    assert {icon["src"] for icon in manifest["icons"]} <= there


def test_app_names_no_host(app: Path) -> None:
    for name in ("page.js", "page.css", "index.html", "sw.js", "app.json"):
        text = (app / "app" / name).read_text(encoding="utf-8")
        assert not re.findall(r"https?://(?!www\.w3\.org)[\w.]+", text), name


def test_app_is_written_whole_and_replaced_on_demand(app: Path, small_bundle: Path) -> None:
    bundle = Bundle.open(small_bundle)
    before = (app / "classifier.html").read_bytes()
    with pytest.raises(InputError, match="exists already"):
        write_web_app(bundle, app)
    write_web_app(bundle, app, overwrite=True)
    assert (app / "classifier.html").read_bytes() == before


def with_models(bundle: Bundle, *records: ModelRecord) -> Bundle:
    decision = {"fp32": DecisionPolicy(), "int8": DecisionPolicy()}
    manifest: BundleManifest = replace(bundle.manifest, models=records, decision=decision)
    return Bundle(bundle.path, manifest, bundle.digest)


def test_model_is_int8_and_ort_where_there_is_one(small_bundle: Path) -> None:
    opened = Bundle.open(small_bundle)
    (onnx,) = opened.manifest.models
    ort = replace(onnx, id="ort-int8", format="ort", precision="int8")
    int8 = replace(onnx, id="onnx-int8", precision="int8")
    vino = replace(onnx, id="openvino-int8", format="openvino", precision="int8")
    assert web_model(with_models(opened, onnx, int8, ort, vino)).id == "ort-int8"
    assert web_model(with_models(opened, onnx, int8)).id == "onnx-int8"
    with pytest.raises(InputError, match="does not run in a browser"):
        web_model(with_models(opened, onnx, vino), "openvino-int8")
    with pytest.raises(InputError, match="--format ort"):
        web_model(with_models(opened, vino))


@pytest.mark.skipif(
    "EDGETLC_BASE_PYTHON" not in os.environ,
    reason="EDGETLC_BASE_PYTHON names no environment with the base install only",
)
def test_base_install_writes_the_app(small_bundle: Path, tmp_path: Path) -> None:
    words = ["-m", "edgetlc", "bundle", "web", str(small_bundle), "-o", "colours.web", "--json"]
    ran = subprocess.run(
        [os.environ["EDGETLC_BASE_PYTHON"], *words],
        cwd=tmp_path,  # where no source tree is in the way
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["model"] == "onnx-fp32"
    write_web_app(Bundle.open(small_bundle), tmp_path / "here.web")
    there = tmp_path / "colours.web" / "classifier.html"
    assert there.read_bytes() == (tmp_path / "here.web" / "classifier.html").read_bytes()


def test_licences_are_those_of_the_engine_inside() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))
    version = lock["packages"]["node_modules/onnxruntime-web"]["version"]
    found = built()["LICENCES.txt"].decode()
    for name in ("LICENSE", "ThirdPartyNotices.txt"):
        text = (WEB / "licences" / f"onnxruntime-web-{version}" / name).read_bytes()
        assert text.decode("utf-8", "replace").strip().replace("\r\n", "\n") in found
    assert f"ONNX Runtime Web {version}" in found


def test_recorded_verification_of_a_phone_is_shown(small_bundle: Path, tmp_path: Path) -> None:
    bundle = Bundle.open(small_bundle)
    files = {name: bundle.read(name) for name in bundle.manifest.files}
    verified = write_bundle(tmp_path / "verified.bundle", bundle.manifest, files)
    report = {
        "bundle_digest": verified.digest,
        "simulated": False,
        "rule": {"margin": 0.02},
        "candidates": [
            {
                "model": "onnx-fp32",
                "engine": "onnxruntime-web 1.30.0",
                "gate": None,
                "cameras": [{"tally": {"camera": "iphone-11"}, "verdict": "PASS"}],
                "decisions": [],
            }
        ],
    }
    (verified.path / "reports").mkdir()
    (verified.path / "reports" / "verification.json").write_text(json.dumps(report), "utf-8")
    write_web_app(Bundle.open(verified.path), tmp_path / "verified.web")
    info = json.loads((tmp_path / "verified.web" / "app" / "app.json").read_bytes())
    by_id = {one["id"]: one for one in info["cameras"]}
    assert (by_id["iphone-11"]["verified"], by_id["iphone-11"]["cautions"]) == ("PASS", [])
    assert by_id["iphone-12"]["cautions"][0]["code"] == "camera-untested"
