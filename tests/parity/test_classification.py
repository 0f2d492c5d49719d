"""Classification reports of other machines become candidates of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import InputError
from edgetlc.files import write_json
from edgetlc.parity.reports import read_reports
from edgetlc.parity.verify import verify
from edgetlc.results.batch import Batch
from edgetlc.results.journal import Journal
from edgetlc.results.records import RunInfo
from edgetlc.results.results import json_pieces
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.classifier import Classifier

NAMES = ("red", "green", "blue")


@pytest.fixture
def photos(tmp_path: Path) -> PhotoSet:
    """Twelve photos of three colours, each of its own content."""
    found = []
    rng = np.random.default_rng(0)
    for number in range(12):
        colour = [40, 40, 40]
        colour[number % 3] = 220
        pixels = np.full((60, 80, 3), colour, np.uint8) + rng.integers(0, 9, (60, 80, 3), np.uint8)
        path = tmp_path / f"{number}.png"
        Image.fromarray(pixels).save(path)
        found.append(Photo(path, NAMES[number % 3], "iphone-11"))
    return PhotoSet(tuple(found), tuple(ClassInfo(n, n, n) for n in NAMES))


def report(bundle: Path, photos: PhotoSet, path: Path) -> dict[str, Any]:
    """Write what `edgetlc predict --results-file` writes, and return it."""
    classifier = Classifier.open(bundle, threads=1)
    with Journal.temporary() as journal:
        batch = Batch(classifier, [photo.path for photo in photos.photos], journal)
        for _ in batch.run():
            pass
        text = "".join(json_pieces(RunInfo.of(classifier), batch.records()))
    path.write_text(text, encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def test_the_same_answers_agree(small_bundle: Path, photos: PhotoSet, tmp_path: Path) -> None:
    report(small_bundle, photos, tmp_path / "board.json")
    bundle = Bundle.open(small_bundle)
    reports = read_reports([tmp_path / "board.json"], bundle)
    pairs = [(bundle.model("onnx-fp32"), "onnxruntime")]
    found = verify(bundle, photos, candidates=pairs, reports=reports)
    here, there = found.candidates
    assert (here.machine, there.model) == ("", "onnx-fp32")
    assert there.machine
    assert (there.pooled.photos, there.pooled.agreement) == (12, 1.0)
    assert there.pooled.largest_change == pytest.approx(0, abs=1e-6)
    assert there.location.largest_pixels is None


def test_other_answers_are_found_on_the_photos_it_holds(
    small_bundle: Path, photos: PhotoSet, tmp_path: Path
) -> None:
    document = report(small_bundle, photos, tmp_path / "board.json")
    document["predictions"] = document["predictions"][:8]
    wrong = document["predictions"][0]
    wrong["probabilities"] = {"red": 0.1, "green": 0.8, "blue": 0.1}
    write_json(tmp_path / "board.json", document)
    bundle = Bundle.open(small_bundle)
    pairs = [(bundle.model("onnx-fp32"), "onnxruntime")]
    found = verify(
        bundle, photos, candidates=pairs, reports=read_reports([tmp_path / "board.json"], bundle)
    )
    there = found.candidates[1]
    assert (there.pooled.photos, there.flips_in_all, there.location.unknown) == (8, 1, 1)
    (flip,) = there.flips
    assert (flip.path, flip.reference, flip.candidate, flip.kind) == (
        str(photos.photos[0].path),
        "red",
        "green",
        "right_to_wrong",
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d.update(bundle="0" * 64), "tells of the bundle 000000000000…"),
        (lambda d: d.update(model="onnx-int8"), "no model 'onnx-int8'"),
        (lambda d: d["predictions"][0].pop("sha256"), "not a classification report"),
        (lambda d: d["predictions"][0]["probabilities"].pop("red"), "not a classification report"),
        (lambda d: d["predictions"][0].update(probabilities=5), "not a classification report"),
        (lambda d: d.update(kind="other"), "no report that this tool reads"),
        (lambda d: d.pop("machine"), "not a classification report"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    change, reason: str, small_bundle: Path, photos: PhotoSet, tmp_path: Path
) -> None:
    document = report(small_bundle, photos, tmp_path / "board.json")
    change(document)
    write_json(tmp_path / "board.json", document)
    with pytest.raises(InputError, match=r"board\.json: ") as caught:
        read_reports([tmp_path / "board.json"], Bundle.open(small_bundle))
    assert reason in str(caught.value)


def test_a_report_on_other_photos_is_refused(
    small_bundle: Path, photos: PhotoSet, tmp_path: Path
) -> None:
    document = report(small_bundle, photos, tmp_path / "board.json")
    for one in document["predictions"]:
        one["sha256"] = "0" * 64
    write_json(tmp_path / "board.json", document)
    bundle = Bundle.open(small_bundle)
    reports = read_reports([tmp_path / "board.json"], bundle)
    with pytest.raises(InputError, match="holds none of the 12 photos"):
        verify(bundle, photos, reports=reports)
