from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def test_plan_tells_photos_and_writes_a_page(tmp_path: Path, edgetlc: Run) -> None:
    page = tmp_path / "plan.html"
    words = ("plan", "--margin", "0.02", "--expected", "0", "--expected", "0.005")
    ran = edgetlc(*words, "--report", page)
    assert ran.status == 0, ran.err
    assert "149" in ran.out
    assert "386" in ran.out
    assert page.is_file()
    document = edgetlc(*words, "--json").json()
    assert [row["photos"] for row in document["rows"]] == [149, 386]
    again = edgetlc(*words, "--report", page)
    assert (again.status, "exists already" in again.err) == (2, True), again.err
    assert edgetlc(*words, "--report", page, "--overwrite").status == 0


def test_an_expectation_beyond_the_margin_is_refused(edgetlc: Run) -> None:
    ran = edgetlc("plan", "--margin", "0.01", "--expected", "0.01")
    assert ran.status == 2
    assert "below the margin, 0.01" in ran.err
