"""`edgetlc verify`: does each model of a bundle answer like the float reference, per camera?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgetlc.data.photos import PhotoSet
from edgetlc.errors import InputError
from edgetlc.parity.answers import Answers, collect
from edgetlc.parity.tally import Tally, tally
from edgetlc.parity.verdict import CameraVerdict, Rule, Verdict, judge, overall
from edgetlc.progress import Track, untracked
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.engines import Engine, available_engines
from edgetlc.runtime.schema import ModelRecord
from edgetlc.runtime.selftest import SelfTest

REFERENCE = "reference"


@dataclass(frozen=True)
class CandidateReport:
    """One model on one engine against the reference.

    Attributes:
        model: id in the bundle.
        engine: engine and version.
        cameras: one verdict per camera with photos, by camera id.
        verdict: all cameras together.
        largest_change: largest change of any probability on any photo.
        false_genuine: counterfeits called genuine, by the candidate.
        false_genuine_reference: the same by the reference.
        counterfeits: photos of counterfeits.
    """

    model: str
    engine: str
    cameras: tuple[CameraVerdict, ...]
    verdict: Verdict
    largest_change: float
    false_genuine: int
    false_genuine_reference: int
    counterfeits: int


@dataclass(frozen=True)
class Verification:
    """The whole answer.

    Attributes:
        bundle_digest: which bundle was verified.
        reference: what the candidates are compared with.
        rule: margin and confidence.
        candidates: one report per model and engine.
        untested: listed cameras that no photo shows.
        unreadable: photos left out, as (file, reason).
        simulated: whether any photo was made by a simulation.
        machines: self-tests of other machines that were merged in.
        verdict: PASS only if every candidate and every self-test passes.
    """

    bundle_digest: str
    reference: str
    rule: Rule
    candidates: tuple[CandidateReport, ...]
    untested: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...]
    simulated: bool
    machines: tuple[SelfTest, ...]
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON document."""
        document = asdict(self)
        document["machines"] = [machine.to_json() for machine in self.machines]
        for candidate, report in zip(document["candidates"], self.candidates, strict=True):
            for camera, verdict in zip(candidate["cameras"], report.cameras, strict=True):
                camera["tally"] |= {
                    "reference_accuracy": verdict.tally.reference_accuracy,
                    "candidate_accuracy": verdict.tally.candidate_accuracy,
                    "agreement": verdict.tally.agreement,
                    "drop": verdict.tally.drop,
                }
        return document


def verify(
    bundle: Bundle,
    photos: PhotoSet,
    *,
    reference: Engine | None = None,
    candidates: Sequence[tuple[ModelRecord, str]] | None = None,
    rule: Rule | None = None,
    cameras: Iterable[str] = (),
    machines: Sequence[SelfTest] = (),
    track: Track = untracked,
) -> Verification:
    """Compare models of a bundle with the float reference, photo by photo.

    Args:
        bundle: the bundle to verify.
        photos: labelled photos that no training or calibration has seen.
        reference: the float model in PyTorch; None takes the bundle's fp32 ONNX model.
        candidates: (model, engine) pairs; None takes every int8 model (every model where there is
            none) on each of its engines installed here.
        rule: margin and confidence; 2 % and 95 % unless told.
        cameras: ids of the cameras that should be covered; those without photos are untested.
        machines: self-tests of this bundle on other machines; one that failed fails the whole.
        track: shows progress.

    Raises:
        InputError: no reference, no candidate, or photos that do not fit the bundle.
    """
    rule = rule or Rule()
    reference = reference or _float_model(bundle)
    pairs = default_candidates(bundle) if candidates is None else candidates
    if not pairs:
        raise InputError("no model to verify; name at least one")
    models = {_name(*pair): bundle.load(*pair, threads=1) for pair in pairs}
    classes = bundle.manifest.classes
    answers = collect(
        {REFERENCE: reference, **models},
        photos,
        [info.name for info in classes],
        bundle.manifest.contract.size,
        track,
    )
    reports = tuple(
        _report(
            model, models[_name(model, engine)].name, _name(model, engine), answers, rule, classes
        )
        for model, engine in pairs
    )
    seen = {photo.camera for photo in answers.photos}
    verdict = overall(verdict for report in reports for verdict in report.cameras)
    return Verification(
        bundle_digest=bundle.digest,
        reference=reference.name,
        rule=rule,
        candidates=reports,
        untested=tuple(camera for camera in cameras if camera not in seen),
        unreadable=tuple((str(photo.path), reason) for photo, reason in answers.unreadable),
        simulated=photos.simulated,
        machines=tuple(machines),
        verdict=verdict if all(machine.passed for machine in machines) else "FAIL",
    )


