from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edgetlc.results.html_page import (
    Html,
    bar,
    document,
    element,
    facts,
    joined,
    picture,
    sign,
    table,
    two_languages,
)
from edgetlc.results.icons import ICONS


def test_text_is_escaped_and_html_is_not() -> None:
    inner = element("b", "<script>")
    assert inner == "<b>&lt;script&gt;</b>"
    assert element("p", inner, " & ", class_="x y") == (
        '<p class="x y"><b>&lt;script&gt;</b> &amp; </p>'
    )
    assert isinstance(joined(["a", Html("<br>")]), Html)
    assert joined(["<", Html("<br>")], "") == "&lt;<br>"


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_leaves_its_element(text: str) -> None:
    made = element("p", text, title=text)
    parsed = ET.fromstring(made)  # noqa: S314 - written here
    assert parsed.text == parsed.attrib["title"] or (not text and parsed.text is None)
    assert len(parsed) == 0
    made.encode("utf-8")


def test_void_elements_and_attribute_names() -> None:
    assert element("br") == "<br>"
    assert element("line", stroke_width="2") == '<line stroke-width="2"></line>'


def test_two_languages() -> None:
    assert two_languages("陈皮", "peel") == (
        '<span lang="zh-CN">陈皮</span> <span lang="en">peel</span>'
    )
    assert "<br>" in two_languages("陈皮", "peel", lines=True)
    assert two_languages("peel", "peel") == "peel"
    assert two_languages("", "<p>") == "&lt;p&gt;"


def test_picture_is_inside_the_page() -> None:
    made = picture(Image.new("RGB", (30, 20), (200, 10, 10)), 'a "photo"')
    match = re.fullmatch(
        r'<img src="data:image/jpeg;base64,([A-Za-z0-9+/=]+)" alt="a &quot;photo&quot;">', made
    )
    assert match
    with Image.open(io.BytesIO(base64.b64decode(match[1]))) as image:
        assert (image.format, image.size) == ("JPEG", (30, 20))


@pytest.mark.parametrize("name", ICONS)
def test_signs_are_drawings(name: str) -> None:
    drawn = ET.fromstring(sign(name))  # noqa: S314 - written here
    assert drawn.attrib["viewBox"] == "0 0 100 100"
    for line in drawn:
        points = [float(v) for v in re.split("[ ,]", line.attrib["points"])]
        assert min(points) >= 0
        assert max(points) <= 100


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_bar(value: float) -> None:
    drawn = ET.fromstring(bar(value, 0.9, "told <so>"))  # noqa: S314 - written here
    title, outline, filled, mark, *_ = drawn
    assert title.text == "told <so>"
    assert float(filled.attrib["width"]) == value * float(outline.attrib["width"])
    assert float(mark.attrib["x1"]) == pytest.approx(6 + 0.9 * 688)


def test_tables() -> None:
    assert table(["a<"], [["1"]]) == (
        '<table><thead><tr><th scope="col">a&lt;</th></tr></thead>'
        "<tbody><tr><td>1</td></tr></tbody></table>"
    )
    assert '<th scope="row">k</th><td>v</td>' in facts([("k", "v")])


def test_document() -> None:
    pieces = list(document("a < b", "p { margin: 0 }", [element("section", "1")]))
    text = "".join(pieces)
    assert text.startswith("<!DOCTYPE html>\n<html")
    assert "<title>a &lt; b</title>" in text
    assert (
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src data:; style-src 'unsafe-inline'\">" in text
    )
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert text.endswith("<section>1</section>\n</body>\n</html>\n")
