from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.devices.naming import DEVICES, StandardName, explain_name, parse_name
from edgetlc.errors import InputError

SUBJECTS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=2)
DIGITS = "0123456789"
NAMES = st.builds(
    StandardName,
    code=st.text(DIGITS, min_size=16, max_size=17),
    batch=st.builds("{:04d}{:03d}".format, st.integers(1990, 2099), st.integers(0, 999)),
    device=st.sampled_from(DEVICES) | SUBJECTS,
    serial=st.text(DIGITS, min_size=3, max_size=3),
)


@given(NAMES)
def test_a_name_survives_being_written_and_parsed(name: StandardName) -> None:
    assert parse_name(str(name)) == name
    assert explain_name(str(name)) == ""


@given(st.text(max_size=40) | st.text("0123456789-D", max_size=40))
def test_any_text_is_either_a_name_or_explained_in_one_line(stem: str) -> None:
    name, why = parse_name(stem), explain_name(stem)
    assert (name is None) == bool(why)
    assert name is None or str(name) == stem
    assert why.isprintable()


def test_the_standards_own_examples() -> None:
    phone = parse_name("0617440100299008-2024001-7-001")
    assert phone == StandardName("0617440100299008", "2024001", "7", "001")
    assert not phone.micrograph
    digital = parse_name("0617440100299008-2024002-D-003")
    assert digital is not None
    assert (digital.device, digital.micrograph) == ("D", False)
    assert parse_name("06174430100299008-2024001-7-001") is not None, "the 17-digit form"
    micrograph = parse_name("0617440100299008-2024001-XM-012")
    assert micrograph is not None
    assert micrograph.micrograph


@pytest.mark.parametrize(
    ("stem", "reason"),
    [
        ("IMG_5813", "1 part between"),
        ("", "1 part between"),
        ("0617440100299008-2024001-7-001-copy", "5 parts between"),
        ("061744010029900-2024001-7-001", "16 or 17 digits"),
        ("061744010029900812-2024001-7-001", "16 or 17 digits"),
        ("０６１７４４０１００２９９００８-2024001-7-001", "16 or 17 digits"),
        ("0617440100299008-202401-7-001", "batch is '202401'"),
        ("0617440100299008-0024001-7-001", "begins with 0024"),
        ("0617440100299008-2424001-7-001", "begins with 2424"),
        ("0617440100299008-2024001-07-001", "without leading zeros: 7"),
        ("0617440100299008-2024001-0-001", "1 to 14"),
        ("0617440100299008-2024001-15-001", "1 to 14"),
        ("0617440100299008-2024001-d-001", "D (digital camera)"),
        ("0617440100299008-2024001-xm-001", "two capital letters"),
        ("0617440100299008-2024001-7-01", "serial is '01'"),
        ("0617440100299008-2024001-7-001\n", "serial is '001\\n'"),
        ("0617440100299008-2024001-7-00²", "serial"),
    ],
)
def test_a_broken_name_is_explained(stem: str, reason: str) -> None:
    assert parse_name(stem) is None
    assert reason in explain_name(stem)


def test_a_broken_name_cannot_be_made() -> None:
    with pytest.raises(InputError, match="without leading zeros: 7"):
        StandardName("0617440100299008", "2024001", "07", "001")
