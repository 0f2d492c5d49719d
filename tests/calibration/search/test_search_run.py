"""The whole search of a trained run and a student; the slow tests quantize for real."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from edgetlc.calibration import quantize_run as quantize_module
from edgetlc.calibration.confidence import refit
from edgetlc.calibration.config import CalibrationConfig, QuantizationConfig, SearchConfig
from edgetlc.calibration.measurement import compare, logits_of
from edgetlc.calibration.preparation import WORK_FOLDER, Preparation
from edgetlc.calibration.quantize_run import MeasuredNetwork
from edgetlc.calibration.quantizer import Quantized
from edgetlc.calibration.search import run as module
from edgetlc.calibration.search.result import SearchResult
from edgetlc.calibration.search.run import next_steps, search_run
from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.files import read_json, sha256_file
from edgetlc.models.checkpoint import CHECKPOINT_FILE, load_checkpoint, save_checkpoint
from edgetlc.models.int8_checkpoint import INT8_FILE, RECORD_FILE
from edgetlc.progress import Silent, reporting
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.contract import PixelContract

FEW = CalibrationConfig(count=16)
NAMES = ("float", "int8", "int8-mixed-preset", "int8-accurate-bias", "int8-and-float")
STUDENT = ("small float", "small int8")


@pytest.fixture(scope="module")
def student(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same network for smaller photos, which makes it another one."""
    folder = tmp_path_factory.mktemp("students") / "small"
    checkpoint = replace(load_checkpoint(tiny_run), contract=PixelContract(size=48))
    save_checkpoint(folder / CHECKPOINT_FILE, checkpoint)
    return folder


def lightly(ready: Preparation, photos: PhotoSet, config: QuantizationConfig) -> MeasuredNetwork:
    """Stand in for `quantize_and_measure`: weights of half the digits, by the config."""
    model = onnx.ModelProto()
    model.CopyFrom(ready.network)
    last = 2 if "mixed" in str(config) else 3 if "accurate" in str(config) else 1
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) == 4:
            rough = numpy_helper.to_array(tensor).astype(np.float16) * np.float16(1 + last / 1024)
            tensor.CopyFrom(numpy_helper.from_array(rough.astype(np.float32), tensor.name))
    before, after = ready.float_logits, logits_of(model, ready.validation)
    truth = ready.validation.truth
    return MeasuredNetwork(
        Quantized(model, 20, 1, {"left_in_float": "head"}),
        (),
        compare(before, after, ready.validation),
        refit(before, after, truth, ready.checkpoint.temperature),
    )


@pytest.fixture(scope="module")
def run(tiny_run: Path, linked_copy: Callable[[Path, Path], Path], tmp_path_factory: Any) -> Path:
    return linked_copy(tiny_run, tmp_path_factory.mktemp("searched") / "run")


@pytest.fixture(scope="module")
def found(run: Path, student: Path, quantized_run: Path, photo_set: PhotoSet) -> SearchResult:
    """A search with `lightly` in place of real quantization.

    The second student, a copy of the run, has an int8 network.
    """
    config = SearchConfig(max_drop=0.9, students=(student, quantized_run), rounds=3, threads=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "quantize_and_measure", lightly)
        return search_run(run, photo_set, FEW, config)


def test_every_candidate_is_a_row_or_left_out_with_its_reason(found: SearchResult) -> None:
    assert [row.name for row in found.rows] == [*NAMES[:-1], *STUDENT, "run int8"]
    left_out = dict(found.left_out)
    assert left_out == {
        "int8-and-float": "the same network as int8",
        "run float": "the same network as float",
    }
    small = {row.name: row.size for row in found.rows if row.size != 64}
    assert small == dict.fromkeys(STUDENT, 48)
    assert found.row("small int8").how.startswith("student slim-resnet18 ")


def test_float_is_the_measure_of_students_too(found: SearchResult) -> None:
    original = found.row("float").measurement
    assert (original.agreement, original.worst_drop) == (1, 0)
    for row in found.rows:
        assert row.measurement.photos == original.photos
        assert row.measurement.float_accuracy == original.accuracy


def test_what_is_recommended_is_installed(found: SearchResult, run: Path, student: Path) -> None:
    unmeasured = [told for told in found.recommendations if told.measure is not None]
    assert {told.candidate for told in unmeasured} == {"run int8"}  # alone is smaller than float
    assert (run / INT8_FILE).exists() == (found.to_install is not None)
    for folder in (run, student):
        assert not (folder / WORK_FOLDER).exists()
    assert not (student / INT8_FILE).exists()  # a search installs nothing in other runs


def test_a_student_keeps_the_int8_network_that_it_has(
    found: SearchResult, quantized_run: Path
) -> None:
    assert found.row("run int8").network == sha256_file(quantized_run / INT8_FILE)
    assert found.row("run int8").size == 64


