"""ONNX Runtime, with its optimisation level pinned: it changes answers."""

from __future__ import annotations

from collections.abc import Sequence

from edgetlc.runtime.engine import (
    ANSWER,
    ANSWER_AND_IMAGES,
    Arrays,
    Output,
    cannot_load,
    cannot_run,
    photo_by_photo,
)
from edgetlc.runtime.pixels import Pixels
from edgetlc.runtime.telemetry import forbid_telemetry


class OnnxRuntimeEngine:
    """ONNX Runtime on the CPU, for `.onnx` and `.ort` models."""

    def __init__(self, model: bytes, threads: int | None = None) -> None:
        forbid_telemetry()
        import onnxruntime

        onnxruntime.disable_telemetry_events()  # where another program had imported it already
        self.name = f"onnxruntime {onnxruntime.__version__}"
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = 3
        if threads is not None:
            options.intra_op_num_threads = threads
        try:
            self._session = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises its own types, none documented as stable
            raise cannot_load("onnxruntime", error) from None

    def run(self, pixels: Pixels, images: bool = False) -> Output:
        """Classify uint8[N, H, W, 3]."""
        return photo_by_photo(self._answer, pixels, ANSWER_AND_IMAGES if images else ANSWER)

    def _answer(self, pixels: Pixels, names: Sequence[str]) -> Arrays:
        try:
            return self._session.run(names, {"pixels": pixels})  # type: ignore[no-any-return]
        except Exception as error:  # as above
            raise cannot_run("onnxruntime", error) from None
