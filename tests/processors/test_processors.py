"""The int8 models on older processors: the same answers, unless quantized without care for them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from edgetlc.calibration.config import CalibrationConfig
from edgetlc.calibration.quantize_run import quantize_run
from edgetlc.data.photos import PhotoSet
from edgetlc.export.export_run import export_run
from edgetlc.export.thresholds import ThresholdTargets
from edgetlc.models.int8_checkpoint import RECORD_FILE
from edgetlc.parity.reports import read_reports
from edgetlc.parity.verification import CandidateReport
from edgetlc.parity.verify import verify
from edgetlc.runtime.bundle import Bundle

HERE = Path(__file__).parent
FLAGS = {"AVX2": "avx2", "AVX512_CORE": "avx512bw", "AVX512_CORE_VNNI": "avx512_vnni"}
OLD, NEW = "AVX2", "AVX512_CORE_VNNI"

pytestmark = pytest.mark.slow


def processor_flags() -> set[str]:
    try:
        return set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        return set()


def run_script(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a script with this Python's `edgetlc` first on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", str(HERE / name), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"PATH": path}
    )


@pytest.fixture(scope="module")
def avx2_report(
    photos_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """`avx2_report(bundle, isa, model=)` classifies the generated photos under avx2.sh."""
    folder = tmp_path_factory.mktemp("processors")

    def make(bundle: Path, isa: str, model: str = "onnx-int8") -> Path:
        if FLAGS[isa] not in processor_flags():
            pytest.skip(f"this processor has no {isa}")
        path = folder / f"{bundle.stem}.{model}.{isa}.json"
        if not path.exists():
            ran = run_script("avx2.sh", bundle, photos_folder, path, isa, model)
            assert ran.returncode == 0, ran.stderr
        return path

    return make


@pytest.fixture(scope="module")
def saturating_bundle(
    quantized_run: Path, photo_set: PhotoSet, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A bundle as `tiny_bundle` whose int8 weights fill all 8 bits, against its record's word."""
    import nncf
    from nncf.quantization.advanced_parameters import OverflowFix

    quantize = nncf.quantize

    def damaged(*arguments, advanced_parameters, **named):
        advanced_parameters.overflow_fix = OverflowFix.DISABLE
        return quantize(*arguments, advanced_parameters=advanced_parameters, **named)

    folder = tmp_path_factory.mktemp("saturating")
    run = shutil.copytree(quantized_run, folder / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nncf, "quantize", damaged)
        quantize_run(run, photo_set, CalibrationConfig(16))
    record = json.loads((run / RECORD_FILE).read_text(encoding="utf-8"))
    assert record["settings"]["overflow_fix"] == "enable"
    bundle = folder / "saturating.bundle"
    always = ThresholdTargets(reject_below=0, genuine_below=0)
    export_run(run, photo_set, bundle, formats=("onnx",), targets=always)
    return bundle


def answers(report: Path) -> Mapping[str, Mapping[str, float]]:
    """Return the probabilities by the photo's digest."""
    document = json.loads(report.read_text(encoding="utf-8"))
    return {one["sha256"]: one["probabilities"] for one in document["predictions"]}


def compare(one: Path, other: Path) -> tuple[int, float]:
    """Return how many photos are answered differently, and the largest change of a probability.

    Both are printed: `pytest -rP` shows them.
    """
    a, b = answers(one), answers(other)
    assert a.keys() == b.keys()
    rows = [np.array([[p[photo][name] for name in a[photo]] for photo in a]) for p in (a, b)]
    flips = int((rows[0].argmax(axis=1) != rows[1].argmax(axis=1)).sum())
    change = float(np.abs(rows[0] - rows[1]).max())
    print(f"{one.stem}: {flips} of {len(a)} answers changed, a probability by up to {change:.2g}")
    return flips, change


def changed_answers(column: CandidateReport) -> set[tuple[int, str]]:
    assert len(column.flips) == column.flips_in_all
    return {(flip.photo, flip.candidate) for flip in column.flips}


@pytest.mark.parametrize("model", ["onnx-int8", "openvino-int8"])
@pytest.mark.parametrize("isa", [OLD, "AVX512_CORE"])
def test_an_older_processor_answers_the_same(
    tiny_bundle: Path, avx2_report: Callable[..., Path], isa: str, model: str
) -> None:
    flips, change = compare(
        avx2_report(tiny_bundle, isa, model), avx2_report(tiny_bundle, NEW, model)
    )
    assert flips == 0
    assert change < 1e-5


