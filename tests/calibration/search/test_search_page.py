"""The search's page: closed in itself, nothing unescaped, legible, and saying what was found."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgetlc.calibration.search.result import SearchResult
from edgetlc.calibration.search.table import costs, losses
from edgetlc.calibration.search.timing import Processor
from edgetlc.locale import _
from edgetlc.pages.charts import Box, best
from edgetlc.pages.search import HALF, Chart, Point, charts, write_page

Found = Callable[..., SearchResult]
HERE = {"onnxruntime": 30.0, "openvino": 29.0, "openvino AVX2": 41.0}
FIGURES = {
    "float": ({"iphone-11": 0, "unknown": 0}, 44.8, HERE),
    "int8": ({"iphone-11": 1, "unknown": 0}, 11.3, {k: v / 3 for k, v in HERE.items()}),
    "bad": ({"iphone-11": 0, "unknown": 9}, 5.2, {k: v / 5 for k, v in HERE.items()}),
}
VOID = {"meta", "img", "br", "col", "input"}


class Parsed(HTMLParser):
    """A page taken apart: its tags in order and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not any(name.startswith("on") or name == "src" for name, _value in attrs)
        assert all((value or "").startswith("#") for name, value in attrs if name == "href")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(found: SearchResult, folder: Path) -> Parsed:
    write_page(folder / "page.html", found)
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert "url(" not in page
    return Parsed(page)


class TestPage:
    def test_nothing_is_loaded_and_nothing_runs(self, found: Found, tmp_path: Path) -> None:
        page = page_of(found(FIGURES), tmp_path)
        assert not {"script", "link", "iframe", "object", "embed", "form"} & set(page.tags)
        assert page.tags.count("svg") > 2

    def test_all_is_said(self, found: Found, tmp_path: Path) -> None:
        text = page_of(found(FIGURES), tmp_path).text
        for said in (
            "模拟照片，非真实拍摄",
            "SIMULATED photos",
            "int8 · openvino 9.1",
            "held to AVX2",
            "9.7 ms a photo on openvino 9.1 against 29 ms for float",
            "Not measured:",
            "ONEDNN_MAX_CPU_ISA=AVX2",
            "how int8 is made",
            "未知相机",
            "iPhone 11",
            "4.50%",
            "int8-qat",
            "the same network as int8",
            "<processor> & co",
            "one photo is 0.50% of them",
            "run 'edgetlc verify' before shipping",
        ):
            assert said in text, said

    def test_only_simulated_photos_are_called_so(self, found: Found, tmp_path: Path) -> None:
        assert "SIMULATED" not in page_of(found(FIGURES, simulated=False), tmp_path).text

    def test_a_busy_machine_is_told(self, found: Found, tmp_path: Path) -> None:
        calm = found(FIGURES)
        assert "was busy" not in page_of(calm, tmp_path).text
        row = calm.rows[1]
        slow = (*row.latencies[:-1], replace(row.latencies[-1], fastest_ms=1.0))
        disturbed = replace(calm, rows=(calm.rows[0], replace(row, latencies=slow), calm.rows[2]))
        assert "medians up to 13.7 times the fastest" in page_of(disturbed, tmp_path).text

    def test_nothing_held_to_older_instructions(self, found: Found, tmp_path: Path) -> None:
        figures = {
            name: (lost, mb, {"onnxruntime": times["onnxruntime"]})
            for name, (lost, mb, times) in FIGURES.items()
        }
        text = page_of(found(figures, processor=Processor({"avx2": ""})), tmp_path).text
        assert "ONEDNN_MAX_CPU_ISA" not in text
        assert "OpenVINO is not installed" in text
        assert "this machine is no PC with VNNI" in text

    @settings(max_examples=20)
    @given(st.text(st.characters(exclude_categories=()), min_size=1))
    def test_no_text_changes_the_page(
        self, found: Found, tmp_path_factory: pytest.TempPathFactory, text: str
    ) -> None:
        plain, hostile = (
            page_of(self.named(found, name), tmp_path_factory.mktemp("page"))
            for name in ("x", text)
        )
        assert hostile.tags == plain.tags

    @staticmethod
    def named(found: Found, text: str) -> SearchResult:
        odd = {f"student {text}": ({f"c{text}": 1, "unknown": 0}, 11.0, HERE)}
        figures = {"float": ({f"c{text}": 0, "unknown": 0}, 44.8, HERE), **odd}
        return found(figures, left_out=((text, _("the same network as {other}", other=text)),))


