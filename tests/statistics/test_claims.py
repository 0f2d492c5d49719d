"""docs/statistics.md: every claim is told whole, and the tests that it names exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = ["says", "null", "assumes", "error rate", "shown by", "source"]
PAGE = (ROOT / "docs/statistics.md").read_text(encoding="utf-8")
CLAIMS: dict[str, str] = dict(re.findall(r"^### (.+)\n((?:\|.*\n)+)", PAGE, re.MULTILINE))


def test_every_heading_is_a_claim() -> None:
    assert PAGE.count("\n### ") == len(CLAIMS) > 10


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_is_told_whole_and_its_tests_exist(claim: str) -> None:
    cells = [line.strip("| ").split(" | ", 1) for line in CLAIMS[claim].splitlines()[2:]]
    assert [name for name, *_rest in cells] == ROWS
    told = dict(cells)
    assert all(len(text) > 5 for text in told.values())
    tests = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", told["shown by"])
    assert tests
    assert len(tests) == told["shown by"].count("`") / 2
    for file, name in tests:
        source = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^\s*def {name}\(", source, re.MULTILINE), (file, name)