@pytest.mark.parametrize("isa", [OLD, "AVX512_CORE"])
def test_weights_that_fill_8_bits_are_caught(
    saturating_bundle: Path, avx2_report: Callable[..., Path], isa: str
) -> None:
    """Without VNNI, pairs of products are added in 16 bits, which holds 7-bit weights only."""
    flips, change = compare(
        avx2_report(saturating_bundle, isa), avx2_report(saturating_bundle, NEW)
    )
    assert flips > 0
    assert change > 0.02


def test_an_older_processor_is_a_column_like_any_other(
    tiny_bundle: Path, photo_set: PhotoSet, avx2_report: Callable[..., Path]
) -> None:
    bundle = Bundle.open(tiny_bundle)
    reports = read_reports([avx2_report(tiny_bundle, OLD)], bundle)
    pairs = [(bundle.model("onnx-int8"), "openvino")]
    here, there = verify(bundle, photo_set, candidates=pairs, reports=reports).candidates
    assert f"held to {OLD}" in there.machine
    assert there.pooled.photos == len(photo_set.photos)
    assert changed_answers(there) == changed_answers(here)
    assert there.pooled.largest_change == pytest.approx(here.pooled.largest_change, abs=1e-5)


def test_arm_kernels_answer_like_those_here(
    tiny_bundle: Path, photos_folder: Path, photo_set: PhotoSet, tmp_path: Path
) -> None:
    root = os.environ.get("EDGETLC_AARCH64_ROOT")
    if not root:
        pytest.skip("EDGETLC_AARCH64_ROOT names no folder for aarch64.sh; it downloads 70 MB there")
    path = tmp_path / "aarch64.json"
    ran = run_script("aarch64.sh", tiny_bundle, photos_folder, path, root)
    assert ran.returncode == 0, ran.stderr
    bundle = Bundle.open(tiny_bundle)
    pairs = [(bundle.model("onnx-int8"), "onnxruntime")]
    reports = read_reports([path], bundle)
    here, there = verify(bundle, photo_set, candidates=pairs, reports=reports).candidates
    assert "aarch64" in there.machine
    assert there.pooled.photos == len(photo_set.photos)
    assert changed_answers(there) == changed_answers(here)
    assert there.pooled.largest_change == pytest.approx(here.pooled.largest_change, abs=0.01)


@pytest.fixture(scope="module")
def wasm_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where wasm.sh keeps its engine for this run."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed; wasm.sh needs both")
    return tmp_path_factory.mktemp("wasm") / "root"


@pytest.mark.parametrize(("model", "tolerance"), [("onnx-int8", 0.01), ("onnx-fp32", 1e-5)])
def test_the_browsers_engine_answers_like_the_one_here(
    tiny_bundle: Path,
    photos_folder: Path,
    photo_set: PhotoSet,
    wasm_root: Path,
    tmp_path: Path,
    model: str,
    tolerance: float,
) -> None:
    """The pixel step's last bits differ; int8 turns one now and then into a rounding step."""
    path = tmp_path / "wasm.json"
    ran = run_script("wasm.sh", tiny_bundle, photos_folder, path, wasm_root, model)
    if not wasm_root.exists():
        pytest.skip(f"npm cannot install onnxruntime-web here: {ran.stderr.strip()[-200:]}")
    assert ran.returncode == 0, ran.stderr
    bundle = Bundle.open(tiny_bundle)
    pairs = [(bundle.model(model), "onnxruntime")]
    reports = read_reports([path], bundle)
    here, there = verify(bundle, photo_set, candidates=pairs, reports=reports).candidates
    assert there.engine.startswith("onnxruntime-web")
    assert "WebAssembly on one thread" in there.machine
    assert there.pooled.photos == len(photo_set.photos)
    assert changed_answers(there) == changed_answers(here)
    assert there.pooled.largest_change == pytest.approx(here.pooled.largest_change, abs=tolerance)


def test_the_scripts_refuse_what_they_cannot_do(small_bundle: Path, tmp_path: Path) -> None:
    arguments = (small_bundle, small_bundle.parent, tmp_path / "x.json")
    unknown = run_script("avx2.sh", *arguments, "AVX3")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "unknown instruction set AVX3; use AVX2, AVX512_CORE or" in unknown.stderr
    for script in ("avx2.sh", "aarch64.sh", "wasm.sh"):
        usage = run_script(script, small_bundle)
        assert usage.returncode == 2
        assert "BUNDLE PHOTOS OUTPUT.json" in usage.stderr
    assert not (tmp_path / "x.json").exists()
