"""The formats that field devices load: ONNX, ONNX Runtime's `.ort` and OpenVINO IR."""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnx

from edgetlc.runtime.schema import Format, Precision
from edgetlc.runtime.telemetry import forbid_telemetry


def model_files(model: onnx.ModelProto, format_: Format, precision: Precision) -> dict[str, bytes]:
    """Return a deployable model in one format, as file names and contents, the model first."""
    stem = f"model.{precision}"
    content = model.SerializeToString(deterministic=True)
    if format_ == "onnx":
        return {f"{stem}.onnx": content}
    if format_ == "ort":
        return {f"{stem}.ort": _to_ort(content)}
    return {f"{stem}.{suffix}": data for suffix, data in _to_openvino(content).items()}


def _to_ort(content: bytes) -> bytes:
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
        return target.read_bytes()


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
