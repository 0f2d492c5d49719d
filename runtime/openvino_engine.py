"""OpenVINO on the CPU, its arithmetic pinned to float32: the default is bf16 on new processors."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgetlc.runtime.engine import EngineEntry, PhotoByPhoto
from edgetlc.runtime.pixels import Pixels
from edgetlc.runtime.telemetry import forbid_telemetry
from edgetlc.threads import processors


class OpenVinoEngine(PhotoByPhoto):
    """OpenVINO IR (`.xml` and `.bin`) or a `.onnx` model in OpenVINO."""

    def __init__(self, files: Sequence[bytes], threads: int | None = None) -> None:
        forbid_telemetry()
        import openvino

        core = _core()
        self.name = f"openvino {openvino.__version__.split('-')[0]}"
        settings: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
        }
        if threads is not None:
            # A stream gives one answer at a time: one alone would make the callers queue for it.
            streams = max(1, processors() // threads)
            settings |= {"NUM_STREAMS": streams, "INFERENCE_NUM_THREADS": streams * threads}
        self._requests = threading.local()  # one each: a shared request serves one thread only
        model = core.read_model(files[0], b"".join(files[1:]))
        self._compiled = core.compile_model(model, "CPU", settings)

    def answer(self, pixels: Pixels, names: Sequence[str]) -> Sequence[NDArray[np.float32]]:
        """Return the outputs for one photo."""
        if not hasattr(self._requests, "own"):
            self._requests.own = self._compiled.create_infer_request()
        outputs = self._requests.own.infer({"pixels": pixels})
        return [outputs[name] for name in names]


ENTRY = EngineEntry(
    "openvino", "openvino", ("openvino", "onnx"), OpenVinoEngine, "ONEDNN_MAX_CPU_ISA"
)


@cache
def _core() -> Any:
    """Return this process's one OpenVINO core, which is never freed.

    A second one, when freed, leaves the process with a signal stack that is gone: the next Ctrl-C
    is then a segmentation fault. And where two threads hand over their first arrays at once, the
    binding can wait for ever for its own set-up, so this does it first (both OpenVINO 2026.4).
    """
    import openvino

    assert openvino.Tensor(np.zeros(1, np.uint8)).data is not None
    return openvino.Core()
