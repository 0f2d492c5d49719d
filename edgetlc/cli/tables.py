"""Drawing tables in a given width without breaking a word.

A column is never narrower than its longest word; Chinese may break between any two characters.
Where the columns do not fit side by side, a row becomes lines of "name: value".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_CHINESE = "\u2e80-\u303f\u3400-\u9fff\uff00-\uffef"
_WORD = re.compile(rf"[{_CHINESE}][\u3001\u3002\uff01-\uff0f\uff1a\uff1b\uff1f]*|[^\s{_CHINESE}]+")
_BORDERS = 3  # characters for each column beside its text, and one for the table


def drawn(
    title: str,
    columns: Sequence[str],
    right: Sequence[bool],
    rows: Sequence[Sequence[str]],
    width: int,
) -> None:
    """Print a table in `width` characters; `right` tells which columns are aligned to the right."""
    console = Console(width=max(width, 1), highlight=False, soft_wrap=True)
    widths = widths_of([columns, *rows], width - _BORDERS * len(columns) - 1)
    if widths is None:
        _print_stacked(title, columns, rows, width)
        return
    view = Table(title_justify="left", header_style="bold")
    for name, to_right, room in zip(columns, right, widths, strict=True):
        view.add_column(
            escape(wrapped(name, room)),
            justify="right" if to_right else "left",
            width=room,
            no_wrap=True,
        )
    for row in rows:
        view.add_row(*(escape(wrapped(c, w)) for c, w in zip(row, widths, strict=True)))
    if title:
        console.print(f"[italic]{escape(wrapped(title, width))}[/italic]")
    console.print(view)


def widths_of(rows: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Return the width of each column, or None where the longest words take more than `room`."""
    cells = list(zip(*rows, strict=True))
    widths = [max(map(cell_len, column)) for column in cells]
    least = [max(_longest(text) for text in column) for column in cells]
    if sum(least) > room:
        return None
    while sum(widths) > room:  # the widest that can give way does
        place = max((i for i, w in enumerate(widths) if w > least[i]), key=lambda i: widths[i])
        widths[place] -= 1
    return widths


def wrapped(text: str, width: int) -> str:
    """Return a text in lines of at most `width`, broken at blanks and between 汉字."""
    if cell_len(text) <= width:
        return text
    lines, end = [""], 0
    for word in _WORD.finditer(text):
        blank = " " if word.start() > end and lines[-1] else ""
        end = word.end()
        if cell_len(lines[-1] + blank + word[0]) <= width:
            lines[-1] += blank + word[0]
        else:
            lines.append(word[0])
    return "\n".join(lines)


def _longest(text: str) -> int:
    return max((cell_len(word[0]) for word in _WORD.finditer(text)), default=0)


def _print_stacked(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], width: int
) -> None:
    if title:
        print(wrapped(title, width))
    for row in rows:
        cells = (f"{n}: {c}" if n else c for n, c in zip(columns, row, strict=True) if c)
        text = "\n".join(wrapped(cell, width - 2) for cell in cells)
        print("- " + text.replace("\n", "\n  "))
