"""Icons and bars: drawn inside their frames, and carrying the colours that a PDF needs."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from edgetlc.pages.render import environment
from edgetlc.results.icons import ICONS


def drawn(call: str) -> ET.Element:
    """Return what a macro of the charts draws; all of it is well-formed XML too."""
    charts = '{% import "charts.html.jinja" as charts %}'
    shown = environment().from_string(charts + "{{ charts." + call + " }}").render()
    return ET.fromstring(shown)  # noqa: S314 - written here


@pytest.mark.parametrize("name", ICONS)
def test_icons_stay_in_their_frame(name: str) -> None:
    icon = drawn(f'icon("{name}")')
    assert icon.attrib["viewBox"] == "0 0 100 100"
    assert (icon.attrib["fill"], icon.attrib["stroke"]) == ("none", "currentColor")
    for line in icon:
        points = [float(v) for v in re.split("[ ,]", line.attrib["points"])]
        assert min(points) >= 0
        assert max(points) <= 100


def test_an_icon_with_a_meaning_says_it() -> None:
    icon = drawn('icon("unreadable", _("Caution"))')
    assert icon.attrib["role"] == "img"
    assert icon[0].text == "Caution · 注意"
    assert drawn('icon("unreadable")').attrib["aria-hidden"] == "true"


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_bar_is_as_long_as_its_share(value: float) -> None:
    picture, caption = drawn(f"bar({value}, 0.9)")
    outline, filled, mark = picture
    assert picture.attrib["stroke"] == "currentColor"
    assert filled.attrib["fill"] == "currentColor"
    assert float(filled.attrib["width"]) == value * float(outline.attrib["width"])
    start = re.match(r"M([\d.]+) ", mark.attrib["d"])
    assert start
    assert float(start[1]) == pytest.approx(6 + 0.9 * 688)
    assert f"{100 * value:.2f}%" in "".join(caption.itertext())
