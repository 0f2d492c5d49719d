from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.export import export_run as module
from edgetlc.export.export_run import TOOLS, export_run
from edgetlc.export.thresholds import ThresholdTargets
from edgetlc.files import sha256_file
from edgetlc.models.checkpoint import CHECKPOINT_FILE, load_checkpoint, save_checkpoint
from edgetlc.models.int8_checkpoint import INT8_FILE, RECORD_FILE
from edgetlc.models.reference import ReferenceModel
from edgetlc.parity.judgement import VerificationConfig
from edgetlc.parity.rule import Rule
from edgetlc.parity.verified_export import export_verified
from edgetlc.parity.verify import default_candidates, verify
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.verification import recorded_verification

LinkedCopy = Callable[[Path, Path], Path]


@pytest.fixture
def run(quantized_run: Path, tmp_path: Path, linked_copy: LinkedCopy) -> Path:
    return linked_copy(quantized_run, tmp_path / "run")


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused must be refused before the network is converted."""

    def worked(*_: object) -> None:
        raise AssertionError("converted first")

    monkeypatch.setattr(module, "deployable", worked)
    monkeypatch.setattr(module, "network_graph", worked)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models are three bytes long and nothing is golden, to spare time."""
    monkeypatch.setattr(module, "model_files", lambda *names: {f"model.{names[2]}": b"abc"})
    monkeypatch.setattr(module, "golden_files", lambda *_: {})


class TestBundle:
    @pytest.fixture
    def bundle(self, tiny_bundle: Path) -> Bundle:
        return Bundle.open(tiny_bundle)

    def test_every_format_in_both_precisions(self, bundle: Bundle) -> None:
        assert {model.id for model in bundle.manifest.models} == {
            f"{format_}-{precision}"
            for format_ in ("onnx", "ort", "openvino")
            for precision in ("fp32", "int8")
        }
        assert bundle.check() == ()

    def test_what_the_checkpoint_says(self, bundle: Bundle, quantized_run: Path) -> None:
        checkpoint = load_checkpoint(quantized_run)
        assert bundle.manifest.classes == checkpoint.classes
        assert bundle.manifest.contract == checkpoint.contract
        assert set(bundle.manifest.decision) == {"fp32", "int8"}
        record = json.loads((quantized_run / RECORD_FILE).read_text(encoding="utf-8"))
        assert bundle.manifest.decision["fp32"].temperature == 1.5
        assert bundle.manifest.decision["int8"].temperature == record["temperature"] != 1.5
        for policy in bundle.manifest.decision.values():
            assert policy.wrong is not None
            assert not policy.wrong.holds, "six photos cannot show 5 %"

    def test_provenance(self, bundle: Bundle, quantized_run: Path) -> None:
        provenance = bundle.manifest.provenance
        checkpoint = load_checkpoint(quantized_run)
        assert provenance["architecture"] == "slim-resnet18"
        assert provenance["checkpoint_sha256"] == sha256_file(quantized_run / CHECKPOINT_FILE)
        assert provenance["temperature"] == checkpoint.temperature
        assert provenance["training"] == checkpoint.provenance
        assert set(provenance["versions"]) == set(TOOLS)
        record = json.loads((quantized_run / RECORD_FILE).read_text(encoding="utf-8"))
        assert provenance["quantization"] == record

    def test_no_place_on_the_workstation_is_told(
        self, bundle: Bundle, photos_folder: Path, quantized_run: Path
    ) -> None:
        text = json.dumps(bundle.manifest.to_json())
        assert str(photos_folder) not in text
        assert str(quantized_run.parent) not in text

    def test_answers_are_those_of_the_float_reference(
        self, bundle: Bundle, quantized_run: Path, photo_set: PhotoSet
    ) -> None:
        reference = ReferenceModel(load_checkpoint(quantized_run))
        float_models = [m.id for m in bundle.manifest.models if m.precision == "fp32"]
        candidates = default_candidates(bundle, float_models)
        found = verify(bundle, photo_set.part("test"), reference=reference, candidates=candidates)
        assert len(found.candidates) == 4
        for report in found.candidates:
            assert report.pooled.agreement == 1.0
            assert report.pooled.largest_change < 1e-3
            assert report.location.largest_pixels is not None
            assert report.location.largest_pixels < 1e-3


@pytest.mark.usefixtures("quick")
def test_float_only_where_the_run_is_not_quantized(
    tiny_run: Path, photo_set: PhotoSet, tmp_path: Path
) -> None:
    bundle = export_run(
        tiny_run,
        photo_set,
        tmp_path / "b",
        formats=("onnx",),
        targets=ThresholdTargets(reject_below=0.7),
    )
    assert [model.id for model in bundle.manifest.models] == ["onnx-fp32"]
    assert bundle.manifest.provenance["quantization"] is None
    policy = bundle.manifest.decision["fp32"]
    assert (policy.reject_below, policy.genuine_below) == (0.7, 0.9)


