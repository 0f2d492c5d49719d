"""What every page keeps to: escaping, both languages, no request, whole or absent."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pytest
from PIL import Image

from edgetlc.locale import _
from edgetlc.pages.render import POLICY, bilingual, environment, picture, plain, write_page

HOSTILE = '<script>alert(1)</script>" onload="x\u202e\n\udcff'


def printed(template: str, **values: object) -> str:
    return environment().from_string(template).render(**values)


def based(content: str = "", **values: object) -> str:
    template = (
        '{% extends "base.html.jinja" %}{% set title = _("Photos") %}'
        "{% block main %}" + content + "{% endblock %}"
    )
    return environment().from_string(template).render(language="en", **values)


def test_a_message_stands_in_both_languages_and_each_is_marked() -> None:
    assert printed('{{ _("Language") }}') == (
        '<span lang="en">Language</span><span lang="zh-CN">语言</span>'
    )


@pytest.mark.parametrize(
    "template",
    ["{{ text }}", '<a title="{{ text }}">', "{{ text|plain }}", "{{ _('{x}', x=text) }}"],
)
def test_what_is_printed_cannot_become_markup(template: str) -> None:
    shown = printed(template, text=HOSTILE)

    assert "<script" not in shown
    assert '" onload' not in shown
    assert "\u202e" not in shown
    assert shown.encode()


def test_messages_stay_messages_where_they_are_joined() -> None:
    message = _("Language")

    for template in ("{{ m ~ ': ' ~ x }}", "{{ [m, x]|join(': ') }}"):
        shown = printed(template, m=message, x="<b>")
        assert 'lang="zh-CN">语言' in shown
        assert "&lt;b&gt;" in shown


def test_what_is_not_known_is_a_dash_and_a_misspelt_name_an_error() -> None:
    assert printed("{{ x }}", x=None) == "–"
    with pytest.raises(jinja2.UndefinedError):
        printed("{{ y }}")


def test_a_name_that_is_the_same_in_both_languages_stands_once() -> None:
    assert bilingual("P40", "P40") == "P40"
    assert bilingual("", "陈皮") == "陈皮"
    assert plain(_("Language")) == "Language · 语言"
    assert plain("P40") == "P40"


def test_a_page_asks_for_nothing_and_has_landmarks() -> None:
    shown = based("<section>{{ x }}</section>", x="1")

    assert f'content="{POLICY}"'.replace("'", "&#39;") in shown
    assert POLICY.startswith("default-src 'none'")
    tags = _Tags()
    tags.feed(shown)
    assert {"header", "main", "footer", "fieldset"} <= set(tags.found)
    assert not {"script", "link", "iframe", "object"} & set(tags.found)
    assert not any(value.startswith(("http:", "https:", "//")) for value in tags.addresses)
    assert '<a class="skip" href="#main">' in shown


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_opens_in_the_language_that_is_asked_for(language: str) -> None:
    shown = environment().get_template("base.html.jinja").render(language=language, title="x")

    assert f'id="show-{language}" checked' in shown
    assert shown.count(" checked") == 1


def test_a_page_is_whole_or_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")

    with pytest.raises(jinja2.UndefinedError):
        write_page(target, "base.html.jinja")  # without a title

    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
    write_page(target, "base.html.jinja", title=_("Language"))
    assert target.read_text().startswith("<!DOCTYPE html>")


def test_a_page_is_made_piece_by_piece() -> None:
    taken: list[int] = []

    def photos() -> object:
        for number in range(100_000):
            taken.append(number)
            yield number

    pieces = iter(
        environment()
        .from_string("{% for p in photos %}{{ p }} {% endfor %}")
        .stream(photos=photos())
    )
    next(pieces)

    assert len(taken) < 1_000


def test_a_picture_is_inside_the_page() -> None:
    assert picture(Image.new("RGB", (4, 4))).startswith("data:image/jpeg;base64,")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href")]
