"""The formats that field devices load: ONNX, ONNX Runtime's `.ort` and OpenVINO IR.

For `.ort` models also what a reduced build of ONNX Runtime needs, their operators and types: an
engine built for these models alone is smaller; by how much was not measured here.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import onnx

from edgetlc.runtime.schema import Format, Precision
from edgetlc.runtime.telemetry import forbid_telemetry

CONFIGURATION_FILE = "required_operators_and_types.config"
_CONFIGURATION_HEAD = """\
# Operators and types of this bundle's .ort models: {models}
# for ONNX Runtime's build: --include_ops_by_config THIS_FILE
# --enable_reduced_operator_type_support, with --minimal_build or without.
"""


def model_files(model: onnx.ModelProto, format_: Format, precision: Precision) -> dict[str, bytes]:
    """Return a deployable model in one format, as file names and contents, the model first."""
    parts = FORMATS[format_](model.SerializeToString(deterministic=True))
    return {f"model.{precision}.{suffix}": content for suffix, content in parts.items()}


def _to_onnx(content: bytes) -> dict[str, bytes]:
    return {"onnx": content}


def _to_ort(content: bytes) -> dict[str, bytes]:
    """Return the model as ONNX Runtime's flatbuffer, optimised for any processor.

    The extended level is the highest whose result does not depend on the machine that wrote it:
    above it come layouts of one kind of processor (NCHWc on x86) that an ARM phone cannot run.
    Activations are uint8: the default on x86, and ARM runs them too.
    """
    forbid_telemetry()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "model.ort"
        options.optimized_model_filepath = str(target)
        options.add_session_config_entry("session.save_model_format", "ORT")
        options.add_session_config_entry("session.qdqisint8allowed", "0")
        onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        return {"ort": target.read_bytes()}


def _to_openvino(content: bytes) -> dict[str, bytes]:
    """Return the model as OpenVINO IR: `xml` and `bin`, weights as they are."""
    forbid_telemetry()
    import openvino

    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "model.onnx", Path(folder) / "model.xml"
        source.write_bytes(content)
        # Compressing to fp16 is the default; the float model must stay the float model.
        openvino.save_model(openvino.convert_model(source), target, compress_to_fp16=False)
        return {"xml": target.read_bytes(), "bin": target.with_suffix(".bin").read_bytes()}


FORMATS: dict[Format, Callable[[bytes], dict[str, bytes]]] = {
    "onnx": _to_onnx,
    "ort": _to_ort,
    "openvino": _to_openvino,
}
"""How each format is written: from a serialised ONNX model to contents by suffix, the model first.
A new format is an entry here and a name in `runtime.schema.Format`; engines say what they read."""


def reduced_build_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return one configuration of a reduced build for all `.ort` models among a bundle's files.

    Empty where no model is `.ort`.
    """
    models = {name: content for name, content in files.items() if name.endswith(".ort")}
    if not models:
        return {}
    create_config = _create_config_from_models()
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / CONFIGURATION_FILE
        paths = [Path(folder) / name for name in models]
        for path in paths:
            path.write_bytes(models[path.name])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # it leaves closing files to Python
            create_config(paths, target, enable_type_reduction=True)
        lines = target.read_text(encoding="utf-8").splitlines()
    # The tool's own comments name folders of this machine.
    operators = "".join(f"{line}\n" for line in lines if line and not line.startswith("#"))
    head = _CONFIGURATION_HEAD.format(models=", ".join(sorted(models)))
    return {CONFIGURATION_FILE: (head + operators).encode()}


def _create_config_from_models() -> Callable[..., None]:
    """Return ONNX Runtime's own tool; it would set up logging for the whole program."""
    forbid_telemetry()
    root = logging.getLogger()
    handlers = root.handlers[:]
    try:
        from onnxruntime.tools.ort_format_model import create_config_from_models
    finally:
        root.handlers[:] = handlers
    logging.getLogger("ort_format_model.utils").setLevel(logging.WARNING)
    return create_config_from_models  # type: ignore[no-any-return]
