"""Class names that people cannot tell apart are refused; a wrong one is answered with the right."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.data.class_names import nearest, refuse_lookalikes
from edgetlc.errors import InputError

ALIKE = [
    ("chenpi", "Chenpi", "small and capital letters"),
    ("chenpi", "chenpi ", "blanks"),
    ("chen pi", "chenpi", "blanks"),
    ("chenpi", "chenpi\u00a0", "blanks"),
    ("chenpi", "chenpi\u3000", "blanks"),
    ("chenpi", "chenpi\u200b", r"characters that look alike or do not show \(U\+200B\)"),
    ("chenpi", "\ufeffchenpi", r"characters that look alike or do not show \(U\+FEFF\)"),
    ("chenpi", "chen\u00adpi", r"characters that look alike or do not show \(U\+00AD\)"),
    (
        "chénpí",
        unicodedata.normalize("NFD", "chénpí"),
        r"characters that look alike or do not show \(U\+0065, .*U\+0301\)",
    ),
    ("chenpi", "ｃｈｅｎｐｉ", r"characters that look alike or do not show \(U\+0063, "),
    ("陈皮", "陈皮\u200d", r"characters that look alike or do not show \(U\+200D\)"),
]


@pytest.mark.parametrize(("one", "other", "what"), ALIKE)
def test_lookalikes_are_refused_with_what_differs(one: str, other: str, what: str) -> None:
    for names in ([one, other, "b"], ["b", other, one]):
        with pytest.raises(InputError, match=f"differ only in {what}"):
            refuse_lookalikes(names)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(" \t\u00a0\u200b\u2060"))
def test_whatever_does_not_show_makes_no_name(name: str, unseen: str) -> None:
    with pytest.raises(InputError, match="differ only in"):
        refuse_lookalikes([name, name + unseen])


def test_names_that_people_tell_apart_pass() -> None:
    refuse_lookalikes(["demo-x", "demo_x", "demo.x", "陈皮", "陈 皮 2", "a", "b", "a"])


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("demo_x", "did you mean 'demo-x'?"),
        ("chempi", "did you mean 'chenpi'?"),
        ("Chenpi", "'chenpi' differs in small and capital letters"),
        ("chenpi ", "'chenpi' differs in blanks"),
        ("伪 品", "'伪品' differs in blanks"),
        ("zzz", "there are chenpi, demo-x, 伪品"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_one(name: str, hint: str) -> None:
    assert nearest(name, ["demo-x", "chenpi", "伪品"]) == hint
