"""JUnit XML as CI systems read it: structure, counts, and names that stay the same."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.parity.junit import DECISIONS, GATE, write_junit
from edgetlc.parity.rule import Rule
from edgetlc.parity.verification import Verification

Judged = Callable[..., Verification]
CLEAN, PIXELS, NETWORK = "clean@onnxruntime", "pixels@onnxruntime", "network@openvino"
WIDE = Rule(margin=0.1)

# What Jenkins, GitLab and GitHub's reporters read: element to (attributes, children).
STRUCTURE = {
    "testsuites": ({"name", "tests", "failures", "errors", "skipped", "time"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
        {"properties", "testcase", "system-out"},
    ),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "testcase": ({"classname", "name", "time"}, {"failure", "skipped", "system-out"}),
    "failure": ({"message", "type"}, set()),
    "skipped": ({"message"}, set()),
    "system-out": (set(), set()),
}


def written(found: Verification, folder: Path) -> ET.Element:
    write_junit(folder / "verify.xml", found)
    return ET.fromstring((folder / "verify.xml").read_bytes())  # noqa: S314 - written here


@pytest.fixture
def report(judged: Judged, tmp_path: Path) -> ET.Element:
    found = judged(
        CLEAN, PIXELS, NETWORK, rule=WIDE, selftest=True, cameras=("camera-00", "unseen")
    )
    return written(found, tmp_path)


def test_only_what_ci_systems_know(report: ET.Element) -> None:
    for made in report.iter():
        attributes, children = STRUCTURE[made.tag]
        assert set(made.attrib) == attributes
        assert {child.tag for child in made} <= children


def test_counts_add_up(report: ET.Element) -> None:
    tags = {"failures": "failure", "skipped": "skipped", "errors": "error"}
    for suite in (report, *report):
        assert int(suite.attrib["tests"]) == len(list(suite.iter("testcase")))
        for attribute, tag in tags.items():
            assert int(suite.attrib[attribute]) == len(list(suite.iter(tag)))
    assert sum(int(suite.attrib["tests"]) for suite in report) == int(report.attrib["tests"])


def test_a_case_per_camera_for_answers_decisions_and_counterfeits(report: ET.Element) -> None:
    suites = {suite.attrib["name"]: suite for suite in report}
    assert list(suites) == [
        "onnx-fp32@onnxruntime",
        "onnx-fp32@onnxruntime (2)",
        "onnx-fp32@openvino",
        "self-tests of other machines",
        "cameras without photos",
    ]
    cases = {case.attrib["name"]: case for case in suites["onnx-fp32@openvino"].iter("testcase")}
    cameras = [*(f"camera-{number:02}" for number in range(13)), "unknown camera"]
    parts = [f"{camera}: {what}" for what in (DECISIONS, GATE) for camera in cameras]
    assert list(cases) == [*cameras, *parts, f"{GATE}, all cameras"]
    failure = cases["camera-00"].find("failure")
    assert failure is not None
    assert failure.text == failure.attrib["message"]
    assert "40 of 40 photos went from right to wrong" in failure.attrib["message"]
    assert [child.tag for child in cases["camera-01"]] == ["system-out"]


def test_not_enough_evidence_is_skipped_with_its_reason(judged: Judged, tmp_path: Path) -> None:
    report = written(judged(CLEAN), tmp_path)
    case = next(report.iter("testcase"))
    (skipped,) = case
    assert skipped.tag == "skipped"
    assert skipped.attrib["message"].startswith("INSUFFICIENT: 0 of 40 photos")
    assert "109 more photos" in skipped.attrib["message"]


def test_the_sequential_verdict_counts_where_it_was_asked_for(
    judged: Judged, tmp_path: Path
) -> None:
    found = judged(NETWORK, rule=replace(WIDE, sequential=True))
    report = written(found, tmp_path)
    cases = {case.attrib["name"]: case for case in report.iter("testcase")}
    states = found.candidates[0].cameras
    for state in states:
        tags = {"PASS": "system-out", "FAIL": "failure", "INSUFFICIENT": "skipped"}
        case = cases[state.tally.camera or "unknown camera"]
        assert [child.tag for child in case] == [tags[state.verdict]]
        assert state.reason in (case[0].text or case[0].attrib["message"])
    assert {state.verdict for state in states} >= {"FAIL"}


def test_what_was_asked_is_in_the_properties(report: ET.Element) -> None:
    for suite in report:
        known = {p.attrib["name"]: p.attrib["value"] for p in suite.iter("property")}
        assert (known["margin"], known["confidence"]) == ("0.1", "0.95")
        assert (known["simulated"], known["verdict"]) == ("true", "FAIL")
        assert len(known["bundle"]) == 64
        assert "SIMULATED" in suite.findtext("system-out", "")


def test_nothing_simulated_is_not_called_so(judged: Judged, tmp_path: Path) -> None:
    write_junit(tmp_path / "verify.xml", replace(judged(CLEAN), simulated=False))
    assert "SIMULATED" not in (tmp_path / "verify.xml").read_text(encoding="utf-8")


def test_reports_of_two_phones_of_a_kind_stay_apart(judged: Judged, tmp_path: Path) -> None:
    found = judged(CLEAN, machine="phone 1.2", selftest=True)
    twice = replace(found, candidates=found.candidates * 2, machines=found.machines * 2)
    report = written(twice, tmp_path)
    cases = [(c.attrib["classname"], c.attrib["name"]) for c in report.iter("testcase")]
    assert len(set(cases)) == len(cases)
    assert not any("." in classname for classname, _ in cases)


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_well_formed(
    judged: Judged, tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    found = judged(CLEAN, cameras=())
    (candidate,) = found.candidates
    named = replace(candidate, model=text, engine=text, machine=text)
    hostile = replace(found, candidates=(named,), untested=(text,), reference=text)
    report = written(hostile, tmp_path_factory.mktemp("junit"))
    assert int(report.attrib["tests"]) == 3 * 14 + 2
