"""A font for Chinese text in pictures, from those the system has; none is shipped."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from PIL import ImageFont

from edgetlc.locale import _

NO_CHINESE_FONT = _(
    "no font with Chinese characters was found, so captions are in English only; install one, "
    "such as Noto Sans CJK"
)
_LINUX, _MACOS = "/usr/share/fonts", "/System/Library/Fonts"
_ANDROID, _TERMUX = "/system/fonts", "/data/data/com.termux/files/usr/share/fonts"
CANDIDATES = (
    f"{_LINUX}/opentype/noto/NotoSansCJK-Regular.ttc",  # Debian, Ubuntu
    f"{_LINUX}/noto-cjk/NotoSansCJK-Regular.ttc",  # Arch, Alpine
    f"{_LINUX}/google-noto-cjk/NotoSansCJK-Regular.ttc",  # Fedora
    f"{_LINUX}/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    f"{_LINUX}/google-noto-sans-cjk-vf-fonts/NotoSansCJK-VF.ttc",
    f"{_LINUX}/truetype/wqy/wqy-microhei.ttc",
    f"{_LINUX}/truetype/wqy/wqy-zenhei.ttc",
    f"{_LINUX}/truetype/droid/DroidSansFallbackFull.ttf",
    f"{_LINUX}/wenquanyi/wqy-microhei/wqy-microhei.ttc",
    f"{_MACOS}/PingFang.ttc",
    f"{_MACOS}/Hiragino Sans GB.ttc",
    f"{_MACOS}/STHeiti Medium.ttc",
    "/Library/Fonts/Arial Unicode.ttf",
    f"{_ANDROID}/NotoSansCJK-Regular.ttc",
    f"{_ANDROID}/NotoSansSC-Regular.otf",
    f"{_ANDROID}/DroidSansFallback.ttf",
    f"{_TERMUX}/TTF/NotoSansCJK-Regular.ttc",
)
_WINDOWS_NAMES = ("msyh.ttc", "msyh.ttf", "Deng.ttf", "simhei.ttf", "simsun.ttc")
_OWN_NAMES = ("NotoSansCJK*", "NotoSansSC*", "SourceHanSans*", "wqy-*")
_MOST_FACES = 40  # of one collection
_SAMPLE = "正品伪不确定"
_ABSENT = "\U0010fffd"  # the last private character, in no font: drawn as the font's empty box


def chinese_font_files() -> Sequence[Path]:
    """Return where fonts with Chinese characters usually lie on this kind of system."""
    windows = Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts"
    own = (Path.home() / place for place in (".local/share/fonts", ".fonts", "Library/Fonts"))
    return (
        *map(Path, CANDIDATES),
        *(windows / name for name in _WINDOWS_NAMES),
        *(p for folder in own if folder.is_dir() for n in _OWN_NAMES for p in folder.rglob(n)),
    )


@cache
def chinese_font() -> tuple[str, int] | None:
    """Return file and face number of a font with Chinese characters; None where there is none."""
    for path in chinese_font_files():
        if path.is_file() and (face := _simplified_face(path)) is not None:
            return str(path), face
    return None


def load_font(size: float) -> Any:
    """Return a font of this size in pixels: the system's Chinese one, else Pillow's own."""
    found = chinese_font()
    if found is None:
        return ImageFont.load_default(size)
    path, face = found
    return ImageFont.truetype(path, size, face, layout_engine=ImageFont.Layout.BASIC)


def drawable(font: Any, text: str) -> str:
    """Return text with `?` for the characters that the font would draw as an empty box."""
    box = _shape(font, _ABSENT)
    return "".join(c if c.isspace() or _shape(font, c) != box else "?" for c in text)


def _simplified_face(path: Path) -> int | None:
    """Return a font file's face for simplified Chinese, or its first with such characters."""
    usable: list[int] = []
    for face in range(_MOST_FACES):
        try:
            font = ImageFont.truetype(str(path), 16, face, layout_engine=ImageFont.Layout.BASIC)
        except (OSError, ValueError):  # no further face, or no font at all
            break
        if drawable(font, _SAMPLE) == _SAMPLE:
            if "SC" in (font.getname()[0] or "").split():
                return face
            usable.append(face)
    return usable[0] if usable else None


def _shape(font: Any, character: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(character, mode="1")
    return mask.size, bytes(mask)
