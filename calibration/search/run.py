"""Search the ways to compress a run and its students, and install what is recommended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from edgetlc.calibration.config import CalibrationConfig, SearchConfig
from edgetlc.calibration.coverage import some_of
from edgetlc.calibration.preparation import Preparation, prepared
from edgetlc.calibration.quantize_run import install
from edgetlc.calibration.search.candidates import own_candidates, student_candidates
from edgetlc.calibration.search.core import search
from edgetlc.calibration.search.result import SearchResult
from edgetlc.calibration.search.variant import FLOAT
from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.locale import Message, _
from edgetlc.models.checkpoint import load_checkpoint


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

    Args:
        run: a folder that `edgetlc train` wrote.
        photos: the split photo set it was trained on.
        calibration: which photos set the ranges.
        config: what to search.
        resume: go on from the steps that an interrupted command finished.

    Raises:
        InputError: as `prepared` and `search` do, or a student that cannot be compared: other
            classes, other training or validation photos, given twice, or the run itself.
    """
    calibration, config = calibration or CalibrationConfig(), config or SearchConfig()
    _check_students(run, config.students)
    qat = None if config.qat is None else asdict(config.qat)
    settings = {"search": {"qat": qat, "max drop": config.max_drop}}
    with ExitStack() as stack:

        def opened(folder: Path) -> Preparation:
            preparation = prepared(folder, photos, calibration, settings, resume=resume)
            return stack.enter_context(preparation)

        own, *students = map(opened, (run, *config.students))
        variants = [*own_candidates(own, photos, config)]
        for student in students:
            variants += student_candidates(student, own, photos)
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
    seen, names = {run.resolve()}, {FLOAT}
    for student in students:
        if student.resolve() in seen:
            raise InputError(
                "{student} is given twice; name every student once, and not the run",
                student=student,
            )
        if student.name in names:
            raise InputError(
                "two students are called {name}; rename one of the folders", name=student.name
            )
        seen.add(student.resolve())
        names.add(student.name)
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
