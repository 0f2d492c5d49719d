"""ONNX Runtime on the CPU, its optimisation level pinned: it changes answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgetlc.runtime.engine import EngineEntry, PhotoByPhoto
from edgetlc.runtime.pixels import Pixels
from edgetlc.runtime.telemetry import forbid_telemetry


class OnnxRuntimeEngine(PhotoByPhoto):
    """A `.onnx` or `.ort` model in ONNX Runtime."""

    def __init__(self, files: Sequence[bytes], threads: int | None = None) -> None:
        forbid_telemetry()
        import onnxruntime

        onnxruntime.disable_telemetry_events()  # where another program had imported it already
        self.name = f"onnxruntime {onnxruntime.__version__}"
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = 3
        if threads is not None:
            options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(
            files[0], options, providers=["CPUExecutionProvider"]
        )

    def answer(self, pixels: Pixels, names: Sequence[str]) -> Sequence[NDArray[np.float32]]:
        """Return the outputs for one photo."""
        return self._session.run(names, {"pixels": pixels})  # type: ignore[no-any-return]


ENTRY = EngineEntry("onnxruntime", "", ("onnx", "ort"), OnnxRuntimeEngine)