@pytest.mark.usefixtures("no_work")
class TestRefusals:
    def test_int8_that_was_never_made(
        self, tiny_run: Path, photo_set: PhotoSet, tmp_path: Path
    ) -> None:
        with pytest.raises(InputError, match=r"no int8 network in .*run 'edgetlc quantize"):
            export_run(tiny_run, photo_set, tmp_path / "b", precisions=("int8",))
        assert not (tmp_path / "b").exists()

    def test_int8_of_another_checkpoint(
        self, run: Path, photo_set: PhotoSet, tmp_path: Path
    ) -> None:
        checkpoint = replace(load_checkpoint(run), temperature=3.0)
        (run / CHECKPOINT_FILE).unlink()
        save_checkpoint(run / CHECKPOINT_FILE, checkpoint)
        with pytest.raises(InputError, match=r"tells of another model\.safetensors; run"):
            export_run(run, photo_set, tmp_path / "b")

    def test_int8_network_that_was_changed(
        self, run: Path, photo_set: PhotoSet, tmp_path: Path
    ) -> None:
        content = bytearray((run / INT8_FILE).read_bytes())
        content[len(content) // 2] ^= 1
        (run / INT8_FILE).unlink()
        (run / INT8_FILE).write_bytes(content)
        with pytest.raises(InputError, match=r"tells of another network\.int8\.onnx; run"):
            export_run(run, photo_set, tmp_path / "b")

    def test_record_is_gone(self, run: Path, photo_set: PhotoSet, tmp_path: Path) -> None:
        (run / RECORD_FILE).unlink()
        with pytest.raises(InputError, match="no quantization record at"):
            export_run(run, photo_set, tmp_path / "b")

    def test_output_that_exists(self, run: Path, photo_set: PhotoSet, tmp_path: Path) -> None:
        output = tmp_path / "taken"
        output.mkdir()
        (output / "mine.txt").write_text("kept")
        with pytest.raises(InputError, match="exists already; choose another output or pass"):
            export_run(run, photo_set, output)
        assert (output / "mine.txt").read_text() == "kept"

    def test_no_checkpoint(self, photo_set: PhotoSet, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no checkpoint at"):
            export_run(tmp_path, photo_set, tmp_path / "b")

    def test_no_validation_part(self, tiny_run: Path, photo_set: PhotoSet, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no photo is in part val"):
            export_run(tiny_run, photo_set.part("train"), tmp_path / "b")
        assert not (tmp_path / "b").exists()


@pytest.mark.usefixtures("quick")
def test_overwrite_never_replaces_what_is_no_bundle(
    tiny_run: Path, photo_set: PhotoSet, tmp_path: Path
) -> None:
    output = tmp_path / "photos"
    output.mkdir()
    (output / "mine.jpg").write_bytes(b"kept")
    with pytest.raises(InputError):
        export_run(tiny_run, photo_set, output, formats=("onnx",), overwrite=True)
    assert [file.name for file in output.iterdir()] == ["mine.jpg"]


class TestRequireVerified:
    """The bundle appears with its verification, or not at all."""

    def photos(self, photo_set: PhotoSet) -> PhotoSet:
        """More test photos than the set has: its training part is called one."""
        photos = [p if p.part == "val" else replace(p, part="test") for p in photo_set.photos]
        return replace(photo_set, photos=tuple(photos))

    def test_one_that_passes_carries_its_verification(
        self, tiny_run: Path, photo_set: PhotoSet, tmp_path: Path
    ) -> None:
        wide = Rule(margin=0.4)
        found, bundle = export_verified(
            tiny_run,
            self.photos(photo_set),
            tmp_path / "b",
            config=VerificationConfig(wide, false_genuine_margin=0.5),
            formats=("onnx",),
        )
        assert found.verdict == "PASS"
        assert bundle is not None
        recorded = recorded_verification(bundle)
        assert recorded is not None
        assert recorded.status("onnx-fp32", "onnxruntime", "iphone-11") == "PASS"
        assert sorted(file.name for file in tmp_path.iterdir()) == ["b"]

    def test_one_that_does_not_is_not_left(
        self, tiny_run: Path, photo_set: PhotoSet, tmp_path: Path
    ) -> None:
        found, bundle = export_verified(tiny_run, photo_set, tmp_path / "b", formats=("onnx",))
        assert (found.verdict, bundle) == ("INSUFFICIENT", None)
        assert list(tmp_path.iterdir()) == []
