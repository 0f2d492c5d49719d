"""Building blocks of pages that open offline and print: elements, pictures, bars, the page's shell.

Text becomes HTML only through `element`, which escapes it; what is HTML already is of the type
`Html`. So a label or a file name cannot become markup by being forgotten. Pages refer to nothing
outside themselves and run no script; their Content-Security-Policy says so to the browser.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Iterator, Sequence

from PIL import Image

from edgetlc.results.icons import ICONS
from edgetlc.results.safe_text import visible

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_VOID = frozenset({"meta", "img", "br", "col"})
_QUALITY = 85


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(name: str, *content: str | Html, **attributes: str) -> Html:
    """Return an element; content that is not `Html` is escaped, and so is every attribute.

    Args:
        name: such as `td`.
        content: text, or elements.
        attributes: `class_` stands for `class`, `stroke_width` for `stroke-width`.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escape(value)}"'
        for key, value in attributes.items()
    )
    if name in _VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{joined(content)}</{name}>")


def joined(content: Iterable[str | Html], between: str = "") -> Html:
    """Return several pieces as one; those that are not `Html` are escaped."""
    return Html(between.join(c if isinstance(c, Html) else _escape(c) for c in content))


def two_languages(zh: str, en: str, *, lines: bool = False) -> Html:
    """Return Chinese and English, each marked with its language; one where they are the same.

    Args:
        zh: may be empty.
        en: may be empty.
        lines: one below the other, for whole sentences.
    """
    if zh == en or not (zh and en):
        return joined((zh or en,))
    between = element("br") if lines else " "
    return joined((element("span", zh, lang="zh-CN"), between, element("span", en, lang="en")))


def picture(image: Image.Image, description: str) -> Html:
    """Return an image inside the page, as JPEG."""
    stream = io.BytesIO()
    image.convert("RGB").save(stream, "JPEG", quality=_QUALITY)
    data = base64.b64encode(stream.getvalue()).decode("ascii")
    return element("img", src=f"data:image/jpeg;base64,{data}", alt=description)


def sign(name: str) -> Html:
    """Return one of `edgetlc.results.icons.ICONS` in the colour of the text around it."""
    drawn = ICONS[name]
    style = {"fill": "none", "stroke": "currentColor", "stroke_width": "9"}
    lines = (element("polyline", points=_points(s), **style) for s in drawn.strokes)
    outline = element("polygon", points=_points(drawn.outline), **style)
    return element("svg", outline, *lines, viewBox="0 0 100 100", class_="sign")


def bar(value: float, needed: float, description: str) -> Html:
    """Return a bar for a share, with a mark at the one that is needed.

    Args:
        value: 0 to 1, drawn as the filled part.
        needed: 0 to 1, drawn as a line across, with triangles above and below.
        description: for those who cannot see it.
    """
    end, mark = 688 * value, 688 * needed + 6
    line = {"stroke": "currentColor", "stroke_width": "1.5", "fill": "none"}
    full = {"fill": "currentColor"}
    across = {"x1": f"{mark:g}", "y1": "7", "x2": f"{mark:g}", "y2": "31"}
    return element(
        "svg",
        element("title", description),
        element("rect", x="6", y="10", width="688", height="18", **line),
        element("rect", x="6", y="10", width=f"{end:g}", height="18", fill_opacity="0.45", **full),
        element("line", **across, **line),
        element("polygon", points=_points(((mark - 6, 0), (mark + 6, 0), (mark, 8))), **full),
        element("polygon", points=_points(((mark - 6, 38), (mark + 6, 38), (mark, 30))), **full),
        viewBox="0 0 700 38",
        class_="bar",
        role="img",
    )


def table(columns: Sequence[str | Html], rows: Iterable[Sequence[str | Html]]) -> Html:
    """Return a table whose head is repeated on every printed page."""
    head = element("tr", *(element("th", column, scope="col") for column in columns))
    body = (element("tr", *(element("td", cell) for cell in row)) for row in rows)
    return element("table", element("thead", head), element("tbody", *body))


def facts(rows: Iterable[tuple[str | Html, str | Html]]) -> Html:
    """Return a table of two columns: what, and its value."""
    return element(
        "table",
        *(element("tr", element("th", k, scope="row"), element("td", v)) for k, v in rows),
        class_="facts",
    )


def document(title: str, style: str, pages: Iterable[Html]) -> Iterator[str]:
    """Yield a whole HTML document, one piece per page.

    Args:
        title: of the window.
        style: CSS; no text from elsewhere may be in it.
        pages: each becomes one `section` that starts on a new sheet.
    """
    yield "<!DOCTYPE html>\n" + '<html lang="zh-CN">\n<head>\n'
    for tag in (
        element("meta", charset="utf-8"),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
        element("meta", name_="viewport", content_="width=device-width, initial-scale=1"),
        element("meta", name_="color-scheme", content_="light dark"),
        element("title", title),
        Html(f"<style>\n{STYLE}{style}</style>"),
    ):
        yield tag + "\n"
    yield "</head>\n<body>\n"
    for page in pages:
        yield page + "\n"
    yield "</body>\n</html>\n"


def _escape(text: str) -> str:
    return html.escape(visible(text))


def _points(line: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in line)


STYLE = """\
:root { --ink: #111; --pale: #555; --line: #999; --sheet: #fff; --desk: #e9e9e6;
  --genuine: #166534; --counterfeit: #b3261e; --not-sure: #8a5a00; --answer: #1d4e89 }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #eee; --pale: #b5b5b5; --line: #777; --sheet: #1d1f21; --desk: #101112;
    --genuine: #7bd89b; --counterfeit: #ff9a91; --not-sure: #f2c063; --answer: #9ac4f5 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--desk); color: var(--ink); overflow-wrap: anywhere;
  font: 10pt/1.35 system-ui, "Noto Sans", "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC",
  "Hiragino Sans GB", "Droid Sans Fallback", sans-serif }
section { background: var(--sheet); max-width: 210mm; margin: 6mm auto; padding: 10mm }
h1 { font-size: 12pt; margin: 0 0 3mm; color: var(--pale); font-weight: 600 }
h2 { font-size: 10.5pt; margin: 4mm 0 1.5mm; break-after: avoid }
p { margin: 0 0 2mm }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid var(--line); padding: 0.9mm 2mm 0.9mm 0; text-align: left;
  vertical-align: top; font-weight: normal }
thead th { font-weight: 600; border-bottom: 2px solid var(--ink) }
.facts th { color: var(--pale); width: 30% }
a { color: inherit; text-underline-offset: 0.25em }
img { display: block; max-width: 100% }
.sign { width: 1.6em; height: 1.6em; vertical-align: -0.4em }
.bar { width: 100%; height: auto; display: block }
.pale { color: var(--pale) }
@media screen and (max-width: 600px) {
  section { margin: 0 0 3mm; padding: 4mm } }
@page { size: A4; margin: 10mm 12mm }
@media print {
  :root { --ink: #000; --pale: #333; --line: #777; --sheet: #fff; --desk: #fff;
    --genuine: #000; --counterfeit: #000; --not-sure: #000; --answer: #000 }
  body { line-height: 1.25 }
  section { margin: 0; padding: 0; max-width: none; break-after: page }
  th, td { padding: 0.5mm 2mm 0.5mm 0 }
  section:last-child { break-after: auto }
  tr, figure, .keep { break-inside: avoid } }
"""
