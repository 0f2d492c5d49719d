"""The verification: what the auditor reads, as dataclasses that become the JSON report.

`docs/verification.schema.json` describes every field, with its range and when it is null.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from edgetlc.parity.false_genuine import FalseGenuine
from edgetlc.parity.lead import LeadCurve
from edgetlc.parity.new_camera import NewCamera
from edgetlc.parity.rule import CameraVerdict, Rule, Verdict
from edgetlc.runtime.selftest import SelfTest
from edgetlc.statistics.reliability import Reliability

KIND, SCHEMA = "edgetlc-verification", 2
_SHARES = ("reference_accuracy", "candidate_accuracy", "agreement", "drop")
MOST_FLIPS = 200
"""Changed answers that a report lists one by one; it counts the others."""


@dataclass(frozen=True)
class Pooled:
    """All photos of one candidate together."""

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
    """Where other answers come from; `largest_pixels` is in grey levels, None where unknown."""

    largest_pixels: float | None
    photos_apart: int
    by_pixels: int
    by_network: int
    unknown: int


@dataclass(frozen=True)
class Flip:
    """A photo that candidate and reference answer differently."""

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

    `cameras` are the verdicts on the answers, `decisions` those on the final decisions, `gate` that
    on counterfeits called genuine, None where the classes leave nothing to mistake. `lead_curve`
    and `new_camera` stand beside the verdict and have no part in it.
    """

    model: str
    engine: str
    machine: str
    cameras: tuple[CameraVerdict, ...]
    decisions: tuple[CameraVerdict, ...]
    gate: FalseGenuine | None
    verdict: Verdict
    pooled: Pooled
    location: Location
    roles: dict[str, int]
    flips: tuple[Flip, ...]
    flips_in_all: int
    lead_curve: LeadCurve
    new_camera: NewCamera | None


@dataclass(frozen=True)
class Verification:
    """The whole answer.

    `partly_labelled` tells that classes are known of the changed photos alone: the verdicts are
    those of all classes, accuracies and counterfeits are not known. Photos `seen_by_training` show
    nothing of others: of all together there is no PASS.
    """

    bundle_digest: str
    edgetlc: str
    created: str
    reference: str
    rule: Rule
    gate_rule: Rule
    labelled: bool
    partly_labelled: bool
    independent: str
    photos_digest: str
    photos: int
    candidates: tuple[CandidateReport, ...]
    untested: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...]
    simulated: bool
    seen_by_training: bool
    collected_on: tuple[str, ...]
    machines: tuple[SelfTest, ...]
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON document."""
        document = {"kind": KIND, "schema": SCHEMA, **asdict(self)}
        document["machines"] = [machine.to_json() for machine in self.machines]
        for candidate, report in zip(document["candidates"], self.candidates, strict=True):
            for camera, verdict in zip(candidate["cameras"], report.cameras, strict=True):
                camera["tally"] |= {name: getattr(verdict.tally, name) for name in _SHARES}
            if report.gate is not None:
                candidate["gate"]["verdict"] = report.gate.verdict
        return document
