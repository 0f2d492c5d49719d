"""OpenVINO, with its arithmetic pinned to float32: its default is bf16 on new processors."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

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
from edgetlc.threads import processors


class OpenVinoEngine:
    """OpenVINO on the CPU, for OpenVINO IR (`.xml` and `.bin`) and `.onnx` models."""

    def __init__(self, model: bytes, weights: bytes = b"", threads: int | None = None) -> None:
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
        try:
            self._compiled = core.compile_model(core.read_model(model, weights), "CPU", settings)
        except RuntimeError as error:
            raise cannot_load("openvino", error) from None

    def run(self, pixels: Pixels, images: bool = False) -> Output:
        """Classify uint8[N, H, W, 3]."""
        return photo_by_photo(self._answer, pixels, ANSWER_AND_IMAGES if images else ANSWER)

    def _answer(self, pixels: Pixels, names: Sequence[str]) -> Arrays:
        try:
            if not hasattr(self._requests, "own"):
                self._requests.own = self._compiled.create_infer_request()
            answer = self._requests.own.infer({"pixels": pixels})
            return [answer[name] for name in names]
        except (RuntimeError, KeyError) as error:
            raise cannot_run("openvino", error) from None


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
