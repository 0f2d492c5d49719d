"""Engines: what runs a model file, behind one small protocol.

Models are handed over as bytes that the bundle has already checked, never as paths, so an engine
cannot read anything else. Settings that change answers are pinned here: ONNX Runtime's
optimisation level and OpenVINO's arithmetic precision (its default is bf16 on new processors).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgetlc.errors import BundleError, InputError, MissingExtraError
from edgetlc.runtime.pixels import Pixels
from edgetlc.runtime.telemetry import forbid_telemetry
from edgetlc.threads import processors

ONNXRUNTIME = "onnxruntime"
OPENVINO = "openvino"
ENGINES = (ONNXRUNTIME, OPENVINO)

# How a protobuf writes the key of an external tensor's "location" entry: field 1, 8 bytes long.
# Parsers accept both numbers with idle bytes, up to 10 each, so a plain search could be fooled.
_KEY = b"location"
_BEFORE_KEY = re.compile(rb"(?:\n|\x8a\x80*\x00)(?:\x08|\x88\x80*\x00)\Z")


@dataclass(frozen=True)
class Output:
    """What a model answers for N photos of one size.

    Attributes:
        probabilities: float32[N, C], rows sum to 1.
        evidence: float32[N, C, h, w], the class-activation maps.
        images: float32[N, 3, size, size], the pixel step's result; only where it was asked for.
    """

    probabilities: NDArray[np.float32]
    evidence: NDArray[np.float32]
    images: NDArray[np.float32] | None = None


Arrays = Sequence[NDArray[np.float32]]
ANSWER = ("probabilities", "evidence")
ANSWER_AND_IMAGES = (*ANSWER, "images")


class Engine(Protocol):
    """A loaded model."""

    @property
    def name(self) -> str:
        """Engine and version, such as `onnxruntime 1.32.0`."""
        ...

    def run(self, pixels: Pixels, images: bool = False) -> Output:
        """Classify uint8[N, H, W, 3], the host step's result.

        Args:
            pixels: N photos of one size.
            images: also return what the model's pixel step made of them.

        Raises:
            BundleError: the model is not one that takes `pixels` and gives these outputs.
        """
        ...


class OnnxRuntimeEngine:
    """ONNX Runtime on the CPU, for `.onnx` and `.ort` models."""

    def __init__(self, model: bytes, threads: int | None = None) -> None:
        forbid_telemetry()
        import onnxruntime

        onnxruntime.disable_telemetry_events()  # where another program had imported it already
        self.name = f"{ONNXRUNTIME} {onnxruntime.__version__}"
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
            raise BundleError(f"onnxruntime cannot load the model: {error}") from None

    def run(self, pixels: Pixels, images: bool = False) -> Output:
        """Classify uint8[N, H, W, 3]."""
        return _photo_by_photo(self._answer, pixels, ANSWER_AND_IMAGES if images else ANSWER)

    def _answer(self, pixels: Pixels, names: Sequence[str]) -> Arrays:
        try:
            return self._session.run(names, {"pixels": pixels})  # type: ignore[no-any-return]
        except Exception as error:  # as above
            raise BundleError(f"onnxruntime cannot run the model: {error}") from None


class OpenVinoEngine:
    """OpenVINO on the CPU, for OpenVINO IR (`.xml` and `.bin`) and `.onnx` models."""

    def __init__(self, model: bytes, weights: bytes = b"", threads: int | None = None) -> None:
        openvino = _openvino()
        core = _core()
        self.name = f"{OPENVINO} {openvino.__version__.split('-')[0]}"
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
            raise BundleError(f"openvino cannot load the model: {error}") from None

    def run(self, pixels: Pixels, images: bool = False) -> Output:
        """Classify uint8[N, H, W, 3]."""
        return _photo_by_photo(self._answer, pixels, ANSWER_AND_IMAGES if images else ANSWER)

    def _answer(self, pixels: Pixels, names: Sequence[str]) -> Arrays:
        try:
            if not hasattr(self._requests, "own"):
                self._requests.own = self._compiled.create_infer_request()
            answer = self._requests.own.infer({"pixels": pixels})
            return [answer[name] for name in names]
        except (RuntimeError, KeyError) as error:
            raise BundleError(f"openvino cannot run the model: {error}") from None


def _photo_by_photo(
    answer: Callable[[Pixels, Sequence[str]], Arrays], pixels: Pixels, names: Sequence[str]
) -> Output:
    """Return the answers for N photos, each computed alone.

    A photo's answer must not depend on its neighbours, to the last bit: ONNX Runtime 1.32 adds up
    the mean over positions in an order that changes with the photo's place in a batch.
    """
    if len(pixels) <= 1:
        return Output(*answer(pixels, names))
    alone = [answer(pixels[i : i + 1], names) for i in range(len(pixels))]
    return Output(*map(np.concatenate, zip(*alone, strict=True)))


def open_engine(engine: str, files: Sequence[bytes], threads: int | None = None) -> Engine:
    """Load a model.

    Args:
        engine: `onnxruntime` or `openvino`.
        files: contents of the model's files, the model first.
        threads: processor threads of one answer; None leaves the choice to the engine.

    Raises:
        InputError: unknown engine.
        BundleError: the model refers to other files, or the engine cannot load it.
        MissingExtraError: the engine is not installed.
    """
    if _refers_outside(files[0]):
        raise BundleError("the model refers to data outside itself, which is refused")
    if engine == ONNXRUNTIME:
        return OnnxRuntimeEngine(files[0], threads)
    if engine == OPENVINO:
        return OpenVinoEngine(files[0], b"".join(files[1:]), threads)
    raise InputError(f"unknown engine {engine!r}; use {' or '.join(ENGINES)}")


def _refers_outside(model: bytes) -> bool:
    """Return whether an ONNX model names an external file for any of its tensors."""
    place = model.find(_KEY)
    while place >= 0:
        if _BEFORE_KEY.search(model, max(0, place - 20), place):
            return True
        place = model.find(_KEY, place + 1)
    return False


def available_engines() -> tuple[str, ...]:
    """Return the engines installed here."""
    from importlib.util import find_spec

    return tuple(name for name in ENGINES if find_spec(name) is not None)


@cache
def _core() -> Any:
    """Return this process's one OpenVINO core, which is never freed.

    A second one, when freed, leaves the process with a signal stack that is gone: the next Ctrl-C
    is then a segmentation fault. And where two threads hand over their first arrays at once, the
    binding can wait for ever for its own set-up, so this does it first (both OpenVINO 2026.4).
    """
    openvino = _openvino()
    _ = openvino.Tensor(np.zeros(1, np.uint8)).data
    return openvino.Core()


def _openvino() -> Any:
    forbid_telemetry()
    try:
        import openvino
    except ImportError:
        raise MissingExtraError("the OpenVINO engine", "openvino") from None
    return openvino
