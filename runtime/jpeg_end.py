"""Whether all of a JPEG's picture is there.

Phones leave the end marker out where data of their own follow, and copies lose it; a repaired one
has it behind half a picture. A decoder fills up what is missing and does not say so. So the scans
have to announce every coefficient and to hold every restart, and all pixels have to come out the
same whatever bits follow the data: only then was none of them read.

That takes many decodings. Where the end marker is there it is done only if the last pixel is the
grey that decoders fill up with. In a file of several scans the earlier ones give every pixel, so
there the headers alone tell.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from edgetlc.runtime.jpeg_frame import JpegFrame
from edgetlc.runtime.limits import MAX_PARTS

_SCAN, _END, _RESTART_INTERVAL = 0xDA, 0xD9, 0xDD
_RESTARTS = range(0xD0, 0xD8)
_BETWEEN_SCANS = frozenset((0xC4, _SCAN, 0xDB, 0xDC, 0xDD, *range(0xE0, 0xF0), 0xFE))
_BAND_ROWS = 256
_FIRST_LOOK, _LONGEST_LOOK = 1 << 10, 1 << 20  # bytes looked at together
_REPEATS = 1000  # enough for all blocks of a unit, some of which lie beyond the picture's edge
_LONGEST_INDEX = 12_000  # bytes: a phone's has a few entries of 12
_END_MARKER = b"\xff\xd9"
_FILLING = frozenset((127, 128))  # the middle of the range; inverted in CMYK
_FILLERS = tuple(  # eight patterns of three bits, each repeated; 255 is stuffed with a zero
    (int(f"{bits:03b}" * 8, 2).to_bytes(3, "big") * _REPEATS).replace(b"\xff", b"\xff\0")
    for bits in range(8)
)


@dataclass(frozen=True)
class Scans:
    """What follows a JPEG's header.

    Attributes:
        count: how many scans there are; counting ends where there are too many.
        complete: whether they announce every coefficient to its last bit and the last one has all
            its restarts.
        end: where the data of the picture end: what follows is a marker's code, a phone's own data
            or the file's end.
        marked: whether an end marker stands there.
    """

    count: int
    complete: bool
    end: int
    marked: bool


def read_scans(data: bytes, frame: JpegFrame, most: int) -> Scans:
    """Return the scans of a JPEG, up to one more than `most`."""
    limit = max(_trailer(data), frame.scan_at)
    missing = {component: set(range(64)) for component in frame.components}
    count, place, every = 0, frame.scan_at - 1, frame.restart_interval
    due, last = 0, range(0)
    for _segment in range(MAX_PARTS):
        marker, at = data[place], place + 1
        if marker not in _BETWEEN_SCANS:
            break
        after = at + int.from_bytes(data[at : at + 2], "big")
        place = _next_marker(data, after, limit)
        if marker == _RESTART_INTERVAL:
            every = int.from_bytes(data[at + 2 : at + 4], "big")
        elif marker == _SCAN:
            count += 1
            header = data[at + 2 : after]
            _announce(missing, header)
            units = frame.units(header[1:-3:2])
            due = (units - 1) // every if every else 0
            last = range(after, place)
        if count > most or place == limit:
            break
    restarts = sum(data.count(bytes((0xFF, c)), last.start, last.stop) for c in _RESTARTS)
    complete = restarts >= due and not any(missing.values())
    return Scans(count, complete, place, marked=place < limit and data[place] == _END)


def _announce(missing: dict[int, set[int]], scan: bytes) -> None:
    """Take away the coefficients whose last bit is in a scan, by its header."""
    count = scan[0] if scan else 0
    if len(scan) == 4 + 2 * count and not scan[-1] & 15:
        for component in scan[1 : 1 + 2 * count : 2]:
            missing.get(component, set()).difference_update(range(scan[-3], scan[-2] + 1))


def _next_marker(data: bytes, at: int, limit: int) -> int:
    """Return where the code of the next marker but a restart stands; `limit` without one."""
    length = _FIRST_LOOK
    while at < limit - 1:
        codes = np.frombuffer(data, np.uint8, min(length, limit - at), at)
        before, code = codes[:-1], codes[1:]
        restart = (code & 0xF8) == _RESTARTS.start
        found = (before == 0xFF) & (code != 0) & (code != 0xFF) & ~restart
        first = int(found.argmax())
        if found[first]:
            return at + first + 1
        at += len(found)
        length = min(2 * length, _LONGEST_LOOK)
    return limit


def _trailer(data: bytes) -> int:
    """Return where the data that Samsung's phones append begin; the file's end without them.

    Their index, SEFH, lies before its own length and SEFT at the end of the file, and says of each
    block how far before the index it begins.
    """
    if not data.endswith(b"SEFT"):
        return len(data)
    index = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    entries_end = len(data) - 8
    if index < max(0, entries_end - _LONGEST_INDEX) or data[index : index + 4] != b"SEFH":
        return len(data)
    entries = (data[at : at + 12] for at in range(index + 12, entries_end, 12))
    farthest = max((int.from_bytes(entry[4:8], "little") for entry in entries), default=0)
    return max(index - farthest, 0)


def with_end(data: bytes, scans: Scans, filler: bytes = b"") -> bytes:
    """Return a JPEG with an end marker after its picture, and a filler between them."""
    return data[: scans.end].rstrip(b"\xff") + filler + _END_MARKER


def ends_grey(picture: Image.Image) -> bool:
    """Return whether a picture's last pixel is what a decoder fills missing rows up with."""
    last = picture.getpixel((picture.width - 1, picture.height - 1))
    return _FILLING.issuperset(last if isinstance(last, tuple) else (last,))


def is_whole(data: bytes, scans: Scans, decoded: Callable[[bytes], Image.Image]) -> bool:
    """Return whether all rows of a JPEG are there.

    Decodes it several times by `decoded`, which raises OSError for a damaged one.
    """
    if not scans.complete:
        return False
    found = set()
    for filler in _FILLERS:
        image = decoded(with_end(data, scans, filler))
        digest = hashlib.sha256()
        for top in range(0, image.height, _BAND_ROWS):
            band = image.crop((0, top, image.width, min(top + _BAND_ROWS, image.height)))
            digest.update(band.tobytes())
        found.add(digest.digest())
    return len(found) == 1
