"""The page of a plan: every number of the plan, and a curve for each expectation."""

from __future__ import annotations

import re
from pathlib import Path

from edgetlc.pages.plan import power_plot, write_page
from edgetlc.statistics.plan import PlanConfig, plan


def test_numbers_and_curves(tmp_path: Path) -> None:
    found = plan(0.02, 0.95, PlanConfig(expected=(0.0, 0.005), cameras=14))
    write_page(tmp_path / "plan.html", found)
    page = (tmp_path / "plan.html").read_text(encoding="utf-8")
    for row in found.rows:
        assert f'<td class="number">{row.photos}</td>' in page
        assert f'<td class="number">{row.photos * 14}</td>' in page
    assert len(re.findall(r"<polyline points=", page)) == 2
    assert "keep to its number" in page
    assert "按其数量执行" in page
    assert "<script" not in page


def test_curves_lie_inside_the_frame() -> None:
    found = plan(0.05, 0.95)
    plot = power_plot(found)
    for row in found.rows:
        for x, y in plot.best_line([(0, 0.0), *row.curve]):
            assert plot.left <= x <= plot.right
            assert plot.top <= y <= plot.bottom
