"""Reports that travel: those of other machines come in, the verification goes into its bundle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgetlc.errors import InputError
from edgetlc.files import read_json, write_json
from edgetlc.parity.collect import divergence
from edgetlc.parity.matrix import Candidate, Matrix, Table
from edgetlc.parity.store import NO_CAUSE, UNKNOWN, CandidateInfo, reference_answers
from edgetlc.parity.verification import Verification
from edgetlc.results.records import KIND as CLASSIFICATION
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.selftest import KIND as SELFTEST
from edgetlc.runtime.selftest import SelfTest
from edgetlc.runtime.verification import VERIFICATION_FILE


@dataclass(frozen=True)
class Classification:
    """What a runtime elsewhere answered: float[C] by the SHA-256 of a photo's file."""

    path: Path
    model: str
    engine: str
    machine: str
    answers: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class MachineReports:
    """What other machines say of one bundle."""

    selftests: tuple[SelfTest, ...] = ()
    classifications: tuple[Classification, ...] = ()


def read_reports(paths: Iterable[Path], bundle: Bundle) -> MachineReports:
    """Read reports of `edgetlc selftest` and `edgetlc predict`, or of the phone app.

    Raises:
        InputError: a file is missing, is no such report, or tells of another bundle.
    """
    selftests, classifications = [], []
    for path in paths:
        document = read_json(path, "report")
        kind = document.get("kind") if isinstance(document, dict) else None
        try:
            if kind == SELFTEST:
                selftest = SelfTest.from_json(document)
                _check_digest(selftest.bundle_digest, bundle)
                selftests.append(selftest)
            elif kind == CLASSIFICATION:
                classifications.append(_classification(path, document, bundle))
            else:
                raise InputError(
                    "no report that this tool reads; write one with 'edgetlc selftest "
                    "--results-file' or 'edgetlc predict --results-file'"
                )
        except InputError as error:
            raise InputError("{path}: {reason}", path=path, reason=error) from None
    return MachineReports(tuple(selftests), tuple(classifications))


def _check_digest(digest: str, bundle: Bundle) -> None:
    if digest != bundle.digest:
        raise InputError(
            "tells of the bundle {theirs}…, {path} is {ours}…; let it be made with this bundle",
            theirs=digest[:12],
            path=bundle.path,
            ours=bundle.digest[:12],
        )


def _classification(path: Path, document: Mapping[str, Any], bundle: Bundle) -> Classification:
    names = [info.name for info in bundle.manifest.classes]
    try:
        _check_digest(str(document["bundle"]), bundle)
        answers = {
            str(one["sha256"]): np.array([one["probabilities"][name] for name in names], np.float32)
            for one in document["predictions"]
        }
        if not all(np.isfinite(row).all() for row in answers.values()):
            raise ValueError("a probability is no number")
        model, engine = bundle.model(document["model"]).id, str(document["engine"])
        return Classification(path, model, engine, str(document["machine"]), answers)
    except (TypeError, KeyError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise InputError("not a classification report: {reason}", reason=reason) from None


def with_reports(matrix: Matrix, bundle: Bundle, reports: MachineReports) -> Matrix:
    """Return the matrix with one more candidate for each classification report.

    Photos are recognised by their files' SHA-256; those that the matrix does not hold are left out.

    Raises:
        InputError: a report holds none of the photos.
    """
    if not reports.classifications:
        return matrix
    wanted = set().union(*(report.answers for report in reports.classifications))
    photos = reference_answers(matrix.folders, wanted)
    merged = tuple(_candidate(one, matrix, bundle, photos) for one in reports.classifications)
    return replace(matrix, candidates=(*matrix.candidates, *merged))


def _candidate(
    report: Classification,
    matrix: Matrix,
    bundle: Bundle,
    photos: Mapping[int, tuple[str, NDArray[np.float32]]],
) -> Candidate:
    shared = {place: one for place, one in sorted(photos.items()) if one[0] in report.answers}
    if not shared:
        raise InputError(
            "{path} holds none of the {photos} photos; classify the same original files there",
            path=report.path,
            photos=len(matrix.photos.photo),
        )
    before = np.stack([known for _sha256, known in shared.values()])
    after = np.stack([report.answers[sha256] for sha256, _known in shared.values()])
    top = after.argmax(axis=1)
    table = Table(
        top=top,
        confidence=after.max(axis=1).astype(np.float64),
        change=np.abs(after - before).max(axis=1).astype(np.float64),
        kl=np.array([divergence(p, q) for p, q in zip(before, after, strict=True)]),
        pixels=np.full(len(shared), np.nan),
        cause=np.where(top == before.argmax(axis=1), NO_CAUSE, UNKNOWN),
    )
    rows = np.searchsorted(matrix.photos.photo, list(shared))
    policy = bundle.manifest.decision[bundle.model(report.model).precision]
    info = CandidateInfo(report.path.name, report.model, report.engine, policy)
    return Candidate(info, rows, table, report.machine)


def check_recordable(bundle: Bundle) -> None:
    """Refuse a packed bundle, which cannot take a verification, before the work and not after."""
    if not bundle.path.is_dir():
        raise InputError(
            "{path} is packed; record the verification in the bundle's folder and pack it again",
            path=bundle.path,
        )


def record(bundle: Bundle, verification: Verification) -> Path:
    """Leave a verification in its bundle, where the field runtime looks; replaces an older one.

    Raises:
        InputError: the bundle is packed, or training has seen photos of the verification.
    """
    if verification.seen_by_training:
        raise InputError(
            "not recorded: training has seen photos of these; verify with the test part"
        )
    check_recordable(bundle)
    path = bundle.path / VERIFICATION_FILE
    write_json(path, verification.to_json())
    return path
