"""Text from elsewhere - file names, labels, reasons - made safe for where it is going.

A file name may hold anything but a slash and a NUL, bytes that are no UTF-8 included (Python keeps
those as lone surrogates); a label may hold anything at all.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

# Compiled on first use, and then kept by `re`: that takes a fiftieth of the start of `predict`.
_NOT_STORABLE = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # spreadsheets take the full-width ones for the others
_LONGEST_STEM = 60  # characters, 4 bytes each at most; systems allow 255 bytes in all


def storable(text: str) -> str:
    r"""Return text with `\u0001` and the like for what XML 1.0 and UTF-8 cannot hold.

    Those are control characters but tab and line ends, lone surrogates, U+FFFE and U+FFFF.
    """
    return re.sub(_NOT_STORABLE, lambda match: f"\\u{ord(match[0]):04x}", text)


def spreadsheet_cell(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula; `'` marks text there."""
    if not isinstance(value, str):
        return value
    text = storable(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def picture_name(photo: str, suffix: str) -> str:
    """Return a file name for a picture of `photo`: its stem, and a digest of its whole path.

    Equal stems in different folders stay apart, and a name does not depend on how many photos
    there are, so that a resumed run finds its own pictures.
    """
    stem = "".join(c if c.isalnum() or c in "._-" else "_" for c in Path(photo).stem)
    digest = hashlib.sha256(photo.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    return f"{stem[:_LONGEST_STEM]}-{digest}{suffix}"