def default_candidates(
    bundle: Bundle, wanted: Sequence[str] = (), engine: str | None = None
) -> list[tuple[ModelRecord, str]]:
    """Return the models to verify, each with every engine here that runs it.

    Args:
        bundle: whose models.
        wanted: model ids; none means every int8 model, or every model where there is none.
        engine: only this one; None means every engine installed.

    Raises:
        InputError: an unknown model, one asked for that does not run here, or none that does.
    """
    models = [bundle.model(id_) for id_ in dict.fromkeys(wanted)]
    if not models:
        every = bundle.manifest.models
        models = [model for model in every if model.precision == "int8"] or list(every)
    engines = [name for name in available_engines() if engine in (None, name)]
    pairs = [(model, name) for model in models for name in model.engines if name in engines]
    running = {model.id for model, _ in pairs}
    idle = [model.id for model in models if model.id not in running]
    if idle and (wanted or not pairs):
        raise InputError(
            f"{', '.join(idle)} cannot run on {engine or 'an engine'} here; "
            f"installed: {', '.join(available_engines())}"
        )
    return pairs


def _name(model: ModelRecord, engine: str) -> str:
    return f"{model.id} on {engine}"


def _float_model(bundle: Bundle) -> Engine:
    for model in bundle.manifest.models:
        if model.precision == "fp32" and model.format == "onnx":
            return bundle.load(model, threads=1)
    raise InputError("the bundle has no fp32 ONNX model to compare with; pass --reference RUN")


def _report(
    model: ModelRecord,
    engine: str,
    name: str,
    answers: Answers,
    rule: Rule,
    classes: Sequence[ClassInfo],
) -> CandidateReport:
    before, after = answers.probabilities[REFERENCE], answers.probabilities[name]
    verdicts = tuple(judge(_tallies(answers, before.argmax(1), after.argmax(1)), rule))
    counterfeits, wrong_before = _false_genuine(answers.truth, before.argmax(1), classes)
    _, wrong_after = _false_genuine(answers.truth, after.argmax(1), classes)
    return CandidateReport(
        model=model.id,
        engine=engine,
        cameras=verdicts,
        verdict=overall(verdicts),
        largest_change=float(np.abs(before - after).max()),
        false_genuine=wrong_after,
        false_genuine_reference=wrong_before,
        counterfeits=counterfeits,
    )


def _tallies(
    answers: Answers, reference: NDArray[np.intp], candidate: NDArray[np.intp]
) -> list[Tally]:
    """Return one tally per camera, by camera id, photos of unknown cameras last."""
    rows: dict[str | None, list[int]] = {}
    for row, photo in enumerate(answers.photos):
        rows.setdefault(photo.camera, []).append(row)
    order = sorted(rows, key=lambda camera: (camera is None, camera or ""))
    return [tally(reference[rows[c]], candidate[rows[c]], answers.truth[rows[c]], c) for c in order]


def _false_genuine(
    truth: NDArray[np.int64], answers: NDArray[np.intp], classes: Sequence[ClassInfo]
) -> tuple[int, int]:
    """Return the number of counterfeits, and how many of them are called genuine."""
    roles = np.array([info.role for info in classes])
    counterfeit = roles[truth] == "counterfeit"
    accepted = counterfeit & (roles[answers] == "genuine")
    return int(counterfeit.sum()), int(accepted.sum())


def shares(report: CandidateReport) -> Mapping[str, float]:
    """Return pooled reference accuracy, candidate accuracy and agreement, 0 to 1."""
    tallies = [verdict.tally for verdict in report.cameras]
    photos = sum(t.n for t in tallies)
    return {
        "reference_accuracy": sum(t.reference_correct or 0 for t in tallies) / photos,
        "candidate_accuracy": sum(t.candidate_correct or 0 for t in tallies) / photos,
        "agreement": sum(t.agree for t in tallies) / photos,
    }
