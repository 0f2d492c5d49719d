"""What is recommended for a target, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.calibration.measurement import CameraEffect, Measurement
from edgetlc.calibration.search.result import Recommendation, Row
from edgetlc.calibration.search.targets import MIN_GAIN, TARGETS, recommend
from edgetlc.calibration.search.timing import Latency, Processor
from edgetlc.locale import _

VNNI = Processor({"vnni": "", "avx2": "AVX2"})
VNNI_PC, AVX2_PC, ARM, BROWSER = TARGETS
BOUND = 0.01


def option(
    name: str, megabytes: float, ms: float, drop: float = 0.0, accuracy: float = 0.95
) -> Row:
    """Return a candidate that takes `ms` on OpenVINO here and twice that held to AVX2."""
    times = (
        Latency("onnxruntime 1.30", "", 1.5 * ms, 1.4 * ms),
        Latency("openvino 2026.4", "", ms, 0.9 * ms),
        Latency("openvino 2026.4", "AVX2", 2 * ms, 1.9 * ms),
    )
    right, lost = round(1000 * accuracy), round(1000 * drop)
    camera = CameraEffect("iphone-11", 1000, 1000 - lost, right + lost, right, lost, 0, 0, 0)
    measurement = Measurement(replace(camera, camera="all"), (camera,))
    how = _("how {name} is made", name=name)
    return Row(name, how, (), "a" * 64, 224, round(1e6 * megabytes), measurement, times)


FLOAT = option("float", 45, 30)


def told(
    *others: Row, target: int = 0, processor: Processor = VNNI, original: Row = FLOAT
) -> Recommendation:
    return recommend(TARGETS[target], (original, *others), processor, BOUND)


def test_the_fastest_of_the_accepted() -> None:
    slow, fast, wrong = option("slow", 11, 9), option("fast", 11, 5), option("wrong", 5, 2, 0.02)
    found = told(slow, fast, wrong)
    assert (found.candidate, found.engine) == ("fast", "openvino 2026.4")
    assert (found.median_ms, found.float_ms, found.measure) == (5, 30, None)
    assert found.reason == (
        "5 ms a photo on openvino 2026.4 against 30 ms for float on openvino 2026.4, a file of "
        "11 MB against 45 MB, and no camera loses more than 0.00% (1.00% are accepted)."
    )
    assert "每张 5 ms" in found.reason.translated("zh")


def test_held_to_an_older_instruction_set() -> None:
    found = told(option("int8", 11, 9), target=1)
    assert (found.engine, found.median_ms) == ("openvino 2026.4 held to AVX2", 18)
    assert found.float_ms == 60


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (option("other", 45, 28), "float"),  # 7 % faster, no smaller
        (option("other", 45, 26), "other"),  # 13 % faster
        (option("other", 42, 29), "float"),  # 7 % smaller
        (option("other", 11, 32), "other"),  # as fast, and smaller
        (option("other", 11, 40), "float"),  # smaller, but slower
    ],
)
def test_what_is_worth_shipping(other: Row, expected: str) -> None:
    found = told(other)
    assert found.candidate == expected
    assert ("Ship float" in found.reason) == (expected == "float")
    assert ("发布浮点" in found.reason.translated("zh")) == (expected == "float")


def test_of_equally_fast_and_small_ones_the_best_on_its_worst_camera() -> None:
    same = [option("a", 11, 5.0, accuracy=0.90), option("b", 11.2, 5.2, accuracy=0.94)]
    assert told(*same).candidate == "b"
    assert told(*reversed(same)).candidate == "b"


def test_nothing_is_accepted() -> None:
    found = told(option("a", 11, 5, 0.05), option("b", 11, 5, 0.03))
    assert found.candidate == "float"
    assert found.reason == (
        "Ship float: every other candidate loses more than the accepted 1.00%; the least, b, "
        "loses 3.00% on iphone-11."
    )
    unmeasured = told(option("a", 11, 5, 0.05), target=3)
    assert unmeasured.candidate == "float"
    assert "every other candidate loses more" in unmeasured.reason


@pytest.mark.parametrize(
    ("target", "processor", "why"),
    [
        (0, Processor({"avx2": ""}), "this machine is no PC with VNNI"),
        (0, Processor({"arm": ""}), "this machine is no PC with VNNI"),
        (1, Processor({}, known=False), "does not tell what its processor can do"),
        (1, Processor({"avx2": "AVX512"}), "OpenVINO, is missing"),
        (2, VNNI, "this machine is no ARM phone"),
        (3, VNNI, "there is no browser here"),
    ],
)
def test_unmeasured_targets_get_the_smallest(target: int, processor: Processor, why: str) -> None:
    found = told(option("fast", 11, 5), option("small", 6, 20), target=target, processor=processor)
    assert found.candidate == "small"
    assert (found.engine, found.median_ms, found.float_ms) == ("", None, None)
    assert found.measure
    assert why in found.reason
    assert "6 MB against 45 MB" in found.reason
    assert "未测量" in found.reason.translated("zh")


def test_unmeasured_and_nothing_smaller() -> None:
    found = told(option("same", 45, 5), target=3)
    assert found.candidate == "float"
    assert "no candidate is smaller" in found.reason


def test_arm_counts_where_it_is_this_machine() -> None:
    found = told(option("int8", 11, 5), target=2, processor=Processor({"arm": ""}))
    assert (found.candidate, found.median_ms, found.measure) == ("int8", 5, None)


@given(
    st.lists(
        st.builds(
            option,
            st.uuids().map(str),
            st.floats(1, 100),
            st.floats(1, 100),
            st.sampled_from([0.0, 0.005, 0.02]),
            st.floats(0.5, 1),
        ),
        max_size=6,
    )
)
def test_the_recommended_is_accepted_and_nearly_the_fastest(others: Sequence[Row]) -> None:
    every = (FLOAT, *others)
    for target in TARGETS:
        found = recommend(target, every, VNNI, BOUND)
        chosen = next(one for one in every if one.name == found.candidate)
        assert chosen.measurement.holds(BOUND)
        if found.median_ms is None:
            continue
        held = "AVX2" if target is AVX2_PC else ""
        fastest = min(
            x.median_ms
            for one in every
            if one.measurement.holds(BOUND)
            for x in one.latencies
            if x.held_to == held
        )
        assert found.median_ms * (1 - MIN_GAIN) <= fastest * (1 + 1e-9)
        if chosen is not FLOAT:
            faster = found.median_ms < found.float_ms * (1 - MIN_GAIN) * (1 + 1e-9)
            assert faster or chosen.bytes < FLOAT.bytes * (1 - MIN_GAIN) * (1 + 1e-9)
