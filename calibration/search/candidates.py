"""The candidates of a search: the run's own networks, and its students'."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from edgetlc.calibration.config import QuantizationConfig, SearchConfig
from edgetlc.calibration.coverage import some_of
from edgetlc.calibration.measurement import Measurement, compare, logits_of
from edgetlc.calibration.preparation import Preparation
from edgetlc.calibration.quantize_run import MeasuredNetwork, quantize_and_measure
from edgetlc.calibration.search.variant import FLOAT, BuiltVariant, Variant
from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.locale import Message, _, n_
from edgetlc.models.int8_checkpoint import load_int8


def own_candidates(own: Preparation, photos: PhotoSet, config: SearchConfig) -> Iterator[Variant]:
    """Yield the run's own candidates, the float network first.

    Args:
        own: the run made ready.
        photos: the split photo set.
        config: the bound for layers that go back to float, and the training, if any.
    """
    yield Variant(
        FLOAT,
        _("{architecture} as trained", architecture=_architecture(own)),
        lambda: _float(own, compare(own.float_logits, own.float_logits, own.validation)),
    )
    for name, how, quantization in _quantizations(config):

        def build(quantization: QuantizationConfig = quantization) -> BuiltVariant:
            int8 = quantize_and_measure(own, photos, quantization)
            return BuiltVariant(
                int8.quantized.model,
                own.checkpoint.contract,
                int8.confidence.after.temperature,
                int8.measurement,
                tuple(_remarks(int8, config.max_drop)),
                int8,
            )

        yield Variant(name, how, build)


def _quantizations(config: SearchConfig) -> Iterator[tuple[str, Message, QuantizationConfig]]:
    yield "int8", _("int8, preset performance"), QuantizationConfig()
    yield "int8-mixed-preset", _("int8, preset mixed"), QuantizationConfig(preset="mixed")
    yield (
        "int8-accurate-bias",
        _("int8, accurate bias correction"),
        QuantizationConfig(bias_correction="accurate"),
    )
    yield (
        "int8-and-float",
        _("int8 with sensitive layers back in float"),
        QuantizationConfig(max_drop=config.max_drop),
    )
    if config.qat is not None:
        how = _("int8 after quantization-aware training")
        yield "int8-qat", how, QuantizationConfig(qat=config.qat)


def student_candidates(
    student: Preparation, own: Preparation, photos: PhotoSet
) -> Iterator[Variant]:
    """Yield a student in float and in int8, both measured against the run's own float network.

    Its int8 network is the one in its run folder, where that belongs to its checkpoint: the one
    that `edgetlc export` would ship. Otherwise one is made as `edgetlc quantize` does by default.

    Raises:
        InputError: other validation photos can be read than for the run.
    """
    if student.validation_photos != own.validation_photos:
        raise InputError(
            "{student} and {run} cannot read the same validation photos; mend or remove the "
            "unreadable ones ('edgetlc data check' lists them)",
            student=student.run,
            run=own.run,
        )
    about = {"architecture": _architecture(student), "student": student.run}

    def measured(logits: NDArray[np.float32]) -> Measurement:
        return compare(own.float_logits, logits, own.validation)

    def int8() -> BuiltVariant:
        try:
            network, record = load_int8(student.run)
            temperature = record["temperature"]
        except InputError:  # none, or not this checkpoint's
            fresh = quantize_and_measure(student, photos, QuantizationConfig())
            network, temperature = fresh.quantized.model, fresh.confidence.after.temperature
        logits = logits_of(network, student.validation)
        return BuiltVariant(network, student.checkpoint.contract, temperature, measured(logits))

    yield Variant(
        f"{student.run.name} {FLOAT}",
        _("student {architecture} {student} as trained", **about),
        lambda: _float(student, measured(student.float_logits)),
    )
    yield Variant(
        f"{student.run.name} int8", _("student {architecture} {student} in int8", **about), int8
    )


def _architecture(preparation: Preparation) -> str:
    return preparation.checkpoint.classifier.architecture


def _float(preparation: Preparation, measurement: Measurement) -> BuiltVariant:
    checkpoint = preparation.checkpoint
    return BuiltVariant(
        preparation.network, checkpoint.contract, checkpoint.temperature, measurement
    )


def _remarks(int8: MeasuredNetwork, max_drop: float) -> Iterator[Message]:
    if int8.float_fallback:
        names = [entry.layer for entry in int8.float_fallback]
        yield n_(
            "{count} layer back in float: {names}",
            "{count} layers back in float: {names}",
            count=len(names),
            names=some_of(names, most=10),
        )
        if not int8.measurement.holds(max_drop):
            yield _("The bound is still not kept.")
