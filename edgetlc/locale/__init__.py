"""Every text that people read, once: English in the code, Chinese in the catalogue beside this.

    from edgetlc.locale import _, n_

    raise InputError(_("no photo at {path}; name a folder of photos", path=path))
    n_("{count} photo", "{count} photos", count=3)

A `Message` is its English text, so JSON, CSV and whatever else programs read hold English whatever
language the user speaks; it remembers what it was made of, so that the command line (`local`) and
the pages (`Message.translated`) can say it in another. `make locale` collects the messages into
`zh/LC_MESSAGES/edgetlc.po` and compiles it; `tests/locale` fails where a translation is missing.
"""

from __future__ import annotations

import gettext
import html
import os
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_spoken: Language = "en"


class Message(str):
    """A text in English that can be said in the other languages.

    Attributes:
        singular, plural: the templates, with `{placeholders}`; `plural` is empty where the number
            makes no difference.
        values: what fills the placeholders; messages and errors among them are translated too.
        context: tells apart what is one word in English and two in Chinese; usually empty.
    """

    __slots__ = ("context", "plural", "singular", "values")

    singular: str
    plural: str
    values: Mapping[str, Any]
    context: str

    def __new__(
        cls, singular: str, plural: str, values: Mapping[str, Any], context: str
    ) -> Message:
        """Fill the English template."""
        one = not plural or values["count"] == 1
        text = (singular if one else plural).format(**values) if values else singular
        message = super().__new__(cls, text)
        message.singular, message.plural = singular, plural
        message.values, message.context = values, context
        return message

    def translated(self, language: Language) -> str:
        """Return the text in a language; English where the catalogue does not hold it."""
        if language == "en":
            return str(self)
        found = _catalogue(language)
        if self.plural:
            count = self.values["count"]
            text = found.ngettext(self.singular, self.plural, count)
        elif self.context:
            text = found.pgettext(self.context, self.singular)
        else:
            text = found.gettext(self.singular)
        if not self.values:
            return text
        return text.format(**{key: said(value, language) for key, value in self.values.items()})

    def __str__(self) -> str:
        """Return the English text as a plain string."""
        return str.__str__(self)

    def __html__(self) -> str:
        """Return the text for a page: both languages, each marked; one where they are equal."""
        return in_both(self.translated("en"), self.translated("zh"))

    def __deepcopy__(self, memo: object) -> Message:
        """Return itself: it never changes."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes whole."""
        return Message, (self.singular, self.plural, self.values, self.context)


def _(text: str, /, **values: Any) -> Message:
    """Return a message; `values` fill its `{placeholders}`, which may carry format specifiers."""
    return Message(text, "", values, "")


def message(text: str, /, **values: Any) -> Message:
    """Return a text as a message: what takes messages (errors, `say`, `note`) takes texts, too."""
    return text if isinstance(text, Message) else Message(text, "", values, "")


def n_(singular: str, plural: str, /, *, count: int, **values: Any) -> Message:
    """Return a message that depends on a number, `{count}` in its text."""
    return Message(singular, plural, {"count": count, **values}, "")


def p_(context: str, text: str, /, **values: Any) -> Message:
    """Return a message whose English needs a context to be translated."""
    return Message(text, "", values, context)


def said(value: Any, language: Language) -> Any:
    """Return a message, or an error made of one, in a language; anything else as it is."""
    if isinstance(value, BaseException) and len(value.args) == 1:
        value = value.args[0]
    return value.translated(language) if isinstance(value, Message) else value


def some_of(words: Sequence[str], most: int = 6) -> str:
    """Return the words as a list for one line: the first of them, and how many more there are."""
    text = words[0] if words else ""
    for word in words[1:most]:
        text = _("{words}, {word}", words=text, word=word)
    rest = len(words) - most
    return _("{words} and {rest} more", words=text, rest=rest) if rest > 0 else text


def in_both(en: str, zh: str, tag: str = "span") -> str:
    """Return a text as HTML in both languages, each in an element; bare where they are equal."""
    if en == zh or not (en and zh):
        return html.escape(visible(en or zh))
    pair = (("en", en), ("zh-CN", zh))
    return "".join(f'<{tag} lang="{at}">{html.escape(visible(t))}</{tag}>' for at, t in pair)


def visible(text: str) -> str:
    """Return one line for people: what cannot be shown becomes U+FFFD."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def local(text: Any) -> str:
    """Return a text in the language that this process speaks."""
    return str(said(text, _spoken))


def speak(language: Language) -> None:
    """Let this process speak a language from now on."""
    global _spoken
    _spoken = language


def spoken() -> Language:
    """Return the language that this process speaks."""
    return _spoken


def language_of(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Language:
    """Return the language a user asks for: `--lang`, then `EDGETLC_LANG`, then the system's.

    Args:
        arguments: of the command line; whatever answers with JSON speaks English.
        environment: `LC_ALL`, `LC_MESSAGES` and `LANG` are the system's.
    """
    if "--json" in arguments:
        return "en"
    wanted = [after for argument, after in pairwise(arguments) if argument == "--lang"]
    wanted += [a.removeprefix("--lang=") for a in arguments if a.startswith("--lang=")]
    wanted.append(environment.get("EDGETLC_LANG", ""))
    system = (environment.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    wanted.append(next(filter(None, system), ""))
    asked = next(filter(None, wanted), "en")
    return "zh" if asked.lower().startswith("zh") else "en"


@cache
def _catalogue(language: Language) -> gettext.NullTranslations:
    return gettext.translation("edgetlc", Path(__file__).parent, [language], fallback=True)
