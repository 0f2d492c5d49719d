"""The verification as JUnit XML, which every CI system shows.

    testsuite  one per candidate; one for the self-tests of other machines; one for the cameras
               without photos
    testcase   one per camera, and one for the gate on counterfeits called genuine

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
from dataclasses import dataclass, replace
from pathlib import Path

from edgetlc.files import write_bytes
from edgetlc.parity.verdict import Verdict
from edgetlc.parity.verification import CandidateReport, Verification
from edgetlc.results.safe_text import storable
from edgetlc.runtime.selftest import SelfTest

NAME = "edgetlc verify"
GATE = "counterfeits called genuine"
UNKNOWN_CAMERA = "unknown camera"
SIMULATED = "Photos are SIMULATED: this says nothing of the real cameras."


@dataclass(frozen=True)
class _Case:
    """One test case: what was tested, the verdict, and why."""

    name: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class _Suite:
    """Test cases of one kind.

    Attributes:
        name: also the cases' class, with `_` for `.`: CI systems take a dot for a package.
        cases: their names differ.
        properties: what else is known.
    """

    name: str
    cases: tuple[_Case, ...]
    properties: dict[str, str]


def write_junit(path: Path, verification: Verification) -> None:
    """Write a verification as JUnit XML, whole or not at all; replaces an older file.

    Args:
        path: of the file.
        verification: what to write.
    """
    root = ET.Element("testsuites", name=NAME)
    suites = _distinct(_suites(verification))
    for suite in suites:
        root.append(_suite(suite, verification))
    root.attrib |= _counts([case for suite in suites for case in suite.cases])
    ET.indent(root)
    write_bytes(path, ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def _suites(verification: Verification) -> Iterator[_Suite]:
    for report in verification.candidates:
        yield _candidate(report)
    if verification.machines:
        cases = tuple(_selftest(test) for test in verification.machines)
        yield _Suite("self-tests of other machines", _numbered(cases), {})
    if verification.untested:
        cases = tuple(_Case(name, "INSUFFICIENT", "no photos") for name in verification.untested)
        yield _Suite("cameras without photos", cases, {})


def _candidate(report: CandidateReport) -> _Suite:
    where = f" on {report.machine}" if report.machine else ""
    cases = [
        _Case(camera or UNKNOWN_CAMERA, judged.verdict, judged.reason)
        for camera, judged in report.decided.items()
    ]
    if report.gate is not None:
        cases.append(_Case(GATE, report.gate.pooled.verdict, report.gate.pooled.reason))
    properties = {
        "engine": report.engine,
        "agreement": f"{report.pooled.agreement:.6f}",
        "changed": str(report.flips_in_all),
        "changed_by_pixels": str(report.location.by_pixels),
        "changed_by_network": str(report.location.by_network),
    }
    return _Suite(
        f"{report.model}@{report.engine.partition(' ')[0]}{where}", tuple(cases), properties
    )


def _selftest(test: SelfTest) -> _Case:
    changed = sum(model.changed for model in test.models)
    largest = max((model.largest for model in test.models), default=0.0)
    measured = (
        f"decoded pixels differ by {test.pixels.largest} grey levels at most; {changed} answers "
        f"changed; largest change of a probability {largest:.2g}"
    )
    return _Case(str(test.machine), "PASS" if test.passed else "FAIL", measured)


def _distinct(suites: Iterable[_Suite]) -> list[_Suite]:
    """Return the suites under names that differ, as for two reports of one kind of phone."""
    seen: Counter[str] = Counter()
    return [replace(suite, name=_next(suite.name, seen)) for suite in suites]


def _numbered(cases: Iterable[_Case]) -> tuple[_Case, ...]:
    seen: Counter[str] = Counter()
    return tuple(replace(case, name=_next(case.name, seen)) for case in cases)


def _next(name: str, seen: Counter[str]) -> str:
    """Return a name, with a number from its second appearance on."""
    seen[name] += 1
    return name if seen[name] == 1 else f"{name} ({seen[name]})"


def _suite(suite: _Suite, verification: Verification) -> ET.Element:
    element = ET.Element("testsuite", {"name": storable(suite.name), **_counts(suite.cases)})
    element.set(
        "timestamp", verification.created.removesuffix("+00:00")
    )  # CI systems take it for UTC
    properties = ET.SubElement(element, "properties")
    for name, value in (_everywhere(verification) | suite.properties).items():
        ET.SubElement(properties, "property", name=name, value=storable(value))
    element.extend(_case(case, suite.name.replace(".", "_")) for case in suite.cases)
    if verification.simulated:
        ET.SubElement(element, "system-out").text = SIMULATED
    return element


def _everywhere(verification: Verification) -> dict[str, str]:
    return {
        "bundle": verification.bundle_digest,
        "reference": verification.reference,
        "edgetlc": verification.edgetlc,
        "margin": f"{verification.rule.margin:g}",
        "confidence": f"{verification.rule.confidence:g}",
        "labelled": str(verification.labelled).lower(),
        "independent": verification.independent,
        "photos": str(verification.photos),
        "photos_digest": verification.photos_digest,
        "simulated": str(verification.simulated).lower(),
        "verdict": verification.verdict,
    }


def _case(case: _Case, classname: str) -> ET.Element:
    name, reason = storable(case.name), storable(case.reason)
    element = ET.Element("testcase", classname=storable(classname), name=name, time="0")
    if case.verdict == "FAIL":
        ET.SubElement(element, "failure", message=reason, type="FAIL").text = reason
    elif case.verdict == "INSUFFICIENT":
        ET.SubElement(element, "skipped", message=f"INSUFFICIENT: {reason}")
    else:
        ET.SubElement(element, "system-out").text = reason
    return element


def _counts(cases: Iterable[_Case]) -> dict[str, str]:
    verdicts = Counter(case.verdict for case in cases)
    return {
        "tests": str(verdicts.total()),
        "failures": str(verdicts["FAIL"]),
        "errors": "0",
        "skipped": str(verdicts["INSUFFICIENT"]),
        "time": "0",
    }
