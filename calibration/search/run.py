"""`edgetlc quantize --search`: search a run and its students, install what is recommended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from edgetlc.calibration.config import CalibrationConfig, SearchConfig
from edgetlc.calibration.preparation import Preparation, prepared
from edgetlc.calibration.quantize_run import install
from edgetlc.calibration.search.candidates import own_candidates, student_candidates
from edgetlc.calibration.search.core import FLOAT, search
from edgetlc.calibration.search.result import SearchResult
from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.models.checkpoint import Checkpoint, load_checkpoint
from edgetlc.parity.page_words import listed

Log = Callable[[str], None]


def search_run(
    run: Path,
    photos: PhotoSet,
    calibration: CalibrationConfig | None = None,
    config: SearchConfig | None = None,
    *,
    resume: bool = False,
    log: Log = lambda _: None,
) -> SearchResult:
    """Search the ways to compress a run, and install the int8 network that is recommended.

    Where float or a student is recommended everywhere, the run's int8 network stays as it is.

    Args:
        run: a folder that `edgetlc train` wrote.
        photos: the split photo set it was trained on.
        calibration: which photos set the ranges.
        config: what to search.
        resume: go on from the steps that an interrupted command finished.
        log: is told which candidate is being made.

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
            ready = prepared(folder, photos, calibration, settings, resume=resume)
            return stack.enter_context(ready)

        own, *students = map(opened, (run, *config.students))
        candidates = [*own_candidates(own, photos, config.max_drop, config.qat)]
        for student in students:
            candidates += student_candidates(student, own, photos)
        found = search(
            candidates,
            own.judges[0].path,
            max_drop=config.max_drop,
            simulated=photos.part("val").simulated,
            rounds=config.rounds,
            threads=config.threads,
            log=log,
        )
        if found.to_install is not None:
            result = found.made[found.to_install].result
            assert result is not None
            install(own, result, calibration.seed)
        return found


def next_steps(found: SearchResult, run: Path, students: Sequence[Path]) -> list[str]:
    """Return what became of the run's int8 network and what is still to be done, line by line."""
    wanted = {recommended.candidate for recommended in found.recommendations}
    lines = []
    if found.to_install:
        lines.append(f"{found.to_install} is now the int8 network of {run}")
    elif FLOAT in wanted:
        lines.append(f"int8 is not recommended for {run}: 'edgetlc export {run} --precision fp32'")
    for student in students:
        if f"{student.name} int8" in wanted:
            lines.append(
                f"the student {student} is recommended in int8: "
                f"'edgetlc quantize {student}', then 'edgetlc export {student}'"
            )
        if f"{student.name} {FLOAT}" in wanted:
            lines.append(
                f"the student {student} is recommended in float: "
                f"'edgetlc export {student} --precision fp32'"
            )
    return lines


def _check_students(run: Path, students: Sequence[Path]) -> None:
    """Refuse what cannot be compared before any work is done."""
    original = load_checkpoint(run)
    seen, names = {run.resolve()}, {FLOAT}
    for student in students:
        if student.resolve() in seen:
            raise InputError(f"{student} is given twice; name every student once, and not the run")
        if student.name in names:
            raise InputError(f"two students are called {student.name}; rename one of the folders")
        seen.add(student.resolve())
        names.add(student.name)
        checkpoint = load_checkpoint(student)
        ours, theirs = _labels(original), _labels(checkpoint)
        if ours != theirs:
            raise InputError(
                f"{student} knows the classes {listed(theirs, 5)}, {run} {listed(ours, 5)}; a "
                "student must be trained on the same classes"
            )
        if checkpoint.training_digest != original.training_digest:
            raise InputError(
                f"{student} was trained on other photos than {run}, perhaps on those that judge; "
                "train the student with the same manifest"
            )


def _labels(checkpoint: Checkpoint) -> tuple[str, ...]:
    return tuple(info.name for info in checkpoint.classes)
