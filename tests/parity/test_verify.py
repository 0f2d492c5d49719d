"""`verify` with engines that answer by script: a photo's colour is its number in the set."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import InputError
from edgetlc.parity import verify as module
from edgetlc.parity.judgement import VerificationConfig
from edgetlc.parity.reports import record
from edgetlc.parity.rule import Rule
from edgetlc.parity.verification import CandidateReport, Location
from edgetlc.parity.verify import (
    CollectionConfig,
    collect_answers,
    default_candidates,
    judge_folders,
    verify,
)
from edgetlc.progress import Silent, reporting
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.engines import Engine, Output
from edgetlc.runtime.pixels import Pixels
from edgetlc.runtime.policy import DecisionPolicy
from edgetlc.runtime.schema import BundleManifest, ModelRecord
from edgetlc.statistics import betting

CLASSES = (
    ClassInfo("chenpi", "陈皮", "aged tangerine peel", "genuine"),
    ClassInfo("guangchenpi", "广陈皮", "Xinhui peel", "genuine"),
    ClassInfo("orange", "橙皮", "orange peel", "counterfeit"),
)
PLAIN = tuple(replace(info, role="unspecified") for info in CLASSES)
WIDE = VerificationConfig(rule=Rule(margin=0.35))
"""7 photos without harm certify 35 %; the bundles' classes have no roles unless told."""


def model(id_: str, *engines: str) -> ModelRecord:
    format_, precision = id_.split("-")
    return ModelRecord(id_, format_, precision, engines, (f"model.{precision}.{format_}",))  # type: ignore[arg-type]


FP32 = model("onnx-fp32", "onnxruntime", "openvino")
INT8 = model("onnx-int8", "onnxruntime", "openvino")
ORT = model("ort-int8", "onnxruntime")
IR = model("openvino-int8", "openvino")


class Scripted:
    """Answers photo k with class `answers[k]`, at `confidence`, and sees it `brighter`."""

    def __init__(
        self, answers: Sequence[int], name: str, confidence: float = 0.8, brighter: float = 0.0
    ) -> None:
        self.name = name
        self.answers = list(answers)
        self.confidence = confidence
        self.brighter = brighter

    def run(self, pixels: Pixels, images: bool = False) -> Output:
        number = int(pixels[0, 0, 0, 0])
        seen = np.full((1, 3, 32, 32), number + self.brighter, np.float32)
        return replace(self._answer(number), images=seen if images else None)

    def _answer(self, number: int) -> Output:
        row = np.full((1, 3), (1 - self.confidence) / 2, np.float32)
        row[0, self.answers[number]] = self.confidence
        return Output(row, np.zeros((1, 3, 1, 1), np.float32))


class Network(Scripted):
    """A reference that can be asked about images: those half a level off are another photo."""

    def classify_images(self, images: NDArray[np.float32]) -> Output:
        level = float(images[0, 0, 0, 0])
        return self._answer(int(level) + (0 if level.is_integer() else 1))


@dataclass(frozen=True)
class ScriptedBundle(Bundle):
    """A bundle whose models are given, by (model id, engine)."""

    scripted: Mapping[tuple[str, str], Engine]

    def load(
        self, model: ModelRecord, engine: str | None = None, threads: int | None = None
    ) -> Engine:
        return self.scripted[model.id, engine or model.engines[0]]


def bundle(
    *models: ModelRecord, classes: tuple[ClassInfo, ...] = PLAIN, **scripted: Engine
) -> ScriptedBundle:
    """Return a bundle; `onnx_int8__openvino=...` names model and engine."""
    manifest = BundleManifest(
        created="2024-01-01T00:00:00+00:00",
        edgetlc="0",
        classes=classes,
        contract=PixelContract(size=32),
        decision={"fp32": DecisionPolicy(), "int8": DecisionPolicy()},
        models=models,
    )
    engines = {}
    for key, engine in scripted.items():
        id_, _, name = key.partition("__")
        engines[id_.replace("_", "-"), name or "onnxruntime"] = engine
    return ScriptedBundle(Path("scripted"), manifest, "d" * 64, engines)