def test_next_steps_name_every_run_that_is_recommended(
    found: SearchResult, run: Path, student: Path, quantized_run: Path
) -> None:
    def steps(*candidates: str) -> list[str]:
        one = found.recommendations[0]
        told = tuple(replace(one, candidate=name) for name in candidates)
        again = replace(found, recommendations=told)
        return list(next_steps(again, run, (student, quantized_run)))

    assert steps("int8", "float") == [f"int8 is now the int8 network of {run}"]
    (float_only,) = steps("float")
    assert f"'edgetlc export {run} --precision fp32'" in float_only
    (small,) = steps("small int8")
    assert f"'edgetlc quantize {student}', then 'edgetlc export {student}'" in small
    (small,) = steps("small float")
    assert f"'edgetlc export {student} --precision fp32'" in small


class TestRefusals:
    def refused(self, run: Path, photos: PhotoSet, *students: Path) -> str:
        with pytest.raises(InputError) as told:
            search_run(run, photos, FEW, SearchConfig(students=students))
        return str(told.value)

    def test_the_run_as_its_own_student(self, tiny_run: Path, photo_set: PhotoSet) -> None:
        assert "given twice" in self.refused(tiny_run, photo_set, tiny_run)

    def test_a_student_given_twice(
        self, tiny_run: Path, student: Path, photo_set: PhotoSet
    ) -> None:
        again = student.parent / ".." / student.parent.name / student.name
        assert "given twice" in self.refused(tiny_run, photo_set, student, again)

    def test_two_students_of_one_name(
        self, tiny_run: Path, student: Path, photo_set: PhotoSet, tmp_path: Path
    ) -> None:
        other = Path(shutil.copytree(student, tmp_path / "small"))
        assert "two students are called small" in self.refused(tiny_run, photo_set, student, other)

    def test_another_training_part(
        self, tiny_run: Path, student: Path, photo_set: PhotoSet, tmp_path: Path
    ) -> None:
        checkpoint = load_checkpoint(student)
        data = {"train_digest": "0" * 64}
        other = replace(checkpoint, provenance={**checkpoint.provenance, "data": data})
        save_checkpoint(tmp_path / "other" / CHECKPOINT_FILE, other)
        said = self.refused(tiny_run, photo_set, tmp_path / "other")
        assert "was trained on other photos than" in said

    def test_other_classes(
        self, tiny_run: Path, student: Path, photo_set: PhotoSet, tmp_path: Path
    ) -> None:
        checkpoint = load_checkpoint(student)
        classes = (*checkpoint.classes[:-1], ClassInfo("cube", "方", "cube"))
        save_checkpoint(tmp_path / "other" / CHECKPOINT_FILE, replace(checkpoint, classes=classes))
        said = self.refused(tiny_run, photo_set, tmp_path / "other")
        assert "knows the classes disc, ring, cube" in said

    def test_no_checkpoint(self, tiny_run: Path, photo_set: PhotoSet, tmp_path: Path) -> None:
        assert "no checkpoint" in self.refused(tiny_run, photo_set, tmp_path / "nothing")


@pytest.mark.slow
def test_for_real_interrupted_and_resumed(
    tiny_run: Path,
    student: Path,
    photo_set: PhotoSet,
    linked_copy: Callable[[Path, Path], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = linked_copy(tiny_run, tmp_path / "run")
    config = SearchConfig(max_drop=0.5, students=(student,), rounds=3, threads=1)
    configs: list[Any] = []
    quantize = quantize_module.quantize

    def counted(network: Any, images: Any, config: Any) -> Any:
        configs.append(config)
        return quantize(network, images, config)

    class Interrupting(Silent):
        def note(self, text: str) -> None:
            if text.startswith("candidate 3"):
                raise KeyboardInterrupt

    monkeypatch.setattr(quantize_module, "quantize", counted)
    with reporting(Interrupting()), pytest.raises(KeyboardInterrupt):
        search_run(run, photo_set, FEW, config)
    (begun,) = configs
    assert not (run / INT8_FILE).exists()
    found = search_run(run, photo_set, FEW, config, resume=True)
    assert configs[1:].count(begun) == 1  # the student's, as by default

    names = {row.name for row in found.rows} | {name for name, _ in found.left_out}
    assert names == {*NAMES, *STUDENT}
    assert found.row("int8").bytes < 0.35 * found.row("float").bytes
    assert found.to_install is not None
    record = read_json(run / RECORD_FILE, "record")
    assert record["network"] == found.row(found.to_install).network == sha256_file(run / INT8_FILE)
    assert record["checkpoint"] == sha256_file(run / CHECKPOINT_FILE)
    assert not (run / WORK_FOLDER).exists()
