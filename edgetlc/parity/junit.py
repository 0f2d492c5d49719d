"""The verification as JUnit XML, which every CI system shows.

    testsuite  one per candidate; one for the self-tests of other machines; one for the cameras
               without photos
    testcase   one per camera for the answers, one for its final decisions, and one for its
               counterfeits called genuine; one for those of all cameras together

FAIL becomes `failure`. INSUFFICIENT becomes `skipped`, with its reason: nothing was found wrong and
nothing was shown, and a CI system must neither report a defect nor count it as passed. Whether that
stops a pipeline is decided by the exit code 3 of `edgetlc verify`, not here.

Names tell a test from run to run, so they hold model, engine and machine but no version; versions
are properties. Times are 0: the answers were collected beforehand.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from edgetlc.files import write_bytes
from edgetlc.parity.rule import CameraVerdict, Verdict
from edgetlc.parity.verification import CandidateReport, Verification
from edgetlc.results.safe_text import storable
from edgetlc.runtime.selftest import SelfTest

NAME = "edgetlc verify"
DECISIONS = "final decisions"
GATE = "counterfeits called genuine"
UNKNOWN_CAMERA = "unknown camera"
SIMULATED = "Photos are SIMULATED: this says nothing of the real cameras."


class _Case(NamedTuple):
    """One test case: what was tested, the verdict, and why."""

    name: str
    verdict: Verdict
    reason: str


_Suite = tuple[str, list[_Case], dict[str, str]]
"""Test cases of one kind: their name, they, and what else is known."""


def write_junit(path: Path, verification: Verification) -> None:
    """Write a verification as JUnit XML, whole or not at all; replaces an older file."""
    root = ET.Element("testsuites", name=NAME)
    every: list[_Case] = []
    used: Counter[str] = Counter()
    for name, cases, properties in _suites(verification):
        properties = _everywhere(verification) | properties
        suite = _suite(_distinct(name, used), cases, properties)
        suite.set("timestamp", verification.created.removesuffix("+00:00"))  # taken for UTC
        if verification.simulated:
            ET.SubElement(suite, "system-out").text = SIMULATED
        root.append(suite)
        every += cases
    root.attrib |= _counts(every)
    ET.indent(root)
    write_bytes(path, ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def _suites(verification: Verification) -> Iterator[_Suite]:
    yield from map(_candidate, verification.candidates)
    if verification.machines:
        yield "self-tests of other machines", list(map(_selftest, verification.machines)), {}
    if verification.untested:
        cases = [_Case(name, "INSUFFICIENT", "no photos") for name in verification.untested]
        yield "cameras without photos", cases, {}


def _candidate(report: CandidateReport) -> _Suite:
    cases = _by_camera(report.cameras) + _by_camera(report.decisions, DECISIONS)
    if report.gate is not None:
        cases += _by_camera(report.gate.cameras, GATE)
        if len(report.gate.cameras) > 1:
            cases.append(_Case(f"{GATE}, all cameras", *_told(report.gate.pooled)))
    properties = {
        "engine": report.engine,
        "agreement": f"{report.pooled.agreement:.6f}",
        "changed": str(report.flips_in_all),
        "changed_by_pixels": str(report.location.by_pixels),
        "changed_by_network": str(report.location.by_network),
    }
    where = f" on {report.machine}" if report.machine else ""
    return f"{report.model}@{report.engine.partition(' ')[0]}{where}", cases, properties


def _by_camera(verdicts: Iterable[CameraVerdict], what: str = "") -> list[_Case]:
    return [
        _Case(f"{v.tally.camera or UNKNOWN_CAMERA}{what and f': {what}'}", *_told(v))
        for v in verdicts
    ]


def _told(verdict: CameraVerdict) -> tuple[Verdict, str]:
    return verdict.verdict, verdict.reason


def _selftest(test: SelfTest) -> _Case:
    changed = sum(model.changed for model in test.models)
    largest = max((model.largest for model in test.models), default=0.0)
    measured = (
        f"decoded pixels differ by {test.pixels.largest} grey levels at most; {changed} answers "
        f"changed; largest change of a probability {largest:.2g}"
    )
    return _Case(str(test.machine), "PASS" if test.passed else "FAIL", measured)


def _distinct(name: str, used: Counter[str]) -> str:
    """Return a name, with a number from its second use on, as for two phones of one kind."""
    used[name] += 1
    return name if used[name] == 1 else f"{name} ({used[name]})"


def _suite(name: str, cases: list[_Case], properties: dict[str, str]) -> ET.Element:
    suite = ET.Element("testsuite", {"name": storable(name), **_counts(cases)})
    known = ET.SubElement(suite, "properties")
    for key, value in properties.items():
        ET.SubElement(known, "property", name=key, value=storable(value))
    classname = storable(name.replace(".", "_"))  # CI systems take a dot for a package
    used: Counter[str] = Counter()
    for case in cases:
        attributes = {"classname": classname, "name": storable(_distinct(case.name, used))}
        element = ET.SubElement(suite, "testcase", attributes, time="0")
        reason = storable(case.reason)
        if case.verdict == "FAIL":
            ET.SubElement(element, "failure", message=reason, type="FAIL").text = reason
        elif case.verdict == "INSUFFICIENT":
            ET.SubElement(element, "skipped", message=f"INSUFFICIENT: {reason}")
        else:
            ET.SubElement(element, "system-out").text = reason
    return suite


def _everywhere(verification: Verification) -> dict[str, str]:
    return {
        "bundle": verification.bundle_digest,
        "reference": verification.reference,
        "edgetlc": verification.edgetlc,
        "margin": f"{verification.rule.margin:g}",
        "confidence": f"{verification.rule.confidence:g}",
        "sequential": str(verification.rule.sequential).lower(),
        "labelled": str(verification.labelled).lower(),
        "partly_labelled": str(verification.partly_labelled).lower(),
        "independent": verification.independent,
        "photos": str(verification.photos),
        "photos_digest": verification.photos_digest,
        "simulated": str(verification.simulated).lower(),
        "seen_by_training": str(verification.seen_by_training).lower(),
        "verdict": verification.verdict,
    }


def _counts(cases: Iterable[_Case]) -> dict[str, str]:
    verdicts = Counter(case.verdict for case in cases)
    return {
        "tests": str(verdicts.total()),
        "failures": str(verdicts["FAIL"]),
        "errors": "0",
        "skipped": str(verdicts["INSUFFICIENT"]),
        "time": "0",
    }