@pytest.fixture(autouse=True)
def both_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "available_engines", lambda: ("onnxruntime", "openvino"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("numbered")
    paths = [folder / f"{number:02}.png" for number in range(40)]
    for number, path in enumerate(paths):
        Image.new("RGB", (32, 32), (number, 0, 0)).save(path)
    return paths


@pytest.fixture
def photos(files: list[Path]) -> PhotoSet:
    """40 photos: 9 by iphone-11, 16 by redmi-k50, 3 by oppo-reno12, 12 of unknown cameras."""
    cameras = ["iphone-11"] * 9 + ["redmi-k50"] * 16 + ["oppo-reno12"] * 3 + [None] * 12
    shots = [
        Photo(path, CLASSES[number % 3].name, camera)
        for number, (path, camera) in enumerate(zip(files, cameras, strict=True))
    ]
    return PhotoSet(tuple(shots), CLASSES)


TRUTH = [number % 3 for number in range(40)]


class Notes(Silent):
    """Keeps what is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)


def wrong_at(*numbers: int, instead: int | None = None) -> list[int]:
    """Return the truth with wrong answers for some photos."""
    answers = list(TRUTH)
    for number in numbers:
        answers[number] = (answers[number] + 1) % 3 if instead is None else instead
    return answers


def engine(answers: Sequence[int] = TRUTH, name: str = "onnxruntime 9", **more: float) -> Scripted:
    return Scripted(answers, name, **more)


class TestVerdicts:
    def test_pass_fail_and_insufficient_per_camera(self, photos: PhotoSet) -> None:
        harmed = wrong_at(*range(9, 24))  # 15 of the 16 photos of redmi-k50
        found = verify(
            bundle(FP32, INT8, onnx_fp32=engine(), onnx_int8=engine(harmed, "onnxruntime 9")),
            photos,
            candidates=[(INT8, "onnxruntime")],
            config=WIDE,
        )
        (report,) = found.candidates
        assert [(v.tally.camera, v.tally.n, v.verdict) for v in report.cameras] == [
            ("iphone-11", 9, "PASS"),
            ("oppo-reno12", 3, "INSUFFICIENT"),
            ("redmi-k50", 16, "FAIL"),
            (None, 12, "PASS"),
        ]
        assert report.verdict == found.verdict == "FAIL"
        k50 = report.cameras[2].tally
        assert (k50.b, k50.c, k50.agree, k50.reference_correct) == (15, 0, 1, 16)
        assert report.cameras[1].photos_needed == 4

    def test_all_pass(self, photos: PhotoSet) -> None:
        enough = replace(photos, photos=photos.photos[:21])
        found = verify(
            bundle(FP32, INT8, onnx_fp32=engine(), onnx_int8=engine()),
            enough,
            candidates=[(INT8, "onnxruntime")],
            config=WIDE,
        )
        assert found.verdict == "PASS"
        assert {v.verdict for v in found.candidates[0].cameras} == {"PASS"}

    def test_two_percent_are_the_default_and_need_more_photos(self, photos: PhotoSet) -> None:
        found = verify(bundle(FP32, onnx_fp32=engine()), photos, candidates=[(FP32, "onnxruntime")])
        assert found.rule == Rule(0.02, 0.95)
        assert found.verdict == "INSUFFICIENT"
        assert found.candidates[0].cameras[0].photos_needed == 149 - 9

    def test_every_candidate_must_pass(self, photos: PhotoSet) -> None:
        enough = replace(photos, photos=photos.photos[:21])
        found = verify(
            bundle(
                FP32,
                INT8,
                onnx_fp32=engine(),
                onnx_int8=engine(),
                onnx_int8__openvino=engine(wrong_at(*range(9, 21)), "openvino 9"),
            ),
            enough,
            candidates=[(INT8, "onnxruntime"), (INT8, "openvino")],
            config=WIDE,
        )
        assert [(r.model, r.engine, r.verdict) for r in found.candidates] == [
            ("onnx-int8", "onnxruntime 9", "PASS"),
            ("onnx-int8", "openvino 9", "FAIL"),
        ]
        assert found.verdict == "FAIL"

    def test_gains_are_no_harm(self, photos: PhotoSet) -> None:
        enough = replace(photos, photos=photos.photos[:9])
        found = verify(
            bundle(FP32, INT8, onnx_fp32=engine(wrong_at(0, 1)), onnx_int8=engine()),
            enough,
            candidates=[(INT8, "onnxruntime")],
            config=WIDE,
        )
        tally = found.candidates[0].cameras[0].tally
        assert (tally.b, tally.c, tally.agree, tally.n) == (0, 2, 7, 9)
        assert found.candidates[0].cameras[0].verdict == "PASS"
        pooled = found.candidates[0].pooled
        assert (pooled.candidate_accuracy, pooled.reference_accuracy, pooled.agreement) == (
            1.0,
            pytest.approx(7 / 9),
            pytest.approx(7 / 9),
        )


class TestReport:
    def test_cameras_without_photos_are_untested(self, photos: PhotoSet) -> None:
        listed = ["redmi-k30s", "iphone-11", "redmi-k50", "honor-x40-gt"]
        found = verify(
            bundle(FP32, onnx_fp32=engine()),
            photos,
            candidates=[(FP32, "onnxruntime")],
            config=VerificationConfig(cameras=tuple(listed)),
        )
        assert found.untested == ("redmi-k30s", "honor-x40-gt")

    def test_counterfeits_called_genuine(self, photos: PhotoSet) -> None:
        # Counterfeits are the photos 2, 5, 8, ...: 13 of them.
        before = wrong_at(2, instead=0)
        after = wrong_at(2, 5, 8, instead=1)
        after[0] = 2  # a genuine piece called counterfeit is another mistake
        models = {"onnx_fp32": engine(before), "onnx_int8": engine(after)}
        found = verify(
            bundle(FP32, INT8, classes=CLASSES, **models),
            photos,
            candidates=[(INT8, "onnxruntime")],
        )
        (report,) = found.candidates
        assert report.gate is not None
        assert report.gate.candidate.photos == 13
        assert (report.gate.reference.called, report.gate.candidate.called) == (1, 3)
        assert report.gate.pooled.tally.b == 2
        assert report.roles["counterfeit to genuine"] == 2
        assert report.roles["genuine to counterfeit"] == 1

    def test_largest_change_of_a_probability(self, photos: PhotoSet) -> None:
        found = verify(
            bundle(FP32, INT8, onnx_fp32=engine(), onnx_int8=engine(confidence=0.65)),
            photos,
            candidates=[(INT8, "onnxruntime")],
        )
        assert found.candidates[0].pooled.largest_change == pytest.approx(0.15, abs=1e-6)
        assert {v.tally.agreement for v in found.candidates[0].cameras} == {1.0}

    def test_unreadable_photos_are_left_out(self, photos: PhotoSet, tmp_path: Path) -> None:
        broken = tmp_path / "broken.jpg"
        broken.write_bytes(b"nothing of the kind")
        first, *rest = photos.photos
        found = verify(
            bundle(FP32, INT8, onnx_fp32=engine(), onnx_int8=engine()),
            replace(photos, photos=(replace(first, path=broken), *rest)),
            candidates=[(INT8, "onnxruntime")],
        )
        ((file, reason),) = found.unreadable
        assert file == str(broken)
        assert reason
        assert sum(v.tally.n for v in found.candidates[0].cameras) == 39

    def test_simulated_photos_mark_the_report(self, photos: PhotoSet) -> None:
        first, *rest = photos.photos
        given = bundle(FP32, onnx_fp32=engine())
        chosen = [(FP32, "onnxruntime")]
        marked = replace(photos, photos=(replace(first, simulated=True), *rest))
        assert verify(given, marked, candidates=chosen).simulated
        assert not verify(given, photos, candidates=chosen).simulated

    def test_photos_that_training_saw_give_no_pass_and_no_record(self, photos: PhotoSet) -> None:
        given, chosen = bundle(FP32, onnx_fp32=engine()), [(FP32, "onnxruntime")]
        first, *rest = photos.photos[:25]
        enough = replace(photos, photos=(first, *rest))
        assert verify(given, enough, candidates=chosen, config=WIDE).verdict == "PASS"
        for part in ("train", "val"):
            seen = replace(photos, photos=(replace(first, part=part), *rest))
            found = verify(given, seen, candidates=chosen, config=WIDE)
            assert (found.seen_by_training, found.verdict) == (True, "INSUFFICIENT")
            with pytest.raises(InputError, match="not recorded: training has seen photos"):
                record(given, found)

    def test_json_document(self, photos: PhotoSet) -> None:
        found = verify(
            bundle(FP32, INT8, onnx_fp32=engine(), onnx_int8=engine(wrong_at(9))),
            photos,
            candidates=[(INT8, "onnxruntime")],
            config=replace(WIDE, cameras=("redmi-k30s",)),
        )
        document = json.loads(json.dumps(found.to_json(), allow_nan=False))
        assert document["bundle_digest"] == "d" * 64
        assert document["rule"] == {"margin": 0.35, "confidence": 0.95, "sequential": False}
        assert document["untested"] == ["redmi-k30s"]
        assert document["verdict"] == found.verdict
        (candidate,) = document["candidates"]
        k50 = candidate["cameras"][2]
        assert k50["tally"] == {
            "camera": "redmi-k50",
            "n": 16,
            "agree": 15,
            "b": 1,
            "c": 0,
            "reference_correct": 16,
            "specimens": None,
            "partly_labelled": False,
            "reference_accuracy": 1.0,
            "candidate_accuracy": pytest.approx(15 / 16),
            "agreement": pytest.approx(15 / 16),
            "drop": pytest.approx(1 / 16),
        }
        assert candidate["cameras"][3]["tally"]["camera"] is None
        assert k50["verdict"] == found.candidates[0].cameras[2].verdict

    def test_classes_are_matched_by_name(self, photos: PhotoSet) -> None:
        turned = replace(photos, classes=CLASSES[::-1])
        found = verify(bundle(FP32, onnx_fp32=engine()), turned, candidates=[(FP32, "onnxruntime")])
        assert found.candidates[0].pooled.reference_accuracy == 1.0


class TestLocation:
    """Another answer is put down to the pixels or to the network, whichever brings it about."""

    def located(self, photos: PhotoSet, reference: Engine, **candidate: float) -> Location:
        found = verify(
            bundle(INT8, onnx_int8=engine(wrong_at(3), **candidate)),
            photos,
            reference=reference,
            candidates=[(INT8, "onnxruntime")],
        )
        (report,) = found.candidates
        (flip,) = report.flips
        assert (flip.photo, flip.kind, report.flips_in_all) == (3, "right_to_wrong", 1)
        assert (flip.reference, flip.candidate) == ("chenpi", "guangchenpi")
        return report.location

    def test_the_same_pixels_leave_the_network(self, photos: PhotoSet) -> None:
        where = self.located(photos, Network(TRUTH, "pytorch 9"))
        assert (where.by_network, where.by_pixels, where.largest_pixels) == (1, 0, 0.0)

    def test_other_pixels_that_change_the_reference_s_answer_too(self, photos: PhotoSet) -> None:
        where = self.located(photos, Network(TRUTH, "pytorch 9"), brighter=0.5)
        assert (where.by_network, where.by_pixels, where.photos_apart) == (0, 1, 40)
        # Half a unit of the normalised image is so many grey levels in its widest channel.
        assert where.largest_pixels == pytest.approx(0.5 * 0.229 * 255, abs=1e-3)

    def test_other_pixels_that_do_not(self, photos: PhotoSet) -> None:
        where = self.located(photos, Network(TRUTH, "pytorch 9"), brighter=3.0)
        # Three photos on, the truth is the same class again.
        assert (where.by_network, where.by_pixels, where.photos_apart) == (1, 0, 40)

    def test_a_reference_that_takes_no_images_cannot_tell(self, photos: PhotoSet) -> None:
        where = self.located(photos, engine(), brighter=0.5)
        assert (where.by_network, where.by_pixels, where.unknown) == (0, 0, 1)


class TestQuestions:
    def report(
        self, photos: PhotoSet, config: VerificationConfig, **more: object
    ) -> CandidateReport:
        models = {"onnx_fp32": engine(), "onnx_int8": engine(wrong_at(9))}
        given = bundle(FP32, INT8, classes=CLASSES, **models)
        pairs = [(INT8, "onnxruntime")]
        found = verify(given, photos, candidates=pairs, config=config, **more)  # type: ignore[arg-type]
        return found.candidates[0]

    def test_label_free_counts_changed_answers(self, photos: PhotoSet) -> None:
        report = self.report(photos, VerificationConfig(labelled=False))
        k50 = report.cameras[2].tally
        assert (k50.b, k50.labelled) == (1, False)
        assert report.pooled.reference_accuracy is None
        assert {flip.kind for flip in report.flips} == {"other"}
        assert {flip.label for flip in report.flips} == {None}

    def test_sequential_judges_every_part_so(self, photos: PhotoSet) -> None:
        rule = Rule(margin=0.3, sequential=True)
        asked = VerificationConfig(rule, false_genuine_margin=0.45, cameras=("redmi-k30s",))
        report = self.report(photos, asked)
        assert report.gate is not None
        parts = report.cameras, report.decisions, report.gate.cameras
        for part, margin in zip(parts, (0.3, 0.3, 0.45), strict=True):
            for v in part:
                found = v.tally.b, v.tally.c, v.tally.n
                assert v.p_within == pytest.approx(betting.p_within(*found, margin))

    def test_groups_count_once_where_no_piece_is_named_and_it_is_told(
        self, photos: PhotoSet
    ) -> None:
        alone = tuple(replace(photo, group=None) for photo in photos.photos)
        grouped = tuple(replace(p, group=f"g{i // 4}") for i, p in enumerate(alone))
        named = tuple(replace(p, piece=f"{i // 6}") for i, p in enumerate(grouped))
        units, told = [], []
        for chosen in (alone, grouped, named):
            notes = Notes()
            with reporting(notes):
                report = self.report(replace(photos, photos=chosen), VerificationConfig())
            units.append(report.cameras[2].tally.units)
            told.append(any("no photo names its piece" in line for line in notes.lines))
        assert units == [16, 5, 10]
        assert told == [False, True, False]

    def test_specimens_count_once(self, photos: PhotoSet) -> None:
        grouped = replace(
            photos,
            photos=tuple(
                replace(photo, group=f"piece {number // 4}")
                for number, photo in enumerate(photos.photos)
            ),
        )
        report = self.report(
            grouped, VerificationConfig(), collection=CollectionConfig(group="group")
        )
        k50 = report.cameras[2].tally
        assert (k50.n, k50.units, k50.unit) == (16, 5, "specimen")

    def test_untested_cameras_withhold_the_pass_if_told(self, photos: PhotoSet) -> None:
        enough = replace(photos, photos=photos.photos[:25])
        given = bundle(FP32, onnx_fp32=engine())
        pairs = [(FP32, "onnxruntime")]
        asked = replace(WIDE, cameras=("redmi-k30s",))
        assert verify(given, enough, candidates=pairs, config=asked).verdict == "PASS"
        strict = replace(asked, require_all=True)
        assert verify(given, enough, candidates=pairs, config=strict).verdict == "INSUFFICIENT"


class TestAnswersFolder:
    def test_kept_answers_are_judged_anew_without_a_model(
        self, photos: PhotoSet, tmp_path: Path
    ) -> None:
        given = bundle(FP32, INT8, onnx_fp32=engine(), onnx_int8=engine(wrong_at(9, 10)))
        pairs = [(INT8, "onnxruntime")]
        asked = verify(given, photos, candidates=pairs, config=WIDE, folder=tmp_path / "a")
        again = judge_folders(bundle(INT8), [tmp_path / "a"], WIDE)
        assert replace(again, created="") == replace(asked, created="")
        tight = judge_folders(bundle(INT8), [tmp_path / "a"])
        assert tight.candidates[0].cameras[0].verdict == "INSUFFICIENT"

    def test_shards_judge_as_the_whole(self, photos: PhotoSet, tmp_path: Path) -> None:
        given = bundle(FP32, INT8, onnx_fp32=engine(), onnx_int8=engine(wrong_at(9, 10)))
        pairs = [(INT8, "onnxruntime")]
        whole = verify(given, photos, candidates=pairs, config=WIDE)
        folders = [tmp_path / str(number) for number in (1, 2, 3)]
        for number, folder in enumerate(folders, start=1):
            collect_answers(
                folder,
                given,
                photos,
                candidates=pairs,
                collection=CollectionConfig(shard=(number, 3)),
            )
        merged = judge_folders(given, folders, WIDE)
        assert replace(merged, created="") == replace(whole, created="")

    def test_answers_of_another_bundle_are_refused(self, photos: PhotoSet, tmp_path: Path) -> None:
        given = bundle(FP32, onnx_fp32=engine())
        verify(given, photos, candidates=[(FP32, "onnxruntime")], folder=tmp_path / "a")
        other = replace(given, digest="e" * 64)
        with pytest.raises(InputError, match="holds answers of the bundle dddddddddddd…"):
            judge_folders(other, [tmp_path / "a"])

    def test_classes_that_the_bundle_does_not_know_are_no_labels(
        self, photos: PhotoSet, tmp_path: Path
    ) -> None:
        """A shard is asked without judging, so judging has to look again."""
        first, *rest = photos.photos
        strange = replace(photos, photos=(replace(first, label="ginger"), *rest))
        given = bundle(FP32, onnx_fp32=engine())
        collect_answers(tmp_path / "a", given, strange, candidates=[(FP32, "onnxruntime")])
        with pytest.raises(InputError, match="photos show ginger; the bundle knows chenpi"):
            judge_folders(given, [tmp_path / "a"])
        assert (
            judge_folders(given, [tmp_path / "a"], VerificationConfig(labelled=False)).photos == 40
        )

    @pytest.mark.parametrize("shard", [(0, 2), (3, 2), (1, 0)])
    def test_shards_out_of_range(self, shard: tuple[int, int]) -> None:
        with pytest.raises(InputError, match="1 <= I <= N"):
            CollectionConfig(shard=shard)


class TestReference:
    def test_the_bundle_s_float_onnx_model_stands_in(self, photos: PhotoSet) -> None:
        given = bundle(ORT, FP32, ort_int8=engine(), onnx_fp32=engine(name="the float one"))
        found = verify(given, photos, candidates=[(ORT, "onnxruntime")])
        assert found.reference == "the float one"

    def test_a_given_one_comes_first(self, photos: PhotoSet) -> None:
        given = bundle(FP32, INT8, onnx_fp32=engine(name="no"), onnx_int8=engine())
        found = verify(
            given,
            photos,
            reference=engine(wrong_at(0), "pytorch 9"),
            candidates=[(INT8, "onnxruntime")],
        )
        assert found.reference == "pytorch 9"
        assert found.candidates[0].cameras[0].tally.c == 1

    def test_there_is_none(self, photos: PhotoSet) -> None:
        float_ir = model("openvino-fp32", "openvino")
        with pytest.raises(InputError, match=r"no fp32 ONNX model.*--reference RUN"):
            verify(bundle(INT8, float_ir, onnx_int8=engine()), photos)


class TestRefusals:
    def test_classes_that_the_bundle_does_not_know(self, photos: PhotoSet) -> None:
        first, *rest = photos.photos
        strange = replace(photos, photos=(replace(first, label="ginger"), *rest))
        with pytest.raises(InputError, match="photos show ginger; the bundle knows chenpi, guang"):
            verify(bundle(ORT, FP32, ort_int8=engine(), onnx_fp32=engine()), strange)

    def test_not_one_readable_photo(self, photos: PhotoSet, tmp_path: Path) -> None:
        gone = tuple(replace(photo, path=tmp_path / "gone.jpg") for photo in photos.photos)
        with pytest.raises(InputError, match="none of 40 photos can be read"):
            verify(
                bundle(FP32, INT8, onnx_fp32=engine(), onnx_int8=engine()),
                replace(photos, photos=gone),
                candidates=[(INT8, "onnxruntime")],
            )

    def test_no_candidate(self, photos: PhotoSet) -> None:
        with pytest.raises(InputError, match="no model to verify"):
            verify(bundle(FP32, onnx_fp32=engine()), photos, candidates=[])

    @pytest.mark.parametrize("rows", [np.full((1, 3), np.nan), np.full((1, 2), 0.5)])
    def test_answers_that_are_no_probabilities(self, photos: PhotoSet, rows: np.ndarray) -> None:
        class Broken(Scripted):
            def run(self, pixels: Pixels, images: bool = False) -> Output:
                return Output(rows.astype(np.float32), np.zeros((1, 3, 1, 1), np.float32))

        broken = Broken(TRUTH, "broken")
        with pytest.raises(InputError, match=r"onnx-int8@onnxruntime answers .* for 3 classes"):
            verify(
                bundle(FP32, INT8, onnx_fp32=engine(), onnx_int8=broken),
                photos,
                candidates=[(INT8, "onnxruntime")],
            )


class TestDefaultCandidates:
    def pairs(self, given: Bundle, *args: object) -> list[tuple[str, str]]:
        return [(m.id, e) for m, e in default_candidates(given, *args)]  # type: ignore[arg-type]

    def test_every_model_on_every_engine(self) -> None:
        assert self.pairs(bundle(FP32, INT8, ORT, IR)) == [
            ("onnx-fp32", "onnxruntime"),
            ("onnx-fp32", "openvino"),
            ("onnx-int8", "onnxruntime"),
            ("onnx-int8", "openvino"),
            ("ort-int8", "onnxruntime"),
            ("openvino-int8", "openvino"),
        ]

    def test_one_engine(self) -> None:
        found = self.pairs(bundle(FP32, INT8, ORT, IR), (), "openvino")
        assert found == [
            ("onnx-fp32", "openvino"),
            ("onnx-int8", "openvino"),
            ("openvino-int8", "openvino"),
        ]

    def test_named_models_in_order_and_once(self) -> None:
        wanted = ["ort-int8", "onnx-fp32", "ort-int8"]
        found = self.pairs(bundle(FP32, INT8, ORT), wanted, "onnxruntime")
        assert found == [("ort-int8", "onnxruntime"), ("onnx-fp32", "onnxruntime")]

    def test_engines_that_are_not_installed_are_left_out(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "available_engines", lambda: ("onnxruntime",))
        found = self.pairs(bundle(FP32, INT8, IR))
        assert found == [("onnx-fp32", "onnxruntime"), ("onnx-int8", "onnxruntime")]

    def test_unknown_model(self) -> None:
        with pytest.raises(InputError, match="no model 'onnx-int4'; it has onnx-fp32, onnx-int8"):
            default_candidates(bundle(FP32, INT8), ["onnx-int4"])

    def test_unknown_engine(self) -> None:
        with pytest.raises(
            InputError, match="onnx-fp32, onnx-int8 cannot run on tensorrt here; installed: on"
        ):
            default_candidates(bundle(FP32, INT8), (), "tensorrt")

    def test_a_named_model_that_cannot_run_is_not_dropped_in_silence(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "available_engines", lambda: ("onnxruntime",))
        with pytest.raises(InputError, match="openvino-int8 cannot run on an engine here"):
            default_candidates(bundle(INT8, IR), ["onnx-int8", "openvino-int8"])


# The first answers of one OpenVINO model, asked for by many threads at once, as `verify` does.
FIRST_ANSWERS = """
import sys, threading
from pathlib import Path
import numpy as np
from edgetlc.runtime.bundle import Bundle

bundle = Bundle.open(Path(sys.argv[1]))
engine = bundle.load(bundle.model("openvino-int8"), "openvino", 1)
sys.setswitchinterval(1e-6)
together = threading.Barrier(16)

def ask():
    pixels = np.zeros((1, 64, 64, 3), np.uint8)
    together.wait()
    engine.run(pixels)

threads = [threading.Thread(target=ask) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("answered")
"""


@pytest.mark.slow
def test_many_threads_ask_an_openvino_model_first(tiny_bundle: Path) -> None:
    """Its binding sets up its way to NumPy at the first answer, and two threads then deadlock."""
    for _ in range(6):  # nearly every second program hung
        command = [sys.executable, "-c", FIRST_ANSWERS, str(tiny_bundle)]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert (ran.returncode, ran.stdout) == (0, "answered\n"), ran.stderr
