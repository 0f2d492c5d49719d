"""`edgetlc export`: a run folder becomes a bundle for field devices."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

import edgetlc
from edgetlc.data.photos import Photo, PhotoSet, in_turn
from edgetlc.errors import ImageError, InputError
from edgetlc.export.assemble import deployable
from edgetlc.export.bundle_writer import write_bundle
from edgetlc.export.formats import model_files, reduced_build_files
from edgetlc.export.golden import golden_files
from edgetlc.export.network import network_graph
from edgetlc.export.thresholds import ThresholdTargets, choose_policy
from edgetlc.files import sha256_file
from edgetlc.locale import _
from edgetlc.models.checkpoint import CHECKPOINT_FILE, Checkpoint, load_checkpoint
from edgetlc.models.int8_checkpoint import INT8_FILE, load_int8
from edgetlc.outputs import refuse_existing
from edgetlc.progress import progress
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.engines import ONNXRUNTIME, Engine, engines_for, open_engine
from edgetlc.runtime.pixels import decode_or_reason
from edgetlc.runtime.schema import BundleManifest, Format, ModelRecord, Precision
from edgetlc.threads import in_order

TOOLS = ("torch", "torchvision", "onnx", "onnxruntime", "openvino", "nncf", "pillow", "numpy")
_CLEAR = 0.2
"""Margin between the two most probable classes from which a golden photo's answer is clear."""


def export_run(
    run: Path,
    photos: PhotoSet,
    output: Path,
    *,
    formats: Sequence[Format] = ("onnx", "ort", "openvino"),
    precisions: Sequence[Precision] = (),
    targets: ThresholdTargets | None = None,
    overwrite: bool = False,
) -> Bundle:
    """Export a run folder's networks as a bundle.

    Args:
        run: a folder that `edgetlc train` wrote, with the int8 network of `edgetlc quantize`.
        photos: the split photo set; its validation part fits the thresholds, and a few of its
            photos become golden vectors.
        output: the bundle's folder.
        formats: of models.
        precisions: none named takes fp32, and int8 where the run has it.
        targets: error rates or thresholds of the decision policy; 5 % wrong answers and 2 %
            counterfeits called genuine unless told.
        overwrite: replace a bundle that is there already.

    Raises:
        InputError: no checkpoint, int8 asked for but not made or made for another checkpoint, or
            `output` is taken.
    """
    refuse_existing(output, overwrite)
    checkpoint = load_checkpoint(run)
    validation = photos.part("val")
    if not precisions:
        precisions = ("fp32", "int8") if (run / INT8_FILE).is_file() else ("fp32",)
    graphs, temperatures, quantization = _graphs(run, checkpoint, precisions)
    engines = {
        precision: open_engine(ONNXRUNTIME, [graph.SerializeToString()], threads=1)
        for precision, graph in graphs.items()
    }
    answered, answers = _answers(engines, validation, checkpoint.contract.size)
    truth = np.array([validation.index(photo) for photo in answered])
    policies = {
        p: choose_policy(answers[p], truth, checkpoint.classes, temperatures[p], targets)
        for p in graphs
    }
    files: dict[str, bytes] = {}
    models = []
    pairs = [(precision, format_) for precision in precisions for format_ in formats]
    for precision, format_ in progress(pairs, _("writing models"), len(pairs)):
        written = model_files(graphs[precision], format_, precision)
        files |= written
        name, able = f"{format_}-{precision}", engines_for(format_)
        models.append(ModelRecord(name, format_, precision, able, tuple(written)))
    files |= reduced_build_files(files)
    candidates = _for_golden(answered, answers)
    files |= golden_files(candidates, checkpoint.contract, models, files)
    manifest = BundleManifest(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        edgetlc=edgetlc.__version__,
        classes=checkpoint.classes,
        contract=checkpoint.contract,
        decision=policies,
        models=tuple(models),
        provenance=_provenance(run, checkpoint, quantization),
    )
    return write_bundle(output, manifest, files, overwrite=overwrite)


def _graphs(
    run: Path, checkpoint: Checkpoint, precisions: Sequence[Precision]
) -> tuple[dict[Precision, onnx.ModelProto], dict[Precision, float], dict[str, Any] | None]:
    """Return the deployable models, their temperatures, and the record of the quantization."""
    networks: dict[Precision, onnx.ModelProto] = {}
    temperatures = dict.fromkeys(precisions, checkpoint.temperature)
    quantization = None
    if "int8" in precisions:
        networks["int8"], quantization = load_int8(run)
        temperatures["int8"] = quantization["temperature"]
    if "fp32" in precisions:
        networks["fp32"] = network_graph(checkpoint.classifier, checkpoint.contract.size)
    graphs = {p: deployable(networks[p], checkpoint.contract, temperatures[p]) for p in precisions}
    return graphs, temperatures, quantization


def _answers(
    engines: Mapping[Precision, Engine], photos: PhotoSet, size: int
) -> tuple[list[Photo], dict[Precision, NDArray[np.float32]]]:
    """Return the n readable photos, and of each network the probabilities, float32[n, C].

    The engines have one thread each: photos are shared out among the processors.
    """

    def ask(photo: Photo) -> dict[Precision, NDArray[np.float32]] | None:
        decoded = decode_or_reason(photo.path, size)
        if isinstance(decoded, ImageError):
            return None
        pixels = decoded.pixels[None]
        return {name: engine.run(pixels).probabilities[0] for name, engine in engines.items()}

    count = len(photos.photos)
    asked = progress(in_order(ask, photos.photos), _("asking the validation photos"), count)
    answered = [(photo, rows) for photo, rows in asked if rows is not None]
    if not answered:
        raise InputError("none of {count} validation photos can be read", count=count)
    rows_of = {name: np.stack([rows[name] for _photo, rows in answered]) for name in engines}
    return [photo for photo, _rows in answered], rows_of


def _for_golden(
    photos: Sequence[Photo], answers: Mapping[Precision, NDArray[np.float32]]
) -> list[Photo]:
    """Return the validation photos for golden vectors, those with a clear answer first.

    Another processor rounds differently; where two classes are level that may change the answer,
    and a self-test that fails for nothing teaches people to ignore it.
    """
    ranked = (np.sort(rows, axis=1) for rows in answers.values())
    margin = np.min([rows[:, -1] - rows[:, -2] for rows in ranked], axis=0)
    clear = {photo.path for photo, m in zip(photos, margin, strict=True) if m >= _CLEAR}
    return sorted(in_turn(photos, seed=0), key=lambda photo: photo.path not in clear)


def _provenance(
    run: Path, checkpoint: Checkpoint, quantization: dict[str, Any] | None
) -> dict[str, Any]:
    return {
        "architecture": checkpoint.classifier.architecture,
        "checkpoint_sha256": sha256_file(run / CHECKPOINT_FILE),
        "temperature": checkpoint.temperature,
        "training": dict(checkpoint.provenance),
        "quantization": quantization,
        "versions": {tool: importlib.metadata.version(tool) for tool in TOOLS},
    }
