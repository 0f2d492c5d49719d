"""Deliberately damaged models are caught, and the damage is located as pixels or as network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from edgetlc.data.photos import PhotoSet
from edgetlc.models.checkpoint import load_checkpoint
from edgetlc.models.reference import ReferenceModel
from edgetlc.parity.verification import CandidateReport
from edgetlc.parity.verify import verify
from edgetlc.runtime.bundle import Bundle

LinkedCopy = Callable[[Path, Path], Path]
Damage = Callable[[onnx.ModelProto], None]


def wrong_channel_order(model: onnx.ModelProto) -> None:
    """Blue first, as OpenCV reads photos."""
    graph = model.graph
    place = next(i for i, node in enumerate(graph.node) if "pixels/grey_levels" in node.output)
    graph.node[place].output[0] = "rgb"
    order = numpy_helper.from_array(np.array([2, 1, 0], np.int64), "bgr")
    graph.initializer.append(order)
    swap = helper.make_node("Gather", ["rgb", "bgr"], ["pixels/grey_levels"], axis=1)
    graph.node.insert(place + 1, swap)


def resize_without_antialias(model: onnx.ModelProto) -> None:
    """Two neighbours are mixed whatever the scale, as OpenVINO reads `Resize(antialias=1)`."""
    for node in model.graph.node:
        if node.output[0] in ("pixels/y_longer", "pixels/x_longer"):
            node.op_type = "Identity"
            del node.input[0 if node.input[1] == "pixels/size" else 1]


def wrong_mean(model: onnx.ModelProto) -> None:
    """ImageNet's mean is left out."""
    for node in model.graph.node:
        if node.output[0] == "pixels/mean":
            zeros = numpy_helper.from_array(np.zeros((1, 3, 1, 1), np.float32))
            node.attribute[0].t.CopyFrom(zeros)


def noisy_weights(model: onnx.ModelProto) -> None:
    """The head has other weights than it was trained with."""
    (head,) = (t for t in model.graph.initializer if t.name == "head_weights")
    weights = numpy_helper.to_array(head)
    head.CopyFrom(numpy_helper.from_array(np.roll(weights, 1, axis=1), head.name))


def damaged(bundle: Path, damage: Damage) -> Bundle:
    """Change the bundle's float ONNX file, and its record in `bundle.json` to match."""
    name = "model.fp32.onnx"
    model = onnx.load_model_from_string((bundle / name).read_bytes())
    damage(model)
    content = model.SerializeToString()
    for file, text in ((name, content), ("bundle.json", None)):
        if text is None:
            document = json.loads((bundle / file).read_text(encoding="utf-8"))
            digest = hashlib.sha256(content).hexdigest()
            document["files"][name] = {"bytes": len(content), "sha256": digest}
            text = json.dumps(document).encode()
        (bundle / file).unlink()  # the copy is made of hard links
        (bundle / file).write_bytes(text)
    return Bundle.open(bundle)


@pytest.fixture
def report_on(
    tiny_bundle: Path, tiny_run: Path, photo_set: PhotoSet, tmp_path: Path, linked_copy: LinkedCopy
) -> Callable[[Damage], CandidateReport]:
    def report(damage: Damage) -> CandidateReport:
        bundle = damaged(linked_copy(tiny_bundle, tmp_path / "damaged"), damage)
        found = verify(
            bundle,
            photo_set,
            reference=ReferenceModel(load_checkpoint(tiny_run), threads=1),
            candidates=[(bundle.model("onnx-fp32"), "onnxruntime")],
        )
        return found.candidates[0]

    return report


@pytest.mark.parametrize("damage", [wrong_channel_order, wrong_mean])
def test_damaged_pixels_are_called_pixels(damage: Damage, report_on) -> None:
    report = report_on(damage)
    assert report.location.photos_apart == report.pooled.photos == 60
    assert report.location.largest_pixels > 20
    assert report.flips_in_all > 0
    assert report.location.by_pixels == report.flips_in_all
    assert {flip.cause for flip in report.flips} == {"pixels"}


def test_a_missing_antialias_is_seen_before_it_costs_an_answer(report_on) -> None:
    report = report_on(resize_without_antialias)
    assert report.location.photos_apart == 60
    assert report.location.largest_pixels > 1
    assert report.location.by_network == 0


def test_a_damaged_network_is_called_network(report_on) -> None:
    report = report_on(noisy_weights)
    assert report.location.photos_apart == 0
    assert report.location.largest_pixels < 0.01
    assert report.verdict == "FAIL"
    assert report.location.by_network == report.flips_in_all > 30


def test_nothing_is_found_where_nothing_is_damaged(report_on) -> None:
    report = report_on(lambda model: None)
    assert (report.flips_in_all, report.location.photos_apart) == (0, 0)
