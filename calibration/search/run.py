"""Search the ways to compress a run and its students, and install what is recommended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path

from edgetlc.calibration.config import CalibrationConfig, QuantizationConfig, SearchConfig
from edgetlc.calibration.measurement import compare, logits_of
from edgetlc.calibration.preparation import Preparation, prepared
from edgetlc.calibration.quantize_run import install, quantize_and_measure
from edgetlc.calibration.search.core import search
from edgetlc.calibration.search.result import FLOAT, BuiltVariant, SearchResult, Variant
from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.locale import Message, _, n_, some_of
from edgetlc.models.checkpoint import load_checkpoint
from edgetlc.models.int8_checkpoint import load_int8


def search_run(
    run: Path,
    photos: PhotoSet,
    calibration: CalibrationConfig | None = None,
    config: SearchConfig | None = None,
    *,
    resume: bool = False,
) -> SearchResult:
    """Search the ways to compress a run, and install the int8 network that is recommended.

    Where float or a student is recommended everywhere, the run's int8 network stays as it is.

    The arguments are those of `quantize_run`; `config` tells what to search.

    Raises:
        InputError: as `prepared` and `search` do, or a student that cannot be compared: other
            classes, other training or validation photos, given twice, or the run itself.
    """
    calibration, config = calibration or CalibrationConfig(), config or SearchConfig()
    _check_students(run, config.students)
    qat = None if config.qat is None else asdict(config.qat)
    settings = {"search": {"qat": qat, "max drop": config.max_drop}}
    with ExitStack() as stack:
        own, *students = (
            stack.enter_context(prepared(folder, photos, calibration, settings, resume=resume))
            for folder in (run, *config.students)
        )
        variants = [*_own_variants(own, photos, config)]
        for student in students:
            variants += _student_variants(student, own, photos)
        typical = own.validation_photos[0].path
        result = search(variants, typical, config, simulated=photos.part("val").simulated)
        if result.to_install is not None:
            int8 = result.built[result.to_install].int8
            assert int8 is not None
            install(own, int8, calibration.seed)
        return result


def next_steps(result: SearchResult, run: Path, students: Sequence[Path]) -> Iterator[Message]:
    """Yield what became of the run's int8 network and what is still to be done."""
    wanted = {recommended.candidate for recommended in result.recommendations}
    if result.to_install:
        yield _("{name} is now the int8 network of {run}", name=result.to_install, run=run)
    elif FLOAT in wanted:
        yield _(
            "int8 is not recommended for {run}: 'edgetlc export {run} --precision fp32'", run=run
        )
    for student in students:
        if f"{student.name} int8" in wanted:
            yield _(
                "the student {student} is recommended in int8: 'edgetlc quantize {student}', then "
                "'edgetlc export {student}'",
                student=student,
            )
        if f"{student.name} {FLOAT}" in wanted:
            yield _(
                "the student {student} is recommended in float: "
                "'edgetlc export {student} --precision fp32'",
                student=student,
            )


def _check_students(run: Path, students: Sequence[Path]) -> None:
    """Refuse what cannot be compared before any work is done."""
    original = load_checkpoint(run)
    classes = [info.name for info in original.classes]
    for place, student in enumerate(students):
        before = students[:place]
        if student.resolve() in (other.resolve() for other in (run, *before)):
            raise InputError(
                "{student} is given twice; name every student once, and not the run",
                student=student,
            )
        if student.name in (FLOAT, *(other.name for other in before)):
            raise InputError(
                "two students are called {name}; rename one of the folders", name=student.name
            )
        checkpoint = load_checkpoint(student)
        theirs = [info.name for info in checkpoint.classes]
        if theirs != classes:
            raise InputError(
                "{student} knows the classes {theirs}, {run} {ours}; a student must be trained "
                "on the same classes",
                student=student,
                theirs=some_of(theirs),
                run=run,
                ours=some_of(classes),
            )
        if checkpoint.training_digest != original.training_digest:
            raise InputError(
                "{student} was trained on other photos than {run}, perhaps on those that "
                "judge; train the student with the same manifest",
                student=student,
                run=run,
            )


def _own_variants(own: Preparation, photos: PhotoSet, config: SearchConfig) -> Iterator[Variant]:
    """Yield the run's own candidates, the float network first."""
    architecture = own.checkpoint.classifier.architecture
    how = _("{architecture} as trained", architecture=architecture)
    yield Variant(FLOAT, how, partial(_as_trained, own, own))
    accurate = QuantizationConfig(bias_correction="accurate")
    bounded = QuantizationConfig(max_drop=config.max_drop)
    ways = [
        ("int8", _("int8, preset performance"), QuantizationConfig()),
        ("int8-mixed-preset", _("int8, preset mixed"), QuantizationConfig(preset="mixed")),
        ("int8-accurate-bias", _("int8, accurate bias correction"), accurate),
        ("int8-and-float", _("int8 with sensitive layers back in float"), bounded),
    ]
    if config.qat is not None:
        how = _("int8 after quantization-aware training")
        ways.append(("int8-qat", how, QuantizationConfig(qat=config.qat)))
    for name, how, way in ways:
        yield Variant(name, how, partial(_int8, own, photos, way, config.max_drop))


def _int8(
    own: Preparation, photos: PhotoSet, config: QuantizationConfig, max_drop: float
) -> BuiltVariant:
    """Quantize the run's network; the remarks tell of the bound, `max_drop`."""
    int8 = quantize_and_measure(own, photos, config)
    model, temperature = int8.quantized.model, int8.confidence.after.temperature
    remarks = []
    if int8.float_fallback:
        names = [entry.layer for entry in int8.float_fallback]
        remarks.append(
            n_(
                "{count} layer back in float: {names}",
                "{count} layers back in float: {names}",
                count=len(names),
                names=some_of(names, most=10),
            )
        )
        if not int8.measurement.holds(max_drop):
            remarks.append(_("The bound is still not kept."))
    contract, found = own.checkpoint.contract, int8.measurement
    return BuiltVariant(model, contract, temperature, found, tuple(remarks), int8)


def _student_variants(
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

    def int8() -> BuiltVariant:
        try:
            network, record = load_int8(student.run)
            temperature = record["temperature"]
        except InputError:  # none, or not this checkpoint's
            fresh = quantize_and_measure(student, photos, QuantizationConfig())
            network, temperature = fresh.quantized.model, fresh.confidence.after.temperature
        logits = logits_of(network, student.validation)
        measurement = compare(own.float_logits, logits, own.validation)
        return BuiltVariant(network, student.checkpoint.contract, temperature, measurement)

    name, architecture = student.run.name, student.checkpoint.classifier.architecture
    about = {"architecture": architecture, "student": student.run}
    how = _("student {architecture} {student} as trained", **about)
    yield Variant(f"{name} {FLOAT}", how, partial(_as_trained, student, own))
    yield Variant(f"{name} int8", _("student {architecture} {student} in int8", **about), int8)


def _as_trained(made: Preparation, own: Preparation) -> BuiltVariant:
    """Return a float network, measured against the run's own float network."""
    measurement = compare(own.float_logits, made.float_logits, own.validation)
    checkpoint = made.checkpoint
    return BuiltVariant(made.network, checkpoint.contract, checkpoint.temperature, measurement)
