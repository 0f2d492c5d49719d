"""The candidates of a search: the run's own networks, and its students'."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from edgetlc.calibration.config import QatConfig, QuantizationConfig
from edgetlc.calibration.measurement import Measurement, answer, compare
from edgetlc.calibration.preparation import Preparation
from edgetlc.calibration.quantize_run import Result, compress
from edgetlc.calibration.search.core import FLOAT, Candidate
from edgetlc.calibration.search.result import Made
from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.models.int8_checkpoint import load_int8
from edgetlc.parity.page_words import Words, listed


def own_candidates(
    own: Preparation,
    photos: PhotoSet,
    max_drop: float,
    qat: QatConfig | None = None,
) -> Iterator[Candidate]:
    """Yield the run's own candidates, the float network first.

    Args:
        own: the run made ready.
        photos: the split photo set.
        max_drop: the bound for layers that go back to float.
        qat: training of the candidate with quantization-aware training; None for no such one.
    """
    yield Candidate(
        FLOAT,
        (f"{_architecture(own)}，浮点", f"{_architecture(own)} as trained"),
        lambda: _float(own, compare(own.float_logits, own.float_logits, own.validation)),
    )
    for name, how, compression in _compressions(max_drop, qat):

        def make(compression: QuantizationConfig = compression) -> Made:
            result = compress(own, photos, compression)
            return Made(
                result.quantized.model,
                own.checkpoint.contract,
                result.confidence.after.temperature,
                result.measurement,
                _remarks(result, max_drop),
                result,
            )

        yield Candidate(name, how, make)


def _compressions(
    max_drop: float, qat: QatConfig | None
) -> Iterator[tuple[str, Words, QuantizationConfig]]:
    yield "int8", ("int8，快速", "int8, preset performance"), QuantizationConfig()
    yield (
        "int8-mixed-preset",
        ("int8，mixed 预设", "int8, preset mixed"),
        QuantizationConfig(preset="mixed"),
    )
    yield (
        "int8-accurate-bias",
        ("int8，精确偏置校正", "int8, accurate bias correction"),
        QuantizationConfig(bias_correction="accurate"),
    )
    yield (
        "int8-and-float",
        ("int8，敏感层回到浮点", "int8 with sensitive layers back in float"),
        QuantizationConfig(max_drop=max_drop),
    )
    if qat is not None:
        yield (
            "int8-qat",
            ("int8，量化感知训练", "int8 after quantization-aware training"),
            QuantizationConfig(qat=qat),
        )


def student_candidates(
    student: Preparation,
    own: Preparation,
    photos: PhotoSet,
) -> Iterator[Candidate]:
    """Yield a student in float and in int8, both measured against the run's own float network.

    Its int8 network is the one in its run folder, where that belongs to its checkpoint: the one
    that `edgetlc export` would ship. Otherwise one is made as `edgetlc quantize` does by default.

    Raises:
        InputError: other validation photos can be read than for the run.
    """
    if student.judges != own.judges:
        raise InputError(
            f"{student.run} and {own.run} cannot read the same validation photos; mend or remove "
            "the unreadable ones ('edgetlc data check' lists them)"
        )
    about = f"{_architecture(student)} {student.run}"

    def measured(logits: NDArray[np.float32]) -> Measurement:
        return compare(own.float_logits, logits, own.validation)

    def int8() -> Made:
        try:
            network, record = load_int8(student.run)
            temperature = record["temperature"]
        except InputError:  # none, or not this checkpoint's
            result = compress(student, photos, QuantizationConfig())
            network, temperature = result.quantized.model, result.confidence.after.temperature
        logits = answer(network, student.validation)
        return Made(network, student.checkpoint.contract, temperature, measured(logits))

    yield Candidate(
        f"{student.run.name} {FLOAT}",
        (f"学生网络 {about}，浮点", f"student {about} as trained"),
        lambda: _float(student, measured(student.float_logits)),
    )
    yield Candidate(
        f"{student.run.name} int8",
        (f"学生网络 {about}，int8", f"student {about} in int8"),
        int8,
    )


def _architecture(ready: Preparation) -> str:
    return ready.checkpoint.classifier.architecture


def _float(ready: Preparation, measurement: Measurement) -> Made:
    checkpoint = ready.checkpoint
    return Made(ready.network, checkpoint.contract, checkpoint.temperature, measurement)


def _remarks(result: Result, max_drop: float) -> tuple[Words, ...]:
    if not result.restored:
        return ()
    names = listed((step.layer for step in result.restored), most=10)
    count = len(result.restored)
    zh, en = f"{count} 层回到浮点：{names}", f"{count} layers back in float: {names}"
    if not result.measurement.holds(max_drop):
        zh, en = f"{zh}；仍未达到容许值", f"{en}; the bound is still not kept"
    return ((zh, en),)