class TestTables:
    def test_every_row_has_every_column(self, found: Found) -> None:
        for columns, rows in (losses(found(FIGURES)), costs(found(FIGURES))):
            assert len(rows) == len(FIGURES)
            assert {len(row) for row in rows} == {len(columns)}

    def test_figures(self, found: Found) -> None:
        _, rows = losses(found(FIGURES))
        expected = ("bad", "no", "90.50%", "unknown", "200", "4.50%", "0.00%", "92.75%", "97.75%")
        assert rows[2] == expected
        columns, rows = costs(found(FIGURES))
        assert [column.name for column in columns[2:]] == [
            "onnxruntime ms",
            "openvino ms",
            "openvino AVX2 ms",
            "MB",
        ]
        assert rows[1] == ("int8", "yes", "10", "9.7", "14", "11")


POINTS = st.lists(
    st.builds(
        Point,
        number=st.sampled_from([1, 2, 12]),
        name=st.just("x"),
        ms=st.floats(0.1, 5000),
        accuracy=st.floats(0, 1),
        kind=st.sampled_from(["float", "accepted", "refused"]),
        on_front=st.booleans(),
    ),
    min_size=1,
    max_size=9,
)
CLOSE = st.lists(
    st.builds(
        Point,
        number=st.just(12),
        name=st.just("x"),
        ms=st.floats(3.4, 3.6),
        accuracy=st.sampled_from([0.9, 0.905]),
        kind=st.just("accepted"),
        on_front=st.just(True),
    ),
    min_size=1,
    max_size=12,
)


def overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


class TestChart:
    @given(st.one_of(POINTS, CLOSE))
    def test_labels_stand_apart_and_inside(self, points: list[Point]) -> None:
        chart = Chart.of("x", points)
        plot = chart.plot
        for place, box in enumerate(chart.labels):
            assert plot.left <= box[0] < box[2] <= plot.right
            assert plot.top <= box[1] < box[3] <= plot.bottom
            assert not any(overlap(box, other) for other in chart.labels[:place])
            for x, y in chart.marks:
                assert not overlap(box, (x - 4, y - 4, x + 4, y + 4))

    @given(POINTS)
    def test_points_lie_inside_and_ticks_are_few(self, points: list[Point]) -> None:
        plot = Chart.of("x", points).plot
        for point in points:
            assert plot.left < plot.x(point.ms) < plot.right
            assert plot.top < plot.y(point.accuracy) < plot.bottom
        times, shares = ([value for value, _label in a.ticks] for a in (plot.across, plot.up))
        assert 1 <= len(times) <= 8
        assert 1 <= len(shares) <= 8
        assert all(plot.across.low * 0.999 <= t <= plot.across.high * 1.001 for t in times)
        assert all(plot.up.low - 1e-9 <= tick <= min(plot.up.high, 1) + 1e-9 for tick in shares)

    @given(POINTS)
    def test_the_line_is_what_nothing_beats(self, points: list[Point]) -> None:
        line = best((p.ms, p.accuracy) for p in points)
        for point in points:
            assert any(ms <= point.ms and up >= point.accuracy for ms, up in line)
        assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(line))

    def test_marks_tell_the_kinds_apart(self, found: Found, tmp_path: Path) -> None:
        write_page(tmp_path / "page.html", found(FIGURES))
        page = (tmp_path / "page.html").read_text(encoding="utf-8")
        (drawn, *_older) = re.findall(r'<svg class="plot search".*?</svg>', page, re.DOTALL)
        groups = dict(re.findall(r'<g class="(\w+)[^"]*">(.*?)</g>', drawn, re.DOTALL))
        assert "<rect" in groups["float"]
        assert "<circle" in groups["accepted"]
        assert "<path" in groups["refused"]
        assert "nan" not in drawn

    def test_each_older_processor_has_its_chart(self, found: Found) -> None:
        drawn = list(charts(found(FIGURES)))
        assert [chart.engines for chart in drawn] == ["onnxruntime / openvino", "openvino AVX2"]
        assert [p.kind for p in drawn[0].points] == ["float", "accepted", "refused"]
        assert drawn[0].points[0].ms == 29.0

    def test_one_time_and_one_accuracy(self) -> None:
        plot = Chart.of("x", [Point(1, "x", 2.0, 1.0, "float", True)]).plot
        assert math.isfinite(plot.x(2.0))
        assert max(value for value, _label in plot.up.ticks) == pytest.approx(1.0)
        assert plot.up.ticks[-1][1] == "100%"
        assert plot.left > HALF
