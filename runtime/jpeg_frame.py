"""A JPEG's frame header: whether its decoder must keep all coefficients, and how many they are.

A baseline JPEG of one scan is decoded row by row. One in several scans, progressive or not, is
held whole: 2 bytes for each of 64 coefficients of every block.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from edgetlc.errors import ImageError

_MARKER = re.compile(rb"\xff+([^\x00\xff])")
_MARKER_AFTER_DATA = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
_STANDALONE = frozenset((0x01, *range(0xD0, 0xD9)))
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # all kinds of SOF
_PROGRESSIVE = 0xC2
_READ = (0xC0, 0xC1, _PROGRESSIVE)  # Huffman-coded; no other is in use, and browsers refuse them
_SCAN, _END = 0xDA, 0xD9
_BLOCK_BYTES = 128
_BLOCK = 8


@dataclass(frozen=True)
class JpegFrame:
    """What the frame header and the first scan header say.

    Attributes:
        size: (width, height).
        samplings: (horizontal, vertical) sampling factor of each component.
        buffered: whether the decoder keeps all coefficients.
        scan_at: where the first scan's marker ends.
    """

    size: tuple[int, int]
    samplings: tuple[tuple[int, int], ...]
    buffered: bool
    scan_at: int

    def coefficient_bytes(self) -> int:
        """Return the bytes of all coefficients, which are kept where `buffered`."""
        most = map(max, zip(*self.samplings, strict=True))
        across, down = (-(-n // (_BLOCK * m)) for n, m in zip(self.size, most, strict=True))
        units: int = across * down
        return _BLOCK_BYTES * units * sum(h * v for h, v in self.samplings)


def read_frame(data: bytes, most_segments: int) -> JpegFrame:
    """Return a JPEG's frame.

    Raises:
        ValueError: there is none among so many segments.
        ImageError: it is of a kind that no camera writes.
    """
    kind, frame = 0, b""
    at = 2
    for _segment in range(most_segments):
        match = _MARKER.search(data, at)
        if match is None:
            break
        marker, at = data[match.end() - 1], match.end()
        if marker in _STANDALONE:
            continue
        if marker == _END:
            break
        segment = data[at + 2 : at + int.from_bytes(data[at : at + 2], "big")]
        if marker == _SCAN:
            return _frame(kind, frame, segment, at)
        if marker in _FRAMES:
            kind, frame = marker, segment
        at += 2 + len(segment)
    raise ValueError("no picture in it")


def _frame(kind: int, frame: bytes, scan: bytes, scan_at: int) -> JpegFrame:
    if kind not in _READ:
        raise ImageError(
            "a JPEG of a kind that no camera writes (arithmetic, lossless or "
            "hierarchical); save it as a baseline JPEG"
        )
    height, width = (int.from_bytes(frame[at : at + 2], "big") for at in (1, 3))
    count = frame[5] if len(frame) > 5 else 0
    samplings = tuple((factor >> 4, factor & 15) for factor in frame[7 : 6 + 3 * count : 3])
    if not samplings or not scan or not all(h and v for h, v in samplings):
        raise ValueError("damaged frame header")
    buffered = kind == _PROGRESSIVE or scan[0] < len(samplings)
    return JpegFrame((width, height), samplings, buffered, scan_at)


def more_scans_than(most: int, data: bytes, frame: JpegFrame) -> bool:
    """Return whether a JPEG has more than `most` scans."""
    start = frame.scan_at
    if data.count(b"\xff\xda", start) < most:  # some may be other things, such as a video behind
        return False
    scans = 1
    at = start + int.from_bytes(data[start : start + 2], "big")
    while scans <= most and (match := _MARKER_AFTER_DATA.search(data, at)):
        marker, at = data[match.end() - 1], match.end()
        if marker == _END:
            break
        scans += marker == _SCAN
        at += int.from_bytes(data[at : at + 2], "big")
    return scans > most
