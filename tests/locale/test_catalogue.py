"""Every message has its Chinese, with the same placeholders, and is compiled afresh."""

from __future__ import annotations

import copy
import importlib.util
import io
import json
import pickle
import re
import string
from collections.abc import Iterator
from gettext import GNUTranslations
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Message as Entry
from babel.messages.pofile import read_po

from edgetlc.errors import InputError
from edgetlc.locale import Message, _, language_of, local, n_, p_, said, speak

ROOT = Path(__file__).resolve().parents[2]


def tool() -> Any:
    """Return `tools/locale.py` as a module."""
    spec = importlib.util.spec_from_file_location("locale_tool", ROOT / "tools/locale.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = tool()


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    with TOOL.CATALOGUE.open("rb") as stream:
        return [entry for entry in read_po(stream, locale="zh") if entry.id]


def texts(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,)


def placeholders(text: str) -> set[str]:
    return {name for _text, name, _format, _conversion in string.Formatter().parse(text) if name}


def test_the_catalogue_holds_the_messages_of_the_code_and_no_others(entries: list[Entry]) -> None:
    held = {(entry.id, entry.context) for entry in entries}
    used = {(entry.id, entry.context) for entry in TOOL.extracted() if entry.id}
    assert sorted(map(str, used - held)) == [], "run `make locale` and translate them"
    assert sorted(map(str, held - used)) == [], "run `make locale`"


def test_every_message_is_translated(entries: list[Entry]) -> None:
    assert [entry.id for entry in entries if not all(texts(entry.string)) or entry.fuzzy] == []


def test_both_languages_carry_the_same_placeholders(entries: list[Entry]) -> None:
    for entry in entries:
        for text in texts(entry.string):
            assert placeholders(text) == placeholders(texts(entry.id)[-1]), entry.id


def test_translations_are_chinese(entries: list[Entry]) -> None:
    """Nothing was left in English by copying it: a sentence without one Chinese letter."""
    for entry in entries:
        words = re.sub(r"\{.*?\}", "", texts(entry.id)[0]).split()
        if len([word for word in words if word.isalpha()]) > 3:
            for text in texts(entry.string):
                assert any("\u4e00" <= letter <= "\u9fff" for letter in text), entry.id


def test_the_compiled_catalogue_is_that_of_the_texts() -> None:
    def messages(content: bytes) -> dict[Any, str]:
        held: dict[Any, str] = GNUTranslations(io.BytesIO(content))._catalog  # type: ignore[attr-defined]
        return {key: text for key, text in held.items() if key}

    with TOOL.CATALOGUE.open("rb") as stream:
        fresh = TOOL.mo_bytes(read_po(stream, locale="zh"))
    compiled = TOOL.CATALOGUE.with_suffix(".mo").read_bytes()
    assert messages(compiled) == messages(fresh), "run `make locale`"


def test_the_phone_app_s_words_are_those_of_the_catalogue() -> None:
    with TOOL.CATALOGUE.open("rb") as stream:
        fresh = TOOL.app_translations(read_po(stream, locale="zh"))
    held = (TOOL.APP / "words.zh.json").read_text(encoding="utf-8")
    assert held == fresh, "run `make locale`, then `make web`"


class TestMessage:
    @pytest.fixture(autouse=True)
    def chinese(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        known = {"no {what}": "没有{what}", "photo": "照片", "{count} photo": "{count} 张照片"}

        class Catalogue:
            def gettext(self, text: str) -> str:
                return known.get(text, text)

            def ngettext(self, one: str, many: str, count: int) -> str:
                return known.get(one, one)

            def pgettext(self, context: str, text: str) -> str:
                return {"on a form": "签名"}.get(context, text)

        monkeypatch.setattr("edgetlc.locale._catalogue", lambda language: Catalogue())
        yield
        speak("en")

    def test_it_is_its_english_text(self) -> None:
        message = _("no {what}", what=_("photo"))
        assert message == "no photo"
        assert json.dumps([message]) == '["no photo"]'
        assert type(str(message)) is str

    def test_it_is_said_in_the_user_s_language_with_what_is_in_it(self) -> None:
        error = InputError(_("no {what}", what=_("photo")))
        assert (str(error), local(error)) == ("no photo", "no photo")
        speak("zh")
        assert local(error) == "没有照片"
        assert local(_("{path}: {reason}", path="a", reason=error)) == "a: 没有照片"
        assert local("plain") == "plain"

    def test_numbers_and_contexts(self) -> None:
        assert n_("{count} photo", "{count} photos", count=1) == "1 photo"
        assert n_("{count} photo", "{count} photos", count=3) == "3 photos"
        assert said(n_("{count} photo", "{count} photos", count=3), "zh") == "3 张照片"
        assert p_("on a form", "sign").translated("zh") == "签名"

    @pytest.mark.parametrize("travel", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])  # noqa: S301
    def test_it_travels_whole(self, travel: Any) -> None:
        message = travel(_("no {what}", what=_("photo")))
        assert isinstance(message, Message)
        assert message.translated("zh") == "没有照片"


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        ([], {}, "en"),
        ([], {"LANG": "zh_CN.UTF-8"}, "zh"),
        ([], {"LANG": "de_DE.UTF-8"}, "en"),
        ([], {"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ([], {"LANG": "C", "EDGETLC_LANG": "zh"}, "zh"),
        (["--lang", "zh", "predict"], {"EDGETLC_LANG": "en"}, "zh"),
        (["--lang=en"], {"LANG": "zh_TW.UTF-8"}, "en"),
        (["predict", "--json"], {"LANG": "zh_CN.UTF-8"}, "en"),
    ],
)
def test_the_language_asked_for(
    arguments: list[str], environment: dict[str, str], language: str
) -> None:
    assert language_of(arguments, environment) == language


@pytest.mark.parametrize(
    ("before", "now"), [(("{n} a", "{n} as"), "{n} a"), ("{n} a", ("{n} a", "{n} as"))]
)
def test_a_message_that_gets_or_loses_its_plural_is_to_be_translated_anew(
    before: str | tuple[str, str],
    now: str | tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known, wanted = TOOL.Catalog(locale="zh"), TOOL.Catalog(locale="zh")
    known.add(before, ("{n} 甲",) if isinstance(before, tuple) else "{n} 甲")
    known.add("kept", "留")
    wanted.add(now)
    wanted.add("kept")
    monkeypatch.setattr(TOOL, "CATALOGUE", tmp_path / "edgetlc.po")
    monkeypatch.setattr(TOOL, "extracted", lambda: wanted)
    TOOL.CATALOGUE.write_bytes(TOOL.po_bytes(known))
    updated = read_po(io.BytesIO(TOOL.po_bytes(TOOL.updated())), locale="zh")
    found = {entry.id: entry.string for entry in updated if entry.id}
    assert found.keys() == {now, "kept"}
    assert found["kept"] == "留"
    assert not any(texts(found[now]))
