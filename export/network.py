"""From PyTorch to ONNX: the network alone, `images` to `logits` and `evidence`."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import onnx
import torch
from onnxscript import optimizer

from edgetlc.export.pixel_graph import IMAGES, IR_VERSION, OPSET
from edgetlc.models.networks import Classifier

LOGITS = "logits"
EVIDENCE = "evidence"
_ANY_SIZE = 1 << 40


def network_graph(classifier: Classifier, size: int) -> onnx.ModelProto:
    """Return the network as ONNX, float32[N, 3, size, size] to logits and evidence.

    The exporter's own metadata is removed: it carries the paths of this machine.
    """
    return strip_metadata(_exported(classifier.eval(), size))


def _exported(classifier: Classifier, size: int) -> onnx.ModelProto:
    # Two images: with one, the exporter may take the batch for a constant.
    example = torch.zeros(2, 3, size, size)
    with _quiet_exporter():
        program = torch.onnx.export(
            classifier,
            (example,),
            dynamo=True,
            input_names=[IMAGES],
            output_names=[LOGITS, EVIDENCE],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            opset_version=OPSET,
            verbose=False,
        )
        assert program is not None
        # The exporter folds small constants only: a head of many classes would not be one.
        optimizer.fold_constants(
            program.model, input_size_limit=_ANY_SIZE, output_size_limit=_ANY_SIZE
        )
        optimizer.remove_unused_nodes(program.model)
    model: onnx.ModelProto = program.model_proto
    model.ir_version = IR_VERSION
    return model


def strip_metadata(model: onnx.ModelProto) -> onnx.ModelProto:
    """Remove doc strings and metadata from the model, in place, and return it."""
    model.doc_string = ""
    model.producer_name, model.producer_version = "edgetlc", ""
    del model.metadata_props[:]
    graph = model.graph
    graph.doc_string = ""
    entries = [*graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer]
    for entry in entries:
        entry.doc_string = ""
        del entry.metadata_props[:]
    del graph.metadata_props[:]
    return model


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Silence what the exporter says of its own internals."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logger.setLevel(level)
