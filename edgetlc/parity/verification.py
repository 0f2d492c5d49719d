"""The verification: what the auditor reads, as dataclasses that become the JSON report."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from edgetlc.parity.false_genuine import FalseGenuine
from edgetlc.parity.sequential import SequentialVerdict
from edgetlc.parity.verdict import CameraVerdict, Rule, Verdict
from edgetlc.runtime.selftest import SelfTest
from edgetlc.statistics.reliability import Reliability

KIND, SCHEMA = "edgetlc-verification", 2
MOST_FLIPS = 200
"""Changed answers that a report lists one by one; it counts the others."""


@dataclass(frozen=True)
class Pooled:
    """All photos of one candidate together.

    Attributes:
        photos: how many.
        agreement: share answered alike.
        reference_accuracy, candidate_accuracy: shares answered rightly; None without labels.
        largest_change: largest change of any probability on any photo.
        mean_divergence: mean Kullback-Leibler divergence, in nats.
        decisions_changed: photos answered by one and "not sure" to the other.
        reference_reliability, candidate_reliability: None without labels or for few photos.
    """

    photos: int
    agreement: float
    reference_accuracy: float | None
    candidate_accuracy: float | None
    largest_change: float
    mean_divergence: float
    decisions_changed: int
    reference_reliability: Reliability | None
    candidate_reliability: Reliability | None


@dataclass(frozen=True)
class Location:
    """Where other answers come from.

    Attributes:
        largest_pixels: largest difference of what the networks saw, in grey levels; None where it
            is not known.
        photos_apart: photos whose pixels differ beyond the tolerance.
        by_pixels: other answers that the candidate's pixels alone bring about.
        by_network: other answers that the network brings about on the same pixels.
        unknown: other answers whose cause cannot be told.
    """

    largest_pixels: float | None
    photos_apart: int
    by_pixels: int
    by_network: int
    unknown: int


@dataclass(frozen=True)
class Flip:
    """A photo that candidate and reference answer differently.

    Attributes:
        photo: its place in the set.
        path: where it lay.
        sha256: of its file, 64 hexadecimal digits.
        camera: id, None for an unknown one.
        label: its true class; None without labels.
        reference, candidate: the two answers.
        reference_confidence, candidate_confidence: 0 to 1.
        kind: `right_to_wrong`, `wrong_to_right` or `other`.
        cause: `pixels`, `network` or `unknown`.
    """

    photo: int
    path: str
    sha256: str
    camera: str | None
    label: str | None
    reference: str
    candidate: str
    reference_confidence: float
    candidate_confidence: float
    kind: str
    cause: str


@dataclass(frozen=True)
class CandidateReport:
    """One model on one engine, or one machine's report, against the reference.

    Attributes:
        model: id in the bundle.
        engine: engine and version.
        machine: where it ran; empty for this machine.
        cameras: one verdict per camera with photos, by camera id, unknown cameras last.
        sequential: the same as an e-process; empty unless asked for.
        gate: counterfeits called genuine; None where no class is a counterfeit.
        verdict: all cameras and the gate together.
        pooled: all photos together.
        location: where other answers come from.
        roles: photos by what reference and candidate decide, such as "genuine to not sure".
        flips: photos answered differently, right to wrong first, at most 200.
        flips_in_all: how many there are.
    """

    model: str
    engine: str
    machine: str
    cameras: tuple[CameraVerdict, ...]
    sequential: tuple[SequentialVerdict, ...]
    gate: FalseGenuine | None
    verdict: Verdict
    pooled: Pooled
    location: Location
    roles: dict[str, int]
    flips: tuple[Flip, ...]
    flips_in_all: int

    @property
    def decided(self) -> dict[str | None, CameraVerdict | SequentialVerdict]:
        """What decides, by camera: the e-processes where they were asked for."""
        if self.sequential:
            return {state.camera: state for state in self.sequential}
        return {verdict.tally.camera: verdict for verdict in self.cameras}


@dataclass(frozen=True)
class Verification:
    """The whole answer.

    Attributes:
        bundle_digest: which bundle was verified.
        edgetlc: version that verified.
        created: UTC time, ISO 8601.
        reference: what the candidates are compared with.
        rule: margin and confidence.
        gate_rule: those of the gate on counterfeits called genuine.
        labelled: whether true classes were used; without them changed answers count as
            right to wrong.
        independent: what the bounds take for independent: `photo` or `specimen`.
        photos_digest: SHA-256 over the set's paths, classes, cameras and specimens.
        photos: readable ones.
        candidates: one report per model and engine, and per merged report.
        untested: listed cameras that no photo shows.
        unreadable: photos left out, as (file, reason).
        simulated: whether any photo was made by a simulation.
        collected_on: machines that computed the answers, one line each.
        machines: self-tests of other machines that were merged in.
        verdict: PASS only if every candidate and every self-test passes.
    """

    bundle_digest: str
    edgetlc: str
    created: str
    reference: str
    rule: Rule
    gate_rule: Rule
    labelled: bool
    independent: str
    photos_digest: str
    photos: int
    candidates: tuple[CandidateReport, ...]
    untested: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...]
    simulated: bool
    collected_on: tuple[str, ...]
    machines: tuple[SelfTest, ...]
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON document."""
        document = {"kind": KIND, "schema": SCHEMA, **asdict(self)}
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
